"""Timelines as rows of the report: starts in trouble first, then the longest of those that went well lately."""

from collections.abc import Iterable

from diag.causes.assess import Assessed
from diag.causes.diagnose import Diagnosis
from diag.causes.rows import ref_row
from diag.document import EndRow, PhaseRow, TimelineRow
from diag.facts.timeline.model import Phase, Timeline
from diag.facts.times import iso
from diag.snapshot.kinds import Pod
from diag.trouble.detect.starts import recently_started

MAX_ROWS = 50
MAX_HEALTHY = 5  # starts that went well are shown for comparison
SHORTEST_S = 60.0  # of a start that went well


def timeline_rows(kept: Iterable[tuple[Assessed, Diagnosis]], everything: Iterable[Diagnosis]) -> list[TimelineRow]:
    """Timelines of the starts behind the causes that are shown, and of the latest healthy starts of `everything`."""
    found: dict[tuple[str, str, str], TimelineRow] = {}
    for cause, diagnosis in kept:
        reached = {node.group.key for node in cause.reached if node.group is not None}
        for start in diagnosis.trouble.starts:
            if start.group.key in reached:
                _add(found, start.pod, start.timeline)
    for diagnosis in everything:
        timelines = diagnosis.trouble.timelines
        known = [
            (one, pod) for pod in recently_started(diagnosis.trouble.scene) if (one := timelines.of(pod)) is not None
        ]
        known.sort(key=lambda one: (-one[0].wall_s, one[1].namespace, one[1].name))
        for timeline, pod in known[:MAX_HEALTHY]:
            if timeline.wall_s >= SHORTEST_S:
                _add(found, pod, timeline)
    return list(found.values())[:MAX_ROWS]


def _add(found: dict[tuple[str, str, str], TimelineRow], pod: Pod, timeline: Timeline) -> None:
    found.setdefault((pod.cluster, pod.namespace, pod.name), _row(pod, timeline))


def _row(pod: Pod, timeline: Timeline) -> TimelineRow:
    return TimelineRow(
        pod=ref_row(pod.ref),
        from_=EndRow(what=timeline.from_what, at=iso(timeline.began)),
        to=EndRow(what=timeline.to_what, at=iso(timeline.ended)),
        wall_s=_seconds(timeline.wall_s),
        phases=[_phase(phase) for phase in timeline.phases],
        bottleneck=timeline.bottleneck,
    )


def _phase(phase: Phase) -> PhaseRow:
    measured = phase.measured
    return PhaseRow(
        phase=phase.name,
        seconds=_seconds(phase.middle) if measured else None,
        basis="measured" if measured else "bounded",
        min_s=None if measured else _seconds(phase.min_s),
        max_s=None if measured else _seconds(phase.max_s),
        bytes=phase.bytes,
        rate_mb_s=round(phase.rate_mb_s, 1) if phase.rate_mb_s is not None else None,
    )


def _seconds(value: float) -> float:
    return round(value, 1)
