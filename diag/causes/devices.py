"""The GPUs of one node in whole devices: what there is, what it offers, what is held. All sums are made of these."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.facts.gpus import is_gpu
from diag.facts.nodes import allocatable, capacity, is_ready
from diag.snapshot.kinds import Node
from diag.trouble.detect.nodes import lost_gpus
from diag.trouble.room.placement import Placement

OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """One resource of one node; `there` is None where a label says only that there are some.

    `busy` may be more than is offered: pods hold what their node no longer offers.
    """

    resource: str
    there: int | None
    offered: int
    busy: int
    free: int


def devices_of(place: Placement, node: Node) -> Iterator[Devices]:
    """All resources of a node that are GPUs, by name."""
    has, offers, used = capacity(node), allocatable(node), place.used.get(node.name, {})
    lost = lost_gpus(node)
    resources = {name for amounts in (has, offers, used) for name, amount in amounts.items() if amount > 0}
    resources = {name for name in resources if is_gpu(name)} | ({lost[0]} if lost else set())
    is_open = node_state(node) == OPEN
    for resource in sorted(resources):
        offered = offers.get(resource, 0) // 1000
        there: int | None = max(has.get(resource, 0) // 1000, offered)
        if lost and lost[0] == resource:
            there = max(there or 0, offered + lost[1]) or None
        busy = -(-used.get(resource, 0) // 1000)
        free = max(offered - busy, 0) if is_open else 0
        yield Devices(resource=resource, there=there, offered=offered, busy=busy, free=free)


def node_state(node: Node) -> str:
    """Whether new pods may come: open, cordoned or not-ready."""
    if is_ready(node) is False:
        return "not-ready"
    return "cordoned" if node.spec.unschedulable else OPEN
