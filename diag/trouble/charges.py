"""Symptoms that cause other symptoms, with their proof: links between groups that need no rule."""

from typing import TYPE_CHECKING

from diag.findings import Because, Charge, Evidence
from diag.snapshot.cite import CitationError, cite, compute
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations import (
    device_drivers,
    driver_gone,
    mount_pods,
    operands_not_made,
    peers,
    plugins_unheard,
    queued_pods,
    start_order,
)
from diag.trouble.relations.operands import Failing, operand_of
from diag.trouble.room import gangs
from diag.vocab.drains import UPGRADE_STATES

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble

SELECTED_NODE = "volume.kubernetes.io/selected-node"  # set by the scheduler when it waits for the provisioner


def charges(trouble: "Trouble") -> list[Charge]:
    """Every link between two groups."""
    return [
        *_nodes(trouble),
        *_rejections(trouble),
        *_operands(trouble),
        *_drains(trouble),
        *_claims(trouble),
        *_gangs(trouble),
        *queued_pods.charges(trouble),
        *start_order.charges(trouble),
        *peers.charges(trouble),
        *device_drivers.charges(trouble),
        *driver_gone.charges(trouble),
        *plugins_unheard.charges(trouble),
        *operands_not_made.charges(trouble),
        *mount_pods.charges(trouble),
    ]


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
            pods = f"{charged.pods} of {charged.group.size} pods ({asked} each)"
            why = f"{pods} would fit on {source.first.name} if it offered its GPUs"
            found.append(Charge(source=source, because=Because(charged.group, why, (proof,), members=charged.pods)))
    return found


def _rejections(trouble: "Trouble") -> list[Charge]:
    """Nodes without their GPUs, and the pods that their kubelets turned away for want of devices."""
    by_node = {source.first.name: source for source in trouble.of("node-without-gpus")}
    found = []
    for group in trouble.of("pod-failed") if by_node else ():
        there: dict[str, list[Pod]] = {}
        for pod in group.members:
            if (
                isinstance(pod, Pod)
                and pod.status.reason == "UnexpectedAdmissionError"
                and pod.spec.node_name in by_node
            ):
                there.setdefault(pod.spec.node_name, []).append(pod)
        for name, pods in sorted(there.items()):
            why = f"the kubelet of {name} turned {pods[0].name} away, as the node does not offer all its GPUs"
            proof = (cite(pods[0], "status.reason"), cite(pods[0], "spec.nodeName"))
            members = None if len(pods) == len(group.members) else len(pods)
            found.append(Charge(source=by_node[name], because=Because(group, why, proof, members=members)))
    return found


def _drains(trouble: "Trouble") -> list[Charge]:
    """Nodes that stay closed because their drain does not end, and what waits for them."""
    found = []
    for source in trouble.of("drain-stuck"):
        name = source.first.name
        for charged in trouble.pools.charged_to([name]):
            what = f"pods of {charged.group.workload.name} that would fit on {name} if it were open"
            proof = compute(what, charged.pods, source.evidence)
            why = (
                f"{charged.pods} of {charged.group.size} pods would fit on {name}, which stays closed until it is empty"
            )
            found.append(Charge(source=source, because=Because(charged.group, why, (proof,), members=charged.pods)))
        for waiting in (
            trouble.of("rollout-stuck") if any(state in source.first.labels for state in UPGRADE_STATES) else ()
        ):
            why = f"{name} counts as unavailable, and no other node may be away meanwhile"
            found.append(Charge(source=source, because=Because(waiting, why, source.evidence)))
    return found


def _operands(trouble: "Trouble") -> list[Charge]:
    """Operands in trouble, and what they hold up on their nodes: the GPUs, and the operands that come after them."""
    by_node = trouble.failing_operands
    found = []
    for source in trouble.of("node-without-gpus"):
        first = next((one for one in by_node.get(source.first.name, ()) if one.operand.serves), None)
        if first is not None:
            why = f"its {first.operand.title} {first.pod.name} does not work, and without it the node offers no GPU"
            found.append(Charge(source=first.group, because=Because(source, why, (cite(first.pod, "spec.nodeName"),))))
    held_up: dict[tuple[str, str], list[tuple[Failing, Failing]]] = {}
    for there in by_node.values():
        first = there[0]
        for later in there[1:]:
            if first.operand.serves and later.operand.stage > first.operand.stage and later.group is not first.group:
                held_up.setdefault((first.group.key, later.group.key), []).append((first, later))
    for waits in _slow(trouble):
        first = by_node[waits.pod.spec.node_name or ""][0]
        if first.operand.serves and waits.operand.stage > first.operand.stage:
            held_up.setdefault((first.group.key, waits.group.key), []).append((first, waits))
    for pairs in held_up.values():
        first, later = pairs[0]
        node = first.pod.spec.node_name
        why = f"{later.pod.name} waits for the {first.operand.title} {first.pod.name} on the same node, {node}"
        proof = (cite(first.pod, "spec.nodeName"), cite(later.pod, "spec.nodeName"))
        members = None if len(pairs) >= later.group.size else len(pairs)
        found.append(Charge(source=first.group, because=Because(later.group, why, proof, members=members)))
    return found


def _slow(trouble: "Trouble") -> list[Failing]:
    """Operands whose start takes long on nodes where another one is in trouble."""
    return [
        Failing(operand=operand, pod=pod, group=group)
        for group in trouble.of("pod-start-slow")
        for pod in group.members
        if isinstance(pod, Pod) and pod.spec.node_name in trouble.failing_operands
        if (operand := operand_of(pod)) is not None
    ]


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


def _gangs(trouble: "Trouble") -> list[Charge]:
    """Members of a gang that are not made, and those that wait for them."""
    unmade = trouble.of("pod-not-created")
    return [
        *gangs.links(trouble.snap, unmade, trouble.of("pod-unscheduled")),
        *gangs.without_pods(unmade, trouble.of("workload-not-admitted")),
    ]


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
