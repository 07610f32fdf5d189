"""SCH160 and SCH161: the pod asks for more CPU or memory than any node has that could hold it."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import Named, rule
from diag.facts.nodes import allocatable, capacity
from diag.facts.quantity import show
from diag.facts.words import count_of
from diag.findings import Because, Confidence, Finding, Question, Remedy
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.shapes import Shape

NAMES = {"cpu": "cpu-request-exceeds-any-node", "memory": "memory-request-exceeds-any-node"}

MEMORY = """The pod asks for more memory than the largest node has.

## What it means
No node that its selector allows, and that has the GPUs it asks for, has as much memory to give, even when
empty. Waiting does not help.

## Why it happens
The request was written for larger machines, or it does not leave what the system and the kubelet keep for
themselves: what a node gives (`allocatable`) is less than what it has.

## Evidence
The request, and the largest `status.allocatable` of memory among those nodes.

## What to do
Ask for less, let the pod run on larger machines, or split the work.

## Known limits
Nodes that an autoscaler could add are not seen. Where the scheduler counts another number of nodes than the snapshot
holds, the finding is only likely.
"""


@rule(
    "SCH160",
    name="cpu-request-exceeds-any-node",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    others=(Named(id="SCH161", name="memory-request-exceeds-any-node", page=MEMORY),),
)
def cpu_request_exceeds_any_node(ctx: Context) -> Iterator[Finding]:
    """The pod asks for more CPU than the largest node has.

    ## What it means
    No node that its selector allows, and that has the GPUs it asks for, has as much CPU to give, even when
    empty. Waiting does not help.

    ## Why it happens
    The request was written for larger machines, or it asks for all that a machine has: what a node gives
    (`allocatable`) is less than that, since the system and the kubelet keep some.

    ## Evidence
    The request, and the largest `status.allocatable` of CPU among those nodes.

    ## What to do
    Ask for less, let the pod run on larger machines, or split the work.

    ## Known limits
    Nodes that an autoscaler could add are not seen. Where the scheduler counts another number of nodes than the
    snapshot holds, the finding is only likely.
    """
    for group in ctx.groups("pod-unscheduled"):
        said = ctx.agreement(group).message
        if group.shape is None or group.state != "refused" or (said is not None and said.prefilter is not None):
            continue
        large = [node for node in ctx.place.selected(group.shape) if _has_gpus(group.shape, node)]
        small = {resource: [node for node in large if _is_small(group.shape, node, resource)] for resource in NAMES}
        if large and {node.name for nodes in small.values() for node in nodes} == {node.name for node in large}:
            resource = max(NAMES, key=lambda one: len(small[one]))
            yield _finding(ctx, group, group.shape, resource, large, alone=len(small[resource]) == len(large))


def _has_gpus(shape: Shape, node: Node) -> bool:
    has, offers = capacity(node), allocatable(node)
    return all(max(has.get(name, 0), offers.get(name, 0)) >= wanted * 1000 for name, wanted in shape.gpus.items())


def _is_small(shape: Shape, node: Node, resource: str) -> bool:
    offered = allocatable(node).get(resource)
    return offered is not None and shape.requests.get(resource, 0) > offered


def _finding(ctx: Context, group: Group, shape: Shape, resource: str, large: list[Node], *, alone: bool) -> Finding:
    largest = max(large, key=lambda node: (allocatable(node).get(resource, 0), node.name))
    most, wanted = allocatable(largest).get(resource, 0), shape.requests[resource]
    among = "nodes with the GPUs it asks for" if shape.gpus else "nodes that it may use"
    head = f"asks for {show(wanted, resource)} {resource} in one pod; of the {among} the largest, {largest.name}, has "
    head += show(most, resource)
    if not alone:
        head = f"no node has both the CPU and the memory that it asks for ({count_of(len(large), 'node')} may hold it)"
    proof = (room.asked(ctx, group, resource), ctx.cite(largest, f"status.allocatable.{resource}"))
    return Finding(
        name=NAMES[resource],
        subject=group.workload,
        summary=head,
        evidence=(*proof, *group.evidence[:1]),
        accounts_for=(Because(group, head, proof),),
        confidence=None if alone and ctx.agreement(group).nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text=f"ask for at most {show(most, resource)} {resource} per pod, or split the work", who="user"),
            Remedy(text=f"add nodes with {show(wanted, resource)} {resource} to give", who="platform"),
        ),
    )
