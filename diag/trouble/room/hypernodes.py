"""Volcano's network topology: which nodes lie inside which HyperNode.

volcano-sh/apis pkg/apis/topology/v1alpha1: members are nodes or HyperNodes, chosen by name, pattern or labels.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from diag.facts.gangs import part
from diag.facts.selection import matches_labels
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.kinds import Node

MAX_DEPTH = 12  # tiers within tiers; rings are cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One HyperNode with the nodes inside it."""

    item: Object
    tier: int
    nodes: tuple[Node, ...]


def domains(hypernodes: Iterable[Object], nodes: Iterable[Node]) -> list[Domain] | None:
    """All HyperNodes, by name; None where members are chosen in a way that is not read here (patterns)."""
    by_name = {item.name: item for item in hypernodes}
    there = list(nodes)
    found = []
    for name, item in sorted(by_name.items()):
        inside = _inside(name, by_name, there, 0)
        tier = part(item, "spec").get("tier")
        if inside is None or not isinstance(tier, int):
            return None
        found.append(Domain(item=item, tier=tier, nodes=tuple(node for node in there if node.name in inside)))
    return found


def _inside(name: str, by_name: dict[str, Object], nodes: list[Node], depth: int) -> set[str] | None:
    found: set[str] = set()
    item = by_name.get(name)
    if item is None or depth > MAX_DEPTH:
        return found
    for member in dicts(part(item, "spec").get("members")):
        selector = member.get("selector")
        selector = selector if isinstance(selector, dict) else {}
        if member.get("type") == "HyperNode":
            below = _inside(_exact(selector), by_name, nodes, depth + 1) if _exact(selector) else None
        else:
            below = _named_nodes(selector, nodes)
        if below is None:
            return None
        found |= below
    return found


def _named_nodes(selector: JsonDict, nodes: list[Node]) -> set[str] | None:
    if _exact(selector):
        return {_exact(selector)}
    if isinstance(selector.get("labelMatch"), dict):
        return {node.name for node in nodes if matches_labels(node.labels, selector["labelMatch"])}
    return None


def _exact(selector: JsonDict) -> str:
    match = selector.get("exactMatch")
    name = match.get("name") if isinstance(match, dict) else None
    return name if isinstance(name, str) else ""
