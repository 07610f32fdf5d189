"""SCH101: a pod asks for more GPUs than the largest node offers."""

from collections.abc import Iterator, Sequence

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.joins.node_faults import NUMBER
from diag.catalog.rule import rule
from diag.facts.nodes import allocatable, blocking_taints, capacity, tolerates
from diag.facts.words import listed
from diag.findings import Because, Confidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Node
from diag.snapshot.sources.part import Reading
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
    nodes than the snapshot holds, the finding is only likely. So it is where no node was collected and
    kube-state-metrics beside the dump says how many GPUs each has; labels are not known then, and all nodes count.
    """
    for group in ctx.groups("pod-unscheduled"):
        if group.shape is None:
            continue
        for resource, wanted in group.shape.gpus.items():
            allowed = ctx.place.selected(group.shape)
            largest = _largest(allowed, resource)
            if most := ctx.snap.offers(resource):
                yield from _by_metrics(ctx, group, resource, wanted, most)
            if largest is None or wanted * 1000 <= _has(largest, resource):
                continue
            yield _finding(
                ctx, group, resource, wanted=wanted, largest=largest, everywhere=len(allowed) == len(ctx.snap.nodes())
            )


def _by_metrics(ctx: Context, group: Group, resource: str, wanted: int, offers: Sequence[Reading]) -> Iterator[Finding]:
    """The same by a metric, where the nodes were not collected: no more than likely, as a query may leave out some."""
    counted = [(int(found[1]), one.node, one) for one in offers if (found := NUMBER.fullmatch(one.value))]
    most, node, largest = max(counted, key=lambda one: one[:2], default=(0, "", None))
    if largest is None or not 0 < most < wanted:
        return
    request = room.asked(ctx, group, resource)
    evidence = as_proof((request, ctx.cite_reading(largest)))
    yield Finding(
        subject=group.workload,
        summary=f"asks for {wanted} × {resource} in one pod; by kube-state-metrics the largest node, {node}, "
        f"has {most} (the nodes themselves were not collected)",
        evidence=evidence,
        accounts_for=(Because(group, f"no node of which a metric tells can hold {wanted} × {resource}", evidence),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=_remedies(resource, wanted, most),
    )


def _remedies(resource: str, wanted: int, most: int) -> tuple[Remedy, Remedy]:
    return (
        Remedy(text=f"ask for at most {most} × {resource} per pod, or spread the job over several pods", who="user"),
        Remedy(
            text=f"add a node pool whose machines have {wanted} GPUs",
            who="platform",
            when="one pod really needs so many",
        ),
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
        remedies=(*elsewhere, *_remedies(resource, wanted, most)),
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
