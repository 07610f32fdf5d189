"""Starts that take longer than their budget although nothing has failed."""

from collections.abc import Iterator

from diag.facts.pods import condition, condition_path, initialises, statuses
from diag.facts.timeline.model import Timeline
from diag.facts.times import age_s, show_age
from diag.findings import Evidence, Severity
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Controller, Pod
from diag.trouble.detect.pod_complaint import complain
from diag.trouble.groups import Complaint
from diag.trouble.relations.timelines import Timelines, is_server
from diag.trouble.scene import Scene
from diag.trouble.served import DEFAULT_START_S
from diag.trouble.shapes import shape_of

STARTED = ("Scheduled", "Pulling", "Pulled", "Created", "Started")  # events of a pod's start
LONGEST_S = 3 * 60 * 60  # a pod that became ready later had another trouble than its start
UNFINISHED_S = 10 * 60  # the API's default of progressDeadlineSeconds


def complaints(scene: Scene, timelines: Timelines, explained: set[str]) -> Iterator[Complaint]:
    """Slow starts: unfinished ones beyond their deadline, and, as worth knowing, those that finished lately.

    `explained` are workloads that complain already: their starts are looked at with that.
    """
    for pod in recently_started(scene):
        timeline = timelines.of(pod) if str(scene.root(pod)) not in explained else None
        if timeline is not None and timeline.wall_s - timeline.seconds("queue") > DEFAULT_START_S:
            ready = condition_path(pod, "Ready", "lastTransitionTime")
            yield _complaint(scene, pod, timeline, (cite(pod, ready), cite(pod, "metadata.creationTimestamp")))
    for pod in scene.snap.pods:
        if _initialises(pod) and str(scene.root(pod)) not in explained:
            timeline = timelines.of(pod)
            if timeline is not None and timeline.wall_s > _deadline(scene, pod):
                started = (cite(pod, _init_path(pod)), cite(pod, "metadata.creationTimestamp"))
                yield _complaint(scene, pod, timeline, started)


def recently_started(scene: Scene) -> Iterator[Pod]:
    """Pods with a GPU or a known server that are ready, and whose start the cluster still remembers.

    Events live for an hour (kube-apiserver `--event-ttl`): what they tell of has happened lately.
    """
    snap = scene.snap
    for kind, namespace, name in snap.event_subjects():
        pod = snap.get(kind, namespace, name) if kind == "Pod" else None
        if not isinstance(pod, Pod) or pod.status.phase != "Running" or pod.metadata.deletion_timestamp:
            continue
        ready = condition(pod, "Ready")
        if ready is None or ready.status != "True" or not (is_server(pod) or shape_of(pod).gpu_total):
            continue
        lasted = age_s(pod.created, ready.last_transition_time)
        told = any(event.reason in STARTED for event in snap.events(pod))
        if told and lasted is not None and lasted <= LONGEST_S:
            yield pod


def _initialises(pod: Pod) -> bool:
    """Whether an init container runs, at its first attempt."""
    return pod.status.phase == "Pending" and bool(pod.spec.node_name) and bool(_init_path(pod))


def _init_path(pod: Pod) -> str:
    for path, status in statuses(pod):
        running = status.state.running if status.state and initialises(pod, path, status) else None
        if running is not None and running.started_at and not status.restart_count:
            return f"{path}.state.running.startedAt"
    return ""


def _deadline(scene: Scene, pod: Pod) -> float:
    """What a roll-out of the workload may take."""
    workload = scene.workload(pod)
    stated = workload.spec.progress_deadline_seconds if isinstance(workload, Controller) else None
    return max(UNFINISHED_S, stated or 0)


def _complaint(
    scene: Scene, pod: Pod, timeline: Timeline, evidence: tuple[Evidence, *tuple[Evidence, ...]]
) -> Complaint:
    longest = max(timeline.phases, key=lambda phase: phase.middle)
    spent = show_age(timeline.wall_s)
    message = f"{'ready after' if timeline.finished else 'not ready after'} {spent}, of which {longest.name} took "
    message += (
        show_age(longest.middle) if longest.measured else f"{show_age(longest.min_s)} to {show_age(longest.max_s)}"
    )
    return complain(
        scene,
        pod,
        "pod-start-slow",
        reason="finished" if timeline.finished else "unfinished",
        evidence=evidence,
        message=message,
        severity=Severity.INFO if timeline.finished else Severity.WARNING,
    )
