"""The steps of a model server, read from the log of one run of its container."""

from collections.abc import Callable, Sequence

from diag.facts.timeline.log_time import log_time
from diag.facts.timeline.model import LogLine, Mark, Moment
from diag.vocab import engines

MAX_LINES = 50_000  # of one log; a start is told at its head
AROUND = 400  # lines around an undated one in which a dated neighbour is looked for
SLACK_S = 3.0  # statuses are in whole seconds, and clocks of one machine agree
STAGES = ("start", "load", "compile", "ready")


class Run:
    """One run of a container from `start` to `end` (its end, or now), with the lines of its log."""

    def __init__(self, container: str, *, previous: bool, start: float, end: float, lines: Sequence[str]) -> None:
        self.container, self.previous = container, previous
        self.start, self.end = start, end
        self.lines = lines[:MAX_LINES]

    def marks(self) -> dict[str, Mark]:
        """When each stage that the log tells of began, in the order of the stages."""
        found: dict[str, int] = {}
        for number, line in enumerate(self.lines):
            if "ready" not in found and _listens(line):
                found["ready"] = number
            elif "ready" not in found and any(word in line for word in engines.LOADED):
                found["compile"] = number  # of several ranks the last
            elif "load" not in found and "compile" not in found and _loads(line):
                found["load"] = number
        marks: dict[str, Mark] = {}
        least = self.start
        for stage in STAGES[1:]:
            if stage in found:
                when = self.moment(found[stage])
                when = Moment(max(when.lo, least), max(when.hi, least))
                marks[stage] = Mark(when, self.line(found[stage]))
                least = when.lo
        return marks

    def line(self, number: int) -> LogLine:
        """The line with an index from 0."""
        return LogLine(self.container, self.previous, number + 1)

    def time(self, number: int) -> float | None:
        """The time of a line; None for an undated one, or one whose time lies outside of the run."""
        when = log_time(self.lines[number], self.start)
        inside = when is not None and self.start - SLACK_S <= when <= self.end + SLACK_S
        return min(max(when, self.start), self.end) if inside and when is not None else None

    def moment(self, number: int) -> Moment:
        """When a line was written: its own time, else between the nearest dated lines around it."""
        own = self.time(number)
        if own is not None:
            return Moment.at(own)
        before = self._nearest(range(number - 1, max(number - AROUND, -1), -1))
        after = self._nearest(range(number + 1, min(number + AROUND, len(self.lines))))
        return Moment(self.start if before is None else before, self.end if after is None else after)

    def _nearest(self, numbers: range) -> float | None:
        return next((when for number in numbers if (when := self.time(number)) is not None), None)

    def find(self, matches: Callable[[str], object]) -> int | None:
        """The index of the first line that matches."""
        return next((number for number, line in enumerate(self.lines) if matches(line)), None)


def _loads(line: str) -> bool:
    return any(word in line for word in engines.LOAD_BEGINS) or bool(engines.LOADS_MODEL.search(line[:400]))


def _listens(line: str) -> bool:
    return any(word in line for word in engines.LISTENS) or bool(engines.LISTENS_EXACTLY.search(line[:400]))
