"""Draws lanes: a scale of time, a line for each object, a bar for each start."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip

from diag.report.cells import cut_middle, pad
from diag.report.sanitize import visible
from diag.tui.drawn_lines import DrawnLines
from diag.tui.marks import Marks
from diag.views.lanes import Lanes, drawn, legend, stacked, sum_of, ticks

_LABEL = 26  # cells of the names, where there is room
Cells = Sequence[tuple[str, str]]


class LanePane(DrawnLines, can_focus=True):
    """The lanes of one history. The line API draws what is in sight."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lanes--warning", "lanes--info", "lanes--scale"}
    DEFAULT_CSS = """
    LanePane { background: $surface; height: 1fr; }
    LanePane > .lanes--warning { color: $text-warning; }
    LanePane > .lanes--info { color: $text-muted; }
    LanePane > .lanes--scale { color: $text-muted; text-style: bold; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self.lanes: Lanes | None = None
        self.marks = Marks()
        self._lines: list[tuple[str, Cells]] = []

    def show(self, lanes: Lanes) -> None:
        """Shows other lanes."""
        self.lanes = lanes
        self._lay_out()
        self.scroll_to(y=0, animate=False, immediate=True)
        self.refresh()

    def _lay_out(self) -> None:
        found = self.lanes
        self._lines = []
        if found is not None and (found.lanes or found.bars):
            room = max(self.cells - self._label() - 2, 8)
            if found.lanes:
                self._lines.append(("", [(ticks(found.start, found.length, room), "scale")]))
            self._lines += [(lane.label, drawn(lane, found.length, room)) for lane in found.lanes]
            if found.bars:
                self._lines.append(("Starts", [(sum_of(found.bars), "scale")]))
            for bar in found.bars:
                self._lines += [(bar.label, stacked(bar, room)), ("", [(legend(bar), "info")])]
            if found.left_out:
                self._lines.append(("", [(f"{found.left_out} more are in the list below", "info")]))
        self.hold(len(self._lines))

    def _label(self) -> int:
        return min(_LABEL, max(self.cells // 3, 8))

    def on_resize(self, _: events.Resize) -> None:
        """Draws to the new width."""
        self._lay_out()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the terminal."""
        base, at = self.base_style, self.scroll_offset.y + y
        if at >= len(self._lines):
            said = "Nothing with a time was read." if y == 0 and not self._lines and self.lanes is not None else ""
            return Strip([Segment(said, base)]).adjust_cell_length(self.cells, base)
        label, cells = self._lines[at]
        wide = self._label()
        segments = [Segment(self.marks(pad(cut_middle(visible(label), wide), wide)) + "  ", base)]
        segments += [Segment(self.marks(visible(text)), base + self._tone(tone)) for text, tone in cells]
        return Strip(segments).adjust_cell_length(self.cells, base).crop(0, self.cells)

    def _tone(self, tone: str) -> Style:
        return self.get_component_rich_style(f"lanes--{tone}", partial=True) if tone else Style.null()
