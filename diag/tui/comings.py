"""What came and what went between the looks that one list showed; each is marked for a while."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from diag.views.table import Column, Line, Table

KEPT_S = 15.0  # as long as changes of a living cluster stay marked, though look follows look


@dataclass(slots=True)
class Comings:
    """Of one list. Times are of a clock that runs on, in seconds."""

    new: dict[str, float] = field(default_factory=dict)
    gone: dict[str, tuple[Line, float]] = field(default_factory=dict)

    def merged(self, before: Table | None, after: Table, now: float, *, kept_s: float = KEPT_S) -> Table:
        """The lines of a look with those that are gone still at their places, and those that are new marked.

        `before` is what was shown before (of this method), None where nothing comparable was.
        """
        if before is None or before.columns != after.columns:
            self.new, self.gone = {}, {}
            return after
        self.new = {key: at for key, at in self.new.items() if now - at < kept_s}
        self.gone = {key: one for key, one in self.gone.items() if now - one[1] < kept_s}
        was = {line.key: line for line in before.lines if line.state != "gone"}
        here = {line.key for line in after.lines}
        self.new |= dict.fromkeys(here - was.keys(), now)
        self.gone |= {key: (_gone(line, after.columns), now) for key, line in was.items() if key not in here}
        self.gone = {key: one for key, one in self.gone.items() if key not in here}
        if not self.new and not self.gone:
            return after
        lines = [replace(line, state="new") if line.key in self.new else line for line in after.lines]
        return replace(after, lines=self._placed(before.lines, lines))

    def _placed(self, before: Sequence[Line], after: Sequence[Line]) -> list[Line]:
        """Each line that is gone behind the one that stood before it."""
        here = {line.key for line in after}
        behind: dict[str, list[Line]] = {}
        last = ""
        for line in before:
            if line.key in here:
                last = line.key
            elif line.key in self.gone:
                behind.setdefault(last, []).append(self.gone[line.key][0])
        found = behind.get("", [])
        for line in after:
            found.append(line)
            found += behind.get(line.key, ())
        return found


def _gone(line: Line, columns: Sequence[Column]) -> Line:
    """A line without the ids of its report, which mean others in the next."""
    values = tuple("" if one.passing else value for one, value in zip(columns, line.values, strict=True))
    return replace(line, state="gone", causes=(), values=values)


def counted_states(lines: Iterable[Line]) -> tuple[int, int, int]:
    """How many lines are there, how many of them are new, and how many are gone."""
    states = Counter(map(attrgetter("state"), lines))
    return states[""] + states["new"], states["new"], states["gone"]


def state_words(states: tuple[int, int, int]) -> str:
    """What stands beside the number of lines, of `counted_states`."""
    _, new, gone = states
    return (f" · {new} new" if new else "") + (f" · {gone} gone" if gone else "")
