"""What all widgets share that draw themselves line by line."""

from typing import Any, Self

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.markup import escape
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from diag.report.cells import cut, width
from diag.report.sanitize import visible
from diag.tui.marks import Bars, Marks, PlainBars

_BESIDE = 6  # cells of a border beside its title
_LEAST = 8


def in_border(title: str, cells: int, marks: Marks, tail: str = "") -> str:
    """A title, nothing of it markup, for a border of so many cells (0: not known yet). Its tail stays to the last."""
    shown, last = marks(visible(title)), marks(visible(tail))
    if cells:
        shown = marks(cut(shown, max(cells - _BESIDE - width(last), _LEAST)))
    return escape(shown + last)


class DrawnLines(ScrollView):
    """A scroll view whose lines depend on where it stands: scrolling draws all that is in sight anew.

    It asks Textual for as little as it can: a layout of the whole screen, or a style that is worked out from all
    parents, costs more than the lines that a key changes.
    """

    DEFAULT_CSS = "DrawnLines { overflow-x: hidden; overflow-y: scroll; scrollbar-size: 0 1; }"
    _base: Style | None = None
    heading = ""  # the title as it is, however much of it there is room for
    _tail = ""
    _title = ""
    marks: Marks

    @property
    def base_style(self) -> Style:
        """The style of the widget, worked out once for each time that it is drawn."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    @property
    def cells(self) -> int:
        """How many cells a line has, without the scroll bar."""
        return max(self.size.width - 1, 0)

    def refresh(self, *regions: Region, **how: Any) -> Self:
        """Draws anew, also the style."""
        self._base = None
        return super().refresh(*regions, **how)

    def retitle(self, title: str, tail: str = "") -> None:
        """The title of the border; where it is too long, its tail stays. Draws nothing where it is the same."""
        self.heading, self._tail = title, tail
        self._fit_title()

    def on_resize(self, _: events.Resize) -> None:
        """Fits the title anew."""
        self._fit_title()

    def _fit_title(self) -> None:
        shown = in_border(self.heading, self.outer_size.width, self.marks, self._tail)
        if shown != self._title:
            self.border_title = self._title = shown

    def on_mount(self) -> None:
        """Has a scroll bar from the start, and the marks that the terminal can show."""
        self.marks = getattr(self.app, "marks", self.marks)
        bars = PlainBars if self.marks.ascii else Bars
        self.vertical_scrollbar.renderer = bars  # type: ignore[misc]  # of this bar only

    def hold(self, lines: int) -> None:
        """How many lines there are to scroll through. The bar has its place in any case, so no layout is asked for."""
        self.set_reactive(Widget.virtual_size, Size(0, lines))
        self.vertical_scrollbar.window_virtual_size = lines
        if self.scroll_offset.y > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def fitted(self, segments: list[Segment], base: Style) -> Strip:
        """A line of the widget: filled up with blanks of this style, or cut."""
        return Strip(segments).adjust_cell_length(self.cells, base)

    def redraw(self, first: int, lines: int = 1) -> None:
        """Draws some of the lines that the widget shows anew, counted from its first one."""
        self.refresh(Region(0, first, self.size.width, lines))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draws every line in sight, what stays in its place (a heading) among them."""
        super().watch_scroll_y(old_value, new_value)
        self.redraw(0, self.size.height)
