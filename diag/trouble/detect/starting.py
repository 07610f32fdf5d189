"""Pods that are bound to a node and whose containers do not start, or start and end again."""

from collections.abc import Iterator
from dataclasses import replace

from diag.facts.masking import mask
from diag.facts.pods import statuses
from diag.findings import Evidence, Severity
from diag.snapshot.cite import cite
from diag.snapshot.kinds import ContainerStatus, Pod
from diag.trouble.detect.pod_complaint import complain, placed_at
from diag.trouble.groups import Complaint
from diag.trouble.relations.revisions import left_behind
from diag.trouble.scene import Scene
from diag.trouble.served import starting_is_served

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
CREATING_S = 10 * 60  # a container that is being created for longer, with no word why
OFTEN = 3  # restarts of a container that make a habit
MAX_WORDS = 200  # characters of a container's last words that a message repeats
CRASH_RECENT_S = 10 * 60  # the longest back-off is five minutes


def starting(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    """What a pod in that class complains of, if anything."""
    for path, status in statuses(pod):
        symptom = "init-container-failing" if path.startswith("status.init") else "container-crashing"
        state = status.state
        if state is None:
            continue
        waiting, ended = state.waiting, state.terminated
        if waiting and waiting.reason == "CrashLoopBackOff":
            yield crash(scene, pod, symptom, path, status)
            return
        if waiting and waiting.reason not in ON_THE_WAY:
            yield _not_started(scene, pod, path, status)
            return
        if ended and ended.exit_code and (status.restart_count or pod.spec.restart_policy != "Never"):
            yield crash(scene, pod, symptom, path, status)
            return
        if crashed_lately(scene, status) and not status.ready:
            yield crash(scene, pod, symptom, path, status)
            return
    if pod.status.phase == "Pending" and pod.status.reason and not any(statuses(pod)):
        yield _refused(scene, pod, pod.status.reason)
    else:
        yield from _held_up(scene, pod)


def _refused(scene: Scene, pod: Pod, reason: str) -> Complaint:
    """A placed pod of which the status itself says why it has no container.

    Providers of virtual nodes write so (virtual-kubelet/virtual-kubelet node/pod.go: `ProviderFailed`).
    """
    message = pod.status.message or ""
    evidence: tuple[Evidence, *tuple[Evidence, ...]] = (cite(pod, "status.reason"),)
    if message:
        evidence = (cite(pod, "status.message"), *evidence)
    return complain(
        scene,
        pod,
        "container-not-started",
        reason=f"{reason} {message}",
        evidence=evidence,
        message=f"{reason}: {message}" if message else reason,
        since=placed_at(pod),
    )


def _held_up(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    """A placed pod whose containers are still being made: an event may say what is in the way."""
    said = scene.warnings(pod, *START_EVENTS)
    waits = any(status.state and status.state.waiting for _, status in statuses(pod))
    sidecars = {one.name for one in pod.spec.init_containers or () if one.restart_policy == "Always"}
    nothing_runs = not any(
        status.state and status.state.running and status.name not in sidecars for _, status in statuses(pod)
    )
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
            since=placed_at(pod),
        )
    elif waits and nothing_runs and scene.older(placed_at(pod), CREATING_S) and not starting_is_served(scene, pod):
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
        since=placed_at(pod),
        container=status.name or "",
    )


def crash(scene: Scene, pod: Pod, symptom: str, path: str, status: ContainerStatus) -> Complaint:
    """The complaint of a container that ended with an error, told by its last end."""
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
            behind = left_behind(scene, pod)
            note = "; its revision is no longer wanted, and it is not replaced until it is deleted" if behind else ""
            words = last_words(ended.message)
            told = [cite(pod, f"{path}.{name}.terminated.message")] if words else []
            return complain(
                scene,
                pod,
                symptom,
                reason=reason,
                evidence=(proofs[0], *[*told, *proofs[1:], *behind]),
                message=f"container {status.name} ended with {reason}{f' ({words})' if words else ''}{restarts}{note}",
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


def last_words(message: str | None) -> str:
    """The last line of what a container left behind, or what the kubelet copied from the end of its log."""
    lines = [line.strip() for line in (message or "").splitlines() if line.strip()]
    return mask(lines[-1])[:MAX_WORDS] if lines else ""


def _first_crash(pod: Pod, status: ContainerStatus) -> str | None:
    """The onset: the first crash is lost after two, so the pod's start stands in for it."""
    last = status.last_state.terminated if status.last_state else None
    if (status.restart_count or 0) <= 1 and last and last.finished_at:
        return last.finished_at
    return placed_at(pod)


def killed_again(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    """A container that runs and is ready for the moment, and that the kubelet ends again and again for its probe."""
    for path, status in statuses(pod):
        often = (status.restart_count or 0) >= OFTEN and crashed_lately(scene, status)
        if often and any(
            f"Container {status.name} failed liveness probe" in event.text
            for event in scene.warnings(pod, "Killing", within_s=CRASH_RECENT_S)
        ):
            yield replace(crash(scene, pod, "container-crashing", path, status), severity=Severity.WARNING)
            return


def crashed_lately(scene: Scene, status: ContainerStatus) -> bool:
    """Whether the container ended with an error within the longest back-off."""
    ended = status.last_state.terminated if status.last_state else None
    if ended is None or not ended.exit_code or (status.restart_count or 0) < 1:
        return False
    return ended.finished_at is None or not scene.older(ended.finished_at, CRASH_RECENT_S)
