"""What NetworkPolicies let through: by ports alone, or also by the other end where it is known.

Shapes and defaults: kubernetes/kubernetes staging/src/k8s.io/api/networking/v1/types.go.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from diag.facts.selection import matches_labels
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import value_at

KIND = "networking.k8s.io/NetworkPolicy"
Direction = Literal["Ingress", "Egress"]
# Every namespace carries its name since Kubernetes 1.22 (NamespaceDefaultLabelName).
NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end of a connection: a pod, or an address `outside` the cluster. What is unknown may be meant.

    `labels` are the pod's, `of_namespace` those of its namespace, each None where nobody knows them.
    """

    namespace: str = ""
    labels: Mapping[str, str] | None = None
    of_namespace: Mapping[str, str] | None = None
    address: str = ""
    outside: bool = False


def closing(
    policies: Iterable[Object],
    labels: Mapping[str, str],
    direction: Direction,
    *ports: int | None,
    protocol: str = "TCP",
    peer: Peer | None = None,
) -> Object | None:
    """A policy that keeps pods with these labels from all of the ports in that direction; None where one may pass.

    A port that is None may be any. Without a `peer` it is not looked at to whom the rules let them.

    The policies are those of the pods' namespace. Several add up: what one lets through is open. One that lets nothing
    through at all is named before one that lets other ports through.
    """
    closed = []
    for policy in policies:
        if not matches_labels(labels, value_at(policy.whole, "spec.podSelector")) or not _is_about(policy, direction):
            continue
        rules = dicts(value_at(policy.whole, f"spec.{direction.lower()}"))
        if peer is not None:
            rules = [rule for rule in rules if _is_for(rule, "to" if direction == "Egress" else "from", peer, policy)]
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


def _is_for(rule: JsonDict, side: str, peer: Peer, policy: Object) -> bool:
    """Whether a rule may mean the other end; one that names nobody means everybody."""
    listed = rule.get(side)
    return not isinstance(listed, list) or not listed or any(_is_peer(one, peer, policy) for one in dicts(listed))


def _is_peer(entry: JsonDict, peer: Peer, policy: Object) -> bool:
    block = entry.get("ipBlock")
    if isinstance(block, dict):
        return not peer.address or _holds(block, peer.address)
    if peer.outside or peer.labels is None:
        return not peer.outside
    spaces, pods = entry.get("namespaceSelector"), entry.get("podSelector")
    if not isinstance(spaces, dict):
        there = peer.namespace == policy.namespace
    elif peer.of_namespace is not None:
        there = matches_labels(peer.of_namespace, spaces)
    else:
        there = spaces.keys() - {"matchLabels"} != set() or _names(spaces, peer.namespace)
    return there and (not isinstance(pods, dict) or matches_labels(peer.labels, pods))


def _names(spaces: JsonDict, namespace: str) -> bool:
    """Whether a selector may mean a namespace of which only the name is known."""
    wanted = spaces.get("matchLabels")
    return not isinstance(wanted, dict) or wanted.get(NAME_LABEL, namespace) == namespace


def _holds(block: JsonDict, address: str) -> bool:
    """Whether an address lies in a block; one that cannot be read may hold it."""
    try:
        one = ip_address(address)
        excepted = block.get("except")
        return one in ip_network(str(block.get("cidr")), strict=False) and not any(
            one in ip_network(str(part), strict=False) for part in (excepted if isinstance(excepted, list) else ())
        )
    except ValueError:
        return True


def _lets(rule: JsonDict, port: int | None, protocol: str) -> bool:
    listed = rule.get("ports")
    return not listed or any(_is_port(one, port, protocol) for one in dicts(listed))


def _is_port(one: Mapping[str, Any], port: int | None, protocol: str) -> bool:
    """Whether an entry may mean the port; a name may mean any."""
    if (one.get("protocol") or "TCP") != protocol:
        return False
    first, last = one.get("port"), one.get("endPort")
    if not isinstance(first, int) or port is None:
        return True
    return first <= port <= (last if isinstance(last, int) else first)
