"""Numbers and lists as a sentence has them, and words that are much alike."""

from collections.abc import Sequence
from difflib import SequenceMatcher, get_close_matches


def count_of(number: int, noun: str) -> str:
    """`1 node`, `3 nodes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Sequence[str], most: int = 4) -> str:
    """Words with commas, the first few of many."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")


def alike(one: str, other: str) -> float:
    """How similar two words are, from 0 to 1, whatever their case."""
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def nearest(wanted: str, present: Sequence[str], *, cutoff: float = 0.75) -> str | None:
    """The most similar of the present words, None when none is similar."""
    folded = {word.casefold(): word for word in sorted(present, reverse=True)}
    found = get_close_matches(wanted.casefold(), sorted(folded), n=1, cutoff=cutoff)
    return folded[found[0]] if found else None
