"""HWX160: a node offers fewer devices than it has, and nobody says why."""

from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.entries import entries
from diag.facts.gpus import is_gpu
from diag.facts.nodes import allocatable, capacity
from diag.facts.pods import condition
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.operands import on_node
from diag.vocab.operands import Stage

# kubernetes/kubernetes pkg/kubelet/cm/devicemanager: a plugin that is gone takes its devices along after five minutes.
GRACE_S = 5 * 60
SHOWN = 4  # devices that pods' statuses name


@rule(
    "HWX160",
    name="gpu-device-unhealthy",
    question=Question.STARTED,
    inputs=("Node", "Pod"),
    basis=Basis.REMAINDER,
)
def gpu_device_unhealthy(ctx: Context) -> Iterator[Finding]:
    """The device plugin reports a GPU as unhealthy without naming a cause.

    ## What it means
    The kubelet counts a device as capacity while its plugin knows it, and as allocatable while the plugin calls it
    healthy. Where allocatable is less than capacity, the plugin runs and holds some of its devices for broken.

    ## Why it happens
    An Xid error, an uncorrectable memory error, a GPU that fell off the bus, or a driver that was reloaded under the
    plugin. NVIDIA's plugin has no way back from that but its own restart.

    ## Evidence
    `status.capacity` and `status.allocatable` of the node, the health that the kubelet writes into the status of pods
    that hold such a device, and the plugin's pod.

    ## What to do
    Read the log of the device plugin on the node, `nvidia-smi` and the kernel's log for the Xid, and go by that.
    Restart the plugin's pod once the GPU works again.

    ## Known limits
    What remains where neither the plugin, nor an agent on the node, nor a log tells of the fault. A node that offers
    none of its devices is told so only while its plugin is ready and has been for five minutes: else the plugin is at
    fault.
    """
    for group in ctx.groups("node-without-gpus"):
        node = group.first
        short = _short(node) if isinstance(node, Node) else None
        if not isinstance(node, Node) or short is None:
            continue
        plugin = _plugin(ctx, node)
        if short.offers == 0 and plugin is None:
            continue
        counts = (ctx.cite(node, f"status.allocatable{key(short.resource)}"), ctx.cite(node, short.path))
        sick = list(_sick(ctx, node, short.resource))
        more = [ctx.cite(plugin[0], plugin[1])] if plugin is not None else []
        words = (
            f"has {short.has} {short.resource} and offers {short.offers}: its device plugin calls "
            f"{short.has - short.offers} of them unhealthy, and nothing says why"
        )
        yield Finding(
            subject=node.ref,
            summary=words,
            evidence=as_proof((*counts, *sick, *more)),
            accounts_for=(Because(group, words, counts),),
            confidence=Confidence.LIKELY,
            gpus_lost=short.has - short.offers,
            remedies=_remedies(plugin[0] if plugin is not None else None),
        )


class Short(NamedTuple):
    """A resource of which a node offers less than it has, in whole devices."""

    resource: str
    has: int
    offers: int
    path: str  # of its capacity


def _short(node: Node) -> Short | None:
    has, offers = capacity(node), allocatable(node)
    for resource, amount in sorted(has.items()):
        # Where the resource is not among what it offers, the kubelet has taken it away, plugin and all.
        if is_gpu(resource) and resource in offers and offers[resource] < amount:
            return Short(resource, amount // 1000, offers[resource] // 1000, f"status.capacity{key(resource)}")
    return None


def _plugin(ctx: Context, node: Node) -> tuple[Pod, str] | None:
    """The device plugin's pod on the node that has been ready for a while, with the place that says since when."""
    for operand, pod in on_node(ctx.snap.pods_on(node.name)):
        ready = condition(pod, "Ready") if operand.stage is Stage.PLUGIN else None
        if ready is not None and ready.status == "True" and ctx.older(ready.last_transition_time, GRACE_S):
            index = (pod.status.conditions or []).index(ready)
            return pod, f"status.conditions[{index}].lastTransitionTime"
    return None


def _sick(ctx: Context, node: Node, resource: str) -> Iterator[Evidence]:
    """Devices that the kubelet calls unhealthy in the status of the pods that hold them (KEP-4680)."""
    found = 0
    for pod in ctx.snap.pods_on(node.name):
        for status, _ in entries(pod, "status.containerStatuses"):
            for path, one in entries(pod, f"{status}.allocatedResourcesStatus"):
                for place, device in entries(pod, f"{path}.resources") if one.get("name") == resource else ():
                    if device.get("health") == "Unhealthy" and found < SHOWN:
                        found += 1
                        yield ctx.cite_or_lack(pod, f"{place}.resourceID")
                        yield ctx.cite(pod, f"{place}.health")


def _remedies(plugin: Pod | None) -> tuple[Remedy, ...]:
    look = Remedy(text="look for Xid errors in the kernel's log of the node, and at nvidia-smi -q", who="platform")
    if plugin is None:
        return (look,)
    return (
        Remedy(
            text="see which device its plugin marked unhealthy, and for what",
            command=f"kubectl logs -n {plugin.namespace} {plugin.name}",
            who="platform",
        ),
        look,
        Remedy(
            text="restart the plugin's pod; its DaemonSet makes a new one",
            when="the GPU works",
            command=f"kubectl delete pod -n {plugin.namespace} {plugin.name}",
            who="platform",
            risk="disruptive",
        ),
    )
