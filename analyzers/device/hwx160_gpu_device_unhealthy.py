"""HWX160: a node offers fewer devices than it has, and nobody says why."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.node_faults import unnamed
from diag.catalog.rule import rule
from diag.facts.entries import entries
from diag.facts.gpus import is_gpu
from diag.facts.nodes import allocatable, capacity
from diag.facts.pods import condition, condition_path, statuses
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Condition
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.operands import on_node
from diag.vocab.operands import Stage

# kubernetes/kubernetes pkg/kubelet/cm/devicemanager: a plugin that is gone takes its devices along after five minutes.
GRACE_S = 5 * 60
# NVIDIA/k8s-device-plugin internal/rm/health.go, internal/plugin/server.go; ROCm/k8s-device-plugin
UNHEALTHY = re.compile(r"marked unhealthy|[Mm]arking (?:it|all devices|device) as unhealthy")
SHOWN = 3  # devices that pods' statuses name, and lines
LONGEST = 2_000  # characters of a line that are looked at


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
    that hold such a device, and the plugin's pod with the lines by which it marks devices; or the condition of an
    agent that watches the node's GPUs.

    ## What to do
    Read the log of the device plugin on the node, `nvidia-smi` and the kernel's log for the Xid, and go by that.
    Restart the plugin's pod once the GPU works again.

    ## Known limits
    A condition of an agent counts here where its code or words name no cause that has a rule of its own.
    What remains where neither the plugin, nor an agent on the node, nor a log tells of the fault. A node that offers
    none of its devices is told so only while its plugin is ready and has been for five minutes: else the plugin is at
    fault.
    """
    told: set[str] = set()
    for one in ctx.snap.nodes():
        if conditions := unnamed(one):
            told.add(one.name)
            yield _told(ctx, one, conditions)
    for group in ctx.groups("node-without-gpus"):
        node = group.first
        if node.name in told:
            continue
        short = _short(node) if isinstance(node, Node) else None
        if not isinstance(node, Node) or short is None:
            continue
        plugin = _plugin(ctx, node)
        lines = _lines(ctx, plugin) if plugin is not None else []
        ready = _ready(ctx, plugin) if plugin is not None else []
        if short.offers == 0 and not ready and not lines:
            continue
        counts = (ctx.cite(node, f"status.allocatable{key(short.resource)}"), ctx.cite(node, short.path))
        sick = _sick(ctx, node, short.resource)
        words = (
            f"has {short.has} {short.resource} and offers {short.offers}: its device plugin calls "
            f"{short.has - short.offers} of them unhealthy, and nothing says why"
        )
        yield Finding(
            subject=node.ref,
            summary=words,
            evidence=as_proof((*counts, *lines, *sick, *ready)),
            accounts_for=(Because(group, words, counts),),
            confidence=Confidence.LIKELY,
            gpus_lost=short.has - short.offers,
            remedies=_remedies(plugin),
        )


def _told(ctx: Context, node: Node, conditions: list[tuple[int, Condition]]) -> Finding:
    """A fault that an agent on the node reports in words that name no other cause."""
    place, first = conditions[0]
    parts = [part for part in ("reason", "message") if getattr(first, part)]
    evidence = [ctx.cite(node, f"status.conditions[{place}].{part}") for part in ("status", *parts)]
    words = f"reports {first.type}: {(first.message or first.reason or first.status or '')[:300]}"
    return Finding(
        subject=node.ref,
        summary=words,
        evidence=as_proof(evidence),
        accounts_for=tuple(
            Because(group, "an agent on the node says that a device is at fault", as_proof(evidence))
            for group in ctx.groups("node-without-gpus")
            if group.first.name == node.name
        ),
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        since=first.last_transition_time,
        remedies=(
            Remedy(
                text="look up the code in NVIDIA's catalogue of Xid errors, and in the kernel's log", who="platform"
            ),
            Remedy(text="drain the node, and reset the GPU or restart the node", who="platform", risk="disruptive"),
        ),
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


def _plugin(ctx: Context, node: Node) -> Pod | None:
    """The device plugin's pod on the node."""
    there = on_node(ctx.snap.pods_on(node.name))
    return next((pod for operand, pod in there if operand.stage is Stage.PLUGIN), None)


def _ready(ctx: Context, plugin: Pod) -> list[Evidence]:
    """That the plugin has been ready for a while."""
    ready = condition(plugin, "Ready")
    if ready is None or ready.status != "True" or not ctx.older(ready.last_transition_time, GRACE_S):
        return []
    return [ctx.cite(plugin, condition_path(plugin, "Ready", "lastTransitionTime"))]


def _lines(ctx: Context, plugin: Pod) -> list[Evidence]:
    """The last lines of the plugin's present run that mark a device."""
    found: list[Evidence] = []
    for _, status in statuses(plugin):
        for previous, number, line in ctx.logs(plugin, status.name or ""):
            if not previous and UNHEALTHY.search(line[:LONGEST]):
                found.append(ctx.cite_log(plugin, status.name or "", number))
    return found[-SHOWN:]


def _sick(ctx: Context, node: Node, resource: str) -> list[Evidence]:
    """Devices that the kubelet calls unhealthy in the status of the pods that hold them (KEP-4680)."""
    found: list[Evidence] = []
    for pod in ctx.snap.pods_on(node.name):
        for status, _ in entries(pod, "status.containerStatuses"):
            for path, one in entries(pod, f"{status}.allocatedResourcesStatus"):
                for place, device in entries(pod, f"{path}.resources") if one.get("name") == resource else ():
                    if device.get("health") == "Unhealthy":
                        found += [ctx.cite_or_lack(pod, f"{place}.resourceID"), ctx.cite(pod, f"{place}.health")]
    return found[: 2 * SHOWN]


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
