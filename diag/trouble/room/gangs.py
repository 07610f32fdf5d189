"""Gangs that wait: their PodGroup, their pods, and how many of them there is room for at the same time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from diag.facts.gangs import VOLCANO, gang_of, membership_path, minimum, minimum_path, phase
from diag.facts.gpus import Amounts, is_gpu
from diag.facts.pods import occupies_node
from diag.findings import Because, Charge
from diag.projection import Object
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Node, Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.groups import Group
from diag.trouble.room.placement import Placement, pinned
from diag.trouble.shapes import Shape

ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gang:
    """One gang with waiting members. `item` is its PodGroup, None when that is not here."""

    kind: str
    namespace: str
    name: str
    item: Object | None
    groups: tuple[Group, ...]  # groups that have members of it
    waiting: tuple[tuple[Pod, Shape, Group], ...]
    pods: tuple[Pod, ...]  # all members that have not ended

    @property
    def bound(self) -> int:
        """Members that have a node."""
        return sum(occupies_node(pod) for pod in self.pods)

    def share(self, group: Group) -> int | None:
        """How many members of a group belong to this gang; None for all of them."""
        mine = sum(its is group for _, _, its in self.waiting)
        return mine if mine < group.size else None


def gangs(snap: Snapshot, groups: Iterable[Group]) -> list[Gang]:
    """The gangs of waiting pods, by kind, namespace and name."""
    waiting: dict[tuple[str, str, str], list[tuple[Pod, Shape, Group]]] = defaultdict(list)
    for group in groups:
        for one in group.complaints:
            named = gang_of(one.member)
            if named and isinstance(one.member, Pod) and one.shape is not None:
                waiting[named[0], one.member.namespace, named[1]].append((one.member, one.shape, group))
    members: dict[tuple[str, str, str], list[Pod]] = defaultdict(list)
    for namespace in sorted({namespace for _, namespace, _ in waiting}):
        for pod in snap.pods_by_namespace.get(namespace, ()):
            named = gang_of(pod)
            if named and pod.status.phase not in ENDED:
                members[named[0], namespace, named[1]].append(pod)
    return [
        Gang(
            kind=kind,
            namespace=namespace,
            name=name,
            item=snap.get(kind, namespace, name),
            groups=tuple(dict.fromkeys(group for _, _, group in found)),
            waiting=tuple(found),
            pods=tuple(members[kind, namespace, name]),
        )
        for (kind, namespace, name), found in sorted(waiting.items(), key=lambda one: one[0])
    ]


def fits(place: Placement, gang: Gang, among: Iterable[Node]) -> int:
    """How many waiting members the nodes have room for at the same time, largest shapes first."""
    nodes = list(among)
    free = {node.name: dict(place.free[node.name]) for node in nodes}
    shapes: dict[tuple[object, ...], list[Shape]] = defaultdict(list)
    for _, shape, _ in gang.waiting:
        shapes[(*shape.key, *sorted(pinned(shape)))].append(shape)
    placed = 0
    for alike in sorted(shapes.values(), key=lambda found: (-found[0].gpu_total, -len(found))):
        left, shape = len(alike), alike[0]
        for node in nodes:
            if left and place.verdict(shape, node).barrier is None:
                here = min(left, _times(free[node.name], shape.requests))
                _take(free[node.name], shape.requests, here)
                left -= here
        placed += len(alike) - left
    return placed


def _times(free: Amounts, asked: Amounts) -> int:
    """How often a request fits; a node that does not list a resource other than GPUs is not short of it."""
    listed = [(name, amount) for name, amount in asked.items() if amount > 0 and (name in free or is_gpu(name))]
    return min((max(free.get(name, 0), 0) // amount for name, amount in listed), default=1 << 30)


def _take(free: Amounts, asked: Amounts, times: int) -> None:
    for name, amount in asked.items():
        if name in free:
            free[name] -= amount * times


def links(snap: Snapshot, uncreated: Iterable[Group], waiting: Iterable[Group]) -> list[Charge]:
    """Members that a controller does not get, and the members that wait for them."""
    sources = list(uncreated)
    found = []
    for gang in gangs(snap, waiting) if sources else ():
        wanted = minimum(gang.item) if gang.item else None
        if gang.item is None or wanted is None or len(gang.pods) >= wanted or snap.damaged("Pod", gang.namespace):
            continue
        for group in gang.groups:
            source = next((one for one in sources if group.workload in one.workloads), None)
            if source is not None:
                least = minimum_path(gang.kind)
                field = least.rpartition(".")[2]
                why = f"{gang.name} starts when {wanted} members exist ({field}), and {len(gang.pods)} do"
                proof = (cite(gang.item, least), cite(gang.waiting[0][0], membership_path(gang.kind)))
                found.append(Charge(source=source, because=Because(group, why, proof, members=gang.share(group))))
    return found


def without_pods(uncreated: Iterable[Group], queued: Iterable[Group]) -> list[Charge]:
    """Jobs of which no pod is made, and their PodGroups that were let in and have none."""
    sources = list(uncreated)
    found = []
    for group in queued if sources else ():
        let_in = [item for item in group.members if item.kind_id == VOLCANO and phase(item) == "Inqueue"]
        source = next((one for one in sources if group.workload in one.workloads), None) if let_in else None
        if source is not None:
            why = f"{let_in[0].name} was let in, and no pod of it is made"
            proof = (cite(let_in[0], "status.phase"), *source.evidence[:1])
            share = len(let_in) if len(let_in) < group.size else None
            found.append(Charge(source=source, because=Because(group, why, proof, members=share)))
    return found
