"""Where the time of a start went: phases as rows, and the proportions of one bar."""

from dataclasses import dataclass

from diag.document import PhaseRow, RefRow, Report, TimelineRow
from diag.views.wording import short_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLine:
    """One phase. `share` is its part of the wall time, 0 to 1; an unknown length has share 0."""

    phase: str
    length: str  # "38s", "10s to 50s", "unknown"
    share: float
    rate: str  # "100.0 MB/s" or empty
    slowest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """One start: from its first sign to ready, or to the snapshot's now."""

    pod: RefRow
    wall: str
    span: str
    phases: tuple[PhaseLine, ...]


def timeline_lines(report: Report) -> list[TimelineLine]:
    """All timelines, in the report's order."""
    return [
        TimelineLine(
            pod=row.pod,
            wall=short_duration(row.wall_s),
            span=f"{row.from_.what} {row.from_.at} to {row.to.what} {row.to.at}",
            phases=tuple(_phase(phase, row) for phase in row.phases),
        )
        for row in report.timelines
    ]


def bar(timeline: TimelineLine, cells: int) -> list[tuple[str, int]]:
    """Phases and their cells of a bar `cells` wide: what has a length has a cell; together never more than the bar."""
    shares = [(phase.phase, phase.share) for phase in timeline.phases if phase.share > 0][:cells]
    spare = cells - len(shares)
    total = sum(share for _, share in shares)
    return [(name, 1 + int(spare * share / total)) for name, share in shares] if total else []


def _phase(phase: PhaseRow, row: TimelineRow) -> PhaseLine:
    # A bounded phase draws as the middle of its bounds.
    known = [second for second in (phase.min_s, phase.max_s) if second is not None]
    middle = phase.seconds if phase.seconds is not None else sum(known) / len(known) if known else 0.0
    return PhaseLine(
        phase=phase.phase,
        length=_length(phase),
        share=max(middle, 0.0) / row.wall_s if row.wall_s > 0 else 0.0,
        rate=f"{phase.rate_mb_s:.1f} MB/s" if phase.rate_mb_s is not None else "",
        slowest=phase.phase == row.bottleneck,
    )


def _length(phase: PhaseRow) -> str:
    match phase:
        case PhaseRow(seconds=float() | int() as seconds):
            return short_duration(seconds)
        case PhaseRow(min_s=float() | int() as low, max_s=float() | int() as high):
            return f"{short_duration(low)} to {short_duration(high)}"
        case PhaseRow(min_s=float() | int() as low):
            return f"at least {short_duration(low)}"
        case PhaseRow(max_s=float() | int() as high):
            return f"at most {short_duration(high)}"
        case _:
            return "unknown"
