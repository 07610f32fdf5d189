"""A list of any length: only the lines in sight are drawn (Textual's line API), with a heading that stays."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events, on, work
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.worker import Worker, WorkerState, get_current_worker

from diag.report.cells import cut, cut_middle, pad, wrap
from diag.report.look import glyph
from diag.report.sanitize import visible
from diag.report.tables import fitted
from diag.tui.actions import bindings
from diag.tui.drawn_lines import DrawnLines
from diag.tui.marks import Marks
from diag.views.table import Column, Line, Table, ordered

_GAP = "  "
_MARK_CELLS = 2
_FEW = 5_000  # lines that are sorted before the key is drawn
_MOST_WAITING, _STILL_MEANT_S = 20, 3.0  # keys that came before the lines; nobody means what was typed long ago


class VirtualTable(DrawnLines, can_focus=True):
    """Draws a `Table`. Rows are plain values; style and layout are decided for the lines in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list", "table")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header", "table--cursor", "table--cursor-away", "table--error", "table--warning", "table--info",
        "table--marked", "table--new", "table--gone",
    }  # fmt: skip
    DEFAULT_CSS = """
    VirtualTable { background: $surface; height: 1fr; }
    VirtualTable > .table--header { color: $text-muted; text-style: bold; }
    VirtualTable > .table--cursor { background: $primary; color: $text; text-style: bold; }
    VirtualTable > .table--cursor-away { background: $panel; }
    VirtualTable > .table--error { color: $text-error; }
    VirtualTable > .table--warning { color: $text-warning; }
    VirtualTable > .table--info { color: $text-muted; }
    VirtualTable > .table--marked { text-style: underline; }
    VirtualTable > .table--new { text-style: italic; }
    VirtualTable > .table--gone { color: $text-muted; text-style: strike; }
    """

    class OfLine(Message):
        """About a line, None where there is none."""

        def __init__(self, table: "VirtualTable", line: Line | None) -> None:
            super().__init__()
            self.table, self.line = table, line

        @property
        def control(self) -> "VirtualTable":
            """The table, for `on(…, selector)`."""
            return self.table

    class Chosen(OfLine):
        """The cursor came to a line."""

    class Opened(OfLine):
        """A line was opened."""

    class Ordered(Message):
        """Lines are in the order that was asked for."""

        def __init__(self, of: Table, by: tuple[int, bool], lines: Sequence[Line]) -> None:
            super().__init__()
            self.of, self.by, self.lines = of, by, lines

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self.table = Table(columns=(), lines=(), empty="Reading …")
        self.lines: Sequence[Line] = ()
        self.cursor = 0
        self.marked: set[str] = set()
        self.sorted_by: tuple[int, bool] | None = None  # column, backwards
        self.is_sorting = False  # in a thread
        self.then: Callable[[], object] | None = None  # what is done once that has ended
        self.marks = Marks()
        self.waiting: list[tuple[float, Callable[[], None]]] = []  # what keys ask for before there are lines
        self.is_seen: Callable[[Line], bool] = lambda _: False  # asked of lines in sight only
        self._widths: tuple[tuple[int, ...], list[int]] | None = None

    def show(self, table: Table) -> None:
        """Shows other lines. The cursor stays on the same thing where it is still there, else at the same place."""
        other = [column.title for column in table.columns] != [column.title for column in self.table.columns]
        if (other and self.table.columns) or (self.sorted_by and self.sorted_by[0] >= len(table.columns)):
            self.sorted_by = None
        self._arrange(table)

    def _make_up(self) -> None:
        """Does what keys asked for before the lines came, where they still go to this list."""
        since, waiting, self.waiting = time.monotonic() - _STILL_MEANT_S, self.waiting, []
        for at, each in waiting if self.has_focus else ():
            if at >= since:
                each()

    def _waits(self, ask: Callable[[], None]) -> bool:
        """Whether a key has to wait, as nothing was read yet; it is done then once the lines come."""
        if self.table.columns or len(self.waiting) >= _MOST_WAITING:
            return False
        self.waiting.append((time.monotonic(), ask))
        return True

    @property
    def current(self) -> Line | None:
        """The line under the cursor."""
        return self.lines[self.cursor] if self.cursor < len(self.lines) else None

    def chosen(self) -> list[Line]:
        """The marked lines, or the one under the cursor."""
        marked = [line for line in self.lines if line.key in self.marked] if self.marked else []
        return marked or ([self.current] if self.current else [])

    def _arrange(self, table: Table) -> None:
        """Puts lines in order: many of them in a thread, and what is shown stays until then."""
        self.workers.cancel_group(self, "sort")
        self.is_sorting = self.sorted_by is not None and len(table.lines) > _FEW
        if self.sorted_by is None:
            self._lay(table, table.lines)
        elif self.is_sorting:
            self.refresh()  # the heading says what is coming
            self.call_after_refresh(self.order, table, self.sorted_by)
        else:
            self._lay(table, ordered(table.lines, self.sorted_by[0], backwards=self.sorted_by[1]))

    @work(thread=True, exclusive=True, group="sort", exit_on_error=False, description="sorts")
    def order(self, table: Table, by: tuple[int, bool]) -> None:
        """Sorts the lines of a table by a column."""
        lines = ordered(table.lines, by[0], backwards=by[1])
        if not get_current_worker().is_cancelled:
            self.post_message(self.Ordered(table, by, lines))

    @on(Ordered)
    def has_ordered(self, event: Ordered) -> None:
        """Shows them, unless another order is wanted by now."""
        event.stop()
        if self.is_sorting and event.by == self.sorted_by:
            self.is_sorting = False
            self._lay(event.of, event.lines)
            then, self.then = self.then, None
            if then is not None:
                then()

    @on(Worker.StateChanged)
    def sorting_failed(self, event: Worker.StateChanged) -> None:
        """Says so; the lines stay as they were."""
        if event.state is WorkerState.ERROR:
            self.is_sorting, self.then = False, None
            self.app.notify(visible(f"{event.worker.error}"), title="Failed", severity="error", markup=False)

    def once_laid(self, then: Callable[[], object]) -> None:
        """Does something with the lines: now, or once those that are being sorted are there."""
        if self.is_sorting:
            self.then = then
        else:
            then()

    def _lay(self, table: Table, lines: Sequence[Line]) -> None:
        """Shows lines in this order, the cursor on the line that it was on."""
        at = self.current.key if self.current else None
        self.table, self.lines = table, lines
        place = _place(lines, at) if at else None
        self.cursor = place if place is not None else min(self.cursor, max(len(lines) - 1, 0))
        self.hold(len(lines) + 1)
        self._widths = None
        self._reveal()
        self.refresh()
        self.post_message(self.Chosen(self, self.current))
        self._make_up()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of the terminal: the heading, a line in sight, or nothing."""
        widths = self._measured()
        if y == 0:
            return self._strip(self._heading(widths), self.get_component_rich_style("table--header"))
        at = self.scroll_offset.y + y - 1
        if at >= len(self.lines):
            said = list(wrap(visible(self.table.empty), self.cells)) if not self.lines else []
            words = self.marks(said[y - 1]) if y <= len(said) else ""
            return self._strip([Segment(words)], self.get_component_rich_style("table--info"))
        return self._line(at, widths)

    def _strip(self, segments: list[Segment], base: Style) -> Strip:
        strip = Strip(segments).apply_style(base)
        return strip.adjust_cell_length(self.cells, self.base_style + base).crop(0, self.cells)

    def _heading(self, widths: Sequence[int]) -> list[Segment]:
        texts = []
        for at, (column, room) in enumerate(zip(self.table.columns, widths, strict=True)):
            if not room:
                continue
            mark = ("▼" if self.sorted_by[1] else "▲") if self.sorted_by and self.sorted_by[0] == at else ""
            # where there is no room for the mark, it stands in the gap behind: it takes no letter of the title
            title = f"{cut(column.title, room)}{self.marks(mark)}"
            texts.append(pad(pad(title, room, right=column.kind != "text"), room + len(_GAP)))
        return [Segment(" " * _MARK_CELLS + "".join(texts)[: -len(_GAP)])]

    def _line(self, at: int, widths: Sequence[int]) -> Strip:
        line = self.lines[at]
        texts = [
            self.marks(_cell(column, text, room))
            for column, text, room in zip(self.table.columns, self._texts(line), widths, strict=True)
            if room
        ]
        mark = self.marks(glyph(line.severity)) if line.severity else " "
        tone = self.get_component_rich_style(f"table--{line.severity}") if line.severity in _TONES else Style.null()
        base = self.base_style
        if line.key in self.marked:
            base += self.get_component_rich_style("table--marked", partial=True)
        if at == self.cursor:
            away = "" if self.has_focus else "-away"
            base += self.get_component_rich_style(f"table--cursor{away}", partial=True)
            tone = Style(bold=tone.bold) if self.has_focus else tone
        if line.state:
            base += self.get_component_rich_style(f"table--{line.state}", partial=True)
        beside = _STATES.get(line.state) or (self.marks("✓") if self.is_seen(line) else " ")
        led = f"{self.marks('▸') if at == self.cursor and self.has_focus else mark}{beside}"
        segments = [Segment(led, base + Style(color=tone.color)), Segment(_GAP.join(texts), base)]
        return self.fitted(segments, base)

    def _texts(self, line: Line) -> list[str]:
        pairs = zip(self.table.columns, line.values, strict=True)
        return [visible(column.shown(value)) for column, value in pairs]

    def _measured(self) -> list[int]:
        """The cells of each column, told by what is in sight and what was since the lines came."""
        where = (self.scroll_offset.y, self.cells, self.size.height)
        if self._widths is None or self._widths[0] != where:
            first = self.scroll_offset.y
            rows = [self._texts(line) for line in self.lines[first : first + self.size.height]]
            self._widths = (where, fitted(self.table, rows, self.cells - _MARK_CELLS))
        return self._widths[1]

    # Moving

    def action_move(self, lines: int) -> None:
        """Some lines down, or up."""
        if not self._waits(partial(self.action_move, lines)):
            self.go_to(self.cursor + lines)

    def action_page(self, pages: int) -> None:
        """A page down, or up."""
        if not self._waits(partial(self.action_page, pages)):
            self.go_to(self.cursor + pages * max(self.size.height - 2, 1))

    def action_end(self, way: int) -> None:
        """The first line or the last."""
        if not self._waits(partial(self.action_end, way)):
            self.go_to(0 if way < 0 else len(self.lines) - 1)

    def go_to(self, at: int) -> None:
        """Puts the cursor on a line."""
        at = max(min(at, len(self.lines) - 1), 0)
        if at == self.cursor:
            return
        self._redraw_cursor()
        self.cursor = at
        self._reveal()
        self._redraw_cursor()
        self.post_message(self.Chosen(self, self.current))

    def _redraw_cursor(self) -> None:
        """Draws the cursor's line; scrolling draws all lines."""
        self.redraw(self.cursor - self.scroll_offset.y + 1)

    def _reveal(self) -> None:
        """Scrolls so that the cursor's line is in sight; the heading takes the place of one line."""
        room = max(self.size.height - 1, 1)
        first = self.scroll_offset.y
        if self.cursor < first:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= first + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False, immediate=True)

    def on_resize(self, _: events.Resize) -> None:
        """Keeps the cursor in sight."""
        self._reveal()

    def watch_has_focus(self, has_focus: bool) -> None:  # noqa: FBT001  # Textual's signature
        """The cursor looks another way."""
        super().watch_has_focus(has_focus)
        self.refresh()

    # What is done with lines

    def action_open(self) -> None:
        """Opens the line."""
        if not self._waits(self.action_open) and self.current:
            self.post_message(self.Opened(self, self.current))

    def action_mark(self) -> None:
        """Marks the line, or takes the mark away, and goes on."""
        if not self._waits(self.action_mark) and self.current:
            self.marked ^= {self.current.key}
            self.refresh()
            self.action_move(1)

    def action_sort(self) -> None:
        """Sorts by the next column, each column both ways, and after the last in the natural order again."""
        if not self.table.columns:
            return
        at, backwards = self.sorted_by or (-1, True)
        if not backwards:
            self.sort(at, backwards=True)
        elif at + 1 < len(self.table.columns):
            self.sort(at + 1, backwards=False)
        else:
            self.sorted_by = None
            self._arrange(self.table)

    def sort(self, at: int, *, backwards: bool) -> None:
        """Sorts by a column."""
        self.sorted_by = (at, backwards)
        self._arrange(self.table)

    def on_click(self, event: events.Click) -> None:
        """A click on the heading sorts, one on a line selects, a double click opens."""
        if event.y == 0:
            self._sort_at(event.x)
            return
        at = self.scroll_offset.y + event.y - 1
        if at < len(self.lines):
            self.go_to(at)
            if event.chain == 2:  # noqa: PLR2004  # a double click
                self.action_open()

    def _sort_at(self, x: int) -> None:
        begin = _MARK_CELLS
        for at, room in enumerate(self._measured()):
            if not room:
                continue
            if begin <= x < begin + room + len(_GAP):
                same = self.sorted_by is not None and self.sorted_by[0] == at
                self.sort(at, backwards=same and not (self.sorted_by or (0, True))[1])
                return
            begin += room + len(_GAP)


_STATES = {"new": "+", "gone": "-"}  # not every terminal strikes through
_TONES = ("error", "warning", "info")


def _place(lines: Sequence[Line], key: str) -> int | None:
    """Where the line of a key stands; lines that are made when they are looked at know it themselves."""
    known = getattr(lines, "place", None)
    if known is not None:
        return known(key)  # type: ignore[no-any-return]
    return next((at for at, line in enumerate(lines) if line.key == key), None)


def _cell(column: Column, text: str, room: int) -> str:
    short = cut if column.title in ("NOTES", "WHAT", "REASON", "WHY", "SUMMARY", "CAUSE") else cut_middle
    return pad(short(text, room), room, right=column.kind != "text")
