"""The GPUs of every node: what there is, who holds it, what is free (`diag gpus -o json`, additive changes only)."""

from collections.abc import Iterator, Sequence

from diag.causes.devices import OPEN, devices_of, node_state
from diag.causes.driven import driven
from diag.causes.rows import ref_row
from diag.document import RefRow, Report, Row, ToolRow
from diag.facts.devices import CLAIM, SLICE
from diag.facts.gpus import is_gpu, pod_requests
from diag.facts.nodes import AUTOMATIC_TAINT_PREFIX, blocking_taints
from diag.facts.pods import occupies_node
from diag.snapshot.kinds import Node
from diag.snapshot.snapshot import Snapshot
from diag.trouble.room.doubts import doubts_of_sums
from diag.trouble.room.placement import Placement
from diag.trouble.trouble import Trouble
from diag.views.concerned import causes_by_object, severity_of
from diag.views.typed import key
from diag.vocab.accelerators import GPU_PRODUCT_LABEL
from diag.vocab.gpu_labels import MODEL_LABELS

SCHEMA = "diag.gpus/v1"
# How often a device counts where it is time-sliced (NVIDIA/gpu-feature-discovery, internal/lm).
REPLICAS_LABEL = "nvidia.com/gpu.replicas"


class HolderRow(Row, kw_only=True):
    """A pod that holds devices of a node."""

    pod: RefRow
    count: int


class NodeGpusRow(Row, kw_only=True):
    """One resource of one node, in devices. `capacity` is null where a label says only that there are some.

    `state`: open, cordoned or not-ready. `free` are devices that a pod could get now; none of a node that is not open.
    """

    cluster: str
    node: str
    type: str
    resource: str
    capacity: int | None
    allocatable: int
    busy: int
    free: int
    state: str
    notes: list[str]
    causes: list[str]
    severity: str  # of the worst cause, empty where there is none
    held_by: list[HolderRow]


class TypeRow(Row, kw_only=True):
    """All nodes with one type and resource. `largest_free` is the most that one node has free."""

    cluster: str
    type: str
    resource: str
    nodes: int
    capacity: int
    allocatable: int
    busy: int
    free: int
    largest_free: int


class Gpus(Row, kw_only=True):
    """The whole answer. `doubts` say why sums may not be what they seem.

    `unseen` are clusters whose pods were not read: nobody knows what is `busy` or `free` there, whatever the numbers.
    """

    schema: str = SCHEMA
    tool: ToolRow
    nodes: list[NodeGpusRow]
    types: list[TypeRow]
    doubts: list[str]
    unseen: list[str]


def gpus(report: Report, troubles: Sequence[Trouble]) -> Gpus:
    """The GPUs of all nodes that were read, nodes with a cause first, then by name."""
    causes = causes_by_object(report)
    rows: list[NodeGpusRow] = []
    doubts: list[str] = []
    for trouble in troubles:
        snap, place = trouble.snap, trouble.place
        found = [row for node in snap.nodes for row in _node(place, node, causes)]
        found += _claimed(snap, causes)
        for row in found:
            row.severity = severity_of(report, row.causes)
        rows += sorted(found, key=lambda row: (not row.causes, row.node, row.resource))
        if found:
            doubts += [text for _, text in doubts_of_sums(place, (), ())]
        if snap.all(SLICE) and not snap.holds(CLAIM):
            doubts.append("no ResourceClaims were read, so who holds devices of ResourceSlices is unknown")
    return Gpus(
        tool=report.tool,
        nodes=rows,
        types=_types(rows),
        doubts=list(dict.fromkeys(doubts)),
        unseen=[trouble.snap.cluster for trouble in troubles if not trouble.snap.holds("Pod")],
    )


def _node(place: Placement, node: Node, causes: dict[tuple[str, ...], list[str]]) -> Iterator[NodeGpusRow]:
    state = node_state(node)
    for one in devices_of(place, node):
        yield NodeGpusRow(
            cluster=node.cluster,
            node=node.name,
            type=_type(node),
            resource=one.resource,
            capacity=one.there,
            allocatable=one.offered,
            busy=one.busy,
            free=one.free,
            state=state,
            notes=_notes(node, one.resource),
            causes=causes.get(key(ref_row(node.ref)), []),
            severity="",
            held_by=_holders(place.snap, node, one.resource),
        )


def _claimed(snap: Snapshot, causes: dict[tuple[str, ...], list[str]]) -> Iterator[NodeGpusRow]:
    """What nodes offer through claims; the resource is called after the driver."""
    nodes = {node.name: node for node in snap.nodes}
    for one in driven(snap):
        node = nodes.get(one.node)
        state = node_state(node) if node else OPEN
        yield NodeGpusRow(
            cluster=snap.cluster,
            node=one.node,
            type=one.model,
            resource=one.driver,
            capacity=one.total,
            allocatable=one.total - one.tainted,
            busy=one.busy,
            free=one.free(is_open=state == OPEN),
            state=state,
            notes=["through claims"],
            causes=causes.get(key(ref_row(node.ref)), []) if node else [],
            severity="",
            held_by=[HolderRow(pod=pod, count=count) for pod, count in one.held_by.values()],
        )


def _type(node: Node) -> str:
    """The model as a label names it, empty where none does."""
    labels = node.labels
    return labels.get(GPU_PRODUCT_LABEL) or next((labels[name] for name in MODEL_LABELS if labels.get(name)), "")


def _notes(node: Node, resource: str) -> list[str]:
    replicas = node.labels.get(REPLICAS_LABEL, "")
    notes = [f"each shared by {replicas}"] if replicas.isdigit() and replicas != "1" and "/gpu" in resource else []
    taints = [taint.key for _, taint in blocking_taints(node) if taint.key and not is_gpu(taint.key)]
    notes += [f"taint {name}" for name in taints if not name.startswith(AUTOMATIC_TAINT_PREFIX)]
    return notes


def _holders(snap: Snapshot, node: Node, resource: str) -> list[HolderRow]:
    held = [
        HolderRow(pod=ref_row(pod.ref), count=-(-amount // 1000))
        for pod in snap.pods_by_node.get(node.name, ())
        if occupies_node(pod) and (amount := pod_requests(pod).get(resource, 0)) > 0
    ]
    return sorted(held, key=lambda one: (-one.count, one.pod.namespace, one.pod.name))


def _types(rows: Sequence[NodeGpusRow]) -> list[TypeRow]:
    found: dict[tuple[str, str, str], TypeRow] = {}
    for row in rows:
        where = (row.cluster, row.type, row.resource)
        total = found.setdefault(
            where,
            TypeRow(
                cluster=row.cluster, type=row.type, resource=row.resource, nodes=0, capacity=0, allocatable=0, busy=0,
                free=0, largest_free=0,
            ),
        )  # fmt: skip
        total.nodes += 1
        total.capacity += row.capacity or 0
        total.allocatable += row.allocatable
        total.busy += row.busy
        total.free += row.free
        total.largest_free = max(total.largest_free, row.free)
    return [found[where] for where in sorted(found)]
