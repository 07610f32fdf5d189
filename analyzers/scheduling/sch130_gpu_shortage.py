"""SCH130 to SCH133: GPUs that could hold the pod exist, and none of them is free as it needs them."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.nodes import allocatable
from diag.facts.quantity import show
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.placement import Counts
from diag.trouble.shapes import main_gpu, request_path

EXHAUSTED = """All GPUs that the pod may use are taken by other pods.

## What it means
The nodes that the pod may run on are large enough, and the requests of running pods hold so many of their GPUs that fewer are
free, all nodes together, than one pod asks for.

## Why it happens
Demand exceeds the fleet. This is what remains after every other explanation: no node is out of order, no taint or selector
is in the way, and what is free is not merely scattered.

## Evidence
The request, and per node `status.allocatable` minus the requests of the pods bound to it.

## What to do
Wait, end or shrink something of lower value, raise the priority, or add nodes.

## Known limits
Needs the pods of all namespaces. Where the scheduler's own count differs from the sums, the finding is only possible.
"""

STRANDED = """GPUs are free, but the CPU or memory of the same nodes is used up.

## What it means
At least one node has as many free GPUs as the pod asks for, and too little CPU, memory or ephemeral storage beside them.

## Why it happens
CPU-only pods run on GPU nodes, or GPU pods ask for more CPU and memory than their share of the node.

## Evidence
Free GPUs and the short resource of the node, and the pod's request of it.

## What to do
Ask for less of the short resource, or move pods without GPUs to other nodes.

## Known limits
As for all sums: needs the pods of all namespaces.
"""

POD_LIMIT = """The nodes hold as many pods as they may.

## What it means
A node has free GPUs, and its limit of pods (`status.allocatable.pods`) is reached.

## Why it happens
A low `maxPods` of the kubelet, few addresses per node of the network, or many small pods and DaemonSets on the node.

## Evidence
`status.allocatable.pods` of the node and the number of pods bound to it.

## What to do
Move small pods elsewhere, or raise the limit of the pool.

