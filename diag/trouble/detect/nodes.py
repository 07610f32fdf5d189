"""Nodes in trouble: those that do not offer the GPUs that they have, and those that are to be emptied and are not."""

from collections.abc import Iterator

from diag.facts.devices import CLASS, SLICE
from diag.facts.gpus import is_gpu
from diag.facts.nodes import allocatable, capacity, is_ready
from diag.facts.pods import statuses
from diag.findings import Evidence, Severity
from diag.snapshot.cite import cite, key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Complaint
from diag.trouble.relations.mig_change import change_began
from diag.trouble.relations.operands import is_dra_driver, on_node
from diag.trouble.scene import Scene
from diag.vocab.accelerators import (
    ACCELERATOR_LABELS,
    COUNT_LABELS,
    NVIDIA_GPU,
    NVIDIA_MODEL,
    OPERANDS_OFF_LABEL,
    PRESENT_LABELS,
)
from diag.vocab.operands import Stage

JOINING_S = 20 * 60  # driver, toolkit and plugin of a new node take so long
MIG_S = 5 * 60  # mig-manager, from its start or that of a change: clients leave, GPUs are reset, instances are made
MIG_STATE, MIG_UNDERWAY = "nvidia.com/mig.config.state", ("pending", "rebooting")  # NVIDIA/mig-parted
UPGRADE_STATE = "nvidia.com/gpu-driver-upgrade-state"  # NVIDIA/gpu-operator, k8s-driver-manager
VENDORS = ("nvidia.com/", "amd.com/", "gpu.intel.com/")  # a node that offers any of these has its plugin
NOT_UPGRADING = ("", "upgrade-done", "upgrade-failed")


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every node that offers none, or fewer, of its GPUs. A NotReady node is another fault's."""
    dra = bool(scene.snap.all(SLICE))
    yield from scene.each(scene.snap.nodes, lambda node: _node(scene, node, dra=dra))


def _node(scene: Scene, node: Node, *, dra: bool) -> Iterator[Complaint]:
    if is_ready(node) is not False and not node.metadata.deletion_timestamp:
        found = lost_gpus(node)
        if found is None or (dra and _offers_through_dra(scene, node)):
            return
        # What has never been in its capacity may be offered to claims by slices that nobody could read.
        if found[0] in capacity(node) or not _may_be_claimed(scene, node):
            yield _complaint(scene, node, *found)


def is_upgrading(node: Node) -> bool:
    """Whether the GPU operator is at work on the node's driver."""
    return node.labels.get(UPGRADE_STATE, "") not in NOT_UPGRADING


def is_joining(scene: Scene, node: Node) -> bool:
    """Whether the node is so new that its GPUs may still be coming: its driver is being built, say."""
    never_registered = not any(is_gpu(resource) and amount > 0 for resource, amount in capacity(node).items())
    return never_registered and scene.age(node.created) is not None and not scene.older(node.created, JOINING_S)


def _is_repartitioned(scene: Scene, node: Node) -> bool:
    """Whether a MIG change has been under way for some minutes only: the plugin is away until it is done."""
    if node.labels.get(MIG_STATE) not in MIG_UNDERWAY:
        return False
    for operand, pod in on_node(scene.snap.pods_by_node.get(node.name, ())):
        for _, status in statuses(pod) if operand.stage is Stage.PARTITIONS else ():
            running = status.state.running if status.state else None
            log = scene.snap.log_lines(pod, status.name or "", previous=False)
            began = (running.started_at if running is not None else None, change_began(log))
            if any(time and not scene.older(time, MIG_S) for time in began):
                return True
    return False


def lost_gpus(node: Node) -> tuple[str, int, list[str]] | None:
    """Resource, devices lost and the fields that prove it; None when the node offers what it has."""
    has, offers = capacity(node), allocatable(node)
    for resource, amount in sorted(has.items()):
        lost = amount - offers.get(resource, 0)
        # A MIG node of the mixed strategy keeps nvidia.com/gpu at 0 in both.
        if is_gpu(resource) and amount > 0 and lost > 0:
            paths = [f'status.capacity["{resource}"]']
            if resource in offers:
                paths.append(f'status.allocatable["{resource}"]')
            return resource, -(-lost // 1000), paths
    if any(amount > 0 and resource.startswith(VENDORS) for resource, amount in offers.items()):
        return None
    return _labelled(node)


def _labelled(node: Node) -> tuple[str, int, list[str]] | None:
    """What the labels of a node say of its GPUs: the resource, how many (0: unknown) and where they say it."""
    labels = node.labels
    if labels.get(OPERANDS_OFF_LABEL) == "false":
        return None
    for label, resource in COUNT_LABELS.items():
        count = labels.get(label, "")
        if count.isdigit() and 0 < int(count) < 1024:  # noqa: PLR2004  more is no count of GPUs in one machine
            return resource, int(count), [f"metadata.labels{key(label)}"]
    for label, resource in PRESENT_LABELS.items():
        if labels.get(label) == "true":
            return resource, 0, [f"metadata.labels{key(label)}"]
    for label in ACCELERATOR_LABELS:
        if NVIDIA_MODEL.search(labels.get(label, "").lower()):
            return NVIDIA_GPU, 0, [f"metadata.labels{key(label)}"]
    return None


def _complaint(scene: Scene, node: Node, resource: str, lost: int, paths: list[str]) -> Complaint:
    underway = is_joining(scene, node) or is_upgrading(node) or _is_repartitioned(scene, node)
    has, offers = capacity(node).get(resource), allocatable(node).get(resource, 0) // 1000
    known = f"{lost + offers}" if has is not None or lost else "its"
    evidence: list[Evidence] = [cite(node, path) for path in paths]
    return Complaint(
        symptom="node-without-gpus",
        member=node,
        workload=node.ref,
        group_by=node.name,
        reason=f"offers {offers} of {known} {resource}",
        message=f"offers {offers} of {known} {resource} (status.allocatable)",
        evidence=(evidence[0], *evidence[1:]),
        since=None,
        gpus_lost=lost,
        severity=Severity.INFO if underway else Severity.ERROR if offers == 0 else Severity.WARNING,
    )


def _may_be_claimed(scene: Scene, node: Node) -> bool:
    """Whether slices that nobody read may offer the node's devices to claims.

    No slice was collected, and there are classes, or a driver of claimed devices runs on the node and no device plugin.
    """
    if scene.snap.holds(SLICE):
        return False
    pods = scene.snap.pods_by_node.get(node.name, ())
    return bool(scene.snap.all(CLASS)) or (
        any(is_dra_driver(pod) for pod in pods)
        and not any(operand.stage is Stage.PLUGIN for operand, _ in on_node(pods))
    )


def _offers_through_dra(scene: Scene, node: Node) -> bool:
    """Whether a ResourceSlice publishes devices of the node: then it offers them through claims."""
    for item in scene.snap.all(SLICE).values():
        spec = item.whole.get("spec")
        if isinstance(spec, dict) and spec.get("nodeName") == node.name and spec.get("devices"):
            return True
    return False
