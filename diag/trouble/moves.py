"""The smallest move: which pods would have to leave one node so that another shape finds room there.

Looked for among sets of few pods, dearest obstacles first: pods whose budget allows no disruption, pods that nobody
would make anew, then the number of pods, their priority, and what would be moved beyond need. Pods of DaemonSets and
of the kubelet's own files come back by themselves, so they are never moved. A terminating pod is counted as gone.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import combinations, islice

from diag.facts.budgets import BUDGET, Budget, budget
from diag.facts.drains import is_to_be_moved
from diag.facts.gpus import Amounts, pod_requests
from diag.facts.pods import occupies_node
from diag.snapshot.kinds import Node, Pod
from diag.trouble.placement import Placement, pinned, unlisted
from diag.trouble.shapes import Shape, shape_of

MAX_NODES = 50  # that a move is looked for on, those that lack least first
MAX_FEW = 4  # pods of which all sets are tried
MAX_CANDIDATES = 16  # pods of one node that sets are made of, those that hold most of what is missing first
MAX_PLANS = 50  # for which other places are looked for, the cheapest first


class Hold(StrEnum):
    """Why a pod had better stay."""

    BUDGET = "budget"  # its PodDisruptionBudget allows no disruption
    BARE = "bare"  # nothing would make it anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One pod that would have to leave. `to` has room for it, None where no node has; `ending`: it is going already."""

    pod: Pod
    to: Node | None = None
    hold: Hold | None = None
    ending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The pods of one node that would have to leave, those that are going already first."""

    node: Node
    pods: tuple[Moved, ...]

    @property
    def lands(self) -> bool:
        """Whether every pod that is not going anyway has another place."""
        return all(moved.ending or moved.to is not None for moved in self.pods)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Pods of a node, with why each had better stay and what that costs. Cheaper plans sort first."""

    cost: tuple[int, int, int, int, int]
    node: Node
    pods: tuple[Pod, ...]
    holds: tuple[Hold | None, ...]
    ending: tuple[Pod, ...]

    @property
    def order(self) -> tuple[object, ...]:
        return (*self.cost, self.node.name, [(pod.namespace, pod.name) for pod in self.pods])


