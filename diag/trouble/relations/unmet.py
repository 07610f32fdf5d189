"""Which of a pod's demands on node labels no node meets.

The nodeSelector always holds; the terms of required node affinity are alternatives. Of a set of demands that no
node meets together, those that no node meets even alone are at fault; if each is met by some node, the
combination is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diag.facts.scheduler_message import kind_of, parse_scheduler_message
from diag.facts.selection import matches_requirement
from diag.facts.words import count_of, listed
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.selectors import NODE_NAME, Narrowing, narrowings
from diag.trouble.room.placement import Placement
from diag.vocab.scheduler_reasons import ReasonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """Demands that no node meets. `together`: each is met by some node, but no node meets all."""

    demands: tuple[Narrowing, ...]
    together: bool
    term: int | None  # the affinity term, None for the nodeSelector

    @property
    def words(self) -> str:
        """The demands as a person would say them."""
        return " and ".join(words_of(demand) for demand in self.demands)


def unmet(pod: Pod, nodes: Sequence[Node]) -> list[Unmet]:
    """What is in the way: the nodeSelector if no node meets it, else every affinity term; empty where nothing is."""
    found = narrowings(pod)
    always = [demand for demand in found if demand.term is None]
    left = [node for node in nodes if all(meets(node, demand) for demand in always)]
    if not left:
        return [_blame(always, nodes, None)] if always else []
    terms = sorted({demand.term for demand in found if demand.term is not None})
    blamed = []
    for term in terms:
        mine = [demand for demand in found if demand.term == term]
        if any(all(meets(node, demand) for demand in mine) for node in left):
            return []
        alone = _blame(mine, nodes, term)
        blamed.append(alone if not alone.together else _blame([*always, *mine], nodes, term))
    return blamed


def meets(node: Node, demand: Narrowing) -> bool:
    """Whether a node meets one demand."""
    labels = {NODE_NAME: node.name} if demand.label == NODE_NAME else node.labels
    return matches_requirement(
        labels, {"key": demand.label, "operator": demand.operator, "values": list(demand.values)}
    )


def words_of(demand: Narrowing) -> str:
    """One demand as a person would say it: `pool=driver`, `zone in (a, b)`, `key Exists`."""
    match demand.operator:
        case "In" if len(demand.values) == 1:
            return f"{demand.label}={demand.values[0]}"
        case "In" | "NotIn":
            word = "in" if demand.operator == "In" else "not in"
            return f"{demand.label} {word} ({', '.join(demand.values)})"
        case "Gt" | "Lt":
            return f"{demand.label} {'>' if demand.operator == 'Gt' else '<'} {', '.join(demand.values)}"
    return f"{demand.label} {demand.operator}"


def _blame(demands: list[Narrowing], nodes: Sequence[Node], term: int | None) -> Unmet:
    alone = tuple(demand for demand in demands if not any(meets(node, demand) for node in nodes))
    return Unmet(demands=alone or tuple(demands), together=not alone, term=term)


def unmatched(groups: Sequence[Group], place: Placement) -> Iterator[tuple[Group, list[Unmet]]]:
    """Groups whose selector or affinity no node meets, with the demands at fault.

    Left out: pods that no scheduler has looked at, and pods held up before any node was looked at (a claim, a gang).
    """
    for group in groups:
        shape, first = group.shape, group.first
        if shape is None or not isinstance(first, Pod) or group.state != "refused" or not place.snap.nodes:
            continue
        said = parse_scheduler_message(group.message)
        if said is not None and said.prefilter is not None and kind_of(said.prefilter) is not ReasonKind.NODE_AFFINITY:
            continue
        shapes = [one.shape for one in group.complaints if one.shape] if _pinned(first) else [shape]
        if any(place.selected(one) for one in shapes):
            continue
        blamed = unmet(first, place.snap.nodes)
        if blamed:
            yield group, blamed


def values_of(nodes: Sequence[Node], label: str) -> dict[str, list[Node]]:
    """The values that nodes have for a label, the most frequent first, with the nodes."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        value = node.name if label == NODE_NAME else node.labels.get(label)
        if value is not None:
            found.setdefault(value, []).append(node)
    return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))


def counted(values: dict[str, list[Node]], most: int = 4) -> str:
    """Values with their numbers of nodes, for a sentence."""
    return listed([f"{value} ({count_of(len(nodes), 'node')})" for value, nodes in values.items()], most)


def _pinned(pod: Pod) -> bool:
    """Whether siblings may name different nodes, as the pods of a DaemonSet do."""
    return any(demand.label == NODE_NAME for demand in narrowings(pod))
