"""What a server or a parser says, as it may be repeated."""

import re

from diag.facts.masking import mask

LONGEST = 4096  # characters that are looked at
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def printable(name: str) -> str:
    """A name as a cluster may be called: what cannot be printed is escaped."""
    return name if name.isprintable() else name.encode("unicode_escape").decode()


def quoted(text: str | bytes, most: int) -> str:
    """Somebody else's words on one line, without control characters and secrets, at most so many characters."""
    text = text[:LONGEST].decode(errors="replace") if isinstance(text, bytes) else text[:LONGEST]
    return " ".join(_CONTROL.sub(" ", mask(text)).split())[:most]
