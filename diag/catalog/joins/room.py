"""Room on nodes: who lacks it, and the evidence of what is asked for and what is free."""

from collections.abc import Sequence

from diag.catalog.context import Context
from diag.facts.gpus import pod_requests
from diag.facts.pods import occupies_node
from diag.facts.quantity import show
from diag.findings import ComputedEvidence, Evidence
from diag.snapshot.cite import MAX_PARTS, key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.room.shortage import Shortage, shortage
from diag.trouble.shapes import request_path
from diag.vocab.scheduler_reasons import ReasonKind


def asked(ctx: Context, group: Group, resource: str) -> Evidence:
    """What the group's first member asks for, or what proves the group where no container names the resource."""
    path = request_path(group.first, resource) if isinstance(group.first, Pod) else None
    return ctx.cite(group.first, path) if path else group.evidence[0]


def free_on(ctx: Context, node: Node, resource: str) -> ComputedEvidence:
    """Free on one node: allocatable minus what its pods ask for, those that ask for most first."""
    parts: list[Evidence] = [ctx.cite_or_lack(node, f"status.allocatable{key(resource)}")]
    there = [pod for pod in ctx.snap.pods_on(node.name) if occupies_node(pod)]
    there.sort(key=lambda pod: (-pod_requests(pod).get(resource, 0), pod.namespace, pod.name))
    parts += [ctx.cite(pod, path) for pod in there if (path := request_path(pod, resource))]
    free = ctx.place.free[node.name].get(resource, 0)
    return ctx.compute(f"free {resource} on node {node.name}", show(free, resource), parts)


def free_in_all(ctx: Context, nodes: Sequence[Node], resource: str, what: str) -> Evidence:
    """Free on several nodes together, none counted below zero; the parts are the first of them."""
    total = sum(max(ctx.place.free[node.name].get(resource, 0), 0) for node in nodes)
    more = f" (and {len(nodes) - MAX_PARTS} more nodes)" if len(nodes) > MAX_PARTS else ""
    parts = [free_on(ctx, node, resource) for node in nodes[:MAX_PARTS]]
    return ctx.compute(f"free {resource} on {what}{more}", total // 1000, parts)


def pods_on(ctx: Context, node: Node) -> Evidence:
    """How many pods hold a slot on a node."""
    pods = [pod for pod in ctx.snap.pods_on(node.name) if occupies_node(pod)]
    return ctx.compute(f"pods bound to node {node.name}", len(pods), [ctx.cite(pod, "spec.nodeName") for pod in pods])


def waits_for_room(ctx: Context, group: Group) -> bool:
    """Whether a group waits for resources, as far as its scheduler can be read, and not for a node out of use."""
    if group.state != "refused" or ctx.pools.remaining(group) == 0:
        return False
    said = ctx.agreement(group).message
    if said is None:
        return True
    room_kinds = (ReasonKind.INSUFFICIENT, ReasonKind.TOO_MANY_PODS)
    return said.prefilter is None and any(said.count(kind) for kind in room_kinds)


def shortages(ctx: Context) -> list[Shortage]:
    """What each group lacks that waits for room, as far as no node that is out of use explains it."""
    waiting = (group for group in ctx.groups("pod-unscheduled") if waits_for_room(ctx, group))
    return [found for group in waiting if (found := shortage(ctx.place, group)) is not None]
