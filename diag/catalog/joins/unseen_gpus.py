"""Pods that wait for GPUs which machines have and nobody offers."""

from collections.abc import Iterator, Sequence

from diag.catalog.context import Context
from diag.catalog.joins.room import asked, waits_for_room
from diag.facts.nodes import allocatable, capacity
from diag.findings import Because, Proof
from diag.snapshot.kinds import Node
from diag.vocab.accelerators import NVIDIA_GPU


def waiting_beside(ctx: Context, machines: Sequence[Node], words: str, signs: Proof) -> Iterator[Because]:
    """The pods that find no room on the nodes with NVIDIA's GPUs, and that a machine would take if it offered its own.

    How many GPUs the machine has is not known, so each is a guess.
    """
    if not any(NVIDIA_GPU in allocatable(node) for node in ctx.snap.nodes()):
        return
    for group in ctx.groups("pod-unscheduled"):
        shape = group.shape
        if shape is None or not shape.requests.get(NVIDIA_GPU) or not waits_for_room(ctx, group):
            continue
        machine = next((one for one in machines if ctx.place.verdict(shape, one).barrier is None), None)
        if machine is not None:
            why = f"the nodes that offer {NVIDIA_GPU} are full, and {machine.name} may have some: {words}"
            yield Because(group, why, (asked(ctx, group, NVIDIA_GPU), *signs), weak=True)


def waiting_for_unseen(ctx: Context, machines: Sequence[Node], words: str, signs: Proof) -> Iterator[Because]:
    """The pods that ask for NVIDIA's GPUs, where no node offers one and a machine that has some may take them."""
    if not machines or any(NVIDIA_GPU in {**capacity(node), **allocatable(node)} for node in ctx.snap.nodes()):
        return
    for group in ctx.groups("pod-unscheduled"):
        shape = group.shape
        if shape is None or group.state != "refused" or not shape.requests.get(NVIDIA_GPU):
            continue
        selected = {node.name for node in ctx.place.selected(shape)}
        machine = next((one for one in machines if one.name in selected), None)
        if machine is not None:
            why = f"no node offers {NVIDIA_GPU}, and {machine.name} is not known to have any: {words}"
            yield Because(group, why, (asked(ctx, group, NVIDIA_GPU), *signs))
