"""The filter of a screen of lists: what is typed is drawn at once, and what it leaves follows from a thread."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.containers import Container
from textual.message import Message
from textual.widgets import Input
from textual.worker import get_current_worker

from diag.errors import DiagError
from diag.tui.comings import counted_states
from diag.tui.source import Seen
from diag.tui.table import VirtualTable
from diag.views.table import Searched, Table

if TYPE_CHECKING:
    from diag.tui.app import DiagApp


Counted = tuple[Table, tuple[int, int, int]]  # a table, and how many of its lines are there, new and gone


def counted(table: Table) -> Counted:
    """A table and its counts, which take too long to be made where keys are waited for."""
    return table, counted_states(table.lines)


class Sifting(Container):
    """Tables, the first of which is filtered by what is typed. Who inherits from it draws them (`apply`)."""

    app: "DiagApp"

    class Searchable(Message):
        """What a filter looks at is there, of these tables."""

        def __init__(self, tables: Sequence[Table], searched: Searched) -> None:
            super().__init__()
            self.tables, self.searched = tables, searched

    class Sifted(Message):
        """What a filter leaves of the first of these tables; `said`: why it is wrong, and leaves all."""

        def __init__(self, tables: Sequence[Table], text: str, left: Counted, said: str) -> None:
            super().__init__()
            self.tables, self.text, self.left, self.said = tables, text, left, said

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self.filter_text = ""
        self.tables: Sequence[Table] = ()
        self.searched: Searched | None = None
        self.searching: Sequence[Table] | None = None  # whose `searched` is being made
        self.left: Counted | None = None  # of the first table, where something is filtered
        self.wrong = ""  # what is wrong with the filter

    def apply(self) -> None:
        """Draws the tables as the filter leaves them."""
        raise NotImplementedError

    @property
    def lists(self) -> list[VirtualTable]:
        """All lists of the screen."""
        return list(self.query(VirtualTable))

    def titled(self, text: str, pane: VirtualTable) -> str:
        """A text for the border of a pane."""
        raise NotImplementedError

    def searchable(self, seen: Seen, table: Table) -> Searched:  # noqa: ARG002  # some look further than the table
        """The first table as a filter sees it."""
        return Searched(table)

    def _searched(self, seen: Seen, tables: Sequence[Table]) -> Searched:
        searched = self.searchable(seen, tables[0])
        searched.prepare()
        return searched

    def make_searchable(self) -> None:
        """Makes what a filter looks at, where there is none yet."""
        made = self.searched is not None or self.searching is self.tables
        if self.tables and not made and self.app.seen is not None:
            self.searching = self.tables
            self.search(self.app.seen, self.tables)

    @work(thread=True, exclusive=True, group="search", exit_on_error=False, description="makes what a filter looks at")
    def search(self, seen: Seen, tables: Sequence[Table]) -> None:
        """Makes what a filter of these tables looks at."""
        searched = self._searched(seen, tables)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Searchable(tables, searched))

    @on(Searchable)
    def has_become_searchable(self, event: Searchable) -> None:
        """Filters by what was typed meanwhile; tables that came meanwhile have their own."""
        event.stop()
        if event.tables is self.tables:
            self.searched = event.searched
            if self.filter_text:
                self.filter_anew()

    def filter_anew(self) -> None:
        """Filters by what was typed. What an earlier text would leave is not wanted any more."""
        self.workers.cancel_group(self, "filter")
        if not self.filter_text:
            self.left, self.wrong = None, ""
            self.apply()
        elif self.searched is not None:
            # Once the key is drawn, for a thread at work would keep it waiting.
            self.call_after_refresh(self._sift_now)

    def _sift_now(self) -> None:
        if self.searched is not None and self.filter_text:
            self.sift(self.tables, self.searched, self.filter_text)

    @work(thread=True, exclusive=True, group="filter", exit_on_error=False, description="filters")
    def sift(self, tables: Sequence[Table], searched: Searched, text: str) -> None:
        """Finds the lines that a filter leaves."""
        worker = get_current_worker()
        left, said = tables[0], ""
        try:
            left = searched.filtered(text, is_wanted=lambda: not worker.is_cancelled)
        except DiagError as error:
            said = error.message
        if not worker.is_cancelled:
            self.post_message(self.Sifted(tables, text, counted(left), said))

    @on(Sifted)
    def has_sifted(self, event: Sifted) -> None:
        """Draws what is left, unless something else is wanted by now. A filter that is wrong says so."""
        event.stop()
        if event.tables is self.tables and event.text == self.filter_text:
            self.left, self.wrong = event.left, event.said
            self.apply()

    def open_filter(self) -> None:
        """Opens the line in which the filter is typed."""
        field = self.query_one(Input)
        self.make_searchable()
        # At once, so that what is typed next is the filter already.
        field.display = True
        self.screen.set_focus(field)

    def close_filter(self, *, clear: bool) -> bool:
        """Closes it; says whether there was anything to close or clear."""
        field = self.query_one(Input)
        was = bool(field.display) or bool(clear and self.filter_text)
        if clear:
            field.value = ""
            self.filter_text = ""
            self.filter_anew()
        field.display = False
        if was:
            self.screen.set_focus(self.lists[0])
        return was

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Filters while it is typed."""
        event.stop()
        if event.value != self.filter_text:
            self.filter_text = event.value
            self.make_searchable()
            self.filter_anew()
            # The whole list is drawn already while what a filter looks at is made.
            if self.searched is None and event.value:
                self.lists[0].border_subtitle = self.titled(f"/ {event.value} (preparing …)", self.lists[0])

    @on(Input.Submitted)
    def filter_done(self, event: Input.Submitted) -> None:
        """Back to the list; the filter stays."""
        event.stop()
        self.close_filter(clear=False)
