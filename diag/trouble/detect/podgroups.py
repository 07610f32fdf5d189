"""Volcano's PodGroups that have not been let in and so have no pods: their jobs make pods only once they are Inqueue.

Volcano's controllers: volcano-sh/volcano pkg/controllers/job (pods are made after the PodGroup left Pending).
"""

from collections.abc import Iterator

from diag.facts.gangs import VOLCANO, gang_of, min_resources, part, phase
from diag.facts.gpus import gpus_of
from diag.findings import GRACE_S, Evidence, Severity
from diag.projection import Object
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Event
from diag.trouble.groups import Complaint
from diag.trouble.scene import Scene

WAITING = ("", "Pending", "Inqueue")
ENDED = ("Completed", "Failed", "Aborted", "Terminated")  # of a vcjob (batch.volcano.sh/v1alpha1 JobPhase)


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every Volcano PodGroup that waits and has no pod."""
    waiting = [item for _, item in sorted(scene.snap.all(VOLCANO).items()) if phase(item) in WAITING]
    if not waiting:
        return
    spaces = {item.namespace for item in waiting}
    used = {
        (pod.namespace, name)
        for space in spaces
        for pod in scene.snap.pods_by_namespace.get(space, ())
        for _, name in filter(None, [gang_of(pod)])
    }
    for item in waiting:
        seen = scene.snap.holds("Pod", item.namespace)
        if (item.namespace, item.name) in used or item.metadata.deletion_timestamp or _over(scene, item):
            continue
        if seen or phase(item) != "Inqueue":
            yield _complaint(scene, item, seen=seen)


def _over(scene: Scene, item: Object) -> bool:
    """Whether the job is over and has only left its PodGroup behind."""
    state = part(scene.workload(item), "status", "state")
    return state.get("phase") in ENDED


def _complaint(scene: Scene, item: Object, *, seen: bool) -> Complaint:
    state = cite(item, "status.phase") if phase(item) else cite(item, "metadata.name")
    said = _said(scene, item)
    evidence: tuple[Evidence, *tuple[Evidence, ...]] = (state, *([scene.sentence(said)] if said else []))
    waits = f"PodGroup {item.name} is {phase(item) or 'Pending'}" + (" and has no pods" if seen else "")
    return Complaint(
        symptom="workload-not-admitted",
        member=item,
        workload=scene.root(item),
        group_by=str(scene.root(item)),
        reason=phase(item) or "Pending",
        message=f"{waits}: {said.text}" if said else waits,
        said_at=(said.last_seen if said else None) or "",
        evidence=evidence,
        since=item.created,
        gpus=sum(gpus_of(min_resources(item)).values()),
        severity=Severity.ERROR if scene.older(item.created, GRACE_S) else Severity.INFO,
        young=scene.young(item.created),
    )


def _said(scene: Scene, item: Object) -> Event | None:
    """The newest refusal. Volcano writes those of its queues as Normal events, beside a Warning that adds nothing."""
    said = [event for event in scene.snap.events(item) if event.reason == "Unschedulable"]
    return next((event for event in said if event.type == "Normal"), said[0] if said else None)
