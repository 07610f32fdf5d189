"""Pods that wait for GPUs which machines have and nobody offers."""

from collections.abc import Iterator, Sequence

from diag.catalog.context import Context
from diag.catalog.joins.room import asked
from diag.facts.nodes import allocatable, capacity
from diag.findings import Because, Proof
from diag.snapshot.kinds import Node
from diag.vocab.accelerators import NVIDIA_GPU


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
