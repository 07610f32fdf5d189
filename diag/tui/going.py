"""Going somewhere: screens and the way back, causes and objects by their names, panes by their letters."""

from textual import work
from textual.widgets import ContentSwitcher, Input

from diag.document import RefRow
from diag.errors import UsageError
from diag.report.sanitize import visible
from diag.tui.actions import SCREENS
from diag.tui.causes import Causes
from diag.tui.commanding import DOES, SHOWN, command
from diag.tui.dialogs import Choose, Prompt
from diag.tui.drawn_lines import DrawnLines
from diag.tui.objects import Objects

_MOST_BACK = 100  # screens that are remembered
_NAMES = {name for name, _ in SCREENS.values()}


class Going(Objects):
    """The frame, and the ways through it."""

    def on_mount(self) -> None:
        """Opens the screen that was asked for, or was open the last time."""
        super().on_mount()
        if self.first in _NAMES and self.first != "causes":
            self.call_later(self.action_open_screen, self.first)

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
            from diag.tui.screens import MADE  # noqa: PLC0415  # the engine, only once a screen is asked for

            made = MADE[name](id=name)
            made.display = False  # until the switcher shows it alone; else both share the room for a moment
            await switcher.mount(made)
        switcher.current = name
        self.lists.front.focus()
        if self.seen is not None:
            self.lists.show(self.seen, self.cause)
        self.say_unread()
        self.draw_frame()

    def choose_cause(self, cause: str) -> None:
        """Takes a cause as the one that other screens are of."""
        self.cause = cause
        row = self.seen.cause(cause) if self.seen is not None else None
        self.chosen = row or self.chosen

    @work(group="open", exit_on_error=False)
    async def open_cause(self, cause: str) -> None:
        """Opens the start screen with the cursor on a cause."""
        await self.action_open_screen("causes")
        if isinstance(self.lists, Causes):
            self.lists.go_to_cause(cause)

    def action_command(self) -> None:
        """A screen, a cause or an object by its name; or a command line."""
        hint = (
            "a screen (gpus, queues, …), a cause (C1), an object (pod/ns/name), or as after diag: gpus --filter ns:ml"
        )
        self.push_screen(Prompt("Go to", hint=self.marks(hint)), self.go_to)

    async def go_to(self, typed: str | None) -> None:
        """Goes where the words of a command line mean."""
        try:
            meant = command(typed or "", sorted(_NAMES), self.again)
        except UsageError as error:
            self.complain(error)
            return
        name = meant.word if meant.word in _NAMES else SHOWN.get(meant.word, "")
        if meant.subject and not await self._meant(meant.subject, name or "causes"):
            return
        if meant.word in DOES:
            await self.run_action(DOES[meant.word])
        elif name and not meant.subject:
            await self.action_open_screen(name)
        if meant.filters and self.lists.id != "ask":
            self.lists.query_one(Input).value = meant.filters

    async def _meant(self, text: str, screen: str) -> bool:
        """Goes to the cause that a text means, on a screen; or to its object."""
        from diag.views.subject import resolve  # noqa: PLC0415  # only once something is typed

        if self.seen is None:
            return False
        known = (
            RefRow(cluster=item.cluster, apiVersion=item.ref.api_version, kind=item.ref.kind, namespace=item.namespace,
                   name=item.name)
            for snap in self.seen.snapshots for table in snap.tables.values() for item in table.values()
        )  # fmt: skip
        match = resolve(self.seen.report, text, known=known)
        if match.causes:
            self.choose_cause(match.causes[0].id)
            if screen == "causes":
                self.open_cause(self.cause)
            else:
                await self.action_open_screen(screen)
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
        panes = [pane for pane in self.lists.query(DrawnLines) if pane.region.area]
        named = [(pane.id or "", self.marks(visible(pane.heading or pane.id or ""))) for pane in panes]

        def jump(chosen: str | None) -> None:
            if chosen:
                self.lists.query_one(f"#{chosen}").focus()

        self.push_screen(Choose("Jump to", named), jump)
