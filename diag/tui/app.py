"""The application: every action of the registry that reads something, or takes something along."""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from textual import work
from textual.app import SystemCommand
from textual.command import Provider
from textual.screen import Screen
from textual.widgets import Input

from diag.document import CauseRow
from diag.errors import DiagError
from diag.report.sanitize import visible
from diag.tui.actions import ACTIONS
from diag.tui.causes import Causes
from diag.tui.clipboard import copy
from diag.tui.comparing import Comparing
from diag.tui.dialogs import Choose, Prompt, Reader
from diag.tui.helping import all_keys, pane_help
from diag.tui.kept import MOST_SEEN, Kept, sortings
from diag.tui.listing import Listing
from diag.tui.paragraphs import Paragraph, Paragraphs
from diag.tui.source import Seen
from diag.tui.table import VirtualTable
from diag.views.wording import counted

# By the group of a worker: what would be lost with it.
LOST = {
    "save": "A snapshot is being saved", "export": "The report is being written", "ask": "An answer is being written",
}  # fmt: skip
_TYPING = {one.does for one in ACTIONS if one.typing}


def _things() -> type[Provider]:
    from diag.tui.finding_things import Things  # noqa: PLC0415  # only once the palette is open

    return Things


class DiagApp(Comparing):
    """`diag` on a terminal. It reads reports from a source and writes nothing to a cluster."""

    COMMANDS = Comparing.COMMANDS | {_things}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that opens a line to type is a letter while one is typed, and another's where something lies above."""
        if action in _TYPING and (isinstance(self.focused, Input) or len(self.screen_stack) > 1):
            return False
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Opens the filter of the screen."""
        self.lists.open_filter()

    def action_leave(self) -> None:
        """Ends what is open: zoom, filter, a reading; then goes from a pane to its list."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif not self.lists.close_filter(clear=True) and not self.end_look():
            self.lists.front.focus()

    def action_zoom(self) -> None:
        """Gives the pane all the room, and takes it back."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif self.focused is not None:
            self.screen.maximize(self.focused, container=False)

    def action_refresh_look(self) -> None:
        """Looks again."""
        self.source.stop()
        self.progress = "reading"
        self.draw_frame()
        self.look()

    async def action_why(self) -> None:
        """Goes to the because-tree."""
        await self.action_open_screen("causes")
        self.lists.pane.focus()

    def action_keys(self) -> None:
        """All keys."""
        self.push_screen(Reader("Keys", all_keys(self.actions), marks=self.marks))

    def action_help_pane(self) -> None:
        """What the pane that has the focus shows, and the keys that it takes."""
        title, rows = pane_help(self.actions, self.focused)
        self.push_screen(Reader(title, rows, marks=self.marks))

    def action_explain(self) -> None:
        """The selected cause in words."""
        from diag.tui import panels  # noqa: PLC0415  # only once there is a report

        cause = self.seen.cause(self.cause) if self.seen else None
        if self.seen is None or cause is None:
            self.notify("No cause is selected.", markup=False)
            return
        told = panels.explanation(self.seen, cause, self.again)
        seen = self.seen
        title = f"{cause.id} in words"
        self.push_screen(
            Reader(title, told, marks=self.marks, subject=cause.root, open_=lambda one: self.cite(one, seen))
        )

    async def action_tab(self) -> None:
        """The next tab of the start screen."""
        await self.action_open_screen("causes")
        if isinstance(self.lists, Causes):
            self.lists.next_tab()

    def action_fit(self) -> None:
        """Whether the pods of the selected cause would fit now."""
        cause = self.seen.cause(self.cause) if self.seen else None
        if self.seen is None or cause is None:
            self.notify("No cause is selected.", markup=False)
        else:
            self.try_fit(self.seen, cause)

    @work(thread=True, exclusive=True, group="fit", exit_on_error=False, description="works out what fits")
    def try_fit(self, seen: Seen, cause: CauseRow) -> None:
        """Works it out, then shows it."""
        from diag.tui.fitting import would_fit  # noqa: PLC0415  # the engine, only then

        told = would_fit(seen, cause)
        title = f"Would the pods of {cause.id} fit?"
        self.call_from_thread(self.push_screen, Reader(title, told, marks=self.marks))

    def action_equivalent(self) -> None:
        """The command line that prints what the screen shows."""
        command = self.equivalent()
        self.push_screen(Reader("As a command", [Paragraph(text=command, tone="command")], marks=self.marks))

    def action_acknowledge(self) -> None:
        """Marks the causes of the chosen lines as seen; where all are, takes that back."""
        seen = self.seen
        causes = {each: None for line in self.lists.lists[0].chosen() for each in line.causes}
        rows = [row for each in causes or ([self.cause] if self.cause else []) if seen and (row := seen.cause(each))]
        if not rows:
            self.notify("No cause is selected.", markup=False)
            return
        marks = {row.fingerprint for row in rows}
        if is_taken_back := marks <= self.acknowledged:
            self.acknowledged -= marks
        else:
            self.acknowledged |= marks
        for table in self.screen_stack[0].query(VirtualTable):
            table.refresh()
        self.notify(
            f"{counted(len(marks), 'cause')} marked as {'not seen' if is_taken_back else 'seen'}.", markup=False
        )

    def action_pause(self) -> None:
        """Keeps what is shown; or shows what came meanwhile."""
        self.paused = not self.paused
        came, self.waiting = self.waiting, None
        if not self.paused and came is not None:
            self.post_message(self.Arrived(came))
        self.draw_frame()

    async def action_facts(self) -> None:
        """What a model is told of the selected cause."""
        await self.action_open_screen("ask")
        self.lists.pane.focus()  # not the line to ask in, which would take the keys once this is closed
        self.tell_facts()

    @work(thread=True, exclusive=True, group="open", exit_on_error=False)
    def tell_facts(self) -> None:
        """Makes the prompt, then shows it."""
        asking = self.screen_stack[0].query("AskScreen").first()
        told = asking.facts()  # type: ignore[attr-defined]  # it is imported only where it is opened
        if self.lists is asking:  # else its reader has gone on meanwhile
            self.call_from_thread(self.push_screen, Reader("What a model is told", told, marks=self.marks))

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
        from diag.tui.copying import FORMS, copied  # noqa: PLC0415  # the engine, only then

        lines, seen = self.lists.lists[0].chosen(), self.seen
        if not lines or seen is None:
            self.notify("There is nothing to copy.", markup=False)
            return

        def take(form: str | None) -> None:
            if form:
                self.copy_text(copied(form, seen, lines, self.again), FORMS[form])

        self.push_screen(Choose("Copy as", list(FORMS.items())), take)

    def action_export(self) -> None:
        """Writes the report to a file."""
        seen = self.seen
        if seen is None:
            self.notify("There is no report yet.", markup=False)
            return

        def write(typed: str | None) -> None:
            if typed:
                self.write_report(seen, typed)

        self.push_screen(Prompt("Write the report to", hint="as -o: FORMAT=PATH", value="json="), write)

    @work(thread=True, group="export", exit_on_error=False, description="writes the report")
    def write_report(self, seen: Seen, typed: str) -> None:
        """Writes it, then says so."""
        from diag.tui.exporting import export  # noqa: PLC0415  # all formats, only then

        path = export(seen.report, typed)
        self.call_from_thread(self.notify, visible(f"Wrote {path}."), markup=False)

    def action_suppress(self) -> None:
        """Accepts the selected cause: asks why and until when."""
        from diag.tui.suppressing import place, proposed, suppress  # noqa: PLC0415  # only then

        cause = self.seen.cause(self.cause) if self.seen else None
        if cause is None:
            self.notify("No cause is selected.", markup=False)
            return
        today = dt.datetime.now(dt.UTC).date()

        def until(reason: str | None) -> None:
            if reason:
                hint = self.marks("the last day, as YYYY-MM-DD")
                self.push_screen(Prompt("Until", hint=hint, value=proposed(today)), lambda day: write(reason, day))

        def write(reason: str, day: str | None) -> None:
            if day:
                try:
                    path = suppress(cause, reason, day, today=today)
                except DiagError as error:
                    self.complain(error)
                    return
                self.notify(f"{cause.rule} is accepted until {day}: {path}", markup=False)
                self.action_refresh_look()

        title = f"Why is {cause.rule} {cause.name} accepted"
        self.push_screen(Prompt(title, hint=self.marks(f"it goes to {place()}")), until)

    def action_snapshot(self) -> None:
        """Saves what is looked at, with names redacted."""
        if self.source.save is None:
            self.notify("There is nothing to save.", markup=False)
            return

        from diag.tui.exporting import path_of  # noqa: PLC0415  # all formats, only then

        def write(typed: str | None) -> None:
            if typed:
                try:
                    self.save(path_of(typed))
                except DiagError as error:
                    self.complain(error)

        self.push_screen(Prompt("Save a snapshot to", hint="NAME.jsonl.gz; names are redacted", value=""), write)

    @work(thread=True, exclusive=True, group="save", exit_on_error=False)
    def save(self, path: Path) -> None:
        """Saves, then says so."""

        def say(text: str) -> None:
            self.post_message(self.Said(text))

        if self.source.save is not None:
            said = self.source.save(path, say)
            self.post_message(self.Said(""))
            self.call_from_thread(self.notify, visible(said), markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002  # Textual's
        """The palette: all actions, and the themes."""
        for one in self.actions:
            if one.context == "app" and one.id != "palette":
                yield SystemCommand(f"{one.label} ({one.shown_keys})", one.help, self._doing(one.does))
        yield SystemCommand("theme", "Change the colours.", self.action_change_theme)
        if self.memory is not None:
            yield SystemCommand("forget", "Keep no screen, sorting or colours for the next time.", self.forget)

    def forget(self) -> None:
        """Forgets what is kept between runs, now and at the end."""
        if self.memory is not None:
            self.memory.forget()
            self.memory = None
        self.notify("Nothing is kept.", markup=False)

    def _doing(self, does: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(does)

        return run

    def state(self) -> Kept:
        """What is kept for the next time; as it was kept where nobody changed it."""
        was = self.kept
        screens = self.screen_stack[0].query(Listing)
        by = {**was.sorted, **{each.id or "": each.lists[0].sorted_by for each in screens}}
        seen = sorted(self.acknowledged)[:MOST_SEEN]
        screen, theme = self.lists.id or "", self.theme
        return Kept(
            screen=was.screen if screen == (was.screen or "causes") else screen,
            theme=was.theme if theme == self.first_theme else theme,
            sorted=sortings(by),
            seen=seen,
        )

    def action_close(self) -> None:
        """Closes what is open, else leaves."""
        if self.screen.maximized is not None or self.lists.filter_text:
            self.action_leave()
        else:
            self.action_quit()

    def action_quit(self) -> None:  # type: ignore[override]
        """Leaves; asks once where something runs that would be lost."""
        lost = [LOST[one.group] for one in self.workers if one.group in LOST and not one.is_finished]
        if lost and not isinstance(self.screen, Choose):
            choices = [("stay", "stay"), ("leave", "leave, and end it")]
            self.push_screen(
                Choose(f"{lost[0]}. Leave?", choices), lambda chosen: self.end() if chosen == "leave" else None
            )
        else:
            self.end()

    def end(self) -> None:
        """Leaves; a look that is under way ends, and so does a model that still writes."""
        self.source.stop()
        self.source.close()
        if self.memory is not None:
            self.memory.save(self.state(), self.kept)
        self.exit()
