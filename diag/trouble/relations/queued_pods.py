"""Pods that Kueue keeps behind its gate, and the Workload for whose admission they wait.

A pod, a pod group or a Deployment's pod has a Workload that it owns (kubernetes-sigs/kueue pkg/controller/jobs/pod).
"""

from typing import TYPE_CHECKING

from diag.findings import Because, Charge
from diag.projection import Object
from diag.snapshot.cite import cite
from diag.trouble.groups import Group
from diag.vocab.kueue import ADMISSION_GATE, POD_GROUP_NAME, WORKLOAD

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble


def charges(trouble: "Trouble") -> list[Charge]:
    """Links from Workloads that are not admitted to the gated pods that belong to them."""
    gated = [group for group in trouble.of("pod-gated") if ADMISSION_GATE in group.reason]
    found = []
    for source in trouble.of("workload-not-admitted") if gated else ():
        if source.first.kind_id != WORKLOAD:
            continue
        for group in gated:
            waiting = [pod for pod in group.members if any(_is_of(pod, item) for item in source.members)]
            if waiting:
                found.append(_charge(source, group, waiting))
    return found


def _is_of(pod: Object, workload: Object) -> bool:
    """Whether a Workload was made for a pod, alone or in a group."""
    if pod.namespace != workload.namespace:
        return False
    owns = any(owner.kind == "Pod" and owner.name == pod.name for owner in workload.owners)
    return owns or pod.labels.get(POD_GROUP_NAME) == workload.name


def _charge(source: Group, group: Group, waiting: list[Object]) -> Charge:
    why = f"Workload {source.first.name}, for whose admission its pods wait, {source.kind.title}"
    members = len(waiting) if len(waiting) < len(group.members) else None
    evidence = (*source.evidence, cite(waiting[0], "metadata.name"))
    return Charge(source=source, because=Because(group, why, evidence, members=members))
