"""Volcano's PodGroups that wait, each with a group of which it or its pods are members."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.facts.gangs import VOLCANO, phase, queue_of
from diag.findings import Because, Evidence
from diag.projection import Object
from diag.trouble.groups import Group

NOT_LET_IN = ("", "Pending")
NOT_RUNNING = (*NOT_LET_IN, "Inqueue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A PodGroup that waits, and a group of which it or its pods are members."""

    item: Object
    group: Group
    members: int | None  # of the group; None for all

    @property
    def queue(self) -> str:
        """The queue that it names."""
        return queue_of(self.item)

    def because(self, why: str, proof: tuple[Evidence, ...]) -> Because:
        """That something explains its members of the group."""
        return Because(self.group, why, proof, members=self.members)


def waiting(ctx: Context, phases: tuple[str, ...] = NOT_LET_IN) -> Iterator[Waiting]:
    """PodGroups in one of these phases that have no pods, or pods without a node."""
    for group in ctx.groups("workload-not-admitted"):
        for item in group.members:
            if item.kind_id == VOLCANO and phase(item) in phases:
                yield Waiting(item=item, group=group, members=group.share)
    for gang in ctx.gangs():
        if gang.kind == VOLCANO and gang.item is not None and phase(gang.item) in phases:
            for group in gang.groups:
                yield Waiting(item=gang.item, group=group, members=gang.share(group))
