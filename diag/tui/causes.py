"""The start screen: what is costing GPUs, why, the evidence where it stands, and what to do."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from diag.document import EvidenceRow, Report
from diag.tui.listing import Listing, fields
from diag.tui.paragraphs import Paragraph, Paragraphs
from diag.tui.source import Seen
from diag.tui.table import VirtualTable
from diag.views.cause_fields import CauseFields
from diag.views.cause_table import causes_table, findings_table, ignored_table, new_causes_table
from diag.views.filter import CAUSES
from diag.views.table import Line, Searched, Table, row_of, words_of

_TABS: tuple[tuple[str, Callable[[Report, Collection[str]], Table]], ...] = (
    ("Causes · by GPUs blocked × time", lambda report, _: causes_table(report)),
    ("All findings", lambda report, _: findings_table(report)),
    ("New", new_causes_table),
    ("Ignored", lambda report, _: ignored_table(report)),
)
_OF_CAUSES = (0, 2)  # the tabs whose lines are causes
_IGNORED = 3


class Causes(Listing):
    """The ranked causes; the because-tree, the evidence and the remedies of the selected one beside them."""

    titles: ClassVar[tuple[str, ...]] = ("Causes · by GPUs blocked × time",)
    twin: ClassVar[str] = "scan"
    tab = 0
    wanted = ""  # the cause that the cursor goes to once the list has come
    is_drawn = False
    cited = ""  # the step whose evidence is shown
    DEFAULT_CSS = """
    Causes > .lists { width: 4fr; }
    Causes > .cause { width: 5fr; }
    Causes Paragraphs { border: round $primary-darken-2; }
    Causes Paragraphs:focus { border: round $primary; }
    Causes #why { height: 5fr; }
    Causes #evidence { height: 4fr; }
    Causes #next { height: 2fr; min-height: 5; }
    """

    def compose(self) -> ComposeResult:
        """The list, and three panes beside it."""
        with Vertical(classes="lists"):
            yield VirtualTable(id=f"{self.id}-list-0")
        with Vertical(classes="cause"):
            yield Paragraphs(id="why")
            yield Paragraphs(id="evidence")
            yield Paragraphs(id="next")
        yield Input(placeholder="filter: sev:error ns:ml rule:QUO* age>10m gpus>4 -word", id=f"{self.id}-filter")

    def on_mount(self) -> None:
        """Puts titles and marks in place."""
        for name, title in (("why", "Why"), ("evidence", "Evidence"), ("next", "Next")):
            self.query_one(f"#{name}", Paragraphs).retitle(title)
        self.lists[0].is_seen = lambda line: line.key.partition("/")[0] in self.app.acknowledged

    @property
    def pane(self) -> Paragraphs:
        """The because-tree."""
        return self.query_one("#why", Paragraphs)

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """The causes, all findings, what is new, or what is ignored."""
        import diag.tui.panels  # noqa: F401, PLC0415  # not before the first frame, and here it keeps no key waiting

        return [_TABS[self.tab][1](seen.report, {*(self.app.baseline or ()), *self.app.acknowledged})]

    def of(self, cause: str) -> str:  # noqa: ARG002  # of all causes
        """The tab."""
        return _TABS[self.tab][0]

    def heading(self, cause: str) -> str:  # noqa: ARG002  # as above
        """The title of the tab."""
        return _TABS[self.tab][0]

    def next_tab(self) -> None:
        """Causes, all findings, new ones, ignored, and causes again."""
        self.tab = (self.tab + 1) % len(_TABS)
        if self.app.seen is not None:
            self.show(self.app.seen, self.app.cause)

    def go_to_cause(self, cause: str) -> None:
        """Puts the cursor on a cause: at once, or when the list that holds it has come. A filter that hides it ends."""
        if self.tables and not self._reach(cause):
            self.close_filter(clear=True)
        self.lists[0].once_laid(partial(self._go_on_to, cause))

    def _go_on_to(self, cause: str) -> None:
        if self.tables and not self._reach(cause):
            self.tab = 0
        if self.app.seen is not None and not self._reach(cause):
            self.wanted = cause
            self.show(self.app.seen, cause)

    def _reach(self, cause: str) -> bool:
        table = self.lists[0]
        at = next((at for at, line in enumerate(table.lines) if cause in line.causes), None)
        if at is not None:
            table.go_to(at)
        return at is not None

    def apply(self) -> None:
        """Draws the list, with the cursor on the cause that was chosen before it was there."""
        chosen = self.app.cause  # drawing the list chooses what is under its cursor
        super().apply()
        seen = self.app.seen
        if self.tables and seen is not None and not self.is_drawn:
            self.is_drawn = True
            worst = seen.report.causes[0].id if seen.report.causes else ""
            self.wanted = self.wanted or (chosen if chosen != worst else "")
        if self.tables and self.wanted:
            wanted, self.wanted = self.wanted, ""
            self.lists[0].once_laid(partial(self._reach, wanted))

    def searchable(self, seen: Seen, table: Table) -> Searched:
        """As for `diag scan --filter`: objects and symptoms of a cause count as its own."""
        if self.tab not in _OF_CAUSES:
            return super().searchable(seen, table)
        causes, of = {cause.id: cause for cause in seen.report.causes}, CauseFields(seen.report)
        # Of a line that is gone the report knows nothing more than is shown.
        row, words = row_of(table), words_of(table)
        return Searched(
            table, fields=CAUSES,
            row=lambda line: of.row(causes[line.causes[0]]) if line.causes else row(line),
            words=lambda line: of.words(causes[line.causes[0]]) if line.causes else words(line),
        )  # fmt: skip

    def told(self, seen: Seen, line: Line) -> Sequence[Paragraph]:
        """The because-tree; of a finding that belongs to no cause, what it rests on; why one is ignored."""
        from diag.tui import panels  # noqa: PLC0415  # `make` has imported it

        if self.tab == _IGNORED:
            return fields(self.lists[0].table, line)
        cause = next((found for each in line.causes if (found := seen.cause(each))), None)
        return panels.why(seen, cause) if cause else panels.alone(seen, str(line.values[0]))

    def tell(self, line: Line | None) -> None:
        """Shows why, the evidence of the root, and what to do."""
        from diag.tui import panels  # noqa: PLC0415  # as above

        seen = self.app.seen
        cause = next((found for each in line.causes if (found := seen.cause(each))), None) if seen and line else None
        self.app.choose_cause(cause.id if cause else "")
        why, evidence, following = (self.query_one(f"#{name}", Paragraphs) for name in ("why", "evidence", "next"))
        if seen is None or line is None:
            for pane in (why, evidence, following):
                pane.show(())
            why.retitle("Why")
            return
        steps = self.gone(line) or self.told(seen, line)
        root = next((at for at, step in enumerate(steps) if step.tone == "title"), 0)
        why.retitle(f"Why · {panels.cause_title(cause)}" if cause else "Finding")
        of = (self.tab, cause.fingerprint if cause else line.key)
        why.show(steps, cursor=root, of=of)
        self.open_evidence(self._citing(why.current, steps))
        following.show(panels.remedies(cause) if cause else (), of=of)

    def drill(self, line: Line) -> None:  # noqa: ARG002  # the tree is that of the line under the cursor
        """Goes into the tree."""
        self.pane.focus()

    @on(Paragraphs.Chosen, "#why")
    def step_chosen(self, event: Paragraphs.Chosen) -> None:
        """Shows the evidence of the step."""
        event.stop()
        if event.paragraph.stands_for is not None:
            self.open_evidence(event.paragraph)

    @on(Paragraphs.Opened, "#why")
    def step_opened(self, event: Paragraphs.Opened) -> None:
        """Goes to the evidence."""
        event.stop()
        self.open_evidence(event.paragraph)
        self.query_one("#evidence", Paragraphs).focus()

    @on(Paragraphs.Opened, "#next")
    def command_opened(self, event: Paragraphs.Opened) -> None:
        """Copies a command; nothing is ever run."""
        event.stop()
        if isinstance(event.paragraph.stands_for, str):
            self.app.copy_text(event.paragraph.stands_for, "the command")

    def _citing(self, step: Paragraph | None, steps: Sequence[Paragraph]) -> Paragraph | None:
        """The step whose evidence is shown: this one, or on a step that cites nothing the one that was."""
        if step is not None and not isinstance(step.stands_for, EvidenceRow):
            step = next((one for one in steps if one.stands_for is not None and one.text == self.cited), step)
        return step

    def open_evidence(self, step: Paragraph | None) -> None:
        """Shows a piece of evidence where it stands."""
        from diag.tui import panels  # noqa: PLC0415  # as above

        row = step.stands_for if step and isinstance(step.stands_for, EvidenceRow) else None
        seen = self.app.seen
        if seen is None:
            return
        self.cited = step.text if step else ""
        place, lines, cited = panels.evidence(seen, row)
        pane = self.query_one("#evidence", Paragraphs)
        pane.retitle(f"Evidence · {place}" if place else "Evidence")
        pane.show(lines, cursor=cited, of=(place, row.path) if row else None)
