"""Where a shape could run: the same arithmetic as the scheduler's, on the nodes of the snapshot.

Per node, in the scheduler's order, only the first of: cordoned, untolerated taint, selector or affinity; then *all*
short resources (kubernetes/kubernetes pkg/scheduler/framework/plugins, default profile). Pod affinity, spread, ports,
volumes and DRA are not decided here.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from diag.facts import nodes as node_facts
from diag.facts.gpus import Amounts, add, pod_requests
from diag.facts.pods import occupies_node
from diag.facts.selection import matches_term
from diag.projection import dicts
from diag.snapshot.kinds import Node, Taint
from diag.snapshot.snapshot import Snapshot
from diag.trouble.shapes import Shape


class Barrier(StrEnum):
    """Why a node is out for a shape, whatever it has free."""

    CORDONED = "cordoned"
    TAINT = "taint"
    SELECTOR = "selector"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a shape may run on a node at all. `taint` is the first that is not tolerated, with its place."""

    barrier: Barrier | None = None
    taint: Taint | None = None
    taint_index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Largest:
    """The largest allocatable amount of a resource, and the node that has it."""

    node: Node
    amount: int  # thousandths


@dataclass(slots=True)
class Counts:
    """All nodes, sorted for one shape as the scheduler sorts them."""

    total: int = 0
    barred: Counter[Barrier] = field(default_factory=Counter)
    short: Counter[str] = field(default_factory=Counter)  # resource -> nodes that are short of it
    fitting: list[Node] = field(default_factory=list)
    open: list[Node] = field(default_factory=list)  # may run there, were there room


class Placement:
    """Nodes with what they have free, asked by shape."""

    def __init__(self, snap: Snapshot) -> None:
        self.snap = snap
        self._static: dict[tuple[object, ...], Verdict] = {}
        self._counts: dict[tuple[object, ...], Counts] = {}

    @cached_property
    def used(self) -> dict[str, Amounts]:
        """What the pods of each node ask for, in thousandths by resource. One pass over all pods."""
        found: dict[str, Amounts] = {node.name: {} for node in self.snap.nodes}
        for pod in self.snap.pods:
            if occupies_node(pod):
                add(found.setdefault(pod.spec.node_name or "", {}), pod_requests(pod))
        return found

    @cached_property
    def free(self) -> dict[str, Amounts]:
        """What each node has left: allocatable minus used, below zero where it is overcommitted."""
        return {
            node.name: {
                resource: amount - self.used[node.name].get(resource, 0)
                for resource, amount in node_facts.allocatable(node).items()
            }
            for node in self.snap.nodes
        }

    def verdict(
        self, shape: Shape, node: Node, *, ignore_cordon: bool = False, ignore_taints: frozenset[str] = frozenset()
    ) -> Verdict:
        """Whether the shape may run on the node, whatever is free there. `ignore_taints` are a fault's own keys."""
        labels = node.labels
        # Nodes alike in all that the shape looks at get one answer.
        key = (
            shape.key,
            bool(node.spec.unschedulable) and not ignore_cordon,
            tuple((taint.key, taint.value, taint.effect) for taint in node.spec.taints or ()),
            tuple(labels.get(name) for name in _label_keys(shape)),
            (node.name, fields) if (fields := _fields(shape)) else "",
            ignore_taints,
        )
        found = self._static.get(key)
        if found is None:
            found = self._static[key] = _judge(shape, node, ignore_cordon=ignore_cordon, ignore_taints=ignore_taints)
        return found

    def short(self, shape: Shape, node: Node) -> list[str]:
        """The resources that the node has too little of, free. Nothing is asked for where 0 is, even if overdrawn."""
        free = self.free.get(node.name, {})
        asked = shape.requests.items()
        return sorted(name for name, amount in asked if amount > 0 and amount > free.get(name, unlisted(name)))

    def too_small(self, shape: Shape, node: Node) -> list[str]:
        """The resources that the node would have too little of even when empty."""
        offered = node_facts.allocatable(node)
        return sorted(name for name, amount in shape.requests.items() if amount > offered.get(name, unlisted(name)))

    def count(self, shape: Shape) -> Counts:
        """All nodes sorted for a shape."""
        key = (*shape.key, _fields(shape))
        found = self._counts.get(key)
        if found is None:
            found = self._counts[key] = Counts()
            for node in self.snap.nodes:
                found.total += 1
                barrier = self.verdict(shape, node).barrier
                if barrier:
                    found.barred[barrier] += 1
                    continue
                found.open.append(node)
                short = self.short(shape, node)
                found.short.update(short)
                if not short:
                    found.fitting.append(node)
        return found

    def largest(self, resource: str, among: list[Node] | None = None) -> Largest | None:
        """The node that offers most of a resource, among all or the given ones; None when none offers any."""
        best: Largest | None = None
        for node in self.snap.nodes if among is None else among:
            amount = node_facts.allocatable(node).get(resource, 0)
            if amount > 0 and (best is None or amount > best.amount):
                best = Largest(node=node, amount=amount)
        return best

    def selected(self, shape: Shape) -> list[Node]:
        """Nodes that satisfy selector and affinity, whatever their taints and cordons."""
        return [node for node in self.snap.nodes if _selected(shape, node)]


def pinned(shape: Shape) -> frozenset[str]:
    """The nodes that the shape names itself (`metadata.name` in matchFields), as pods of a DaemonSet do."""
    return frozenset(
        value
        for term in dicts(shape.terms)
        for one in dicts(term.get("matchFields"))
        if one.get("key") == "metadata.name" and one.get("operator") == "In" and isinstance(one.get("values"), list)
        for value in one["values"]
        if isinstance(value, str)
    )


def _judge(shape: Shape, node: Node, *, ignore_cordon: bool, ignore_taints: frozenset[str]) -> Verdict:
    tolerated = shape.tolerations
    if node.spec.unschedulable and not ignore_cordon:
        cordon = Taint(key=node_facts.UNSCHEDULABLE_TAINT, value="", effect="NoSchedule")
        if not node_facts.tolerates(tolerated, cordon):
            return Verdict(Barrier.CORDONED)
    for index, taint in node_facts.blocking_taints(node):
        if taint.key not in ignore_taints and not node_facts.tolerates(tolerated, taint):
            return Verdict(Barrier.TAINT, taint, index)
    return Verdict() if _selected(shape, node) else Verdict(Barrier.SELECTOR)


def _selected(shape: Shape, node: Node) -> bool:
    labels = node.labels
    if any(labels.get(key) != value for key, value in shape.node_selector.items()):
        return False
    terms = shape.terms
    return not terms or any(matches_term(labels, node.name, term) for term in terms)


def _label_keys(shape: Shape) -> list[str]:
    keys = set(shape.node_selector)
    for term in dicts(shape.terms):
        keys.update(str(expression.get("key")) for expression in dicts(term.get("matchExpressions")))
    return sorted(keys)


def _fields(shape: Shape) -> str:
    """What the shape demands of fields of the node, which its key leaves out: pods of a DaemonSet name their nodes."""
    fields = [term["matchFields"] for term in dicts(shape.terms) if term.get("matchFields")]
    return repr(fields) if fields else ""


def unlisted(resource: str) -> int:
    """What a node that does not list a resource has of it.

    A partial object without allocatable cpu, memory, pods or ephemeral storage does not mean none: every kubelet lists
    those.
    """
    return 1 << 62 if resource in ("cpu", "memory", "pods", "ephemeral-storage") else 0
