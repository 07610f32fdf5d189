"""Symptoms that cause other symptoms, with their proof: links between groups that need no rule."""

from typing import TYPE_CHECKING

from diag.findings import Because, Charge, Evidence
from diag.snapshot.cite import CitationError, cite, compute
from diag.trouble.groups import Group

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble

SELECTED_NODE = "volume.kubernetes.io/selected-node"  # set by the scheduler when it waits for the provisioner


def charges(trouble: "Trouble") -> list[Charge]:
    """Every link between two groups."""
    return [*_nodes(trouble), *_drains(trouble), *_claims(trouble)]


def _nodes(trouble: "Trouble") -> list[Charge]:
    """Nodes without their GPUs, and the waiters that would run there."""
    found = []
    for source in trouble.of("node-without-gpus"):
        for charged in trouble.pools.charged_to([source.first.name]):
            needs = charged.group.shape.gpus if charged.group.shape else {}
            asked = ", ".join(f"{amount} {resource}" for resource, amount in needs.items())
            proof = compute(
                f"pods of {charged.group.workload.name} that would fit on {source.first.name} if it offered its GPUs",
                charged.pods,
                source.evidence,
            )
            why = f"{charged.pods} of {charged.group.size} pods ({asked} each) would fit on {source.first.name} if it offered its GPUs"
            found.append(Charge(source=source, because=Because(charged.group, why, (proof,), members=charged.pods)))
    return found


def _drains(trouble: "Trouble") -> list[Charge]:
    """Nodes that stay closed because their drain does not end, and the waiters that would run there."""
    found = []
    for source in trouble.of("drain-stuck"):
        name = source.first.name
        for charged in trouble.pools.charged_to([name]):
            what = f"pods of {charged.group.workload.name} that would fit on {name} if it were open"
            proof = compute(what, charged.pods, (source.evidence[0], *source.evidence[1:]))
            why = (
                f"{charged.pods} of {charged.group.size} pods would fit on {name}, which stays closed until it is empty"
            )
            found.append(Charge(source=source, because=Because(charged.group, why, (proof,), members=charged.pods)))
    return found


def _claims(trouble: "Trouble") -> list[Charge]:
    """Claims that are not bound, and the pods that the scheduler keeps back for them."""
    found = []
    for source in trouble.of("pvc-pending"):
        claim = source.first
        for group in trouble.of("pod-unscheduled", "container-not-started"):
            if group.first.namespace == claim.namespace and _mounts(group, claim.name) and _waits(source, group):
                evidence = _mount_evidence(group, claim.name)
                why = f"its pods mount the claim {claim.name}"
                found.append(Charge(source=source, because=Because(group, why, evidence)))
    return found


def _mounts(group: Group, claim: str) -> bool:
    return any(one.shape is not None and claim in one.shape.claims for one in group.complaints)


def _waits(source: Group, group: Group) -> bool:
    """Whether the pod waits for the claim, not the claim for the pod (a class that binds at first use)."""
    words = group.message.lower()
    if "persistentvolumeclaim" in words or "persistent volumes to bind" in words or "persistentvolume" in words:
        return True
    return SELECTED_NODE in source.first.annotations or group.state == "not looked at"


def _mount_evidence(group: Group, claim: str) -> tuple[Evidence, ...]:
    for member in group.members:
        spec = member.whole.get("spec")
        volumes = spec.get("volumes") if isinstance(spec, dict) else None
        for index in range(len(volumes) if isinstance(volumes, list) else 0):
            path = f"spec.volumes[{index}].persistentVolumeClaim.claimName"
            try:
                proof = cite(member, path)
            except CitationError:
                continue
            if proof.value == claim:
                return (proof,)
    return ()
