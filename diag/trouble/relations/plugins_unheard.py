"""Device plugins that found GPUs and fail on a node of which nothing else tells that it has any."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from diag.facts.nodes import allocatable, capacity
from diag.facts.plugin_lines import line_of_gpus
from diag.facts.pods import statuses
from diag.findings import Because, Charge, Evidence
from diag.snapshot.cite import cite_log
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import Failing
from diag.vocab.accelerators import NVIDIA_GPU
from diag.vocab.operands import Stage

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble


def charges(trouble: "Trouble") -> list[Charge]:
    """Links from such a plugin to the pods that wait for GPUs, where no node offers one."""
    if any(NVIDIA_GPU in {**capacity(node), **allocatable(node)} for node in trouble.snap.nodes):
        return []
    told = {group.first.name for group in trouble.of("node-without-gpus")}
    return [
        charge
        for name, there in sorted(trouble.failing_operands.items())
        for one in there[:1]  # what fails before the plugin holds it up
        if name not in told and one.operand.stage is Stage.PLUGIN and (sign := _line(trouble, one.pod)) is not None
        for charge in _charges(trouble, one, sign)
    ]


def _line(trouble: "Trouble", pod: Pod) -> Evidence | None:
    """The line in which the plugin tells of GPUs."""
    for _, status in statuses(pod):
        for previous in (True, False):
            lines = trouble.snap.log_lines(pod, status.name or "", previous=previous)
            number = line_of_gpus(lines)
            if number is not None:
                return cite_log(pod, status.name or "", number, lines[number - 1], previous=previous)
    return None


def _charges(trouble: "Trouble", plugin: Failing, sign: Evidence) -> Iterator[Charge]:
    node = plugin.pod.spec.node_name or ""
    for group in trouble.of("pod-unscheduled"):
        shape = group.shape
        if shape is None or group.state != "refused" or not shape.requests.get(NVIDIA_GPU):
            continue
        if any(one.name == node for one in trouble.place.selected(shape)):
            why = f"no node offers {NVIDIA_GPU}; {plugin.pod.name} found GPUs on {node}, and does not work"
            yield Charge(source=plugin.group, because=Because(group, why, (sign,), weak=True))
