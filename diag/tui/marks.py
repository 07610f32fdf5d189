"""Our own marks, as they are or as ASCII for fonts that have no others; one character for one, so that lines stay."""

from typing import Any, ClassVar

from rich.segment import Segment, Segments
from textual.scrollbar import ScrollBarRender


class Bars(ScrollBarRender):
    """A scroll bar that is not seen where there is nothing to scroll."""

    @classmethod
    def render_bar(cls, *, size: int = 25, window_size: float = 20, **how: Any) -> Segments:  # type: ignore[override]
        """The bar; blanks where the window is as long as what it shows, which Textual tells by a size of 0."""
        if not window_size:
            return Segments([Segment(cls.BLANK_GLYPH)] * size, new_lines=True)
        return super().render_bar(size=size, window_size=window_size, **how)


class PlainBars(Bars):
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
