"""What a waiting shape lacks on the nodes that it may run on: a pod's slot, CPU or memory, one large hole, or GPUs.

One pool has one shortage at a time, told in this order: a node with all that is asked for but a slot for one more pod;
a node with the GPUs but without the CPU or memory beside them; GPUs that are free on several nodes; too few altogether.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from diag.facts.gpus import pod_requests
from diag.facts.nodes import allocatable
from diag.facts.pods import occupies_node
from diag.findings import Ref
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.room.moves import Move, Moves
from diag.trouble.room.placement import Placement, pinned
from diag.trouble.shapes import Shape, main_gpu

MAX_NODES = 20  # that a move is looked for on, the ones with most room first


class Lack(StrEnum):
    """Which shortage it is, by the name of the cause."""

    POD_SLOTS = "pod-limit-of-node-reached"
    BESIDE_GPUS = "gpu-stranded-by-cpu-memory"
    ONE_NODE = "gpu-fragmentation"
    GPUS = "gpu-capacity-exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """One group's shortage. `nodes` are those that decide: full ones, or those that may hold it, most free first."""

    group: Group
    shape: Shape
    lack: Lack
    resource: str  # the GPU resource; "pods" for a shape without GPUs
    nodes: tuple[Node, ...]
    free: dict[str, int]  # node -> free thousandths of the resource, none below zero

    @property
    def wanted(self) -> int:
        """Thousandths of the resource that one pod asks for."""
        return self.shape.requests[self.resource]

    @property
    def total(self) -> int:
        """Free thousandths on all nodes that count."""
        return sum(self.free.values())

    @property
    def most(self) -> int:
        """Free thousandths on the roomiest node."""
        return max(self.free.values(), default=0)


def shortage(place: Placement, group: Group) -> Shortage | None:
    """The shortage of a group that waits for a node; None where a node would take it, or where none is large enough."""
    shape = group.shape
    if shape is None:
        return None
    resource = main_gpu(shape.requests)
    usable = [node for node in _candidates(place, group) if not place.too_small(shape, node)]
    short = {node.name: place.short(shape, node) for node in usable}
    if not usable or not all(short.values()):
        return None
    full = [node for node in usable if short[node.name] == ["pods"]]
    if full:
        counted = resource or "pods"
        return Shortage(
            group=group, shape=shape, lack=Lack.POD_SLOTS, resource=counted, nodes=tuple(full),
            free=_free(place, full, counted),
        )  # fmt: skip
    if resource is None:
        return None
    wanted = shape.requests[resource]
    # GPUs of a node that is too small otherwise are of no use to the pod, however many are free there.
    offering = [
        node
        for node in place.count(shape).open
        if allocatable(node).get(resource, 0) > 0 and set(place.too_small(shape, node)) <= {resource}
    ]
    free = _free(place, offering, resource)
    whole = [node for node in usable if free.get(node.name, 0) >= wanted]
    lack = Lack.BESIDE_GPUS if whole else Lack.ONE_NODE if sum(free.values()) >= wanted else Lack.GPUS
    ordered = sorted(whole or offering, key=lambda node: (-free[node.name], node.name))
    return Shortage(group=group, shape=shape, lack=lack, resource=resource, nodes=tuple(ordered), free=free)


def _candidates(place: Placement, group: Group) -> list[Node]:
    """Nodes that a member may be put on by taints, cordon, selector and affinity."""
    assert group.shape is not None  # noqa: S101  asked by the caller
    if not pinned(group.shape):
        return place.count(group.shape).open
    own = {name: one.shape for one in group.complaints if one.shape for name in pinned(one.shape)}
    return [node for node in place.snap.nodes if node.name in own and not place.verdict(own[node.name], node).barrier]


def _free(place: Placement, nodes: list[Node], resource: str) -> dict[str, int]:
    return {node.name: max(place.free[node.name].get(resource, 0), 0) for node in nodes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A workload that holds a resource on some nodes."""

    workload: Ref
    amount: int  # thousandths
    pods: tuple[Pod, ...]


def holders(place: Placement, root: Callable[[Pod], Ref], nodes: Iterable[Node], resource: str) -> list[Holder]:
    """Who holds a resource on these nodes, the largest first. `root` names the workload of a pod."""
    amounts: dict[Ref, int] = defaultdict(int)
    pods: dict[Ref, list[Pod]] = defaultdict(list)
    for node in nodes:
        for pod in place.snap.pods_by_node.get(node.name, ()):
            amount = pod_requests(pod).get(resource, 0) if occupies_node(pod) else 0
            if amount > 0:
                owner = root(pod)
                amounts[owner] += amount
                pods[owner].append(pod)
    ordered = sorted(amounts, key=lambda ref: (-amounts[ref], ref))
    return [Holder(workload=ref, amount=amounts[ref], pods=tuple(pods[ref])) for ref in ordered]


def smallest_move(place: Placement, lacking: Shortage) -> Move | None:
    """The pods (of the fewest GPUs) that would have to leave one of the nodes so that it could take the shape.

    One whose pods have other places, if there is any; else the cheapest, whose pods say why they have none.
    """
    moves, nodes = Moves(place), lacking.nodes[:MAX_NODES]
    landing = moves.smallest(lacking.shape, nodes, only_landing=True)
    return landing or moves.smallest(lacking.shape, nodes)
