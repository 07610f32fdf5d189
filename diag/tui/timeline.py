"""The timeline of the selected cause: lanes on one scale of time, and what they are drawn from as lists."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from diag.tui.lanes import LanePane
from diag.tui.source import Seen
from diag.tui.told import OfCause
from diag.views.history import history, history_tables
from diag.views.lanes import Lanes, lanes
from diag.views.table import Table


class TimelineScreen(OfCause):
    """What happened to the objects of a cause on one scale of time, and where its starts spent their time."""

    titles: ClassVar[tuple[str, ...]] = ("Timeline", "Where the starts spent their time")
    twin: ClassVar[str] = "timeline"
    DEFAULT_CSS = """
    TimelineScreen > .lists > LanePane { border: round $primary-darken-2; height: 1fr; min-height: 6; }
    TimelineScreen > .lists > LanePane:focus { border: round $primary; }
    """
    drawn: Lanes | None = None

    def above(self) -> ComposeResult:
        """The lanes stand above the lists."""
        pane = LanePane(id=f"{self.id}-lanes")
        pane.retitle("Lanes")
        yield pane

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:
        """What happened, and the phases of starts."""
        found = history(seen.report, seen.snapshots, causes=[cause])
        self.drawn = lanes(found)
        return history_tables(seen.report, found)

    def apply(self) -> None:
        """Draws the lanes as well."""
        super().apply()
        pane = self.query_one(LanePane)
        if self.drawn is not None:
            pane.show(self.drawn)