## Known limits
As for all sums: needs the pods of all namespaces.
"""


@rule(
    "SCH130",
    name="gpu-fragmentation",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=("gpu-capacity-exhausted",),
    others=(
        Named(id="SCH131", name="gpu-stranded-by-cpu-memory", page=STRANDED, refines=("gpu-capacity-exhausted",)),
        Named(id="SCH132", name="pod-limit-of-node-reached", page=POD_LIMIT, refines=("gpu-capacity-exhausted",)),
        Named(id="SCH133", name="gpu-capacity-exhausted", page=EXHAUSTED, basis=Basis.REMAINDER),
    ),
)
def gpu_shortage(ctx: Context) -> Iterator[Finding]:
    """Enough GPUs are free, but not on one node.

    ## What it means
    All nodes that the pod may use have, together, more free GPUs than it asks for, and none has enough by itself.

    ## Why it happens
    Small pods are spread over the nodes (the scheduler's default), so that no node is left whole for a large one.

    ## Evidence
    The request, the free GPUs of each node (`status.allocatable` minus the requests of its pods) and the largest of them.

    ## What to do
    Move small pods together, ask for fewer GPUs per pod, or let the scheduler pack (MostAllocated).

    ## Known limits
    Needs the pods of all namespaces. Where the scheduler's own count differs from the sums, the finding is only likely.
    """
    for group in ctx.groups("pod-unscheduled"):
        resource = main_gpu(group.shape.requests) if group.shape else None
        if group.shape is None or resource is None or group.state != "refused":
            continue
        left = ctx.pools.remaining(group)
        counts = ctx.place.count(group.shape)
        roomy = [node for node in counts.open if not ctx.place.too_small(group.shape, node)]
        if left > 0 and roomy and not counts.fitting and _waits_for_room(ctx, group, resource):
            yield _shortage(ctx, group, resource, counts=counts, roomy=roomy, left=left)


def _waits_for_room(ctx: Context, group: Group, resource: str) -> bool:
    """Whether the scheduler complains of resources at all, and not of a claim or a gang."""
    said = ctx.agreement(group, resource).message
    return said is None or said.prefilter is None


def _shortage(ctx: Context, group: Group, resource: str, *, counts: Counts, roomy: list[Node], left: int) -> Finding:
    assert group.shape is not None  # noqa: S101  asked by the caller
    wanted = group.shape.requests[resource]
    free = {node.name: max(ctx.place.free[node.name].get(resource, 0), 0) for node in counts.open}
    whole = [node for node in roomy if free[node.name] >= wanted]
    if whole:
        return _beside_gpus(ctx, group, resource, nodes=whole, left=left)
    total, most = sum(free.values()), max(free.values(), default=0)
    name = "gpu-fragmentation" if total >= wanted else "gpu-capacity-exhausted"
    offering = [node for node in counts.open if allocatable(node).get(resource, 0) > 0]
    holders = sorted(offering, key=lambda node: (-free[node.name], node.name))
    parts = [_free(ctx, node, resource, free[node.name]) for node in holders]
    request = _request(ctx, group, resource)
    all_free = ctx.compute(f"free {resource} on the {len(offering)} nodes that the pod may use", total // 1000, parts)
    largest = ctx.compute(f"most free {resource} on one of them", most // 1000, parts[:1])
    asked = f"asks for {wanted // 1000} × {resource} on one node"
    if name == "gpu-fragmentation":
        summary = f"{asked}; {total // 1000} are free on {len(offering)} nodes, but at most {most // 1000} on one"
        remedy = Remedy(
            text="move small pods together so that one node becomes free", who="platform", risk="disruptive"
        )
    else:
        summary = f"{asked}; of all that it may use only {total // 1000} are free ({len(offering)} nodes)"
        remedy = Remedy(text="wait, free GPUs held by work of lower value, or add nodes", who="user")
    return Finding(
        name=name,
        subject=group.workload,
        summary=summary,
        evidence=(all_free, largest, request),
        accounts_for=(Because(group, summary, (all_free, largest), members=left),),
        confidence=_confidence(ctx, group, resource),
        since=group.since,
        remedies=(remedy,),
    )


def _beside_gpus(ctx: Context, group: Group, resource: str, *, nodes: list[Node], left: int) -> Finding:
    """Nodes with enough free GPUs that are short of something else."""
    assert group.shape is not None  # noqa: S101  asked by the caller
    short = {node.name: ctx.place.short(group.shape, node) for node in nodes}
    node = min(nodes, key=lambda one: (short[one.name] == ["pods"], len(short[one.name]), one.name))
    lacking = short[node.name]
    pods_only = lacking == ["pods"]
    free_gpus = _free(ctx, node, resource, ctx.place.free[node.name].get(resource, 0))
    pieces: list[Evidence] = []
    words = []
    for name in lacking:
        left_there = ctx.place.free[node.name].get(name, 0)
        pieces.append(_free(ctx, node, name, left_there))
        words.append(
            f"{show(max(left_there, 0), name)} {name} left, {show(group.shape.requests[name], name)} asked for"
        )
    request = [_request(ctx, group, name) for name in lacking if name != "pods" and request_path(group.first, name)]
    limit = show(ctx.place.used[node.name].get("pods", 0), "pods")
    if pods_only:
        summary = f"free GPUs on {node.name} cannot be used: it holds {limit} pods and may hold no more (Too many pods)"
    else:
        summary = (
            f"{len(nodes)} nodes have enough free {resource} but too little {' and '.join(lacking)}: {node.name} has "
            + ", ".join(words)
        )
    return Finding(
        name="pod-limit-of-node-reached" if pods_only else "gpu-stranded-by-cpu-memory",
        subject=min(one.ref for one in nodes) if pods_only else group.workload,
        members=tuple(one.ref for one in nodes[1:]) if pods_only else (),
        summary=summary,
        evidence=(pieces[0], *pieces[1:], free_gpus, *request),
        accounts_for=(Because(group, summary, (*pieces, free_gpus), members=left),),
        confidence=_confidence(ctx, group, lacking[0] if lacking and not pods_only else resource),
        since=group.since,
        remedies=(
            Remedy(text="move pods that need no GPU off these nodes", who="platform", risk="disruptive"),
            Remedy(
                text="raise maxPods of the pool" if pods_only else f"ask for less {' and '.join(lacking)} per pod",
                who="platform" if pods_only else "user",
            ),
        ),
    )


def _confidence(ctx: Context, group: Group, resource: str) -> Confidence | None:
    return None if ctx.agreement(group, resource).trusts_sums else Confidence.LIKELY


def _request(ctx: Context, group: Group, resource: str) -> Evidence:
    path = request_path(group.first, resource)
    return ctx.cite(group.first, path) if path else group.evidence[0]


def _free(ctx: Context, node: Node, resource: str, free: int) -> Evidence:
    """Free on one node: allocatable minus what its pods ask for."""
    parts: list[Evidence] = [ctx.cite_or_lack(node, f"status.allocatable{key(resource)}")]
    for pod in ctx.snap.pods_on(node.name):
        path = request_path(pod, resource)
        if path and pod.status.phase not in ("Succeeded", "Failed"):
            parts.append(ctx.cite(pod, path))
    return ctx.compute(f"free {resource} on node {node.name}", show(free, resource), parts)
