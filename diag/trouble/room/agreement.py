"""Whether what the snapshot shows agrees with what the scheduler counted.

Two levels: rules on labels, taints and largest sizes need only the N of `0/N nodes` to agree; sums need the count of
the resource in question as well, because the message may be older than the snapshot.
"""

from dataclasses import dataclass

from diag.facts.scheduler_message import SchedulerMessage, parse_scheduler_message
from diag.trouble.groups import Group
from diag.trouble.room.placement import Placement
from diag.vocab.scheduler_reasons import ReasonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """`nodes` and `sums` are True or False, None where the scheduler has not said a number."""

    message: SchedulerMessage | None
    nodes: bool | None
    sums: bool | None

    def counted(self, *kinds: ReasonKind) -> int:
        """How many nodes the scheduler turned down for these reasons; 0 where its words cannot be read."""
        return sum(self.message.count(kind) for kind in kinds) if self.message is not None else 0

    @property
    def trusts_nodes(self) -> bool:
        """Labels, taints and sizes of the snapshot's nodes may be relied upon as certain: it holds all of them."""
        return self.nodes is True

    @property
    def trusts_sums(self) -> bool:
        """Free amounts may be relied upon as certain."""
        return self.nodes is True and self.sums is True


def agreement(place: Placement, group: Group, resource: str | None) -> Agreement:
    """Compare the group's newest message with the nodes of the snapshot, for a resource where one is in question."""
    said = parse_scheduler_message(group.message)
    if said is None or group.shape is None:
        return Agreement(message=said, nodes=None, sums=None)
    same_nodes = said.nodes == len(place.snap.nodes)
    if resource is None or said.prefilter is not None:
        return Agreement(message=said, nodes=same_nodes, sums=None)
    if said.count(ReasonKind.PORTS):  # those nodes are not asked for room; which they were is not counted here
        return Agreement(message=said, nodes=same_nodes, sums=None)
    counted = place.count(group.shape).short.get(resource, 0)
    if resource == "pods":
        return Agreement(message=said, nodes=same_nodes, sums=said.count(ReasonKind.TOO_MANY_PODS) == counted)
    same = said.count(ReasonKind.INSUFFICIENT, resource) == counted
    return Agreement(message=said, nodes=same_nodes, sums=same)
