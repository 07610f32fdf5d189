"""PersistentVolumeClaims that are not bound and that somebody waits for."""

from collections.abc import Iterator

from diag.findings import Evidence, Severity
from diag.projection import Object
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Complaint
from diag.trouble.relations.owners import owner_of
from diag.trouble.scene import Scene

KIND = "PersistentVolumeClaim"


def complaints(scene: Scene, waiting: dict[tuple[str, str], list[Pod]]) -> Iterator[Complaint]:
    """Pending or lost claims that pods in trouble mount. `waiting` holds those pods by namespace and claim name.

    A claim that no pod waits for is no trouble: one of a WaitForFirstConsumer class is Pending until its pod comes.
    """
    for (namespace, name), item in sorted(scene.snap.all(KIND).items()):
        phase = _phase(item)
        if phase not in ("Pending", "Lost") or (namespace, name) not in waiting:
            continue
        said = scene.warnings(item, within_s=float("inf"))
        evidence: list[Evidence] = [cite(item, "status.phase"), *(scene.sentence(event) for event in said[:1])]
        yield Complaint(
            symptom="pvc-pending",
            member=item,
            workload=_root(scene, item, waiting[namespace, name]).ref,
            group_by=f"{namespace}/{name}",
            reason=said[0].text if said else phase,
            message=f"claim {name} is {phase}" + (f": {said[0].text}" if said else ""),
            evidence=(evidence[0], *evidence[1:]),
            since=item.created,
            severity=Severity.ERROR,
        )


def _phase(item: Object) -> str:
    status = item.whole.get("status")
    phase = status.get("phase") if isinstance(status, dict) else None
    return phase if isinstance(phase, str) else ""


def _root(scene: Scene, item: Object, pods: list[Pod]) -> Object:
    """A claim made from a volumeClaimTemplate belongs to its StatefulSet; else the claim itself is the root."""
    for pod in pods:
        owner = owner_of(scene.snap, pod)
        if owner is not None and owner.kind == "StatefulSet" and item.name.endswith(f"-{pod.name}"):
            return owner
    return item
