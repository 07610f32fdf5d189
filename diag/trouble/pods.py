"""Pods in trouble now: one pass over all pods, told from status; events only say what the status leaves out."""

from collections.abc import Iterator

from diag.facts.nodes import is_ready
from diag.facts.pods import PodClass, classify, condition, condition_path, statuses
from diag.findings import Evidence, Severity
from diag.snapshot.cite import cite
from diag.snapshot.kinds import ContainerStatus, Event, Node, Pod
from diag.trouble.groups import Complaint
from diag.trouble.owners import group_name
from diag.trouble.scene import Scene
from diag.trouble.shapes import shape_of
from diag.trouble.served import pending_is_served, replaced, starting_is_served

# Waiting reasons that are a step on the way (kubernetes/kubernetes pkg/kubelet/kubelet_pods.go).
ON_THE_WAY = ("ContainerCreating", "PodInitializing", None, "")
# Events that say why a placed pod does not get its sandbox or volumes (pkg/kubelet/events/event.go).
START_EVENTS = (
    "FailedMount",
    "FailedAttachVolume",
    "FailedMapVolume",
    "FailedCreatePodSandBox",
    "FailedCreatePodContainer",
    "FailedPrepareDynamicResources",
    "NetworkNotReady",
    "InspectFailed",
    "FailedPostStartHook",
    "Failed",
)
GRACE_S = 60  # trouble that nothing states is given so long
CREATING_S = 10 * 60  # a container that is being created for longer, with no word why
TERMINATING_S = 5 * 60  # beyond the grace period
CRASH_RECENT_S = 10 * 60  # the longest back-off is five minutes


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every pod in trouble."""
    for pod in scene.snap.pods:
        match classify(pod):
            case PodClass.GATED:
                yield _gated(scene, pod)
            case PodClass.PENDING:
                yield _unscheduled(scene, pod)
            case PodClass.STARTING:
                yield from _starting(scene, pod)
            case PodClass.UNREADY:
                yield from _unready(scene, pod)
            case PodClass.FAILED:
                yield from _failed(scene, pod)
            case PodClass.TERMINATING:
                yield from _terminating(scene, pod)


def complain(  # noqa: PLR0913  one keyword for each field of a complaint
    scene: Scene,
    pod: Pod,
    symptom: str,
    *,
    reason: str,
    evidence: tuple[Evidence, *tuple[Evidence, ...]],
    state: str = "",
    message: str = "",
    said_at: str | None = None,
    since: str | None = None,
    severity: Severity = Severity.ERROR,
    container: str = "",
) -> Complaint:
    """A complaint of a pod, with its workload, shape and demand filled in."""
    shape = shape_of(pod)
    return Complaint(
        symptom=symptom,
        member=pod,
        workload=scene.root(pod),
        group_by=group_name(scene.snap, pod),
        reason=reason,
        evidence=evidence,
        state=state,
        message=message,
        said_at=said_at or "",
        since=since or pod.created,
        shape=shape,
        gpus=shape.gpu_total,
        severity=severity,
        container=container,
    )


def _gated(scene: Scene, pod: Pod) -> Complaint:
    gates = [gate.name or "" for gate in pod.spec.scheduling_gates or ()]
    index = next((place for place, gate in enumerate(gates) if gate), None)
    proof = cite(pod, f"spec.schedulingGates[{index}].name") if index is not None else cite(pod, "metadata.name")
    severity = Severity.ERROR if scene.older(pod.created, GRACE_S) else Severity.INFO
    reason = ", ".join(gates)
    return complain(
        scene, pod, "pod-gated", reason=reason, evidence=(proof,), message=f"gates {reason}", severity=severity
    )


def _unscheduled(scene: Scene, pod: Pod) -> Complaint:
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.status == "False" and scheduled.message:
        proof: Evidence = cite(pod, condition_path(pod, "PodScheduled", "message"))
        return complain(
            scene,
            pod,
            "pod-unscheduled",
            reason="",
            state="refused",
            evidence=(proof,),
            message=scheduled.message,
            said_at=_said_at(scene, pod, scheduled.message) or scheduled.last_transition_time,
            since=scheduled.last_transition_time,
            severity=Severity.INFO if pending_is_served(scene, pod) else Severity.ERROR,
        )
    said = scene.warnings(pod, "FailedScheduling", within_s=float("inf"))
    if said:
        return complain(
            scene,
            pod,
            "pod-unscheduled",
            reason="",
            state="refused",
            evidence=(scene.sentence(said[0]),),
            message=said[0].text,
            said_at=said[0].last_seen,
            severity=Severity.INFO if pending_is_served(scene, pod) else Severity.ERROR,
        )
    # Nobody has said a word: a scheduler that is not there says nothing, and one that has not yet come by neither.
    silent_for = scene.age(pod.created)
    fresh = silent_for is not None and silent_for <= GRACE_S
    path = "status.phase" if pod.status.phase else "metadata.name"
    return complain(
        scene,
        pod,
        "pod-unscheduled",
        reason="",
        state="not looked at",
        evidence=(cite(pod, path),),
        message="no scheduler has looked at it",
        severity=Severity.INFO if fresh or silent_for is None else Severity.ERROR,
    )


def _said_at(scene: Scene, pod: Pod, message: str) -> str | None:
    """When a condition's message was written: its transition time does not tell, an event with the same words does."""
    return next((event.last_seen for event in scene.snap.events(pod) if event.text == message), None)


