"""What NetworkPolicies let through, as far as ports tell; to whom, they also say, is not looked at.

Shapes and defaults: kubernetes/kubernetes staging/src/k8s.io/api/networking/v1/types.go.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from diag.facts.selection import matches_labels
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import value_at

KIND = "networking.k8s.io/NetworkPolicy"
Direction = Literal["Ingress", "Egress"]


def closing(
    policies: Iterable[Object], labels: Mapping[str, str], direction: Direction, *ports: int, protocol: str = "TCP"
) -> Object | None:
    """A policy that keeps pods with these labels from all of the ports in that direction; None where one may pass.

    The policies are those of the pods' namespace. Several add up: what one lets through is open. One that lets nothing
    through at all is named before one that lets other ports through.
    """
    closed = []
    for policy in policies:
        if not matches_labels(labels, value_at(policy.whole, "spec.podSelector")) or not _is_about(policy, direction):
            continue
        rules = dicts(value_at(policy.whole, f"spec.{direction.lower()}"))
        if any(_lets(rule, port, protocol) for rule in rules for port in ports):
            return None
        closed.append((len(rules), policy.name, policy))
    return min(closed, key=lambda one: one[:2])[2] if closed else None


def _is_about(policy: Object, direction: Direction) -> bool:
    """Without `policyTypes` a policy is about ingress, and about egress where it has such rules."""
    types = value_at(policy.whole, "spec.policyTypes")
    if isinstance(types, list) and types:
        return direction in types
    return direction == "Ingress" or isinstance(value_at(policy.whole, "spec.egress"), list)


def _lets(rule: JsonDict, port: int, protocol: str) -> bool:
    listed = rule.get("ports")
    return not listed or any(_is_port(one, port, protocol) for one in dicts(listed))


def _is_port(one: Mapping[str, Any], port: int, protocol: str) -> bool:
    """Whether an entry may mean the port; a name may mean any."""
    if (one.get("protocol") or "TCP") != protocol:
        return False
    first, last = one.get("port"), one.get("endPort")
    if not isinstance(first, int):
        return True
    return first <= port <= (last if isinstance(last, int) else first)
