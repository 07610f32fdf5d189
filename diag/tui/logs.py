"""The logs of the selected cause: one stream, folded; and a whole log among whose lines one stands."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, overload

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input
from textual.worker import Worker, WorkerState, get_current_worker

from diag.facts.masking import mask
from diag.tui.dialogs import Box
from diag.tui.marks import Marks
from diag.tui.source import Seen
from diag.tui.table import VirtualTable
from diag.tui.told import OfCause, objects_of
from diag.views.happenings import happenings
from diag.views.inside import found
from diag.views.stream import Folded, stream
from diag.views.table import Column, Line, Table

if TYPE_CHECKING:
    from diag.tui.app import DiagApp

_COLUMNS = (Column(title="LINE", kind="count"), Column(title="WHAT", least=20, named="text"))


class LogScreen(OfCause):
    """Events, conditions and logs in one stream; enter opens the log that a line is of, at that line."""

    titles: ClassVar[tuple[str, ...]] = ("Events, conditions and logs",)
    twin: ClassVar[str] = "timeline"
    logged: Mapping[str, Folded] = MappingProxyType({})

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:
        """The stream."""
        about = objects_of(seen, cause)
        table, self.logged = stream(about, happenings(about))
        return [table]

    def drill(self, line: Line) -> None:
        """Opens the whole log, or what any other line leads to."""
        one = self.logged.get(line.key)
        seen = self.app.seen
        here = found(seen.snapshots, one.ref) if seen is not None and one is not None else None
        if one is None or here is None:
            super().drill(line)
            return
        lines = here[0].log_lines(here[1], one.container, previous=one.previous)
        self.app.push_screen(LogReader(f"{one.ref} · {one.source}", lines, at=one.number - 1, marks=self.app.marks))


class LogLines(Sequence[Line]):
    """Lines of a log as lines of a table, each made when it is looked at. `numbers` are those that a filter left."""

    def __init__(self, lines: Sequence[str], numbers: Sequence[int]) -> None:
        self.lines, self.numbers = lines, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> Line: ...
    @overload
    def __getitem__(self, at: slice) -> list[Line]: ...
    def __getitem__(self, at: int | slice) -> Line | list[Line]:
        if isinstance(at, slice):
            return list(map(self._line, self.numbers[at]))
        return self._line(self.numbers[at])

    def place(self, key: str) -> int | None:
        """Where the line of that key stands; numbers ascend, so no line is made to find it."""
        at = bisect_left(self.numbers, int(key)) if key.isdecimal() else len(self.numbers)
        return at if at < len(self.numbers) and self.numbers[at] == int(key) else None

    def _line(self, number: int) -> Line:
        return Line(key=str(number), values=(number + 1, mask(self.lines[number])))


class LogReader(ModalScreen[None]):
    """A log of any length. `/` leaves the lines that hold a text; enter on one shows it among its neighbours."""

    app: "DiagApp"
    CSS = """
    LogReader { align: center middle; }
    LogReader > Vertical { width: 96%; height: 94%; border: round $primary; background: $surface; }
    LogReader Input { dock: bottom; height: 1; border: none; display: none; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "close"), Binding("slash", "filter", "filter", priority=False),
        Binding("c", "app.copy", "copy"),
    ]  # fmt: skip

    def __init__(self, title: str, lines: Sequence[str], *, at: int, marks: Marks) -> None:
        super().__init__()
        self.heading, self.lines, self.at, self.marks = title, lines, at, marks

    def compose(self) -> ComposeResult:
        """The lines, and the filter below."""
        with Box(self.heading) as box:
            box.border_subtitle = "/ filters, esc closes"
            table = VirtualTable(id="log")
            table.marks = self.marks
            yield table
            yield Input(placeholder="text that a line holds")

    def on_mount(self) -> None:
        """Shows the line that was asked for."""
        self.show(range(len(self.lines)), self.at)
        self.query_one(VirtualTable).focus()

    def show(self, numbers: Sequence[int], at: int) -> None:
        """Shows these lines, with the cursor on one of them."""
        table = self.query_one(VirtualTable)
        table.show(Table(columns=_COLUMNS, lines=LogLines(self.lines, numbers), empty="No line holds that."))
        table.go_to(at)

    def text(self) -> str:
        """The chosen lines, for the clipboard."""
        chosen = self.query_one(VirtualTable).chosen()
        return "".join(f"{line.values[1]}\n" for line in chosen)

    def action_filter(self) -> None:
        """Opens the filter."""
        field = self.query_one(Input)
        field.display = True
        field.focus()

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Filters while it is typed."""
        self.search(event.value.casefold())

    @work(thread=True, exclusive=True, group="tables", exit_on_error=False)
    def search(self, word: str) -> None:
        """Finds the lines, in a thread."""
        numbers = [at for at, line in enumerate(self.lines) if word in line.casefold()]
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self.show, numbers, 0)

    @on(Worker.StateChanged)
    def failed(self, event: Worker.StateChanged) -> None:
        """Says what went wrong; the lines stay as they were."""
        if event.state is WorkerState.ERROR:
            self.app.complain(event.worker.error)

    @on(Input.Submitted)
    def done(self) -> None:
        """Back to the lines; the filter stays."""
        self.query_one(Input).display = False
        self.query_one(VirtualTable).focus()

    @on(VirtualTable.Opened)
    def opened(self, event: VirtualTable.Opened) -> None:
        """Shows a line that the filter left among its neighbours."""
        event.stop()
        if event.line is not None:
            with self.prevent(Input.Changed):
                self.query_one(Input).value = ""
            self.show(range(len(self.lines)), int(event.line.key))

    def action_leave(self) -> None:
        """Ends the filter, then closes."""
        field = self.query_one(Input)
        if field.display or field.value:
            field.value = ""
            self.done()
        else:
            self.dismiss()
