"""The pods around: whom a required term means, and in which domains they run."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from diag.facts.pod_terms import PodTerm
from diag.facts.pods import occupies_node
from diag.facts.scheduler_message import parse_scheduler_message
from diag.projection import Object
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.room.placement import Placement
from diag.vocab.scheduler_reasons import ReasonKind


def with_room(place: Placement, group: Group, *kinds: ReasonKind) -> list[Node]:
    """Nodes with room for the group that the scheduler turned down for another reason, one of the given kinds.

    Empty where it names no such reason, or where a claim or a gang holds the pod up before any node is looked at.
    """
    if group.shape is None or group.state != "refused":
        return []
    said = parse_scheduler_message(group.message)
    if said is not None and (said.prefilter is not None or not any(said.count(kind) for kind in kinds)):
        return []
    return place.count(group.shape).fitting


def meant(
    term: PodTerm, pods_in: Callable[[str], Iterable[Pod]], namespaces: Sequence[Object], known: Mapping[str, Node]
) -> list[Pod] | None:
    """The placed pods that a term is about; None where namespaces have to be known for that and are not."""
    names = set(term.namespaces)
    if isinstance(term.namespace_selector, dict):
        if not namespaces:
            return None
        names |= {one.name for one in namespaces if term.means_namespace(one.name, one.labels)}
    return [
        pod
        for name in sorted(names)
        for pod in pods_in(name)
        if occupies_node(pod) and pod.spec.node_name in known and term.means(pod)
    ]


def by_domain(pods: Iterable[Pod], topology: str, nodes: Mapping[str, Node]) -> dict[str, list[Pod]]:
    """Pods by the domain that their node is in; nodes without the label are in none."""
    found: dict[str, list[Pod]] = {}
    for pod in pods:
        node = nodes.get(pod.spec.node_name or "")
        domain = node.labels.get(topology) if node is not None else None
        if domain is not None:
            found.setdefault(domain, []).append(pod)
    return found
