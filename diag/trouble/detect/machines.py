"""What the cluster-autoscaler says of a pod that waits: no further machine comes, and which machines came in vain.

Shown beside the scheduler's sentence, whatever the cause: where a machine is there and lacks its GPUs, a larger node
group only makes another such machine.
"""

from collections.abc import Iterable
from dataclasses import replace

from diag.facts.cluster_autoscaler import REFUSED, TRIGGERED, node_groups
from diag.findings import Evidence, as_proof
from diag.snapshot.cite import cite, compute, value_at
from diag.snapshot.kinds import Event
from diag.trouble.groups import Complaint
from diag.trouble.scene import Scene

WAITING = "pod-unscheduled"


def with_machines(scene: Scene, complaints: Iterable[Complaint]) -> list[Complaint]:
    """The complaints, those of waiting pods each with the autoscaler's newest refusal."""
    idle: tuple[Evidence, ...] | None = None
    found = []
    for one in complaints:
        refused = _refused(scene, one) if one.symptom == WAITING else None
        if refused is None:
            found.append(one)
            continue
        idle = _idle(scene) if idle is None else idle
        further = [piece for piece in (scene.sentence(refused), *idle) if piece not in one.evidence]
        found.append(replace(one, evidence=as_proof([*one.evidence, *further])))
    return found


def _refused(scene: Scene, one: Complaint) -> Event | None:
    """The autoscaler's newest word about a pod, if it is a refusal."""
    told = [event for event in scene.snap.events(one.member) if event.reason == TRIGGERED or event.reason in REFUSED]
    newest = max(told, key=lambda event: (event.last_seen or "", event.reason in REFUSED), default=None)
    return newest if newest is not None and newest.reason in REFUSED else None


def _idle(scene: Scene) -> tuple[Evidence, ...]:
    """How many nodes of each group are up without what they were made for, by the autoscaler's status."""
    held = scene.autoscaler_status()
    text = value_at(held.whole, "data.status") if held is not None else None
    if held is None or not isinstance(text, str):
        return ()
    return tuple(
        compute(
            f"nodes of group {one.short_name} that are ready and lack their GPUs, as the autoscaler counts "
            "(resourceUnready)", one.without_resource, [cite(held, "data.status")],
        )
        for one in node_groups(text)
        if one.without_resource
    )  # fmt: skip
