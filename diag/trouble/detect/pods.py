"""Pods in trouble now: one pass over all pods, told from status; events only say what the status leaves out."""

from collections.abc import Iterator

from diag.facts.pods import PodClass, condition, condition_path
from diag.findings import GRACE_S, Evidence, Severity
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Event, Pod
from diag.trouble.detect.ended import failed, terminating
from diag.trouble.detect.pod_complaint import complain
from diag.trouble.detect.starting import killed_again, starting
from diag.trouble.detect.unready import unready_pod
from diag.trouble.groups import Complaint
from diag.trouble.scene import Scene
from diag.trouble.served import pending_is_served

SOUND = (PodClass.HEALTHY, PodClass.FINISHED)


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every pod in trouble."""
    sick = [pod for pod in scene.snap.pods if scene.class_of(pod) not in SOUND]
    yield from scene.each(sick, lambda pod: _pod(scene, pod))


def _pod(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    match scene.class_of(pod):
        case PodClass.GATED:
            yield _gated(scene, pod)
        case PodClass.PENDING:
            yield _unscheduled(scene, pod)
        case PodClass.STARTING:
            yield from starting(scene, pod)
        case PodClass.RESTARTED:
            yield from killed_again(scene, pod)
        case PodClass.UNREADY:
            yield from unready_pod(scene, pod)
        case PodClass.FAILED:
            yield from failed(scene, pod)
        case PodClass.TERMINATING:
            yield from terminating(scene, pod)


def _gated(scene: Scene, pod: Pod) -> Complaint:
    gates = [gate.name or "" for gate in pod.spec.scheduling_gates or ()]
    index = next((place for place, gate in enumerate(gates) if gate), None)
    proof = cite(pod, f"spec.schedulingGates[{index}].name") if index is not None else cite(pod, "metadata.name")
    severity = Severity.ERROR if scene.older(pod.created, GRACE_S) else Severity.INFO
    reason = ", ".join(gates)
    return complain(
        scene,
        pod,
        "pod-gated",
        reason=reason,
        evidence=(proof,),
        message=f"gates {reason}",
        severity=severity,
        young=scene.young(pod.created),
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
    # No verdict: a scheduler that is not there says nothing, and one that has not yet come by neither. A queueing
    # scheduler tells by an event of type Normal what the pod waits for.
    path = "status.phase" if pod.status.phase else "metadata.name"
    word = _word_of_scheduler(scene, pod)
    return complain(
        scene,
        pod,
        "pod-unscheduled",
        reason="",
        state="not looked at",
        evidence=(cite(pod, path), *([scene.sentence(word)] if word is not None else [])),
        message=word.text if word is not None else "no scheduler has looked at it",
        said_at=word.last_seen if word is not None else None,
        severity=Severity.ERROR if scene.older(pod.created, GRACE_S) else Severity.INFO,
        young=scene.young(pod.created),
    )


def _word_of_scheduler(scene: Scene, pod: Pod) -> Event | None:
    """The newest sentence about the pod by the scheduler that it names."""
    if not pod.spec.scheduler_name:
        return None
    return next(
        (
            event
            for event in scene.snap.events(pod)
            if event.text
            and pod.spec.scheduler_name
            in (event.reporting_component, event.reporting_controller, event.source.component if event.source else None)
        ),
        None,
    )


def _said_at(scene: Scene, pod: Pod, message: str) -> str | None:
    """When a condition's message was written: its transition time does not tell, an event with the same words does."""
    return next((event.last_seen for event in scene.snap.events(pod) if event.text == message), None)
