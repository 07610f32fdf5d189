"""The application: header, one screen of seven, footer; and every action of the registry."""

import shlex
from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar

from textual import on, work
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Input, Static
from textual.worker import Worker, WorkerState, get_current_worker

from diag.document import EvidenceRow, RefRow
from diag.errors import DiagError
from diag.report.sanitize import visible
from diag.tui import panels
from diag.tui.actions import ACTIONS, bindings
from diag.tui.causes import Causes
from diag.tui.clipboard import copy
from diag.tui.copying import FORMS, copied
from diag.tui.dialogs import Choose, Prompt, Reader
from diag.tui.exporting import export
from diag.tui.header import footer_text, header_text
from diag.tui.listing import Listing
from diag.tui.marks import Marks
from diag.tui.paragraphs import Paragraph, Paragraphs
from diag.tui.screens import (
    CoverageScreen,
    GpuScreen,
    LogScreen,
    QueueScreen,
    TimelineScreen,
    TopologyScreen,
)
from diag.tui.source import Seen, Source
from diag.tui.table import VirtualTable
from diag.tui.themes import THEMES
from diag.views.inside import found, object_yaml
from diag.views.subject import resolve

_LEAST = (60, 15)
_TYPING = {one.does for one in ACTIONS if one.typing}
_MOST_BACK = 100  # screens that are remembered
_MADE: dict[str, type[Listing]] = {
    "causes": Causes,
    "gpus": GpuScreen,
    "queues": QueueScreen,
    "topology": TopologyScreen,
    "timeline": TimelineScreen,
    "logs": LogScreen,
    "coverage": CoverageScreen,
}


