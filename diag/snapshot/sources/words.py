"""Amounts and names in the sentences that readers write."""

from collections.abc import Sequence

SHOWN_PODS = 5


def counted(amount: int, noun: str) -> str:
    """`1 object`, `12,000 objects`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def first_of(pods: Sequence[str], most: int = SHOWN_PODS) -> str:
    """`ml/a, ml/b and 7 more`."""
    more = f" and {len(pods) - most} more" if len(pods) > most else ""
    return f"{', '.join(pods[:most])}{more}"
