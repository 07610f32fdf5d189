"""Trouble known only by events: of subjects whose kind the snapshot does not hold, or whose status nobody reads here.

With pods, events and nodes only, a webhook or a quota that refuses pods would otherwise come out empty: the event's
subject, a ReplicaSet or a Job, is not here. Its newest Warning, if recent, stands in for its status.
"""

from collections.abc import Iterator

from diag.findings import Severity
from diag.projection import Meta, Object, kind_id
from diag.snapshot.kinds import Event
from diag.trouble.detect import creation
from diag.trouble.groups import Complaint
from diag.trouble.scene import RECENT_S, Scene

# What a controller says when it cannot make a pod, or what has to be there before (kubernetes/kubernetes
# pkg/controller/controller_utils.go, ray-project/kuberay ray-operator/controllers/ray, kubeflow/trainer v1
# pkg/controller.v1/control, volcano-sh/volcano pkg/controllers/job).
NOT_CREATED = (
    "FailedCreate", "FailedToCreateWorkerPod", "FailedToCreateHeadPod", "FailedCreatePod", "PodGroupError", "PVCError",
)  # fmt: skip
# Kinds whose trouble shows in other objects, or whose events are chatter.
PASSED_OVER = ("Pod", "Node", "Event", "Namespace", "ConfigMap", "Lease", "Endpoints", "EndpointSlice", "Service")


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every subject of a recent Warning whose kind is not held, unless its pods have come since."""
    for kind, namespace, name in scene.snap.event_subjects():
        if kind in PASSED_OVER or not name:
            continue
        events = [event for event in scene.snap.events_about(kind, namespace, name) if event.type == "Warning"]
        newest = events[0] if events else None
        if newest is None or scene.age(newest.last_seen) is None or scene.older(newest.last_seen, RECENT_S):
            continue
        version = newest.subject.api_version
        silent = newest.reason in NOT_CREATED and _is_silent(scene, kind_id(version, kind))
        if silent and not _has_come(scene, namespace, name, newest):
            yield _complaint(scene, newest, kind, namespace, name)


def _is_silent(scene: Scene, kind: str) -> bool:
    """Whether the kind's status is not read: it is not held, or is an operator's own (RayCluster), or a CronJob."""
    return scene.snap.coverage(kind) == "none" or kind not in creation.KINDS


def _has_come(scene: Scene, namespace: str, name: str, event: Event) -> bool:
    """Whether the subject made a pod after the failure."""
    return any(
        (pod.created or "") > (event.last_seen or "")
        for pod in scene.snap.pods_by_namespace.get(namespace, [])
        if any(owner.name == name for owner in pod.owners)
    )


def _complaint(scene: Scene, event: Event, kind: str, namespace: str, name: str) -> Complaint:
    held = scene.snap.get(kind_id(event.subject.api_version, kind), namespace, name)
    member = held or Object(
        api_version=event.subject.api_version, kind=kind, cluster=scene.snap.cluster,
        metadata=Meta(name=name, namespace=namespace or None), held=False,
    )  # fmt: skip
    return Complaint(
        symptom="pod-not-created",
        member=member,
        workload=scene.root(member) if held else member.ref,
        group_by=str(scene.root(member) if held else member.ref),
        reason=event.text,
        state="stated",
        evidence=(scene.sentence(event),),
        message=event.text,
        said_at=event.last_seen or "",
        since=event.first_seen,
        missing=1,
        severity=Severity.ERROR,
    )
