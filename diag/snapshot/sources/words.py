"""Amounts in the sentences that readers write."""


def counted(amount: int, noun: str) -> str:
    """`1 object`, `12,000 objects`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
