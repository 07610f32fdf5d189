"""The runs of the container that serves: those whose log is here, and those that only left traces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from diag.facts.pods import statuses
from diag.facts.timeline.engine_log import STAGES, Run
from diag.facts.timeline.model import Moment
from diag.facts.timeline.spans import Milestone
from diag.facts.times import seconds
from diag.snapshot.kinds import ContainerStatus, Event, Pod
from diag.vocab.engines import SERVERS

Logs = Callable[[str, bool], Sequence[str]]  # container, previous -> lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """All runs of one container. `lost` is the span of the runs that left no log, None where there is none."""

    container: str
    runs: tuple[Run, ...]  # oldest first
    lost: tuple[float, float] | None
    count: int
    is_server: bool


def attempts(pod: Pod, events: Sequence[Event], logs: Logs, now: float) -> Attempts | None:
    """The runs of the container whose start is the pod's start; None where none has run yet."""
    status = _serving(pod, logs)
    if status is None:
        return None
    name = status.name or ""
    runs = []
    for state, previous in ((status.last_state, True), (status.state, False)):
        span = _span(state, now)
        if span is not None:
            runs.append(Run(name, previous=previous, start=span[0], end=span[1], lines=logs(name, previous)))
    if not runs:
        return None
    count = (status.restart_count or 0) + 1
    lost = None
    if count > len(runs):
        first = first_event(events, name, "Started")
        begun = seconds(first.first_seen) if first is not None and first.times > 1 else None
        if begun is None or begun > runs[0].start:
            begun = _prepared(pod)
        lost = (begun, runs[0].start) if begun is not None and begun < runs[0].start else None
    likely_server = bool(SERVERS.search(f"{name} {status.image or ''}"))
    return Attempts(container=name, runs=tuple(runs), lost=lost, count=count, is_server=likely_server)


def milestones(found: Attempts, *, probed: bool, finished: bool) -> list[Milestone]:
    """The stages of all runs. The wait between two runs counts as start; a run without a log may be in any stage.

    `probed`: a probe has to succeed before the pod is ready; `finished`: it is.
    """
    marks = [run.marks() for run in found.runs]
    seen = [stage for stage in STAGES if any(stage in mark for mark in marks)]
    reached = STAGES.index(seen[-1]) if seen else (3 if found.is_server else 0)
    possible = STAGES[: max(reached, 1) + 1] if seen or found.is_server else STAGES[:1]
    result = []
    if found.lost is not None:
        result.append(Milestone(Moment.at(found.lost[0]), tuple(possible)))
    for run, mark in zip(found.runs, marks, strict=True):
        if not run.lines:
            stages = possible if probed or not found.is_server else possible[:3]
            result.append(Milestone(Moment.at(run.start), tuple(stages)))
        else:
            known = [("start", Moment.at(run.start)), *((key, one.when) for key, one in mark.items())]
            # An engine that says nothing when it listens: the wait for the probe hides in its last stage.
            last = len(STAGES) if mark and probed and finished and not run.previous else 0
            result += _of_run(known, last)
        if run.previous:
            result.append(Milestone(Moment.at(run.end), ("start",)))
    return result


def _of_run(known: list[tuple[str, Moment]], last: int) -> list[Milestone]:
    """Stages that a log tells of; one that it skips lies somewhere in the span before the next, or before `last`."""
    result = []
    for place, (stage, when) in enumerate(known):
        begin = STAGES.index(stage)
        end = STAGES.index(known[place + 1][0]) if place + 1 < len(known) else max(begin + 1, last)
        result.append(Milestone(when, STAGES[begin:end]))
    return result


def first_event(events: Sequence[Event], container: str, reason: str) -> Event | None:
    """The earliest event of a reason about a container of the pod."""
    found = [event for event in events if event.reason == reason and container_of(event) == container]
    return min(found, key=lambda event: event.first_seen or "~", default=None)


def container_of(event: Event) -> str:
    """The container that a kubelet's event is about (`spec.containers{NAME}`), empty for the pod as a whole."""
    path = event.subject.field_path or ""
    return path.partition("{")[2].removesuffix("}")


def _serving(pod: Pod, logs: Logs) -> ContainerStatus | None:
    """The container that is known as a server, else one that is not ready, else the first."""
    main = [status for path, status in statuses(pod) if not path.startswith("status.init")]
    servers = [one for one in main if SERVERS.search(f"{one.name} {one.image or ''}")]
    logged = [one for one in main if logs(one.name or "", False)]
    unready = [one for one in main if one.ready is False]
    return next(iter((*servers, *unready, *logged, *main)), None)


def _span(state: object, now: float) -> tuple[float, float] | None:
    running = getattr(state, "running", None)
    if running is not None:
        start = seconds(running.started_at)
        return (start, now) if start is not None else None
    ended = getattr(state, "terminated", None)
    if ended is not None:
        start, end = seconds(ended.started_at), seconds(ended.finished_at)
        return (start, end) if start is not None and end is not None and end >= start else None
    return None


def _prepared(pod: Pod) -> float | None:
    """When the pod's sandbox was ready, or the pod was bound."""
    by_type = {one.type: one.last_transition_time for one in pod.status.conditions or () if one.status == "True"}
    return seconds(by_type.get("PodReadyToStartContainers") or by_type.get("PodScheduled") or pod.status.start_time)
