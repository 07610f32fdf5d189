"""The frame of the TUI: header and footer, the screen between them, and the reports that come from the source."""

import shlex
import time
from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static
from textual.worker import Worker, WorkerState, get_current_worker

from diag.document import CauseRow
from diag.errors import DiagError
from diag.report.sanitize import visible
from diag.tui.actions import ACTIONS, Action, bindings
from diag.tui.causes import Causes
from diag.tui.header import Header, footer_text, header_text
from diag.tui.kept import Kept, Memory
from diag.tui.listing import Listing
from diag.tui.marks import Marks
from diag.tui.source import Seen, Source
from diag.tui.themes import THEMES
from diag.views.causes import could_not_look, not_seen
from diag.views.table import Table
from diag.views.wording import clock

_LEAST = (60, 15)
_TICK_S = 20


class Frame(App[None]):
    """Header, the screen that is shown, footer, and the reports that come."""

    CSS = """
    Screen:inline { height: 80vh; min-height: 15; border: none; }
    #header, #footer { height: 1; background: $panel; color: $text; padding: 0 1; }
    #header.-stale { background: $warning-muted; }
    #header:focus { text-style: reverse; }
    #screens { height: 1fr; }
    #small { display: none; padding: 1; }
    .-small #screens, .-small #header, .-small #footer { display: none; }
    .-small #small { display: block; }
    .-narrow Listing { layout: vertical; }
    .-narrow Listing > .lists, .-narrow Listing > .told, .-narrow Listing > .cause { width: 1fr; }
    .-narrow Listing > .lists, .-narrow Causes > .cause { height: 2fr; }
    .-narrow Listing > .lists > .second { height: 1fr; min-height: 3; }
    .-narrow Causes > .lists, .-narrow Listing > .told { height: 1fr; min-height: 5; }
    .-narrow.-short Causes #next, .-narrow.-tiny Causes #next { display: none; }
    .-narrow.-tiny Listing > .lists:focus-within, .-narrow.-tiny Listing > .told:focus { height: 3fr; }
    .-narrow.-tiny Listing > .lists > VirtualTable { height: 1fr; min-height: 3; }
    .-narrow.-tiny Listing > .lists > VirtualTable:focus { height: 3fr; }
    .-narrow.-tiny Listing > .told { min-height: 3; }
    .-narrow.-tiny Causes > .lists { height: 1fr; min-height: 4; }
    .-narrow.-tiny Causes > .lists:focus-within { height: 2fr; }
    .-narrow.-tiny Causes > .cause > Paragraphs { height: 1fr; min-height: 3; }
    .-narrow.-tiny Causes > .cause > Paragraphs:focus { height: 3fr; }
    .-narrow TopologyScreen > .lists { layout: grid; grid-size: 2; height: 3fr; }
    .-narrow.-short TopologyScreen > .told, .-narrow.-short TimelineScreen > .told,
    .-narrow.-tiny TopologyScreen > .told, .-narrow.-tiny TimelineScreen > .told { display: none; }
    .-ascii Listing DrawnLines, .-ascii Box { border: ascii $primary-darken-2; }
    .-ascii Listing DrawnLines:focus { border: ascii $primary; }
    .-ascii Toast { border: ascii $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (120, "-wide")]  # noqa: RUF012  # Textual's
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (20, "-short"), (32, "-tall")]  # noqa: RUF012  # as above
    ENABLE_COMMAND_PALETTE = True
    TITLE = "diag"

    class Arrived(Message):
        """A report came. `goes_on`: by itself, after another one."""

        def __init__(self, seen: Seen, *, goes_on: bool = False) -> None:
            super().__init__()
            self.seen, self.goes_on = seen, goes_on

    class Said(Message):
        """How far the reading is."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self, source: Source, *, ascii: bool = False, actions: Sequence[Action] = ACTIONS,  # noqa: A002  # the flag's name
        theme: str = "", memory: Memory | None = None, screen: str = "",
    ) -> None:  # fmt: skip
        super().__init__()
        self.source, self.marks = source, Marks(ascii=ascii)
        self.actions, self.memory = actions, memory
        self.kept = memory.load() if memory else Kept()
        self.first = screen or self.kept.screen
        self.acknowledged = set(self.kept.seen)  # fingerprints of causes
        self.paused = False
        self.waiting: Seen | None = None  # what came while it was paused
        self.baseline = source.baseline
        self.came_at = 0.0  # when the last look came, by the clock that runs on
        self.seen: Seen | None = None
        self.cause = ""
        self.chosen: CauseRow | None = None  # the cause that was chosen last, there or not
        self.capture = ""  # which capture is shown, of how many, where there are several
        self.goes_on = False  # whether the look that came follows the one before by itself
        self.progress = "reading"
        self.trouble = ""  # what went wrong with the last look
        self.focused_before: Widget | None = None  # before the terminal became too small
        self._visited = ["causes"]
        self._at = 0
        self.animation_level = "none"
        for each in THEMES:
            self.register_theme(each)
        self.set_keymap({one.id: one.keys for one in actions if one not in ACTIONS})
        wanted = theme or self.kept.theme
        if wanted in self.available_themes:
            self.theme = wanted
        self.first_theme = self.theme

    # The frame

    def compose(self) -> ComposeResult:
        """The start screen alone; the others are made when they are opened."""
        yield Header(id="header", markup=False)
        with ContentSwitcher(initial="causes", id="screens"):
            yield Causes(id="causes")
        yield Static(id="small", markup=False)
        yield Static(id="footer", markup=False)

    def on_mount(self) -> None:
        """Draws the frame, then looks."""
        self.set_class(self.marks.ascii, "-ascii")
        self.lists.front.focus()
        self.draw_frame()
        self.fit(self.size)
        self.look()
        self.set_interval(_TICK_S, self.draw_age)

    def on_resize(self, event: Resize) -> None:
        """Below the least size there is one sentence."""
        self.fit(event.size)
        self.draw_frame(event.size.width)

    def fit(self, size: Size) -> None:
        """Shows the screens where they have room."""
        small = size.width < _LEAST[0] or size.height < _LEAST[1]
        frame = self.screen_stack[0]
        if small and not frame.has_class("-small"):
            self.focused_before = frame.focused  # what is hidden loses the focus
        elif not small and frame.has_class("-small") and self.focused_before is not None:
            self.call_after_refresh(frame.set_focus, self.focused_before)
        frame.set_class(small, "-small")
        if small:
            words = f"{size.width}×{size.height} is too small: {_LEAST[0]}×{_LEAST[1]} is needed."
            frame.query_one("#small", Static).update(self.marks(f"{words}\nOr run: {self.equivalent()}"))

    def draw_frame(self, cells: int | None = None) -> None:
        """Draws header and footer, in so many cells."""
        if not self._screen_stack:  # a look that ends after the frame was left
            return
        frame = self.screen_stack[0]
        try:
            header, footer = frame.query_one(Header), frame.query_one("#footer", Static)
        except NoMatches:  # before the frame is there
            return
        age = time.monotonic() - self.came_at if self.trouble and self.seen else None
        room = (cells or self.size.width) - 2
        told = header_text(
            self.source.name, self.seen, self.progress, self.trouble, age_s=age, paused=self.paused,
            capture=self.capture, is_live=self.source.lives, cells=room,
        )  # fmt: skip
        header.say(self.marks(told), is_wrong=bool(self.trouble))
        footer.update(self.marks(footer_text(self.actions, self.lists.id or "", room)))

    def as_of(self) -> str:
        """The time of what is shown, in UTC."""
        clusters = self.seen.report.target.clusters if self.seen is not None else ()
        return ", ".join(sorted({clock(cluster.now) for cluster in clusters}))

    def draw_age(self) -> None:
        """Says anew how old a look is that could not be renewed."""
        if self.trouble:
            self.draw_frame()

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
            if not worker.is_cancelled:
                self.post_message(self.Said(text))

        for number, seen in enumerate(self.source.looks(say)):
            if worker.is_cancelled:
                return
            self.post_message(self.Arrived(seen, goes_on=number > 0))

    @on(Said)
    def said(self, event: Said) -> None:
        """Shows how far it is."""
        self.progress = event.text
        self.draw_frame()

    @on(Arrived)
    def arrived(self, event: Arrived) -> None:
        """Shows a report. The cursor stays on the same cause; what was lost meanwhile leaves the age as it was.

        A look that saw no pods, for they could not be read, takes away nothing that one before it saw.
        """
        if not self._screen_stack:
            return
        if self.seen is not None and event.seen.capture is None and could_not_look(event.seen.report):
            self.progress, self.trouble = "", f"it could not be read again: {not_seen(event.seen.report)}"
            self.draw_frame()
            return
        if not event.seen.lost or self.seen is None:
            self.came_at = time.monotonic()
        if self.baseline is None:  # "new" is what was not there when it was opened
            self.baseline = frozenset(cause.fingerprint for cause in event.seen.report.causes)
        if self.paused and self.seen is not None and event.seen.capture is None:
            self.waiting = event.seen
            return
        self.seen, self.progress, self.trouble = event.seen, "", event.seen.lost
        self.goes_on = event.goes_on
        if self.chosen is not None:
            from diag.compare.causes import same_cause  # noqa: PLC0415  # the engine, only once there is a report

            same = same_cause(event.seen.report, self.chosen)
            self.cause = same.id if same is not None else ""
        elif event.seen.report.causes:  # the worst, for screens that are of a cause and opened first
            self.chosen = event.seen.report.causes[0]
            self.cause = self.chosen.id
        self.draw_frame()
        self.lists.show(event.seen, self.cause)

    @on(Worker.StateChanged)
    def worker_ended(self, event: Worker.StateChanged) -> None:
        """A look that failed loses nothing: what was seen stays, and the header says so."""
        if event.state is not WorkerState.ERROR or not self._screen_stack:
            return
        error = event.worker.error
        if event.worker.group == "look":
            self.progress = ""
            self.trouble = _sentence(error)
            self.draw_frame()
            self.say_unread()
        self.complain(error)

    def say_unread(self) -> None:
        """Says why there is nothing to show, where there is nothing."""
        if self.seen is None and self.trouble:
            for at, each in enumerate(self.lists.lists):
                said = f"Nothing was read. {self.trouble}" if at == 0 else ""
                each.show(Table(columns=(), lines=(), empty=said))

    def complain(self, error: BaseException | None) -> None:
        """A failure as a toast; the app goes on."""
        self.notify(visible(_sentence(error)), title="Failed", severity="error", markup=False)

    @property
    def again(self) -> str | None:
        """The flags with which a command looks at what is shown."""
        return self.seen.again if self.seen is not None and self.seen.again is not None else self.source.again

    def equivalent(self) -> str:
        """The command line that prints what the screen shows."""
        lists = self.lists
        words = ["diag", lists.twin, *shlex.split(self.again or "--from FILE")]
        if lists.twin in ("timeline", "explain") and self.cause:
            words.insert(2, self.cause)
        if lists.filter_text:
            words += ["--filter", lists.filter_text]
        return shlex.join(words)


def _sentence(error: BaseException | None) -> str:
    if isinstance(error, DiagError):
        return f"{error.message}{f' ({error.hint})' if error.hint else ''}"
    return f"{type(error).__name__}: {error}"