class Moves:
    """Looks for moves on the nodes of one snapshot."""

    def __init__(self, place: Placement) -> None:
        self.place = place

    @cached_property
    def budgets(self) -> list[Budget]:
        """All PodDisruptionBudgets, by namespace and name."""
        return [budget(item) for _, item in sorted(self.place.snap.all(BUDGET).items())]

    def smallest(
        self,
        shape: Shape,
        nodes: Sequence[Node],
        *,
        free: Mapping[str, Amounts] | None = None,
        only_landing: bool = False,
    ) -> Move | None:
        """The cheapest move that makes room for the shape on one of the nodes; None where there is none.

        `free` says what nodes have left where that is not what the snapshot says. Of two moves of as many pods, one
        whose pods find other places wins; with `only_landing` none else counts.
        """
        free = self.place.free if free is None else free
        lacking = [
            (node, missing)
            for node in nodes
            if not self.place.verdict(shape, node).barrier
            and not self.place.too_small(shape, node)
            and (missing := _missing(shape, free.get(node.name, {})))
        ]
        lacking.sort(key=lambda one: (_share(one[1], shape.requests), one[0].name))
        plans = [plan for node, missing in lacking[:MAX_NODES] for plan in self._plans(node, missing)]
        plans.sort(key=lambda plan: plan.order)
        cheapest = plans[:MAX_PLANS] if only_landing else [plan for plan in plans if plan.cost[:3] == plans[0].cost[:3]]
        for plan in cheapest[:MAX_PLANS]:
            move = self._landed(plan, free)
            if move.lands:
                return move
        return None if only_landing or not plans else self._landed(plans[0], free)

    def _plans(self, node: Node, missing: Amounts) -> Iterator[_Plan]:
        """All small sets of pods of the node that hold what is missing; where there is none, one larger set."""
        here = [pod for pod in self.place.snap.pods_by_node.get(node.name, ()) if occupies_node(pod)]
        holding = [pod for pod in here if any(pod_requests(pod).get(name, 0) > 0 for name in missing)]
        ending = tuple(pod for pod in holding if pod.metadata.deletion_timestamp)
        left = _less(missing, ending)
        movable = [pod for pod in holding if is_to_be_moved(pod)]
        if not left:
            yield self._plan(node, (), ending, missing)
            return
        movable.sort(key=lambda pod: (self._hold(pod) is not None, -_share(pod_requests(pod), left), _name(pod)))
        few = movable[:MAX_CANDIDATES]
        sets = (pods for size in range(1, MAX_FEW + 1) for pods in combinations(few, size))
        found = [self._plan(node, pods, ending, left) for pods in sets if not _less(left, pods)]
        if found:
            # The next set of one node matters only where the first finds no other place.
            yield from islice(sorted(found, key=lambda plan: plan.order), MAX_PLANS)
        elif not _less(left, movable):
            yield self._plan(node, self._reprieved(movable, left), ending, left)

    def _reprieved(self, movable: list[Pod], missing: Amounts) -> tuple[Pod, ...]:
        """All pods but those that may stay, as the scheduler's preemption spares the more important first."""
        going = list(movable)
        for pod in sorted(
            movable,
            key=lambda one: (
                self._hold(one) is None,
                -(one.spec.priority or 0),
                _share(pod_requests(one), missing),
                _name(one),
            ),
        ):
            rest = [one for one in going if one is not pod]
            if not _less(missing, rest):
                going = rest
        return tuple(sorted(going, key=_name))

    def _plan(self, node: Node, pods: tuple[Pod, ...], ending: tuple[Pod, ...], missing: Amounts) -> _Plan:
        holds = self._holds(pods)
        excess = sum(
            sum(pod_requests(pod).get(name, 0) for pod in pods) * 1000 // amount for name, amount in missing.items()
        )
        cost = (
            sum(hold is Hold.BUDGET for hold in holds),
            sum(hold is Hold.BARE for hold in holds),
            len(pods),
            max((pod.spec.priority or 0 for pod in pods), default=0),
            excess,
        )
        return _Plan(cost, node, pods, holds, ending)

    def _hold(self, pod: Pod) -> Hold | None:
        return self._holds((pod,))[0]

    def _holds(self, pods: Sequence[Pod]) -> tuple[Hold | None, ...]:
        """Why each of the pods had better stay, if the others go as well: a budget allows only so many."""
        asked: Counter[int] = Counter()
        found: list[Hold | None] = []
        for pod in pods:
            refused = False
            for number, one in enumerate(self.budgets):
                if one.selects(pod):
                    asked[number] += 1
                    refused |= one.refuses(pod) or (one.allowed is not None and 0 < one.allowed < asked[number])
            found.append(Hold.BUDGET if refused else None if pod.owners else Hold.BARE)
        return tuple(found)

    def _landed(self, plan: _Plan, free: Mapping[str, Amounts]) -> Move:
        """The plan with a place for each of its pods, the nodes that it fits most closely first."""
        taken: dict[str, Amounts] = {}
        moved = [Moved(pod=pod, ending=True) for pod in plan.ending]
        for pod, hold in zip(plan.pods, plan.holds, strict=True):
            to = self._target(pod, plan.node, free, taken)
            moved.append(Moved(pod=pod, to=to, hold=hold))
        return Move(node=plan.node, pods=tuple(moved))

    def _target(self, pod: Pod, away_from: Node, free: Mapping[str, Amounts], taken: dict[str, Amounts]) -> Node | None:
        """Another node with room for the pod, which is taken from it."""
        shape = shape_of(pod)
        if pinned(shape) or shape.device_claims:
            return None
        best: tuple[int, str] | None = None
        for node in self.place.snap.nodes:
            left = taken.get(node.name, free.get(node.name, {}))
            if node is away_from or _missing(shape, left) or self.place.verdict(shape, node).barrier:
                continue
            spare = sum(left.get(name, 0) - amount for name, amount in shape.requests.items() if name in shape.gpus)
            best = min(filter(None, (best, (spare, node.name))))
        if best is None:
            return None
        left = taken.setdefault(best[1], dict(free.get(best[1], {})))
        for name, amount in shape.requests.items():
            if name in left:
                left[name] -= amount
        found = self.place.snap.get("Node", "", best[1])
        return found if isinstance(found, Node) else None


def _missing(shape: Shape, free: Amounts) -> Amounts:
    """What a node with so much left lacks for the shape."""
    lacks = {name: amount - free.get(name, unlisted(name)) for name, amount in shape.requests.items()}
    # A request for nothing fits wherever nothing is overdrawn, and is none of the scheduler's business elsewhere.
    return {name: amount for name, amount in lacks.items() if amount > 0 and shape.requests[name] > 0}


def _less(missing: Amounts, pods: Sequence[Pod]) -> Amounts:
    """What is still missing once the pods are gone."""
    left = {name: amount - sum(pod_requests(pod).get(name, 0) for pod in pods) for name, amount in missing.items()}
    return {name: amount for name, amount in left.items() if amount > 0}


def _share(amounts: Amounts, of: Amounts) -> int:
    """How much of something some amounts are, in thousandths, each resource counted up to the whole."""
    return sum(min(amounts.get(name, 0) * 1000 // whole, 1000) for name, whole in of.items() if whole > 0)


def _name(pod: Pod) -> tuple[str, str]:
    return pod.namespace, pod.name
