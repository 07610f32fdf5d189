"""SCH101: a pod asks for more GPUs than the largest node offers."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import rule
from diag.facts.nodes import allocatable, blocking_taints, capacity, tolerates
from diag.facts.words import listed
from diag.findings import Because, Confidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.relations.selectors import NODE_NAME, cite_selectors, narrowings
from diag.trouble.relations.unmet import meets, words_of


@rule(
    "SCH101",
    name="gpu-request-exceeds-any-node",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=("gpu-capacity-exhausted", "untolerated-taint"),
    visits={"Node": 1},
)
def gpu_request_exceeds_any_node(ctx: Context) -> Iterator[Finding]:
    """A pod asks for more GPUs than the largest node offers.

    ## What it means
    No node that the pod may be put on by its selector, even an empty one, has as many GPUs as one pod asks for.
    Waiting does not help, and an autoscaler helps only if it may create a larger machine.

    ## Why it happens
    The request was written for another machine type, the selector pins the pod to a pool of smaller machines, or a
    MIG or time-slicing layout changed what one node offers.

    ## Evidence
    The request in `spec.containers[*].resources` of the pod, and the largest `status.allocatable` (or capacity, where
    a node does not offer all that it has) among the nodes that its selector and affinity leave.

    ## What to do
    Ask for at most the largest node's count, split the job over several pods, or let it run on the pool that has
    larger nodes.

    ## Known limits
    A node group that an autoscaler could scale up from zero is not seen. Where the scheduler counts another number of
    nodes than the snapshot holds, the finding is only likely.
    """
    for group in ctx.groups("pod-unscheduled"):
        if group.shape is None:
            continue
        for resource, wanted in group.shape.gpus.items():
            allowed = ctx.place.selected(group.shape)
            largest = _largest(allowed, resource)
            if largest is None or wanted * 1000 <= _has(largest, resource):
                continue
            yield _finding(
                ctx, group, resource, wanted=wanted, largest=largest, everywhere=len(allowed) == len(ctx.snap.nodes())
            )


def _has(node: Node, resource: str) -> int:
    """What the node offers or, while it does not offer all of it, has."""
    return max(allocatable(node).get(resource, 0), capacity(node).get(resource, 0))


def _largest(nodes: list[Node], resource: str) -> Node | None:
    offering = [node for node in nodes if _has(node, resource) > 0]
    return max(offering, key=lambda node: (_has(node, resource), node.name), default=None)


def _finding(ctx: Context, group: Group, resource: str, *, wanted: int, largest: Node, everywhere: bool) -> Finding:
    most = _has(largest, resource) // 1000
    part = "allocatable" if allocatable(largest).get(resource, 0) == _has(largest, resource) else "capacity"
    request = room.asked(ctx, group, resource)
    selectors = () if everywhere else cite_selectors(ctx.cite, group.first)
    evidence = as_proof((request, ctx.cite(largest, f'status.{part}["{resource}"]'), *selectors))
    elsewhere = () if everywhere else _elsewhere(ctx, group, resource, wanted)
    among = "the largest node" if everywhere else "the largest node that its selector allows"
    summary = f"asks for {wanted} × {resource} in one pod; {among}, {largest.name}, has {most}"
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=evidence,
        accounts_for=(Because(group, f"no node can hold {wanted} × {resource}, even when empty", evidence),),
        confidence=None if ctx.agreement(group).trusts_nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            *elsewhere,
            Remedy(
                text=f"ask for at most {most} × {resource} per pod, or spread the job over several pods", who="user"
            ),
            Remedy(
                text=f"add a node pool whose machines have {wanted} GPUs",
                who="platform",
                when="one pod really needs so many",
            ),
        ),
    )


def _elsewhere(ctx: Context, group: Group, resource: str, wanted: int) -> tuple[Remedy, ...]:
    """The nodes that are large enough and left out by the selector alone, and what keeps the pod from them."""
    large = [node for node in ctx.snap.nodes() if allocatable(node).get(resource, 0) >= wanted * 1000]
    large = [node for node in large if not node.spec.unschedulable]
    if not large or group.shape is None:
        return ()
    demands = [one for one in narrowings(group.first) if not all(meets(node, one) for node in large)]
    taints = {
        taint.key or ""
        for node in large
        for _, taint in blocking_taints(node)
        if not tolerates(group.shape.tolerations, taint)
    }
    names = listed([node.name for node in large], 2)
    text = f"let it run on {names}, which {'has' if len(large) == 1 else 'have'} {wanted} or more × {resource}"
    text += (
        f": {listed(list(dict.fromkeys(map(words_of, demands))), 2)} leaves {'it' if len(large) == 1 else 'them'} out"
    )
    text += f" (and tolerate {listed(sorted(taints), 2)} there)" if taints else ""
    labels = ",".join(dict.fromkeys(one.label for one in demands if one.label != NODE_NAME))
    command = f"kubectl get nodes -L {labels}" if labels else "kubectl get nodes --show-labels"
    return (Remedy(text=text, command=command, when="it may use those GPUs"),)
