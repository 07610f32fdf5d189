"""Operands of the GPU stack whose pods are refused, and the nodes and waiting pods that lack them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from diag.facts.machine_types import gpu_machine_label
from diag.facts.nodes import allocatable, capacity, is_ready
from diag.findings import Because, Charge
from diag.snapshot.cite import cite, key
from diag.snapshot.kinds import Controller, Node
from diag.trouble.groups import Group
from diag.trouble.relations.operands import on_node, operand_of
from diag.trouble.relations.template import template_pod
from diag.trouble.shapes import shape_of
from diag.vocab.accelerators import NVIDIA_GPU
from diag.vocab.operands import Operand

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble


def charges(trouble: "Trouble") -> list[Charge]:
    """Links from a DaemonSet that gets no pods to what waits for them."""
    found = []
    for group in trouble.of("pod-not-created"):
        item = group.first
        operand = operand_of(item) if isinstance(item, Controller) and item.kind == "DaemonSet" else None
        if isinstance(item, Controller) and operand is not None and operand.serves:
            refused = _Refused(group, item, operand)
            found += [*_nodes(trouble, refused), *_waiting(trouble, refused)]
    return found


class _Refused(NamedTuple):
    """The DaemonSet of an operand that gets no pods, and the group that says so."""

    group: Group
    item: Controller
    operand: Operand


def _lack(trouble: "Trouble", refused: _Refused, node: Node) -> bool:
    """Whether the DaemonSet would run on the node and does not."""
    pod = template_pod(refused.item)
    there = on_node(trouble.snap.pods_by_node.get(node.name, ()))
    if pod is None or any(one.stage is refused.operand.stage for one, _ in there):
        return False
    return trouble.place.verdict(shape_of(pod), node, ignore_cordon=True).barrier is None


def _who(refused: _Refused) -> str:
    return f"the {refused.operand.title} {refused.item.name}"


def _nodes(trouble: "Trouble", refused: _Refused) -> Iterator[Charge]:
    for silent in trouble.of("node-without-gpus"):
        node = silent.first
        if isinstance(node, Node) and _lack(trouble, refused, node):
            why = f"{_who(refused)} gets no pods, and without one {node.name} offers no GPU"
            yield Charge(source=refused.group, because=Because(silent, why, refused.group.evidence))


def _waiting(trouble: "Trouble", refused: _Refused) -> Iterator[Charge]:
    """Pods that wait for GPUs which no node offers, where machines of a type with GPUs lack the operand."""
    if any(NVIDIA_GPU in {**capacity(node), **allocatable(node)} for node in trouble.snap.nodes):
        return
    told = {silent.first.name for silent in trouble.of("node-without-gpus")}
    machines = {
        node.name: label
        for node in trouble.snap.nodes
        if (label := gpu_machine_label(node)) is not None
        and node.name not in told
        and is_ready(node) is not False
        and _lack(trouble, refused, node)
    }
    for waits in trouble.of("pod-unscheduled") if machines else ():
        shape = waits.shape
        if shape is None or waits.state != "refused" or not shape.requests.get(NVIDIA_GPU):
            continue
        node = next((one for one in trouble.place.selected(shape) if one.name in machines), None)
        if node is not None:
            why = f"no node offers {NVIDIA_GPU}, and {_who(refused)} gets no pod on {node.name}"
            proof = (*refused.group.evidence, cite(node, f"metadata.labels{key(machines[node.name])}"))
            yield Charge(source=refused.group, because=Because(waits, why, proof))
