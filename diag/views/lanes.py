"""The timeline as lanes: one for each object, everything on one scale of time, and the phases of starts as bars."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from diag.document import TimelineRow
from diag.views.happenings import HappeningRow
from diag.views.history import History
from diag.views.wording import moment, short_duration

MOST = 40  # lanes; more are read by nobody, and the list below holds all
PHASE_MARKS = "█▒░▓"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One object: what happened (seconds since the scale's start, end, severity), and who it is."""

    label: str
    spans: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One start: its phases in order, each with its share of `total_s` (0 to 1), and whether it is the longest."""

    label: str
    total_s: float
    phases: tuple[tuple[str, float, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """All lanes on a scale from `start` (Unix seconds), `length` seconds long; `left_out` are too many to draw."""

    start: float
    length: float
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    left_out: int = 0


def lanes(found: History) -> Lanes:
    """The lanes of a history, objects with warnings first; no lanes where nothing has a time."""
    timed = [(row, _seconds(row.at), _seconds(row.until or row.at)) for row in found.happenings]
    known = [(row, begin, max(begin, end or begin)) for row, begin, end in timed if begin is not None]
    ends = [end for _, _, end in known] + [at for now in found.now.values() if (at := _seconds(now)) is not None]
    start = min((begin for _, begin, _ in known), default=0.0)
    by_object: dict[str, list[tuple[HappeningRow, float, float]]] = {}
    for each in known:
        by_object.setdefault(f"{each[0].ref.kind} {each[0].ref.name}", []).append(each)
    made = [
        Lane(label=label, spans=tuple((begin - start, end - start, row.severity) for row, begin, end in rows))
        for label, rows in by_object.items()
    ]
    made.sort(key=lambda lane: -sum(severity == "warning" for _, _, severity in lane.spans))
    bars = tuple(map(_bar, found.starts))
    return Lanes(
        start=start,
        length=max(max(ends, default=start) - start, 1.0),
        lanes=tuple(made[:MOST]),
        bars=bars[:MOST],
        left_out=max(len(made) - MOST, 0) + max(len(bars) - MOST, 0),
    )


def _bar(row: TimelineRow) -> Bar:
    phases = []
    for phase in row.phases:
        bounds = [second for second in (phase.min_s, phase.max_s) if second is not None]
        seconds = phase.seconds if phase.seconds is not None else sum(bounds) / len(bounds) if bounds else 0.0
        share = max(seconds, 0.0) / row.wall_s if row.wall_s > 0 else 0.0
        phases.append((phase.phase, share, phase.phase == row.bottleneck))
    return Bar(label=row.pod.name, total_s=row.wall_s, phases=tuple(phases))


def drawn(lane: Lane, length: float, cells: int) -> list[tuple[str, str]]:
    """A lane as so many cells, each a mark with its tone: a dot where something was, a line where it went on."""
    found = [("·", "")] * cells
    for begin, end, severity in sorted(lane.spans, key=lambda span: (span[2] == "warning", span[1] - span[0])):
        first, last = (min(int(at / length * cells), cells - 1) for at in (begin, end))
        warns = severity == "warning"
        for at in range(first, last + 1):
            found[at] = ("░" if last > first else "●", "warning" if warns else "info")
        found[first] = ("▲" if warns else "●", "warning" if warns else "info")
    return found


def stacked(bar: Bar, cells: int) -> list[tuple[str, str]]:
    """A start as a bar: each phase with a mark of its own, the longest in the tone of a warning."""
    known = [(at, share, longest) for at, (_, share, longest) in enumerate(bar.phases) if share > 0][:cells]
    total = sum(share for _, share, _ in known)
    spare = cells - len(known)
    found: list[tuple[str, str]] = []
    for at, share, longest in known:
        mark = PHASE_MARKS[at % len(PHASE_MARKS)]
        found += [(mark, "warning" if longest else "info")] * (1 + int(spare * share / total))
    return found


def legend(bar: Bar) -> str:
    """Which mark is which phase."""
    words = [
        f"{PHASE_MARKS[at % len(PHASE_MARKS)]} {name} {short_duration(share * bar.total_s)}"
        for at, (name, share, _) in enumerate(bar.phases)
        if share > 0
    ]
    return "  ".join(words)


def ticks(start: float, length: float, cells: int) -> str:
    """The scale: times where they have room, `now` at the end."""
    every = 14
    with_date = length > 86_400  # noqa: PLR2004  # seconds of a day
    line = ""
    for at in range(0, max(cells - every, 1), every):
        when = dt.datetime.fromtimestamp(start + length * at / cells, dt.UTC)
        line += when.strftime("%m-%d %H:%M" if with_date else "%H:%M:%S").ljust(every)
    return f"{line[: max(cells - 4, 0)]:{max(cells - 4, 0)}} now"[-cells:]


def _seconds(at: str | None) -> float | None:
    found = moment(at)
    return found.timestamp() if found else None


def sum_of(all_bars: Sequence[Bar]) -> str:
    """How many starts there are, and which phase is the longest in most of them."""
    longest = [name for bar in all_bars for name, _, is_longest in bar.phases if is_longest]
    if not longest:
        return ""
    most = max(sorted(set(longest)), key=longest.count)
    return f"{len(all_bars)} starts; longest mostly: {most}"
