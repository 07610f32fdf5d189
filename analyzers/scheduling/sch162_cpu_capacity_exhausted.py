"""SCH162 to SCH164: for a pod without GPUs, the CPU, memory or local storage of every node is taken."""

from collections import Counter
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import Named, rule
from diag.facts.nodes import allocatable
from diag.facts.quantity import show
from diag.facts.words import count_of
from diag.findings import Basis, Because, Confidence, Finding, Question, Remedy
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.shapes import Shape
from diag.vocab.scheduler_reasons import ReasonKind

STORED = "ephemeral-storage"
NAMES = {
    "cpu": "cpu-capacity-exhausted",
    "memory": "memory-capacity-exhausted",
    STORED: "ephemeral-storage-exhausted",
}

MEMORY = """The memory of every eligible node is taken by the requests of other pods.

## What it means
Nodes that the pod may use are large enough, and the requests of their pods leave less memory than it asks for.

## Why it happens
Requests are larger than what is used, or demand has outgrown the nodes.

## Evidence
The request, and on the node with most left `status.allocatable` minus the requests of its pods.

## What to do
Ask for less, lower requests that are never used, or add nodes.

## Known limits
Needs the pods of all namespaces. It is what remains after other explanations, so likely at most. Pods with GPUs
are counted elsewhere (SCH130 and following).
"""

STORAGE = """No eligible node has the ephemeral storage left that the pod asks for.

## What it means
The pod asks for local storage (`ephemeral-storage`), and the requests of other pods leave less of it on every node, or
no node has as much at all.

## Why it happens
Large requests for scratch space or image layers, or small root disks.

## Evidence
The request, and on the node with most left `status.allocatable` minus the requests of its pods.

## What to do
Ask for less, use a volume for scratch data, or use nodes with larger disks.

## Known limits
Needs the pods of all namespaces. It is what remains after other explanations, so likely at most.
"""


@rule(
    "SCH162",
    name="cpu-capacity-exhausted",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    basis=Basis.REMAINDER,
    others=(
        Named(id="SCH163", name="memory-capacity-exhausted", page=MEMORY, basis=Basis.REMAINDER),
        Named(id="SCH164", name="ephemeral-storage-exhausted", page=STORAGE, basis=Basis.REMAINDER),
    ),
)
def cpu_capacity_exhausted(ctx: Context) -> Iterator[Finding]:
    """The CPU of every eligible node is taken by the requests of other pods.

    ## What it means
    Nodes that the pod may use are large enough, and the requests of their pods leave less CPU than it asks for.

    ## Why it happens
    Requests are larger than what is used, or demand has outgrown the nodes.

    ## Evidence
    The request, and on the node with most left `status.allocatable` minus the requests of its pods.

    ## What to do
    Ask for less, lower requests that are never used, or add nodes.

    ## Known limits
    Needs the pods of all namespaces. It is what remains after other explanations, so likely at most. Pods with
    GPUs are counted elsewhere (SCH130 and following).
    """
    for group in ctx.groups("pod-unscheduled"):
        shape, said = group.shape, ctx.agreement(group).message
        if group.state == "refused" and shape is not None and (small := _too_small(ctx, shape)):
            yield _larger(ctx, group, shape, small)
            continue
        if shape is None or shape.gpus or shape.device_claims or group.state != "refused":
            continue
        if said is not None and not said.count(ReasonKind.INSUFFICIENT):
            continue
        counts = ctx.place.count(shape)
        usable = [node for node in counts.open if not ctx.place.too_small(shape, node)]
        short = Counter(name for node in usable for name in ctx.place.short(shape, node) if name in NAMES)
        left = ctx.pools.remaining(group)
        if not counts.fitting and short and left > 0:
            resource = max(sorted(short), key=lambda name: short[name])
            yield _finding(ctx, group, shape, resource, usable, left)


def _too_small(ctx: Context, shape: Shape) -> list[Node]:
    """The nodes that the pod may use, where none has as much local storage as it asks for, full or empty.

    CPU and memory of that size are another rule's; a node that tells nothing of its storage may have it.
    """
    wanted = shape.requests.get(STORED, 0)
    nodes = ctx.place.selected(shape) if wanted else []
    offered = [allocatable(node).get(STORED) for node in nodes]
    return list(nodes) if all(amount is not None and amount < wanted for amount in offered) else []


def _larger(ctx: Context, group: Group, shape: Shape, nodes: list[Node]) -> Finding:
    largest = max(nodes, key=lambda node: (allocatable(node).get(STORED, 0), node.name))
    most, wanted = show(allocatable(largest).get(STORED, 0), STORED), show(shape.requests[STORED], STORED)
    summary = (
        f"asks for {wanted} {STORED} in one pod; of the {count_of(len(nodes), 'node')} that it may use the largest, "
        f"{largest.name}, has {most}"
    )
    proof = (room.asked(ctx, group, STORED), ctx.cite(largest, f'status.allocatable["{STORED}"]'))
    return Finding(
        name=NAMES[STORED],
        subject=group.workload,
        summary=summary,
        evidence=(*proof, *group.evidence[:1]),
        accounts_for=(Because(group, summary, proof),),
        confidence=None if ctx.agreement(group).nodes else Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(text=f"ask for at most {most} {STORED} per pod, or use a volume for scratch data", who="user"),
            Remedy(text="add nodes with larger disks", who="platform"),
        ),
    )


def _finding(ctx: Context, group: Group, shape: Shape, resource: str, usable: list[Node], left: int) -> Finding:
    roomiest = max(usable, key=lambda node: (ctx.place.free[node.name].get(resource, 0), node.name))
    most = max(ctx.place.free[roomiest.name].get(resource, 0), 0)
    wanted = shape.requests[resource]
    summary = (
        f"asks for {show(wanted, resource)} {resource}; on the {count_of(len(usable), 'node')} that it may use "
        f"other pods leave at most {show(most, resource)} ({roomiest.name})"
    )
    proof = (room.free_on(ctx, roomiest, resource), room.asked(ctx, group, resource))
    return Finding(
        name=NAMES[resource],
        subject=group.workload,
        summary=summary,
        evidence=(*proof, *group.evidence[:1]),
        accounts_for=(Because(group, summary, proof, members=left),),
        confidence=None if ctx.agreement(group, resource).trusts_sums else Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(text=f"ask for less {resource}, or lower requests of others that are never used", who="user"),
            Remedy(text="add nodes, or end work of lower value", who="platform"),
        ),
    )
