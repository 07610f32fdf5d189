"""Questions about the selected cause: sentences as they are proven, with their evidence, and what a model was told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input
from textual.worker import get_current_worker

from diag.document import CauseRow, EvidenceRow, SentenceRow
from diag.errors import DiagError
from diag.tui import panels
from diag.tui.listing import Listing
from diag.tui.paragraphs import Paragraph, Paragraphs
from diag.tui.source import Seen
from diag.tui.table import VirtualTable
from diag.views.citations import Citations
from diag.views.table import Column, Line, Table

if TYPE_CHECKING:
    from diag.llm.ask import Conversation, Turn

_FIRST = "Why does it not run, and what is to be done?"


class AskScreen(Listing):
    """What was asked and answered at the left; what the answers rest on, and where it stands, at the right."""

    titles: ClassVar[tuple[str, ...]] = ("Evidence of the answers",)
    twin: ClassVar[str] = "explain"
    DEFAULT_CSS = """
    AskScreen > .cause { width: 3fr; }
    AskScreen > .lists { width: 2fr; }
    AskScreen > .lists > VirtualTable { height: 1fr; }
    AskScreen Paragraphs { border: round $primary-darken-2; }
    AskScreen Paragraphs:focus { border: round $primary; }
    AskScreen #ask-question { display: block; border: none; height: 1; background: $panel; }
    """

    class Proven(Message):
        """A sentence of the answer."""

        def __init__(self, row: SentenceRow) -> None:
            super().__init__()
            self.row = row

    class Noted(Message):
        """Something to know of the talk."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Ended(Message):
        """The answer is complete."""

        def __init__(self, turn: "Turn") -> None:
            super().__init__()
            self.turn = turn

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self.talk: Conversation | None = None
        self.said: list[Paragraph] = []
        self.cites: Citations | None = None

    def compose(self) -> ComposeResult:
        """The talk, its evidence, and the line to ask in."""
        with Vertical(classes="cause"):
            yield Paragraphs(id="talk")
        with Vertical(classes="lists"):
            yield VirtualTable(id=f"{self.id}-list-0")
            yield Paragraphs(id="proof")
        yield Input(placeholder=f"ask: {_FIRST}", id="ask-question")

    def on_mount(self) -> None:
        """Puts titles and marks in place."""
        self.query_one("#proof", Paragraphs).retitle("Where it stands")

    @property
    def pane(self) -> Paragraphs:
        """The talk."""
        return self.query_one("#talk", Paragraphs)

    @property
    def front(self) -> Input:
        """The line to ask in."""
        return self.query_one("#ask-question", Input)

    def show(self, seen: Seen, cause: str) -> None:
        """Begins anew where the cause or the look is another one."""
        if self.made_of is not None and self.made_of[0] is seen and self.made_of[1] == cause:
            return
        self.made_of = (seen, cause)
        self.stop()
        self.talk, self.said = None, []
        rows = {row.id: row for row in seen.report.evidence}
        self.cites = Citations(rows, with_cluster=len(seen.report.target.clusters) > 1)
        row = seen.cause(cause)
        self.pane.retitle(f"Ask · {row.rule} {row.name}" if row else "Ask · no cause")
        hint = "Nothing was asked yet. Enter asks; F shows what a model is told; esc leaves the line."
        self.pane.show([Paragraph(text=hint if row else "Select a cause on the first screen (1).", tone="info")])
        self.draw_evidence()

    def draw_evidence(self) -> None:
        """The numbered evidence."""
        pieces = self.cites.rows() if self.cites else ()
        table = self.lists[0]
        table.retitle(self.titles[0], f" {len(pieces)}")
        columns = (Column(title="NO", kind="count"), Column(title="WHERE", least=12), Column(title="SAYS", least=8))
        lines = [Line(key=one.evidence, values=(one.number, one.place, one.value), severity="") for one in pieces]
        table.show(Table(columns=columns, lines=lines, empty="No answer yet."))

    def open_filter(self) -> None:
        """There is nothing to filter: the line to ask in."""
        self.screen.set_focus(self.front)

    def close_filter(self, *, clear: bool) -> bool:  # noqa: ARG002  # as for all screens
        """Ends an answer that is coming; then leaves the line."""
        if self.stop() or self.front.has_focus:
            self.screen.set_focus(self.pane)
            return True
        return False

    def stop(self) -> bool:
        """Ends an answer that is coming; says whether there was one."""
        running = [one for one in self.app.workers if one.group == "ask" and not one.is_finished]
        for one in running:
            one.cancel()
        self.pane.border_subtitle = ""
        return bool(running)

    # Asking

    @on(Input.Changed)
    def question_typed(self, event: Input.Changed) -> None:
        """A question is no filter."""
        event.stop()
        event.prevent_default()

    @on(Input.Submitted)
    def question_asked(self, event: Input.Submitted) -> None:
        """Asks."""
        event.stop()
        event.prevent_default()
        seen = self.app.seen
        cause = seen.cause(self.app.cause) if seen else None
        if seen is None or cause is None:
            self.app.notify("No cause is selected.", markup=False)
            return
        question = event.value.strip() or _FIRST
        self.front.value = ""
        self.add(Paragraph(text=question, lead="? ", tone="title"))
        self.pane.border_subtitle = "writing; esc stops"
        self.ask(seen, cause, question)

    @work(thread=True, exclusive=True, group="ask", exit_on_error=False, description="answers")
    def ask(self, seen: Seen, cause: CauseRow, question: str) -> None:
        """Asks, in a thread; a screen that is left or an esc stops it."""
        worker = get_current_worker()
        if self.talk is None:
            self.talk, why = self.conversation(seen, cause)
            if why:
                self.post_message(self.Noted(why))
        talk = self.talk

        def say(row: SentenceRow) -> None:
            if not worker.is_cancelled:
                self.post_message(self.Proven(row))

        turn = talk.ask(question, say=say, stopped=lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            self.post_message(self.Ended(turn))

    def conversation(self, seen: Seen, cause: CauseRow) -> "tuple[Conversation, str]":
        """A new one, with the model that was chosen, or why there is none."""
        if self.app.source.converse is None:
            raise DiagError("nobody can be asked here", hint="`diag explain` tells the causes in words")
        return self.app.source.converse(seen.report, cause)

    def add(self, *paragraphs: Paragraph) -> None:
        """Adds to the talk, and keeps its end in sight."""
        self.said += paragraphs
        self.pane.show(self.said, cursor=len(self.said) - 1)

    @on(Proven)
    def proven(self, event: Proven) -> None:
        """Shows a sentence with the numbers of its evidence."""
        event.stop()
        seen = self.app.seen
        if self.cites is None or seen is None:
            return
        rows = {row.id: row for row in seen.report.evidence}
        pieces = [each for each in event.row.citations if each in rows]
        numbers = "".join(f"[{number}]" for number in self.cites.cite(pieces))
        stands_for = rows[pieces[0]] if pieces else None
        self.add(Paragraph(text=f"{event.row.text} {numbers}".rstrip(), lead="  ", stands_for=stands_for))
        self.draw_evidence()

    @on(Noted)
    def noted(self, event: Noted) -> None:
        """Says it."""
        event.stop()
        self.add(Paragraph(text=event.text, lead="  ", tone="info"))

    @on(Ended)
    def ended(self, event: Ended) -> None:
        """Says who answered, and what could not be proven."""
        event.stop()
        self.pane.border_subtitle = ""
        turn = event.turn
        if not turn.sentences and not turn.checked.sentences:
            from diag.llm.ask import SAYS_NOTHING  # noqa: PLC0415  # it is loaded by now

            self.add(Paragraph(text=SAYS_NOTHING, lead="  "))
        failed = f" ({turn.hint})" if turn.failed and turn.hint else ""
        self.add(Paragraph(text=f"{turn.note}{failed}", lead="  ", tone="info"), Paragraph(text=""))

    def facts(self) -> list[Paragraph]:
        """What a model was told, or would be: the whole prompt, behind the gate."""
        seen = self.app.seen
        cause = seen.cause(self.app.cause) if seen else None
        if seen is None or cause is None:
            return [Paragraph(text="No cause is selected.")]
        talk = self.talk or self.conversation(seen, cause)[0]
        question = talk.turns[-1].question if talk.turns else _FIRST
        sent = talk.prompt(question)
        engine = talk.engine
        where = "stays in this process" if engine is None or engine.inside else "leaves this process, names redacted"
        head = f"{sent.tokens} tokens, templates {sent.version}; {where}"
        lines = [*sent.system.splitlines(), "", *sent.user.splitlines()]
        return [Paragraph(text=head, tone="title"), *(Paragraph(text=line) for line in lines)]

    # Evidence

    @on(Paragraphs.Chosen, "#talk")
    @on(Paragraphs.Opened, "#talk")
    def sentence_chosen(self, event: Paragraphs.Chosen | Paragraphs.Opened) -> None:
        """Shows the evidence of a sentence where it stands."""
        event.stop()
        if isinstance(event.paragraph.stands_for, EvidenceRow):
            self.open_evidence(event.paragraph.stands_for)

    def tell(self, line: Line | None) -> None:
        """Shows a piece of evidence where it stands."""
        seen = self.app.seen
        row = next((row for row in seen.report.evidence if line and row.id == line.key), None) if seen else None
        if row is not None:
            self.open_evidence(row)

    def drill(self, line: Line) -> None:
        """As the cursor does."""
        self.tell(line)

    def open_evidence(self, row: EvidenceRow) -> None:
        """Shows it."""
        seen = self.app.seen
        if seen is not None:
            place, lines, cited = panels.evidence(seen, row)
            pane = self.query_one("#proof", Paragraphs)
            pane.retitle(place)
            pane.show(lines, cursor=cited)

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """There are no tables to make."""
        return []
