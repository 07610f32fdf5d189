"""Pods that are not made yet because others of the same workload have to be ready first and are not."""

from collections.abc import Iterable, Iterator

from diag.findings import Ref, Severity
from diag.trouble.groups import Complaint
from diag.trouble.relations.start_order import WAITS_IN_ORDER, Wait, waits
from diag.trouble.scene import Scene


def complaints(scene: Scene, found: Iterable[Complaint]) -> Iterator[Complaint]:
    """Every workload that waits for a member of its own of which a complaint was `found`: others are on their way."""
    told = {one.member.ref for one in found if one.severity is not Severity.INFO}
    for wait in waits(scene.snap):
        if _blockers(wait) & told:
            yield Complaint(
                symptom="pod-not-created",
                member=wait.item,
                workload=scene.root(wait.item),
                group_by=str(scene.root(wait.item)),
                reason=f"{wait.later} wait for {wait.first}",
                state=WAITS_IN_ORDER,
                evidence=wait.proof,
                since=wait.item.created,
                missing=wait.missing,
                gpus=wait.gpus,
            )


def _blockers(wait: Wait) -> set[Ref]:
    return {pod.ref for pod in wait.pods}
