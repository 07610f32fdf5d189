"""DEV290: a device plugin runs, found GPUs, and the kubelet has never heard of it."""

from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.unseen_gpus import waiting_for_unseen
from diag.catalog.rule import rule
from diag.facts.gpus import is_gpu
from diag.facts.nodes import capacity, is_ready
from diag.facts.plugin_lines import failed_registration
from diag.facts.pods import statuses
from diag.findings import Basis, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.operands import operand_of
from diag.vocab.accelerators import NVIDIA_GPU
from diag.vocab.operands import Stage


class _Unheard(NamedTuple):
    """A plugin's pod on a node, the reason that it gives, and the line."""

    node: Node
    pod: Pod
    why: str
    line: Evidence


@rule(
    "DEV290",
    name="device-plugin-registration-failed",
    question=Question.OFFERS,
    inputs=("Pod", "Node", "apps/DaemonSet"),
    basis=Basis.SAID,
    refines=("no-gpu-nodes", "device-plugin-not-deployed"),
    visits={"apps/DaemonSet": 1},
)
def plugin_not_registered(ctx: Context) -> Iterator[Finding]:
    """The device plugin cannot register at the kubelet, and goes on trying.

    ## What it means
    The plugin found the node's GPUs and does not reach the kubelet's socket, so the node offers none. Its pod is ready
    all the same, and where no label tells of the GPUs, the cluster looks as if it had none.

    ## Why it happens
    The kubelet has another root directory (MicroK8s, k0s, a data disk) than the plugin's volume mounts, or the socket
    may not be opened.

    ## Evidence
    The last line in which the plugin tells of its registration, and the node's capacity without the resource.

    ## What to do
    Mount the kubelet's real device-plugins directory into the plugin.

    ## Known limits
    Needs the plugin's log. Where the node's labels tell of GPUs, the table of device plugins says the same.
    """
    told = {group.first.name for group in ctx.groups("node-without-gpus")}
    for item in ctx.snap.all("apps/DaemonSet"):
        operand = operand_of(item)
        found = list(_unheard(ctx, item, told)) if operand is not None and operand.stage is Stage.PLUGIN else []
        if found:
            yield _finding(ctx, item, found)


def _unheard(ctx: Context, item: Object, told: set[str]) -> Iterator[_Unheard]:
    """The plugin's pods on nodes without its resource, of which no label tells that they have GPUs."""
    for pod in ctx.snap.pods_of(item):
        node = ctx.snap.node(pod.spec.node_name)
        if node is None or node.name in told or is_ready(node) is False or any(map(is_gpu, capacity(node))):
            continue
        for _, status in statuses(pod):
            failed = failed_registration(ctx.snap.log(pod, status.name or ""))
            if failed is not None:
                yield _Unheard(node, pod, failed[1], ctx.cite_log(pod, status.name or "", failed[0]))
                break


def _finding(ctx: Context, item: Object, found: list[_Unheard]) -> Finding:
    first = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    words = f"cannot register at the kubelet of {first.node.name}{more}: {first.why}"
    proof = (first.line, ctx.cite_or_lack(first.node, f"status.capacity{key(NVIDIA_GPU)}"))
    return Finding(
        subject=item.ref,
        summary=words,
        evidence=proof,
        accounts_for=tuple(waiting_for_unseen(ctx, [one.node for one in found], f"{item.name} {words}", proof)),
        second_sign=True,
        remedies=(
            Remedy(
                text="see what the plugin says",
                command=f"kubectl logs -n {first.pod.namespace} {first.pod.name}",
                who="platform",
            ),
            Remedy(
                text="mount the node's real device-plugins directory of the kubelet into the plugin", who="platform"
            ),
        ),
    )
