"""From capture to capture of files: `{` to the one before, `}` to the next; the ends say that they are ends."""

import threading
from collections.abc import Sequence

from textual import on, work
from textual.message import Message
from textual.worker import Worker, WorkerState, get_current_worker

from diag.tui.frame import Frame
from diag.tui.going import Going
from diag.tui.source import Captures
from diag.views.wording import clock


def quietly(_: str) -> None:
    """The header says already what is read."""


class Stepping(Going):
    """The frame, and the way through captures."""

    class Counted(Message):
        """It is known which captures there are; `step`: where somebody wants to go from the one that is shown."""

        def __init__(self, times: Sequence[str], at: int, step: int) -> None:
            super().__init__()
            self.times, self.at, self.step = times, at, step

    times: Sequence[str] | None = None  # None: nobody has counted
    at = 0  # the capture that is shown
    wanted = 0  # the one that is being read, else the same
    _one_reads = threading.Lock()

    @on(Frame.Arrived)
    def capture_arrived(self, event: Frame.Arrived) -> None:
        """Counts the captures behind the first look, and anew when the files were read again."""
        captures = self.source.captures
        if event.seen.capture is not None:
            self.at = self.wanted = event.seen.capture
        if captures is not None and (event.seen.capture is None or self.times is None):
            self.times = None
            self.count(captures, 0)
        self._say_which()

    def action_step(self, way: int) -> None:
        """The capture before, or the next one."""
        captures = self.source.captures
        if captures is None or (self.times is not None and len(self.times) < 2):  # noqa: PLR2004  one is no step
            self.notify("There is one capture here, and none to step to.", markup=False)
        elif self.seen is None:
            self.notify("The first look is still under way.", markup=False)
        elif self.times is None:
            self.count(captures, way)
        else:
            self._step(captures, way)

    def _step(self, captures: Captures, way: int) -> None:
        times = self.times or ()
        if 0 <= self.wanted + way < len(times):
            self.wanted += way
            self.progress = f"reading capture {self.wanted + 1}/{len(times)}"
            self.draw_frame()
            self.turn(captures, self.wanted)
        else:
            end = "first" if way < 0 else "last"
            self.notify(f"This is the {end} of {len(times)} captures.", markup=False)

    @work(thread=True, exclusive=True, group="count", exit_on_error=False)
    def count(self, captures: Captures, step: int) -> None:
        """Learns which captures there are."""
        times, at = captures.times(quietly)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Counted(times, at, step))

    @on(Counted)
    def counted(self, event: Counted) -> None:
        """Says which one is shown; takes the step that waited for it."""
        self.times, self.at, self.wanted = event.times, event.at, event.at
        self._say_which()
        self.draw_frame()
        if event.step:
            self.action_step(event.step)

    @work(thread=True, exclusive=True, group="look", exit_on_error=False)
    def turn(self, captures: Captures, at: int) -> None:
        """Looks at a capture. Of steps that follow each other quickly, only the last one is read."""
        worker = get_current_worker()
        with self._one_reads:
            if worker.is_cancelled:
                return
            seen = captures.read(at, quietly, turn=True)
        if not worker.is_cancelled:
            self.post_message(self.Arrived(seen))

    @on(Worker.StateChanged)
    def step_failed(self, event: Worker.StateChanged) -> None:
        """A capture that cannot be read leaves the one before in its place."""
        if event.state is WorkerState.ERROR and event.worker.group == "look":
            self.wanted = self.at

    def _say_which(self) -> None:
        """Which capture is shown, of how many, and from when; nothing where there is one."""
        times = self.times or ()
        said = times[self.at] if self.at < len(times) else ""
        self.capture = ""
        if len(times) > 1:
            self.capture = f"capture {self.at + 1}/{len(times)}{f' of {clock(said)}' if said else ''}"
