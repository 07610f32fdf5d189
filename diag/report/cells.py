"""Text measured in terminal cells: CJK and emoji take two, combining marks none."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache


def width(text: str) -> int:
    """Cells that the text takes on a terminal. Control characters are expected to be gone (`sanitize`)."""
    return len(text) if text.isascii() else sum(map(_cell, text))


@lru_cache(maxsize=4096)  # few characters make up nearly all texts, and the TUI measures each text for each key
def _cell(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def head(text: str, cells: int) -> str:
    """As much of the text's beginning as fits. No more of it is measured."""
    if text.isascii():
        return text[: max(cells, 0)]
    taken = 0
    for at, char in enumerate(text):
        taken += _cell(char)
        if taken > cells:
            return text[:at]
    return text


def fits(text: str, cells: int) -> bool:
    """Whether the text takes no more cells than these. What is beyond them is not measured."""
    return cells >= 0 and len(head(text, cells)) == len(text)


def cut(text: str, cells: int) -> str:
    """The text within `cells`, its end replaced by an ellipsis when it is longer."""
    return text if fits(text, cells) else head(text, max(cells - 1, 0)) + "…"


def cut_middle(text: str, cells: int) -> str:
    """The text within `cells`; begin and end stay, as names differ at their ends."""
    if fits(text, cells):
        return text
    room = max(cells - 1, 0)
    end = head(text[::-1], room // 2)[::-1]
    return f"{head(text, room - width(end))}…{end}"


def pad(text: str, cells: int, *, right: bool = False) -> str:
    """The text filled with blanks up to `cells`; `right` puts it at the right end."""
    blanks = " " * max(cells - width(text), 0)
    return blanks + text if right else text + blanks


def wrap(text: str, cells: int | None, *, first: str = "", rest: str = "") -> Iterator[str]:
    """Lines of at most `cells`, the first led by `first`, the others by `rest`; a longer word is broken.

    `cells` None: one line, whatever its length.
    """
    if cells is None:
        yield first + text
        return
    line, empty = first, True
    for word in text.split(" "):
        piece = word
        if not empty and not fits(piece, cells - width(line) - 1):
            yield line
            line, empty = rest, True
        while empty and len(piece) > 1 and not fits(piece, cells - width(line)):
            part = head(piece, max(cells - width(line), 1)) or piece[0]
            if part == piece:
                break
            yield line + part
            piece, line = piece[len(part) :], rest
        line += piece if empty else " " + piece
        empty = False
    yield line
