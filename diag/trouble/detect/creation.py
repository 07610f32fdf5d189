"""Controllers that do not get the pods they want; there is no pod to tell it, so they and their events do."""

from collections.abc import Iterator

from diag.facts.pods import PodClass
from diag.findings import GRACE_S, Evidence, Severity
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Controller, Event, Pod
from diag.trouble.groups import Complaint
from diag.trouble.relations.device_demands import Demand, demand_of
from diag.trouble.relations.owners import group_name
from diag.trouble.relations.template import template_pod
from diag.trouble.scene import Scene
from diag.trouble.shapes import shape_of

FAILED_CREATE = "FailedCreate"
KINDS = ("apps/ReplicaSet", "apps/StatefulSet", "batch/Job", "apps/DaemonSet")


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every controller that is short of pods for a reason that is not one of its pods."""
    for kind in KINDS:
        there = [item for _, item in sorted(scene.snap.all(kind).items()) if not item.metadata.deletion_timestamp]
        controllers = [item for item in there if isinstance(item, Controller)]
        yield from scene.each(controllers, lambda item: _short(scene, item))


def _short(scene: Scene, item: Controller) -> Iterator[Complaint]:
    missing, parts = _missing(item)
    if missing <= 0 or not parts:
        return
    recent = scene.warnings(item, FAILED_CREATE)
    said = recent or _still_true(scene, item)
    stated = _failure_path(item)
    if item.kind == "DaemonSet" and not said:
        return
    silent = not recent and stated is None
    if silent and not scene.older(item.status.start_time or item.created, GRACE_S):
        return
    if silent and not said and _explained_by_pods(scene, item):
        return
    evidence: list[Evidence] = [scene.sentence(event) for event in said[:1]]
    if stated is not None:
        evidence.append(cite(item, stated))
    evidence += [cite(item, path) for path in parts]
    template = template_pod(item)
    shape = shape_of(template) if template else None
    demand = demand_of(scene, template).times(missing) if template else Demand()
    yield Complaint(
        symptom="pod-not-created",
        member=item,
        workload=scene.root(item),
        group_by=group_name(scene.snap, item),
        reason=said[0].text if said else _message(item),
        state="stated" if said or stated else "counted",
        evidence=(evidence[0], *evidence[1:]),
        message=said[0].text if said else _message(item),
        said_at=(said[0].last_seen if said else None) or "",
        since=_since(item, said),
        shape=shape,
        missing=missing,
        gpus=demand.gpus,
        devices=demand.unknown,
        severity=Severity.ERROR,
    )


def _still_true(scene: Scene, item: Controller) -> list[Event]:
    """What was said long ago of pods that could not be made, where none was made since: it still tells why.

    A controller tries again less and less often, and after a capture that is dated by something else all is old.
    """
    said = scene.warnings(item, FAILED_CREATE, within_s=float("inf"))
    made = max((child.created or "" for child in scene.snap.children_of(item) if isinstance(child, Pod)), default="")
    return said if said and (said[0].last_seen or "") >= made else []


def _missing(item: Controller) -> tuple[int, list[str]]:
    """How many pods are missing, and the fields that say so."""
    spec, status = item.spec, item.status
    if item.kind == "DaemonSet":
        wanted, have = status.desired_number_scheduled, status.current_number_scheduled
        if wanted is None or have is None:
            return 0, []
        return wanted - have, ["status.desiredNumberScheduled", "status.currentNumberScheduled"]
    if item.kind == "Job":
        return _job_missing(item)
    wanted = spec.replicas
    if wanted is None:
        return 0, []
    paths = ["spec.replicas"] + (["status.replicas"] if status.replicas is not None else [])
    return wanted - (status.replicas or 0), paths


def _job_missing(item: Controller) -> tuple[int, list[str]]:
    spec, status = item.spec, item.status
    ended = {found.type for found in status.conditions or () if found.status == "True"}
    if spec.suspend or ended & {"Complete", "Failed", "Suspended", "SuccessCriteriaMet", "FailureTarget"}:
        return 0, []
    wanted = spec.parallelism if spec.parallelism is not None else 1
    if spec.completions is not None:
        wanted = min(wanted, spec.completions - (status.succeeded or 0))
    elif status.succeeded:
        return 0, []  # a work queue that has begun to end makes no new pods
    paths = [
        path
        for path, value in (
            ("spec.parallelism", spec.parallelism),
            ("spec.completions", spec.completions),
            ("status.active", status.active),
            ("status.succeeded", status.succeeded),
        )
        if value is not None
    ]
    # A failed pod is replaced after a back-off; until then nothing is missing.
    return (0, []) if status.failed and not status.active else (wanted - (status.active or 0), paths)


def _failure_path(item: Controller) -> str | None:
    for index, found in enumerate(item.status.conditions or ()):
        if found.type == "ReplicaFailure" and found.status == "True":
            return f"status.conditions[{index}].{'message' if found.message else 'type'}"
    return None


def _message(item: Controller) -> str:
    for found in item.status.conditions or ():
        if found.type == "ReplicaFailure" and found.status == "True":
            return found.message or found.reason or ""
    return ""


def _explained_by_pods(scene: Scene, item: Controller) -> bool:
    """Whether pods that are there account for it.

    Failed ones do, which a ReplicaSet does not count, and an earlier one where pods are made in order.
    """
    pods = [child for child in scene.snap.children_of(item) if isinstance(child, Pod)]
    if any(pod.status.phase == "Failed" for pod in pods):
        return True
    ordered = item.kind == "StatefulSet" and (item.spec.pod_management_policy or "OrderedReady") == "OrderedReady"
    return ordered and any(scene.class_of(pod) not in (PodClass.HEALTHY, PodClass.RESTARTED) for pod in pods)


def _since(item: Controller, said: list[Event]) -> str | None:
    for found in item.status.conditions or ():
        if found.type == "ReplicaFailure" and found.status == "True" and found.last_transition_time:
            return found.last_transition_time
    firsts = [event.first_seen for event in said if event.first_seen]
    return min(firsts, default=None) or item.created