def _starting(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    for path, status in statuses(pod):
        symptom = "init-container-failing" if path.startswith("status.init") else "container-crashing"
        state = status.state
        if state is None:
            continue
        waiting, ended = state.waiting, state.terminated
        if waiting and waiting.reason == "CrashLoopBackOff":
            yield _crash(scene, pod, symptom, path, status)
            return
        if waiting and waiting.reason not in ON_THE_WAY:
            yield _not_started(scene, pod, path, status)
            return
        if ended and ended.exit_code and (status.restart_count or pod.spec.restart_policy != "Never"):
            yield _crash(scene, pod, symptom, path, status)
            return
        if _crashed_lately(scene, status) and not status.ready:
            yield _crash(scene, pod, symptom, path, status)
            return
    yield from _held_up(scene, pod)


def _held_up(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    """A placed pod whose containers are still being made: an event may say what is in the way."""
    said = scene.warnings(pod, *START_EVENTS)
    waits = any(status.state and status.state.waiting for _, status in statuses(pod))
    nothing_runs = not any(status.state and status.state.running for _, status in statuses(pod))
    if said and (waits or nothing_runs):
        event = said[0]
        yield complain(
            scene,
            pod,
            "container-not-started",
            reason=f"{event.reason} {event.text}",
            evidence=(scene.sentence(event),),
            message=event.text,
            said_at=event.last_seen,
            since=_placed_at(pod),
        )
    elif waits and nothing_runs and scene.older(_placed_at(pod), CREATING_S) and not starting_is_served(scene, pod):
        path, status = next((path, status) for path, status in statuses(pod) if status.state and status.state.waiting)
        yield _not_started(scene, pod, path, status)


def _not_started(scene: Scene, pod: Pod, path: str, status: ContainerStatus) -> Complaint:
    waiting = status.state.waiting if status.state else None
    reason = waiting.reason or "" if waiting else ""
    part = "reason" if reason else "message" if waiting and waiting.message else ""
    proof = cite(pod, f"{path}.state.waiting.{part}") if part else cite(pod, "status.phase")
    evidence: tuple[Evidence, *tuple[Evidence, ...]] = (proof,)
    if part == "reason" and waiting and waiting.message:
        evidence = (proof, cite(pod, f"{path}.state.waiting.message"))
    message = f"{reason}: {waiting.message}" if waiting and waiting.message else reason
    # The back-off and the error take turns; they are one state.
    folded = {"ErrImagePull": "ImagePullBackOff"}.get(reason, reason)
    return complain(
        scene,
        pod,
        "container-not-started",
        reason=folded,
        evidence=evidence,
        message=message,
        since=_placed_at(pod),
        container=status.name or "",
    )


def _crash(scene: Scene, pod: Pod, symptom: str, path: str, status: ContainerStatus) -> Complaint:
    for name, state in (("state", status.state), ("lastState", status.last_state)):
        ended = state.terminated if state else None
        if ended is None:
            continue
        parts = [part for part, value in (("exitCode", ended.exit_code), ("reason", ended.reason)) if value is not None]
        if parts:
            proofs = [cite(pod, f"{path}.{name}.terminated.{part}") for part in parts]
            code = f"exit code {ended.exit_code}" if ended.exit_code is not None else ""
            word = "" if ended.reason in (None, "Error") else str(ended.reason)
            reason = ", ".join(part for part in (word, code) if part)
            restarts = f", {status.restart_count} restarts" if status.restart_count else ""
            return complain(
                scene,
                pod,
                symptom,
                reason=reason,
                evidence=(proofs[0], *proofs[1:]),
                message=f"container {status.name} ended with {reason}{restarts}",
                since=_first_crash(pod, status),
                container=status.name or "",
            )
    return complain(
        scene,
        pod,
        symptom,
        reason="CrashLoopBackOff",
        evidence=(cite(pod, f"{path}.state.waiting.reason"),),
        message=f"container {status.name} is in CrashLoopBackOff",
        since=_first_crash(pod, status),
        container=status.name or "",
    )


def _first_crash(pod: Pod, status: ContainerStatus) -> str | None:
    """The onset: the first crash is lost after two, so the pod's start stands in for it."""
    last = status.last_state.terminated if status.last_state else None
    if (status.restart_count or 0) <= 1 and last and last.finished_at:
        return last.finished_at
    return _placed_at(pod)


def _crashed_lately(scene: Scene, status: ContainerStatus) -> bool:
    ended = status.last_state.terminated if status.last_state else None
    if ended is None or not ended.exit_code or (status.restart_count or 0) < 1:
        return False
    return ended.finished_at is None or not scene.older(ended.finished_at, CRASH_RECENT_S)


def _unready(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    node = scene.snap.get("Node", "", pod.spec.node_name or "")
    if isinstance(node, Node) and is_ready(node) is False:
        proof = (
            cite(pod, condition_path(pod, "Ready", "status")) if condition(pod, "Ready") else cite(pod, "metadata.name")
        )
        yield complain(
            scene, pod, "container-not-ready", reason="the node is not ready", state="node", evidence=(proof,),
            message=f"its node {node.name} is not ready", since=_unready_since(pod),
        )  # fmt: skip
        return
    for path, status in statuses(pod):
        if not status.ready and _crashed_lately(scene, status):
            symptom = "init-container-failing" if path.startswith("status.init") else "container-crashing"
            yield _crash(scene, pod, symptom, path, status)
            return
    if starting_is_served(scene, pod) or not scene.older(_unready_since(pod), GRACE_S):
        return
    path, status = next(
        ((path, one) for path, one in statuses(pod) if not one.ready and not path.startswith("status.init")),
        ("", ContainerStatus()),
    )
    said = scene.warnings(pod, "Unhealthy")
    ready = condition(pod, "Ready")
    proof = cite(pod, f"{path}.ready") if path and status.ready is False else (
        cite(pod, condition_path(pod, "Ready", "status")) if ready else cite(pod, "metadata.name")
    )  # fmt: skip
    evidence = (proof, *(scene.sentence(event) for event in said[:1]))
    message = said[0].text if said else (ready.message or "" if ready else "")
    yield complain(
        scene, pod, "container-not-ready", reason=_probe(said), evidence=evidence, message=message,
        since=_unready_since(pod), container=status.name or "",
    )  # fmt: skip


def _probe(said: list[Event]) -> str:
    """Which probe fails, so that the wording of its failures does not split a group."""
    return said[0].text.split(" probe", 1)[0] if said else ""


def _failed(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    if replaced(scene, pod):
        return
    disrupted = condition(pod, "DisruptionTarget")
    evicted = pod.status.reason in ("Evicted", "Preempting", "NodeShutdown", "Terminated") or (
        disrupted is not None and disrupted.status == "True"
    )
    evidence: list[Evidence] = [
        cite(pod, path)
        for path, value in (("status.message", pod.status.message), ("status.reason", pod.status.reason))
        if value
    ]
    reason, message, container = pod.status.reason or "", pod.status.message or "", ""
    if disrupted is not None and disrupted.status == "True" and disrupted.reason:
        evidence.append(cite(pod, condition_path(pod, "DisruptionTarget", "reason")))
        reason, message = reason or disrupted.reason, message or disrupted.message or ""
    for path, status in statuses(pod):
        ended = status.state.terminated if status.state else None
        if ended and ended.exit_code:
            evidence.append(cite(pod, f"{path}.state.terminated.exitCode"))
            reason = reason or f"exit code {ended.exit_code}"
            message = message or f"container {status.name} ended with exit code {ended.exit_code}"
            container = status.name or ""
            break
    evidence.append(cite(pod, "status.phase"))
    yield complain(
        scene, pod, "pod-evicted" if evicted else "pod-failed", reason=reason, message=message,
        evidence=(evidence[0], *evidence[1:]), since=_ended_at(pod), container=container,
    )  # fmt: skip


def _terminating(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    # deletionTimestamp is when the pod should be gone: the API server adds the grace period to it.
    if scene.older(pod.metadata.deletion_timestamp, TERMINATING_S):
        evidence: list[Evidence] = [cite(pod, "metadata.deletionTimestamp")]
        if pod.metadata.finalizers:
            evidence.append(cite(pod, "metadata.finalizers[0]"))
        node = scene.snap.get("Node", "", pod.spec.node_name or "")
        state = "node" if isinstance(node, Node) and is_ready(node) is False else ""
        yield complain(
            scene, pod, "pod-stuck-terminating", reason="finalizers" if pod.metadata.finalizers else "", state=state,
            evidence=(evidence[0], *evidence[1:]), message="still there after its grace period",
            since=pod.metadata.deletion_timestamp, severity=Severity.WARNING,
        )  # fmt: skip


def _placed_at(pod: Pod) -> str | None:
    scheduled = condition(pod, "PodScheduled")
    placed = scheduled.last_transition_time if scheduled and scheduled.status == "True" else None
    return placed or pod.status.start_time or pod.created


def _unready_since(pod: Pod) -> str | None:
    ready = condition(pod, "Ready")
    return (ready.last_transition_time if ready else None) or pod.status.start_time or pod.created


def _ended_at(pod: Pod) -> str | None:
    ends = [
        status.state.terminated.finished_at
        for _, status in statuses(pod)
        if status.state and status.state.terminated and status.state.terminated.finished_at
    ]
    disrupted = condition(pod, "DisruptionTarget")
    return max(ends, default=None) or (disrupted.last_transition_time if disrupted else None) or pod.created
