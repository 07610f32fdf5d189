"""The smallest move: which pods would have to leave one node so that another shape finds room there.

Looked for among sets of few pods, dearest obstacles first: pods whose budget allows no disruption, pods that nobody
would make anew, then the GPUs that would be moved, the pods' priority, their number, and what else would be moved
beyond need. Pods of DaemonSets and of the kubelet's own files come back by themselves, so they are never moved. A
terminating pod is counted as gone.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import combinations

from diag.facts.budgets import BUDGET, Budget, budget
from diag.facts.drains import is_to_be_moved
from diag.facts.gpus import Amounts, is_gpu, pod_requests
from diag.facts.pods import occupies_node
from diag.findings import Ref
from diag.snapshot.kinds import Node, Pod
from diag.trouble.room.placement import Placement, pinned, unlisted
from diag.trouble.shapes import Shape, main_gpu, shape_of

MAX_FEW = 4  # pods of which all sets are tried, the smaller sets first
MAX_EVERYWHERE = 2  # pods of which sets are tried on every node; larger ones only on the nodes that lack least
MAX_NODES = 50
MAX_CANDIDATES = 16  # pods of one node that sets are made of, those that hold most of what is missing first
LOWEST = -(2**31)  # no priority is lower: what it counts as when nobody has to leave
MAX_LANDINGS = 50  # sets of one size for which other places are looked for, the cheapest first


class Hold(StrEnum):
    """Why a pod had better stay."""

    BUDGET = "budget"  # its PodDisruptionBudget allows no disruption
    BARE = "bare"  # nothing would make it anew


class Stay(StrEnum):
    """Why no other node is known to take a pod."""

    CONFINED = "confined"  # its selector, affinity or tolerations let it run on no other node
    CLAIMS = "claims"  # where its device claims could be met is not known
    ROOM = "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One pod that would have to leave. `to` has room for it, or `stay` says why none; `ending`: it goes already."""

    pod: Pod
    to: Node | None = None
    stay: Stay | None = None
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

    cost: tuple[int, int, int, int, int, int]  # budgets, bare pods, GPUs, priority, pods, what else beyond need
    node: Node
    pods: tuple[Pod, ...]
    holds: tuple[Hold | None, ...]
    ending: tuple[Pod, ...]

    @property
    def order(self) -> tuple[object, ...]:
        return (*self.cost, self.node.name, [(pod.namespace, pod.name) for pod in self.pods])

    @property
    def free_to_go(self) -> bool:
        """Whether nothing speaks against moving any of its pods."""
        return not any(self.holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """A node that lacks something: who may leave it, who is leaving already, and what is missing before and after."""

    node: Node
    movable: list[Pod]  # those that hold most of what is missing first
    ending: tuple[Pod, ...]
    missing: Amounts
    left: Amounts

    @property
    def least(self) -> tuple[int, int]:
        """No set of its pods that would do moves fewer GPUs than this, or pods of a lower priority."""
        gpus = min((_gpus(pod_requests(pod)) for pod in self.movable), default=0)
        return max(gpus, _gpus(self.left)), min((pod.spec.priority or 0 for pod in self.movable), default=0)


class Moves:
    """Looks for moves on the nodes of one snapshot."""

    def __init__(self, place: Placement) -> None:
        self.place = place
        self._alone: dict[tuple[str, str], Hold | None] = {}
        self._selecting: dict[tuple[str, bytes], list[Budget]] = {}

    @cached_property
    def budgets(self) -> dict[str, list[Budget]]:
        """All PodDisruptionBudgets by namespace, each list by name."""
        found: dict[str, list[Budget]] = defaultdict(list)
        for (namespace, _), item in sorted(self.place.snap.all(BUDGET).items()):
            found[namespace].append(budget(item))
        return dict(found)

    def _budgets_of(self, pod: Pod) -> list[Budget]:
        """The budgets that select the pod, worked out once for pods of equal labels."""
        key = (pod.namespace, bytes(pod.metadata.labels))
        if key not in self._selecting:
            self._selecting[key] = [one for one in self.budgets.get(pod.namespace, ()) if one.selects(pod)]
        return self._selecting[key]

    def smallest(
        self,
        shape: Shape,
        nodes: Sequence[Node],
        *,
        free: Mapping[str, Amounts] | None = None,
        only_landing: bool = False,
    ) -> Move | None:
        """The cheapest move that makes room for the shape on one of the nodes; None where there is none.

        `free` says what nodes have left where that is not what the snapshot says. Of two moves of as many GPUs, one
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
        sites = [self._site(node, missing) for node, missing in lacking]
        landing = Landing(self.place, free)
        plans: list[_Plan] = []
        best: tuple[_Plan, Move] | None = None
        for size in range(MAX_FEW + 1):
            tried = sites if size <= MAX_EVERYWHERE else sites[:MAX_NODES]
            if best is not None and best[0].free_to_go:  # more pods win only with fewer GPUs, or a lower priority
                gpus_and_priority = best[0].cost[2:4]
                tried = [site for site in tried if site.least < gpus_and_priority]
            found = [plan for site in tried for plan in self._plans(site, size)]
            if found:
                plans += found
                best = _best(plans, landing, only_landing=only_landing)
        if best is None or not best[0].free_to_go:
            # Nothing small is free to go: rather many pods than one that had better stay.
            plans += [plan for site in sites[:MAX_NODES] if (plan := self._many(site))]
            best = _best(plans, landing, only_landing=only_landing)
        return best[1] if best else None

    def _plans(self, site: _Site, size: int) -> Iterator[_Plan]:
        """All sets of so many pods of the node that hold what is missing once the ending ones are gone."""
        if not site.left:
            if size == 0:
                yield self._plan(site, (), site.missing)
        elif size:
            pods = site.movable if size == 1 else site.movable[:MAX_CANDIDATES]
            yield from (
                self._plan(site, few, site.left) for few in combinations(pods, size) if not _less(site.left, few)
            )

    def _many(self, site: _Site) -> _Plan | None:
        """As many pods of the node as it takes, where no small set would do."""
        if _less(site.left, site.movable):
            return None
        return self._plan(site, self._reprieved(site.movable, site.left), site.left)

    def _site(self, node: Node, missing: Amounts) -> _Site:
        """Pods that may be moved, those that hold most first; pods that are ending; what is missing without these."""
        here = [pod for pod in self.place.snap.pods_by_node.get(node.name, ()) if occupies_node(pod)]
        holding = [pod for pod in here if any(pod_requests(pod).get(name, 0) > 0 for name in missing)]
        ending = tuple(pod for pod in holding if pod.metadata.deletion_timestamp)
        left = _less(missing, ending)
        movable = [pod for pod in holding if is_to_be_moved(pod)] if left else []
        movable.sort(
            key=lambda pod: (
                self._hold(pod) is not None,
                -_share(pod_requests(pod), left),
                _gpus(pod_requests(pod)),
                _name(pod),
            )
        )
        return _Site(node=node, movable=movable, ending=ending, missing=missing, left=left)

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

    def _plan(self, site: _Site, pods: tuple[Pod, ...], missing: Amounts) -> _Plan:
        holds = self._holds(pods)
        excess = sum(
            sum(pod_requests(pod).get(name, 0) for pod in pods) * 1000 // amount for name, amount in missing.items()
        )
        cost = (
            sum(hold is Hold.BUDGET for hold in holds),
            sum(hold is Hold.BARE for hold in holds),
            sum(_gpus(pod_requests(pod)) for pod in pods),
            max((pod.spec.priority or 0 for pod in pods), default=LOWEST),
            len(pods),
            excess,
        )
        return _Plan(cost, site.node, pods, holds, site.ending)

    def _hold(self, pod: Pod) -> Hold | None:
        """Why the pod had better stay, for itself. Asked of the same pod many times."""
        place = (pod.namespace, pod.name)
        if place not in self._alone:
            self._alone[place] = self._holds((pod,))[0]
        return self._alone[place]

    def _holds(self, pods: Sequence[Pod]) -> tuple[Hold | None, ...]:
        """Why each of the pods had better stay, if the others go as well: a budget allows only so many."""
        asked: Counter[Ref] = Counter()
        found: list[Hold | None] = []
        for pod in pods:
            refused = False
            for one in self._budgets_of(pod):
                asked[one.item.ref] += 1
                refused |= one.refuses(pod) or (one.allowed is not None and 0 < one.allowed < asked[one.item.ref])
            found.append(Hold.BUDGET if refused else None if pod.owners else Hold.BARE)
        return tuple(found)


class Landing:
    """Other places for pods that would have to leave, in what nodes have free."""

    def __init__(self, place: Placement, free: Mapping[str, Amounts]) -> None:
        self.place, self.free = place, free
        self._orders: dict[str, list[tuple[int, str, Node]]] = {}

    def landed(self, plan: _Plan) -> Move:
        """The plan with a place for each of its pods; two of them never take the same room."""
        taken: dict[str, Amounts] = {}
        moved = [Moved(pod=pod, ending=True) for pod in plan.ending]
        for pod, hold in zip(plan.pods, plan.holds, strict=True):
            to = self._target(pod, plan.node, taken)
            stay = self._stay(pod, plan.node) if to is None else None
            moved.append(Moved(pod=pod, to=to, stay=stay, hold=hold))
        return Move(node=plan.node, pods=tuple(moved))

    def _target(self, pod: Pod, away_from: Node, taken: dict[str, Amounts]) -> Node | None:
        """Another node with room for the pod, which is taken from it: the one that it fits most closely."""
        shape = shape_of(pod)
        if pinned(shape) or shape.device_claims:
            return None
        resource = main_gpu(shape.requests) or "cpu"
        order = self._order(resource)
        for _, name, node in order[bisect_left(order, (shape.requests.get(resource, 0), "")) :]:
            left = taken.get(name, self.free.get(name, {}))
            if node is away_from or _missing(shape, left) or self.place.verdict(shape, node).barrier:
                continue
            taken[name] = {key: amount - shape.requests.get(key, 0) for key, amount in left.items()}
            return node
        return None

    def _stay(self, pod: Pod, away_from: Node) -> Stay:
        shape = shape_of(pod)
        if shape.device_claims:
            return Stay.CLAIMS
        others = (node for node in self.place.snap.nodes if node is not away_from)
        return Stay.CONFINED if all(self.place.verdict(shape, node).barrier for node in others) else Stay.ROOM

    def _order(self, resource: str) -> list[tuple[int, str, Node]]:
        """All nodes by what they have free of a resource."""
        if resource not in self._orders:
            unknown = unlisted(resource)
            rows = [
                (self.free.get(node.name, {}).get(resource, unknown), node.name, node) for node in self.place.snap.nodes
            ]
            self._orders[resource] = sorted(rows, key=lambda row: row[:2])
        return self._orders[resource]


def _best(plans: list[_Plan], landing: Landing, *, only_landing: bool) -> tuple[_Plan, Move] | None:
    """The cheapest plan; of those that move as many GPUs, one whose pods find other places."""
    plans.sort(key=lambda plan: plan.order)
    equal = plans if only_landing else [plan for plan in plans if plan.cost[:3] == plans[0].cost[:3]]
    for plan in equal[:MAX_LANDINGS]:
        move = landing.landed(plan)
        if move.lands:
            return plan, move
    return None if only_landing or not plans else (plans[0], landing.landed(plans[0]))


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


def _gpus(amounts: Amounts) -> int:
    """How many GPUs some amounts are, of all kinds together, in thousandths."""
    return sum(amount for name, amount in amounts.items() if is_gpu(name))


def _name(pod: Pod) -> tuple[str, str]:
    return pod.namespace, pod.name
