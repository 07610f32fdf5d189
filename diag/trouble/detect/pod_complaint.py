"""A complaint of a pod, with its workload, shape and demand filled in."""

from diag.facts.pods import condition
from diag.facts.virtual_clusters import stands_for
from diag.findings import Evidence, Severity, as_proof
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Complaint
from diag.trouble.relations.device_demands import demand_of
from diag.trouble.relations.owners import group_name
from diag.trouble.scene import Scene
from diag.trouble.shapes import shape_of


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
    young: bool = False,
    container: str = "",
) -> Complaint:
    """A complaint of a pod, with its workload, shape and demand filled in."""
    demand = demand_of(scene, pod)
    return Complaint(
        symptom=symptom,
        member=pod,
        workload=scene.root(pod),
        group_by=group_name(scene.snap, pod),
        reason=reason,
        evidence=as_proof((*evidence, *stands_for(pod))),
        state=state,
        message=message,
        said_at=said_at or "",
        since=since or pod.created,
        shape=shape_of(pod),
        gpus=demand.gpus,
        devices=demand.unknown,
        severity=severity,
        young=young,
        container=container,
    )


def placed_at(pod: Pod) -> str | None:
    """When the pod was bound to its node, as near as its status tells."""
    scheduled = condition(pod, "PodScheduled")
    placed = scheduled.last_transition_time if scheduled and scheduled.status == "True" else None
    return placed or pod.status.start_time or pod.created
