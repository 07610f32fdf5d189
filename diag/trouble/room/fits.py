"""Whether pods of a shape would fit now: where, why not elsewhere, what would have to move, what mending would bring.

The same arithmetic as for pods that wait (`placement`), asked for a pod that need not exist. What a pod demands of the
pods around it, volumes and claimed devices are not worked out; `unasked` names them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from diag.facts.gpus import Amounts
from diag.facts.nodes import allocatable, blocking_taints, tolerates
from diag.facts.pod_terms import hard_spreads, host_ports, pod_terms
from diag.snapshot.kinds import Node, Pod, Taint
from diag.trouble.relations.selectors import Narrowing, narrowings
from diag.trouble.relations.unmet import meets
from diag.trouble.room.moves import Move, Moves
from diag.trouble.room.placement import Barrier, Placement, unlisted
from diag.trouble.room.pools import FaultKind, LostNode, Pools, takes
from diag.trouble.shapes import Shape, shape_of


class Out(StrEnum):
    """Why a node would not take the pod, in the order in which the scheduler asks."""

    CORDONED = "cordoned"
    TAINT = "taint"
    SELECTOR = "selector"
    TOO_SMALL = "too-small"  # even when empty
    SHORT = "short"  # now


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Nodes that are out for the same reason. Only what belongs to `why` is filled."""

    why: Out
    taints: tuple[tuple[str, str, str], ...] = ()  # key, value, effect of all that are not tolerated
    unmet: tuple[Narrowing, ...] = ()  # all demands that the nodes do not meet
    resources: tuple[str, ...] = ()
    nodes: list[Node] = field(default_factory=list, compare=False)
    most: Amounts = field(default_factory=dict, compare=False)  # of `resources`: the most on one of the nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Roomy:
    """A node that would take the pod now. `pods`: how many of those asked for it would take alone."""

    node: Node
    pods: int
    free: Amounts  # of what the pod asks for, thousandths


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A node that would take the pod once its fault is mended.

    `waiting` pods that wait already would go there first; `pods` of those asked for would find room beside them.
    """

    node: Node
    fault: FaultKind
    pods: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """The answer for one cluster."""

    wanted: int
    fits: int  # of those wanted, all nodes together
    roomy: list[Roomy]  # best first: the node that it fills most closely
    refusals: list[Refusal]
    move: Move | None  # for the next pod, where not all fit
    mended: list[Mended]
    unasked: tuple[str, ...]


def fitting(place: Placement, pools: Pools, pod: Pod, wanted: int) -> Fitting:
    """Try `wanted` pods like this one on all nodes of the snapshot."""
    shape = shape_of(pod)
    counts = place.count(shape)
    roomy = [
        Roomy(
            node=node,
            pods=min(_copies(shape, place.free[node.name]), wanted),
            free={name: place.free[node.name].get(name, 0) for name in shape.requests},
        )
        for node in counts.fitting
    ]
    roomy.sort(key=lambda one: (*_left_over(shape, one.free), one.node.name))
    fits = min(sum(one.pods for one in roomy), wanted)
    move = None
    if fits < wanted:
        move = Moves(place).smallest(shape, counts.open, free=_filled(place, shape, roomy))
    taken = {one.node.name for one in roomy}
    mended = [
        one
        for name, lost in sorted(pools.lost.items())
        if name not in taken and (one := _mended(place, pools, lost, shape, wanted))
    ]
    return Fitting(
        wanted=wanted, fits=fits, roomy=roomy, refusals=_refusals(place, shape, narrowings(pod)), move=move,
        mended=mended, unasked=tuple(unasked(pod, shape)),
    )  # fmt: skip


def unasked(pod: Pod, shape: Shape) -> Iterator[str]:
    """What else decides where this pod may run, and is not worked out here."""
    if pod_terms(pod, "podAffinity"):
        yield "pod affinity"
    if pod_terms(pod, "podAntiAffinity"):
        yield "pod anti-affinity"
    if hard_spreads(pod):
        yield "topology spread"
    if any(host_ports(pod)):
        yield "host ports"
    if shape.claims:
        yield "volumes"
    if shape.device_claims:
        yield "claimed devices"


def _mended(place: Placement, pools: Pools, lost: LostNode, shape: Shape, wanted: int) -> Mended | None:
    """What a lost node would take; None where it would not take one even if nobody waited."""
    room, waiting = dict(lost.room), 0
    for key, nodes in pools.placed.items():
        group, there = pools.groups[key], nodes.get(lost.node.name, 0)
        waiting += there
        for name, amount in (group.shape.requests if group.shape else {}).items():
            if name in room:
                room[name] += amount * there
    if not takes(place, replace(lost, room=room), shape):
        return None
    return Mended(node=lost.node, fault=lost.fault, pods=min(takes(place, lost, shape), wanted), waiting=waiting)


def _copies(shape: Shape, free: Amounts) -> int:
    """How many pods have room in so much."""
    return min(
        (free.get(name, unlisted(name)) // amount for name, amount in shape.requests.items() if amount > 0), default=0
    )


def _left_over(shape: Shape, free: Amounts) -> tuple[int, int]:
    """What one pod would leave: GPUs first, so that large holes stay whole, then CPU."""
    gpus = sum(free[name] - shape.requests[name] for name in shape.gpus)
    return gpus, free.get("cpu", 0)


def _filled(place: Placement, shape: Shape, roomy: list[Roomy]) -> dict[str, Amounts]:
    """What nodes have left once every pod that fits is there."""
    free = dict(place.free)
    for one in roomy:
        left = free[one.node.name]
        free[one.node.name] = {name: amount - one.pods * shape.requests.get(name, 0) for name, amount in left.items()}
    return free


def _refusals(place: Placement, shape: Shape, demands: list[Narrowing]) -> list[Refusal]:
    """All nodes that are out, in classes: the scheduler's order first, then the larger class."""
    found: dict[Refusal, Refusal] = {}
    for node in place.snap.nodes:
        one = _refusal(place, shape, demands, node)
        if one is None:
            continue
        kept = found.setdefault(one, one)
        kept.nodes.append(node)
        has = allocatable(node) if one.why is Out.TOO_SMALL else place.free[node.name]
        for name in one.resources:
            kept.most[name] = max(kept.most.get(name, 0), has.get(name, 0))
    order = list(Out)
    return sorted(
        found.values(), key=lambda one: (order.index(one.why), -len(one.nodes), one.resources, one.nodes[0].name)
    )


def _refusal(place: Placement, shape: Shape, demands: list[Narrowing], node: Node) -> Refusal | None:
    match place.verdict(shape, node).barrier:
        case Barrier.CORDONED:
            return Refusal(why=Out.CORDONED)
        case Barrier.TAINT:
            taints = [_parts(taint) for _, taint in blocking_taints(node) if not tolerates(shape.tolerations, taint)]
            return Refusal(why=Out.TAINT, taints=tuple(taints))
        case Barrier.SELECTOR:
            return Refusal(why=Out.SELECTOR, unmet=tuple(one for one in demands if not meets(node, one)))
    if small := place.too_small(shape, node):
        return Refusal(why=Out.TOO_SMALL, resources=tuple(small))
    if short := place.short(shape, node):
        return Refusal(why=Out.SHORT, resources=tuple(short))
    return None


def _parts(taint: Taint) -> tuple[str, str, str]:
    return taint.key or "", taint.value or "", taint.effect or ""
