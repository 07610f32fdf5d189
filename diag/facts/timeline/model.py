"""The values of a timeline."""

from dataclasses import dataclass
from typing import NamedTuple

from diag.facts.image_pull import Pulled
from diag.snapshot.kinds import Event

# In the order in which they usually come (tests/cases/README.md, `timeline`).
PHASES = (
    "demand",
    "queue",
    "schedule",
    "provision",
    "sandbox",
    "pull",
    "init",
    "start",
    "load",
    "compile",
    "ready",
    "route",
)
EXACT_S = 2.0  # bounds that lie no further apart are a measurement: Kubernetes' own times are whole seconds


class Moment(NamedTuple):
    """When something happened, in seconds since 1970: between `lo` and `hi`, which are equal where it is known."""

    lo: float
    hi: float

    @classmethod
    def at(cls, when: float) -> "Moment":
        """A moment that is known."""
        return cls(when, when)


class LogLine(NamedTuple):
    """One line of a container's log, counted from 1."""

    container: str
    previous: bool
    number: int


class Mark(NamedTuple):
    """A step of an engine, told by a line of its log."""

    when: Moment
    line: LogLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One image that was pulled for the pod; `pulled` is None while it is being pulled."""

    container: str
    pulling: Event | None
    event: Event | None
    pulled: Pulled | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Weights that a downloader or an engine fetched: how much, in which time, and the line that says so."""

    line: LogLine
    init: bool  # by an init container
    done: bool
    bytes: int | None = None
    seconds: float | None = None
    stated_rate: float | None = None  # MB/s, as the downloader prints it
    source: str = ""
    source_line: LogLine | None = None
    files: int = 0
    sizes: tuple[LogLine, ...] = ()  # the lines that name the sizes, the largest first
    told_at: float | None = None  # when `line` was written, in seconds since 1970

    @property
    def rate(self) -> float | None:
        """MB/s, by its own count of bytes and seconds; what it prints where it counts none."""
        if self.bytes is not None and self.seconds:
            return self.bytes / self.seconds / 1e6
        return self.stated_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase, summed over its parts and over all attempts, in seconds."""

    name: str
    min_s: float
    max_s: float
    bytes: int | None = None
    rate_mb_s: float | None = None

    @property
    def measured(self) -> bool:
        """Whether both borders of all its parts are known."""
        return self.max_s - self.min_s <= EXACT_S

    @property
    def middle(self) -> float:
        """The middle of its bounds."""
        return (self.min_s + self.max_s) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One start. `to_what` is `ready`, or `now` where it has not ended."""

    from_what: str
    began: float
    to_what: str
    ended: float
    phases: tuple[Phase, ...]
    pulls: tuple[Pull, ...]
    transfers: tuple[Transfer, ...]
    loads: tuple[Mark, ...]  # the first line of download or load of each attempt whose log is here
    loaded: Mark | None
    listens: Mark | None
    attempts: int
    engine: str  # the container whose log was read

    @property
    def wall_s(self) -> float:
        """From the first sign to the end."""
        return self.ended - self.began

    @property
    def finished(self) -> bool:
        """Whether it became ready."""
        return self.to_what != "now"

    def phase(self, name: str) -> Phase | None:
        """A phase by its name."""
        return next((phase for phase in self.phases if phase.name == name), None)

    def seconds(self, name: str) -> float:
        """What a phase took at least; 0 where it is not there."""
        found = self.phase(name)
        return found.min_s if found else 0.0

    @property
    def bottleneck(self) -> str | None:
        """The longest phase; None where the bounds do not tell which it is."""
        best = max(self.phases, key=lambda phase: phase.middle, default=None)
        if best is None or any(other.max_s > best.min_s + EXACT_S for other in self.phases if other is not best):
            return None
        return best.name
