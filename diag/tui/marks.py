"""Our own marks, as they are or as ASCII for fonts that have no others; one character for one, so that lines stay."""

from typing import ClassVar

from textual.scrollbar import ScrollBarRender


class PlainBars(ScrollBarRender):
    """A scroll bar of blanks in two colours."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8


# What `--ascii` draws instead.
_ASCII = str.maketrans("✖▲▼●▸└├│─→…·×█▒░■□▪▫◌◆↳∙✓", "x!vi>`|||>~-x#=.#.#.o*>.+")


class Marks:
    """Call it with a text."""

    def __init__(self, *, ascii: bool = False) -> None:  # noqa: A002  # the flag's name
        self.ascii = ascii

    def __call__(self, text: str) -> str:
        """The text with marks that the terminal can show; what is of another language stays as it is."""
        return text.translate(_ASCII) if self.ascii else text
