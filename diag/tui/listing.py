"""A screen of lists: the first leads, the others stand below; what is selected is told beside it."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import Worker, WorkerState, get_current_worker

from diag.tui.comings import KEPT_S, Comings, state_words
from diag.tui.drawn_lines import in_border
from diag.tui.paragraphs import Paragraph, Paragraphs
from diag.tui.sifting import Counted, Sifting, counted
from diag.tui.source import Seen
from diag.tui.table import VirtualTable
from diag.views.table import Line, Searched, Table

if TYPE_CHECKING:
    from diag.tui.app import DiagApp

_FEW = 5_000  # lines of a table whose filter is made with it


def fields(table: Table, line: Line) -> list[Paragraph]:
    """The columns of a line, each in full."""
    wide = max((len(column.title) for column in table.columns), default=0)
    return [
        Paragraph(text=column.shown(value), lead=f"{column.title.capitalize():{wide}}  ")
        for column, value in zip(table.columns, line.values, strict=True)
        if not column.picture and not (column.passing and value == "")
    ]


class Listing(Sifting):
    """Tables that `make` makes of a look and a cause, in a thread; a filter for the first of them."""

    app: "DiagApp"
    DEFAULT_CSS = """
    Listing { layout: horizontal; }
    Listing > .lists { width: 3fr; }
    Listing > .lists > VirtualTable { border: round $primary-darken-2; }
    Listing > .lists > VirtualTable:focus { border: round $primary; }
    Listing > .lists > .second { height: 30%; min-height: 6; }
    Listing > .told { width: 2fr; border: round $primary-darken-2; }
    Listing > .told:focus { border: round $primary; }
    Listing Input { dock: bottom; height: 1; border: none; display: none; background: $panel; }
    Listing Input:focus { border: none; }
    """
    titles: ClassVar[tuple[str, ...]] = ("",)
    twin: ClassVar[str] = ""  # the command that prints the same

    class Made(Message):
        """The tables of a look are there."""

        def __init__(self, tables: Sequence[Counted], searched: Searched | None) -> None:
            super().__init__()
            self.tables, self.searched = tables, searched

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self.made_of: tuple[Seen, str] | None = None
        self.states: Sequence[tuple[int, int, int]] = ()  # of each table: how many lines are there, new and gone
        self.comings: list[Comings] = []
        self.is_about = ""  # what the tables are of, whatever its id in a report

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:
        """The tables, the first of which is filtered. Runs in a thread."""
        raise NotImplementedError

    def told(self, seen: Seen, line: Line) -> Sequence[Paragraph]:
        """What is said of the selected line."""
        raise NotImplementedError

    def heading(self, cause: str) -> str:  # noqa: ARG002  # some are of a cause
        """The title of the first list."""
        return self.titles[0]

    def of(self, cause: str) -> str:  # noqa: ARG002  # some are of a cause
        """What the tables depend on besides the look."""
        return ""

    def above(self) -> ComposeResult:
        """What stands above the lists."""
        yield from ()

    def compose(self) -> ComposeResult:
        """Lists at the left, what is told at the right, the filter below."""
        with Vertical(classes="lists"):
            yield from self.above()
            for at in range(len(self.titles)):
                yield VirtualTable(id=f"{self.id}-list-{at}")
        yield Paragraphs(id=f"{self.id}-told")
        yield Input(placeholder="filter: word  field:value  age>10m  -not  ~fuzzy", id=f"{self.id}-filter")

    def on_mount(self) -> None:
        """Puts the parts in their places."""
        for at, table in enumerate(self.lists):
            table.set_class(at > 0, "second")
        self.pane.add_class("told")
        self.sort_as_kept()

    def sort_as_kept(self) -> None:
        """Sorts the first list as it was sorted the last time."""
        by = self.app.kept.sorted.get(self.id or "")
        if by is not None and by[0] >= 0:  # the file is anybody's; a column behind the last is found out with the table
            self.lists[0].sorted_by = by

    def titled(self, text: str, pane: Widget) -> str:
        """A text for the border of a pane, in which nothing is markup."""
        return in_border(text, pane.outer_size.width, self.app.marks)

    @property
    def pane(self) -> Paragraphs:
        """Where the selected line is told of."""
        return self.query_one(f"#{self.id}-told", Paragraphs)

    @property
    def front(self) -> Widget:
        """What has the focus when the screen is opened."""
        return self.lists[0]

    def show(self, seen: Seen, cause: str) -> None:
        """Shows a look, unless it is shown already."""
        wanted = (seen, self.of(cause))
        if self.made_of is not None and self.made_of[0] is seen and self.made_of[1] == wanted[1]:
            return
        self.made_of = wanted
        self.load(seen, cause)

    @work(thread=True, exclusive=True, group="tables", exit_on_error=False, description="makes tables")
    def load(self, seen: Seen, cause: str) -> None:
        """Makes the tables."""
        tables = self._marked(self.make(seen, cause), self.about())
        # What a filter looks at takes longer than the table of many lines; those are shown without waiting for it.
        few = bool(tables) and len(tables[0].lines) <= _FEW
        searched = self._searched(seen, tables) if tables and (few or self.filter_text) else None
        if not get_current_worker().is_cancelled:
            self.post_message(self.Made(list(map(counted, tables)), searched))

    def about(self) -> str:
        """What the tables are of, by a name that stays from one look to the next."""
        return self.of("")

    def _marked(self, tables: Sequence[Table], about: str) -> Sequence[Table]:
        """The tables with what came and went since those that are shown; all anew where they are of something else."""
        if about != self.is_about or not self.comings:
            self.comings = [Comings() for _ in self.titles]
            self.is_about = about
            return tables
        kept_s = KEPT_S if self.app.goes_on else 0.0
        before = [*self.tables, *[None] * len(tables)]
        return [
            one.merged(was, table, time.monotonic(), kept_s=kept_s)
            for one, was, table in zip(self.comings, before, tables, strict=False)
        ]

    @on(Worker.StateChanged)
    def failed(self, event: Worker.StateChanged) -> None:
        """Says what went wrong; the app goes on."""
        if event.state is WorkerState.ERROR:
            self.made_of = None
            self.app.complain(event.worker.error)

    @on(Made)
    def made(self, event: Made) -> None:
        """Shows the tables."""
        event.stop()
        self.tables, self.states = [one for one, _ in event.tables], [states for _, states in event.tables]
        self.searched, self.left = event.searched, None
        if self.searched is None:  # of many lines, which are drawn until what a filter leaves of them is known
            self.apply()
        if self.filter_text:  # it may have been typed while they were made
            self.make_searchable()
        if self.searched is not None:
            self.filter_anew()

    def apply(self) -> None:
        """Draws the tables as the filter leaves them. A filter that is wrong says so and changes nothing."""
        if not self.tables or self.app.seen is None:
            return
        first, states = self.left or (self.tables[0], self.states[0])
        said = self.wrong
        self.query_one(Input).set_class(bool(said), "-wrong")
        for table, made in zip(self.lists, (first, *self.tables[1:]), strict=False):
            table.show(made)
        total = self.states[0][0]
        shown = (f"{states[0]}/{total}" if states[0] != total else f"{total}") + state_words(states)
        leading = self.lists[0]
        leading.retitle(self.heading(self.app.cause), f" {shown}")
        leading.border_subtitle = self.titled(said or (f"/ {self.filter_text}" if self.filter_text else ""), leading)
        others = zip(self.lists[1:], self.titles[1:], self.tables[1:], self.states[1:], strict=False)
        for table, title, made, came in others:
            table.retitle(made.title or title, state_words(came))
            table.display = bool(made.lines)
        for table in self.lists[len(self.tables) :]:
            table.display = False

    @on(VirtualTable.Chosen)
    def chosen(self, event: VirtualTable.Chosen) -> None:
        """Tells of the line."""
        event.stop()
        if event.line is not event.table.current:  # the cursor has gone on, and tells of where it is
            return
        if event.table is self.lists[0] or event.table.has_focus:
            self.tell(event.line)

    @on(VirtualTable.Opened)
    def opened(self, event: VirtualTable.Opened) -> None:
        """Drills in."""
        event.stop()
        if event.line is not None:
            self.drill(event.line)

    def tell(self, line: Line | None) -> None:
        """Says what there is to say of a line."""
        seen = self.app.seen
        self.pane.retitle(str(line.ref) if line and line.ref else "Details")
        told = (self.gone(line) or self.told(seen, line)) if seen is not None and line is not None else ()
        self.pane.show(told, of=(line.key, line.ref) if line else None)

    def gone(self, line: Line) -> list[Paragraph]:
        """What is said of a line that is gone: what it said when it was there. Nothing of any other line."""
        if line.state != "gone":
            return []
        table = next((each.table for each in self.lists if line in each.lines), self.lists[0].table)
        said = "It is gone: this look does not have it any more. What was shown of it before:"
        return [Paragraph(text=said, tone="title"), *fields(table, line)]

    def drill(self, line: Line) -> None:
        """Goes to the cause of the line, else to its object."""
        if line.state == "gone":
            self.app.notify("It is gone: there is nothing more to see of it.", markup=False)
        elif line.causes:
            self.app.open_cause(line.causes[0])
        elif line.ref is not None:
            self.app.read_object(line.ref)
        else:
            self.pane.focus()
