"""Charging: which waiters would run if a node's fault were mended, and how many stay waiting all the same.

Three of 40 nodes with a broken driver explain 24 GPUs' worth of waiters, not all of them. Waiters come by priority,
then age, one pod at a time with all its resources; lost nodes by name. A lost node offers its capacity where the
resource is gone, else its allocatable, minus its pods; only the fault's own taint or cordon is looked past. Pods that
are being deleted from a node without a kubelet hold nothing: once it is back they end at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from diag.facts.drains import is_parked
from diag.facts.gpus import Amounts, add, is_gpu, pod_requests
from diag.facts.nodes import AUTOMATIC_TAINT_PREFIX, allocatable, capacity, is_ready, pressure_taints
from diag.facts.pod_terms import host_ports, ports_clash
from diag.facts.pods import occupies_node
from diag.facts.scheduler_message import parse_scheduler_message
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.room.placement import Placement, unlisted
from diag.trouble.shapes import Shape
from diag.vocab.drains import PARKING
from diag.vocab.gpu_health import QUARANTINE

UNKNOWN = 1 << 60
MAX_PODS = 5_000  # of one group that are placed one by one


class FaultKind(StrEnum):
    """Why a node takes no pods although it has room."""

    WITHOUT_GPUS = "without-gpus"
    NOT_READY = "not-ready"
    CORDONED = "cordoned"
    PRESSURE = "pressure"


@dataclass(slots=True)
class LostNode:
    """A node out of use, and what it would offer without its fault."""

    node: Node
    fault: FaultKind
    room: Amounts
    ignore_taints: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """Members of a waiting group that would run on lost nodes."""

    group: Group
    pods: int
    nodes: tuple[Node, ...]  # by name, each once


@dataclass(slots=True)
class Pools:
    """The result of charging all waiters to all lost nodes."""

    lost: dict[str, LostNode] = field(default_factory=dict)
    placed: dict[str, dict[str, int]] = field(default_factory=dict)  # group key -> node -> pods
    groups: dict[str, Group] = field(default_factory=dict)

    def charged_to(self, names: Iterable[str]) -> list[Charged]:
        """What the faults of these nodes cost, by group."""
        wanted = set(names)
        found = []
        for key, nodes in sorted(self.placed.items()):
            mine = {name: count for name, count in nodes.items() if name in wanted}
            if mine:
                there = tuple(self.lost[name].node for name in sorted(mine))
                found.append(Charged(group=self.groups[key], pods=sum(mine.values()), nodes=there))
        return found

    def remaining(self, group: Group) -> int:
        """Members that no lost node explains."""
        return group.size - sum(self.placed.get(group.key, {}).values())


def charge(place: Placement, waiting: Iterable[Group], without_gpus: dict[str, tuple[str, int]]) -> Pools:
    """Charge the waiters to the lost nodes.

    `without_gpus` names nodes that do not offer the GPUs that they have, with the resource and how many are missing.
    Where nothing says how many (0), the node's CPU and memory are the limit.
    """
    pools = Pools(
        lost={lost.node.name: lost for node in place.snap.nodes if (lost := _lost(place, node, without_gpus))}
    )
    if not pools.lost:
        return pools
    for group, count in sorted(((group, group.size) for group in waiting), key=lambda one: _turn(one[0])):
        pools.groups[group.key] = group
        for _ in range(min(count, MAX_PODS)):
            name = _place_one(place, pools, group)
            if name is None:
                break  # its siblings have the same shape
            nodes = pools.placed.setdefault(group.key, {})
            nodes[name] = nodes.get(name, 0) + 1
    return pools


def _turn(group: Group) -> tuple[int, str, str]:
    return (-(group.shape.priority if group.shape else 0), group.since or "", group.key)


def _lost(place: Placement, node: Node, without_gpus: dict[str, tuple[str, int]]) -> LostNode | None:
    used = place.used.get(node.name, {})
    offers = allocatable(node)
    if is_ready(node) is False:
        own = frozenset(
            taint.key for taint in node.spec.taints or () if taint.key and taint.key.startswith(AUTOMATIC_TAINT_PREFIX)
        )
        return LostNode(node, FaultKind.NOT_READY, _minus(offers, _staying(place, node, used)), own)
    if node.name in without_gpus:
        has = capacity(node)
        if not any(is_gpu(name) and amount > 0 for name, amount in has.items()):
            resource, count = without_gpus[node.name]
            has = {**has, resource: count * 1000 or UNKNOWN}
        full = {
            name: max(amount, has.get(name, 0)) if is_gpu(name) else amount
            for name, amount in {**has, **offers}.items()
        }
        return LostNode(node, FaultKind.WITHOUT_GPUS, _minus(full, used))
    if node.spec.unschedulable or is_parked(node):
        own = frozenset({PARKING}) if is_parked(node) else frozenset()
        return LostNode(node, FaultKind.CORDONED, _minus(offers, used), own)
    short = pressure_taints(node)
    return LostNode(node, FaultKind.PRESSURE, _minus(offers, used), short) if short else None


def _staying(place: Placement, node: Node, used: Amounts) -> Amounts:
    """What the pods of a node ask for without those that are being deleted."""
    going: Amounts = {}
    for pod in place.snap.pods_by_node.get(node.name, ()):
        if pod.metadata.deletion_timestamp and occupies_node(pod):
            add(going, pod_requests(pod))
    return _minus(used, going)


def _minus(offers: Amounts, used: Amounts) -> Amounts:
    return {name: amount - used.get(name, 0) for name, amount in offers.items()}


def _place_one(place: Placement, pools: Pools, group: Group) -> str | None:
    """Put one pod of the group on the first lost node that would take it."""
    shape = group.shape
    if shape is None or shape.device_claims or not _waits_for_resources(group):
        return None
    for name in sorted(pools.lost):
        lost = pools.lost[name]
        if takes(place, lost, shape) and not _port_taken(place, pools, group, name):
            for resource, amount in shape.requests.items():
                if resource in lost.room:
                    lost.room[resource] -= amount
            return name
    return None


def _port_taken(place: Placement, pools: Pools, group: Group, node: str) -> bool:
    """Whether a host port that the group asks for is taken on the node, by a pod there or by one charged to it."""
    if not any(host_ports(group.first)):
        return False
    there = [pod for pod in place.snap.pods_by_node.get(node, ()) if occupies_node(pod)]
    charged = [pools.groups[key].first for key, nodes in pools.placed.items() if node in nodes]
    return any(ports_clash(group.first, other) for other in (*there, *charged))


def takes(place: Placement, lost: LostNode, shape: Shape) -> int:
    """How many pods of the shape a lost node would take, its fault mended, in the room that is not charged yet."""
    ignore_cordon = lost.fault is FaultKind.CORDONED or QUARANTINE in lost.node.annotations
    if place.verdict(shape, lost.node, ignore_cordon=ignore_cordon, ignore_taints=lost.ignore_taints).barrier:
        return 0
    room = lost.room
    asked = {name: amount for name, amount in shape.requests.items() if amount > 0}
    return max(min((room.get(name, unlisted(name)) // amount for name, amount in asked.items()), default=1), 0)


def _waits_for_resources(group: Group) -> bool:
    """A pod that waits for a claim or for its gang as such is not helped by a node."""
    said = parse_scheduler_message(group.message)
    return said is None or said.prefilter is None