class DiagApp(App[None]):
    """`diag` on a terminal. It reads reports from a source and writes nothing to a cluster."""

    CSS = """
    #header, #footer { height: 1; background: $panel; color: $text; padding: 0 1; }
    #header.-stale { background: $warning-muted; }
    #screens { height: 1fr; }
    #small { display: none; padding: 1; }
    .-small #screens, .-small #header, .-small #footer { display: none; }
    .-small #small { display: block; }
    .-narrow Listing { layout: vertical; }
    .-narrow Listing > .lists, .-narrow Listing > .told, .-narrow Listing > .cause { width: 1fr; }
    .-narrow Listing > .lists, .-narrow Causes > .cause { height: 2fr; }
    .-narrow Listing > .lists > .second { height: 1fr; min-height: 3; }
    .-narrow Causes > .lists, .-narrow Listing > .told { height: 1fr; min-height: 5; }
    .-narrow.-short Causes #next { display: none; }
    .-ascii VirtualTable, .-ascii Paragraphs, .-ascii Vertical { border: ascii $primary-darken-2; }
    .-ascii VirtualTable:focus, .-ascii Paragraphs:focus { border: ascii $primary; }
    .-ascii .lists, .-ascii .cause { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (120, "-wide")]  # noqa: RUF012  # Textual's
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012  # as above
    ENABLE_COMMAND_PALETTE = True
    TITLE = "diag"

    class Arrived(Message):
        """A report came."""

        def __init__(self, seen: Seen) -> None:
            super().__init__()
            self.seen = seen

    class Said(Message):
        """How far the reading is."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, source: Source, *, ascii: bool = False) -> None:  # noqa: A002  # the flag's name
        super().__init__()
        self.source, self.marks = source, Marks(ascii=ascii)
        self.seen: Seen | None = None
        self.cause = ""
        self.progress = "reading"
        self.trouble = ""  # what went wrong with the last look
        self._visited = ["causes"]
        self._at = 0
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)

    # The frame

    def compose(self) -> ComposeResult:
        """The start screen alone; the others are made when they are opened."""
        yield Static(id="header", markup=False)
        with ContentSwitcher(initial="causes", id="screens"):
            yield Causes(id="causes")
        yield Static(id="small", markup=False)
        yield Static(id="footer", markup=False)

    def on_mount(self) -> None:
        """Draws the frame, then looks."""
        self.screen.set_class(self.marks.ascii, "-ascii")
        self.lists.lists[0].focus()
        self.draw_frame()
        self.fit(self.size)
        self.look()

    def on_resize(self, event: Resize) -> None:
        """Below the least size there is one sentence."""
        self.fit(event.size)
        self.draw_frame(event.size.width)

    def fit(self, size: Size) -> None:
        """Shows the screens where they have room."""
        small = size.width < _LEAST[0] or size.height < _LEAST[1]
        frame = self.screen_stack[0]
        frame.set_class(small, "-small")
        if small:
            words = f"{size.width}×{size.height} is too small: {_LEAST[0]}×{_LEAST[1]} is needed."
            frame.query_one("#small", Static).update(self.marks(f"{words}\nOr run: {self.equivalent()}"))

    def draw_frame(self, cells: int | None = None) -> None:
        """Draws header and footer, in so many cells."""
        frame = self.screen_stack[0]
        try:
            header, footer = frame.query_one("#header", Static), frame.query_one("#footer", Static)
        except NoMatches:  # before the frame is there
            return
        header.update(self.marks(header_text(self.source.name, self.seen, self.progress, self.trouble)))
        header.set_class(bool(self.trouble), "-stale")
        footer.update(self.marks(footer_text(ACTIONS, self.lists.id or "", (cells or self.size.width) - 2)))

    @property
    def lists(self) -> Listing:
        """The screen that is shown."""
        switcher = self.screen_stack[0].query_one(ContentSwitcher)
        return switcher.query_one(f"#{switcher.current}", Listing)

    # Looking

    @work(thread=True, exclusive=True, group="look", exit_on_error=False)
    def look(self) -> None:
        """Takes what the source yields."""
        worker = get_current_worker()

        def say(text: str) -> None:
            self.post_message(self.Said(text))

        for seen in self.source.looks(say):
            if worker.is_cancelled:
                return
            self.post_message(self.Arrived(seen))

    @on(Said)
    def said(self, event: Said) -> None:
        """Shows how far it is."""
        self.progress = event.text
        self.draw_frame()

    @on(Arrived)
    def arrived(self, event: Arrived) -> None:
        """Shows a report. The cursor stays on the same cause."""
        self.seen, self.progress, self.trouble = event.seen, "", ""
        self.draw_frame()
        self.lists.show(event.seen, self.cause)

    @on(Worker.StateChanged)
    def worker_ended(self, event: Worker.StateChanged) -> None:
        """A look that failed loses nothing: what was seen stays, and the header says so."""
        if event.state is not WorkerState.ERROR:
            return
        error = event.worker.error
        if event.worker.group == "look":
            self.progress = ""
            self.trouble = _sentence(error)
            self.draw_frame()
        self.complain(error)

    def complain(self, error: BaseException | None) -> None:
        """A failure as a toast; the app goes on."""
        self.notify(visible(_sentence(error)), title="Failed", severity="error", markup=False)

    # Going somewhere

    async def action_open_screen(self, name: str) -> None:
        """Opens a screen, and remembers the way."""
        if self._visited[self._at] != name:
            self._visited = [*self._visited[: self._at + 1], name][-_MOST_BACK:]
            self._at = len(self._visited) - 1
        await self._go(name)

    async def action_history(self, way: int) -> None:
        """The screen before, or the next one."""
        at = self._at + way
        if 0 <= at < len(self._visited):
            self._at = at
            await self._go(self._visited[at])

    async def _go(self, name: str) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.screen.minimize()
        switcher = self.screen.query_one(ContentSwitcher)
        if not switcher.query(f"#{name}"):
            await switcher.mount(_MADE[name](id=name))
        switcher.current = name
        self.lists.lists[0].focus()
        if self.seen is not None:
            self.lists.show(self.seen, self.cause)
        self.draw_frame()

    def choose_cause(self, cause: str) -> None:
        """Takes a cause as the one that other screens are of."""
        self.cause = cause

    @work(group="open")
    async def open_cause(self, cause: str) -> None:
        """Opens the start screen with the cursor on a cause; a filter that hides it ends."""
        await self.action_open_screen("causes")
        table = self.lists.lists[0]
        if not any(cause in line.causes for line in table.lines):
            self.lists.close_filter(clear=True)
        at = next((at for at, line in enumerate(table.lines) if cause in line.causes), None)
        if at is not None:
            table.go_to(at)

    # What actions do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that opens a line to type is a letter while one is being typed."""
        if action in _TYPING and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Opens the filter of the screen."""
        self.lists.open_filter()

    def action_leave(self) -> None:
        """Ends what is open: zoom, filter, then goes from a pane to its list."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif not self.lists.close_filter(clear=True):
            self.lists.lists[0].focus()

    def action_zoom(self) -> None:
        """Gives the pane all the room, and takes it back."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif self.focused is not None:
            self.screen.maximize(self.focused, container=False)

    def action_refresh_look(self) -> None:
        """Looks again."""
        self.progress = "reading"
        self.draw_frame()
        self.look()

    async def action_why(self) -> None:
        """Goes to the because-tree."""
        await self.action_open_screen("causes")
        self.lists.pane.focus()

    def action_keys(self) -> None:
        """All keys."""
        rows = [Paragraph(text=one.help, lead=f"{one.shown_keys:16} {one.label:14} ") for one in ACTIONS]
        self.push_screen(Reader("Keys", rows, marks=self.marks))

    def action_explain(self) -> None:
        """The selected cause in words."""
        cause = self.seen.cause(self.cause) if self.seen else None
        if self.seen is None or cause is None:
            self.notify("No cause is selected.", markup=False)
            return
        told = panels.explanation(self.seen, cause, self.source.again)
        self.push_screen(Reader(f"{cause.id} in words", told, marks=self.marks, subject=cause.root, open_=self._cited))

    def _cited(self, paragraph: Paragraph) -> None:
        if self.seen is not None and isinstance(paragraph.stands_for, EvidenceRow):
            place, lines, _ = panels.evidence(self.seen, paragraph.stands_for)
            self.push_screen(Reader(place, lines, marks=self.marks))

    def action_yaml(self) -> None:
        """The selected object in full."""
        line = self.lists.lists[0].current
        if line is not None and line.ref is not None:
            self.read_object(line.ref)

    def read_object(self, ref: RefRow) -> None:
        """An object in full."""
        if self.seen is not None:
            shown = object_yaml(self.seen.snapshots, ref)
            self.push_screen(Reader(shown.place, panels.object_lines(shown), marks=self.marks, subject=ref))

    def action_owner(self) -> None:
        """The owner of the object that is shown or selected."""
        from diag.causes.rows import ref_row  # noqa: PLC0415  # only then
        from diag.trouble.relations.owners import owner_of  # noqa: PLC0415

        line = self.lists.lists[0].current
        ref = self.screen.subject if isinstance(self.screen, Reader) else line.ref if line else None
        here = found(self.seen.snapshots, ref) if self.seen and isinstance(ref, RefRow) else None
        owner = owner_of(*here) if here else None
        if owner is None:
            self.notify("It has no owner that was read.", markup=False)
        else:
            self.read_object(ref_row(owner.ref))

    def equivalent(self) -> str:
        """The command line that prints what the screen shows."""
        lists = self.lists
        words = ["diag", lists.twin, *shlex.split(self.source.again or "--from FILE")]
        if lists.twin == "timeline" and self.cause:
            words.insert(2, self.cause)
        if lists.filter_text:
            words += ["--filter", lists.filter_text]
        return shlex.join(words)

    def action_equivalent(self) -> None:
        """The command line that prints what the screen shows."""
        command = self.equivalent()
        self.push_screen(Reader("As a command", [Paragraph(text=command, tone="command")], marks=self.marks))

    def action_command(self) -> None:
        """A screen, a cause or an object by its name."""
        hint = "a screen (gpus, queues, …), a cause (C1), an object (pod/ns/name), explain SUBJECT, quit"
        self.push_screen(Prompt("Go to", hint=self.marks(hint)), self.go_to)

    async def go_to(self, typed: str | None) -> None:
        """Goes where the words of a command line mean."""
        words = (typed or "").split()
        if words[:1] == ["diag"]:
            words = words[1:]
        match words:
            case []:
                return
            case ["q" | "quit" | "exit"]:
                self.exit()
            case [name] if name in _MADE:
                await self.action_open_screen(name)
            case ["scan"]:
                await self.action_open_screen("causes")
            case [("explain" | "timeline") as word, *rest]:
                if self._meant(" ".join(rest)):
                    await self.action_open_screen("causes" if word == "explain" else "timeline")
            case _:
                self._meant(" ".join(words))

    def _meant(self, text: str) -> bool:
        """Goes to the cause that a text means, or to its object."""
        if self.seen is None:
            return False
        if not text:
            return True
        known = (
            RefRow(cluster=item.cluster, apiVersion=item.ref.api_version, kind=item.ref.kind, namespace=item.namespace,
                   name=item.name)
            for snap in self.seen.snapshots for table in snap.tables.values() for item in table.values()
        )  # fmt: skip
        match = resolve(self.seen.report, text, known=known)
        if match.causes:
            self.cause = match.causes[0].id
            self.open_cause(self.cause)
            return True
        if match.subject is not None:
            self.notify("Nothing wrong was found with it.", markup=False)
            self.read_object(match.subject)
            return False
        near = f"; did you mean {' or '.join(match.suggestions)}?" if match.suggestions else ""
        self.notify(visible(f"Nothing is called {text[:60]}{near}"), severity="warning", markup=False)
        return False

    def action_jump(self) -> None:
        """A pane by its letter."""
        panes = [pane for pane in self.lists.query("VirtualTable, Paragraphs").results(Widget) if pane.region.area]
        named = [(pane.id or "", str(pane.border_title or pane.id)) for pane in panes]

        def jump(chosen: str | None) -> None:
            if chosen:
                self.lists.query_one(f"#{chosen}").focus()

        self.push_screen(Choose("Jump to", named), jump)

    # Taking something along

    def selection(self) -> str:
        """What has the focus, as text."""
        if isinstance(self.screen, Reader):
            return self.screen.text()
        focused = self.focused
        if isinstance(focused, Paragraphs) and focused.current is not None:
            return focused.current.text
        table = focused if isinstance(focused, VirtualTable) else self.lists.lists[0]
        columns = table.table.columns
        rows = [
            "  ".join(column.shown(value) for column, value in zip(columns, line.values, strict=True))
            for line in table.chosen()
        ]
        return "\n".join(rows)

    def action_copy(self) -> None:
        """Copies what has the focus."""
        self.copy_text(self.selection(), "the selection")

    def copy_text(self, text: str, what: str) -> None:
        """Copies a text, and says how."""
        if not text:
            self.notify("There is nothing to copy.", markup=False)
            return
        try:
            how = copy(text, self._write)
        except OSError as error:
            self.complain(error)
            return
        self.notify(f"Copied {what} {how}.", markup=False)

    def _write(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def action_copy_as(self) -> None:
        """Copies the selection in a form."""
        lines, seen = self.lists.lists[0].chosen(), self.seen
        if not lines or seen is None:
            self.notify("There is nothing to copy.", markup=False)
            return

        def take(form: str | None) -> None:
            if form:
                self.copy_text(copied(form, seen, lines, self.source.again), FORMS[form])

        self.push_screen(Choose("Copy as", list(FORMS.items())), take)

    def action_export(self) -> None:
        """Writes the report to a file."""
        seen = self.seen
        if seen is None:
            self.notify("There is no report yet.", markup=False)
            return

        def write(typed: str | None) -> None:
            if typed:
                try:
                    self.notify(f"Wrote {export(seen.report, typed)}.", markup=False)
                except DiagError as error:
                    self.complain(error)

        self.push_screen(Prompt("Write the report to", hint="as -o: FORMAT=PATH", value="json="), write)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002  # Textual's
        """The palette: all actions, and the themes."""
        for one in ACTIONS:
            if one.context == "app" and one.id != "palette":
                yield SystemCommand(f"{one.label} ({one.shown_keys})", one.help, self._doing(one.does))
        yield SystemCommand("theme", "Change the colours.", self.action_change_theme)

    def _doing(self, does: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(does)

        return run

    def action_quit(self) -> None:  # type: ignore[override]
        """Leaves."""
        self.exit()


def _sentence(error: BaseException | None) -> str:
    if isinstance(error, DiagError):
        return f"{error.message}{f' ({error.hint})' if error.hint else ''}"
    return f"{type(error).__name__}: {error}"
