"""From proven links to causes: the unexplained sources, and all that each of them reaches.

Nodes are findings and groups; an arrow leads from what explains to what is explained. A cycle (a gang that waits for
itself) is one cause: the node of it that costs most stands for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from diag.catalog.run import Found
from diag.causes.compete import Claim, Decision
from diag.findings import Evidence
from diag.trouble.groups import Group

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Node:
    """A finding of a rule, or a group."""

    key: str
    found: Found | None = None
    group: Group | None = None
    decision: Decision | None = None
    out: list["Arrow"] = field(default_factory=list)
    into: list["Arrow"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Arrow:
    """One proven link; `claim` is None for one that a finding's need makes."""

    source: Node
    target: Node
    why: str
    evidence: tuple[Evidence, ...]
    claim: Claim | None = None


@dataclass(slots=True)
class Graph:
    """All nodes and arrows of one scan."""

    nodes: dict[str, Node] = field(default_factory=dict)

    def link(
        self, source: Node, target: Node, why: str, evidence: tuple[Evidence, ...], claim: Claim | None = None
    ) -> None:
        """Add an arrow; one for each pair, and none from a node to itself."""
        if source is not target and all(arrow.target is not target for arrow in source.out):
            arrow = Arrow(source, target, why, evidence, claim)
            source.out.append(arrow)
            target.into.append(arrow)

    def roots(self) -> list[Node]:
        """Sources that nothing explains; of each cycle that nothing explains, its heaviest node."""
        reached: set[int] = set()
        found = []
        for node in self.nodes.values():
            if not node.into:
                found.append(node)
                reached.update(map(id, self.reach(node)))
        for node in sorted(self.nodes.values(), key=_weight):
            if id(node) not in reached:
                cycle = [other for other in self.reach(node) if any(back is node for back in self.reach(other))]
                best = min(cycle, key=_weight, default=node)
                found.append(best)
                reached.update(map(id, self.reach(best)))
        return found

    @staticmethod
    def reach(start: Node) -> list[Node]:
        """Everything that a node explains, itself first, nearest first."""
        found, seen = [start], {id(start)}
        for node in found:
            for arrow in node.out:
                if id(arrow.target) not in seen:
                    seen.add(id(arrow.target))
                    found.append(arrow.target)
        return found


def _weight(node: Node) -> tuple[int, str]:
    return (-(node.group.gpus if node.group else 0), node.key)


def build(found: Iterable[Found], decisions: Iterable[Decision]) -> Graph:
    """The graph of the winners. Findings that won nothing stay out of it unless they stand for themselves."""
    graph = Graph()
    decisions = list(decisions)
    for decision in decisions:
        key = f"group {decision.group.key}"
        graph.nodes[key] = Node(key, group=decision.group, decision=decision)
    for one in merged(found):
        node = Node(finding_key(one), found=one)
        graph.nodes[node.key] = node
    for decision in decisions:
        target = graph.nodes[f"group {decision.group.key}"]
        for claim in decision.winners:
            source = _source(graph, claim)
            if source is not None:
                graph.link(source, target, claim.because.why, claim.because.evidence, claim)
    _needs(graph)
    for key, node in list(graph.nodes.items()):
        # A finding whose every symptom another one explains better is an alternative, not a cause.
        if node.found and node.found.finding.accounts_for and not node.out:
            del graph.nodes[key]
    return graph


def finding_key(one: Found) -> str:
    """Findings with the same name and the same root are one."""
    return f"finding {one.name}|{one.finding.subject}"


def merged(found: Iterable[Found]) -> list[Found]:
    """One finding for each name and root, the strongest speaking for it."""
    from dataclasses import replace  # noqa: PLC0415

    by_key: dict[str, list[Found]] = {}
    for one in found:
        by_key.setdefault(finding_key(one), []).append(one)
    result = []
    for _, same in sorted(by_key.items()):
        same.sort(key=lambda one: (-one.severity.weight, -len(one.finding.accounts_for), one.rule, one.finding.summary))
        first = same[0]
        if len(same) > 1:
            pieces = _unique(piece for one in same for piece in one.finding.evidence)
            finding = replace(
                first.finding,
                evidence=(pieces[0], *pieces[1:]),
                accounts_for=tuple(because for one in same for because in one.finding.accounts_for),
                members=_unique(member for one in same for member in one.finding.members),
                needs=_unique(ref for one in same for ref in one.finding.needs),
                remedies=_unique(remedy for one in same for remedy in one.finding.remedies),
                alternatives=_unique(other for one in same for other in one.finding.alternatives),
                since=min((one.finding.since for one in same if one.finding.since), default=None),
                gpus_lost=max(one.finding.gpus_lost for one in same),
            )
            first = replace(first, finding=finding)
        result.append(first)
    return result


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))


def _source(graph: Graph, claim: Claim) -> Node | None:
    if claim.found is not None:
        return graph.nodes.get(finding_key(claim.found))
    return graph.nodes.get(f"group {claim.source.key}") if claim.source else None


def _needs(graph: Graph) -> None:
    """A state of an object that a finding needs is that finding's cause: the Deployment behind a Service, at zero."""
    states = {
        node.found.finding.subject: node for node in graph.nodes.values() if node.found and node.found.role == "state"
    }
    groups = {node.group.workload: node for node in graph.nodes.values() if node.group}
    for node in list(graph.nodes.values()):
        if node.found is None:
            continue
        for ref in node.found.finding.needs:
            source = states.get(ref) or groups.get(ref)
            if source is not None and source is not node and node not in Graph.reach(node)[1:]:
                evidence = (
                    source.found.finding.evidence if source.found else source.group.evidence if source.group else ()
                )
                summary = source.found.finding.summary if source.found else source.group.summary if source.group else ""
                graph.link(source, node, f"it needs {ref}, which {summary}", evidence)
