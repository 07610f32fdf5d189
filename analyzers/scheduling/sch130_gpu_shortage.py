"""SCH130 to SCH133: nodes that could hold the pod exist, and none has room for it as it needs it."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import preemption, room
from diag.catalog.rule import Named, rule
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.pods import occupies_node
from diag.facts.quantity import show
from diag.facts.words import count_of, listed
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Gap, Question, Remedy
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.selectors import NODE_NAME, narrowings
from diag.trouble.room.moves import Move, Stay
from diag.trouble.room.shortage import Holder, Lack, Shortage, holders, smallest_move

HOSTNAME = "kubernetes.io/hostname"  # the kubelet labels each node with its own name (Kubernetes, well-known labels)
NAMED = 4  # holders and nodes that a summary names
STAYS = {
    Stay.CONFINED: "selectors, affinity or tolerations allow no other node",
    Stay.CLAIMS: "where else claims of devices could be met is not counted",
    Stay.ROOM: "no other node has room",
}

EXHAUSTED = """All GPUs that the pod may use are taken by other pods.

## What it means
The nodes that the pod may run on are large enough, and the requests of running pods hold so many of their GPUs that
fewer are free, all nodes together, than one pod asks for.

## Why it happens
Demand exceeds the fleet. This is what remains after every other explanation: no node is out of order, no taint or
selector is in the way, and what is free is not merely scattered.

## Evidence
The request, and per node `status.allocatable` minus the requests of the pods bound to it.

## What to do
Wait, end or shrink something of lower value, raise the priority, or add nodes.

## Known limits
Needs the pods of all namespaces. Where the scheduler's own count differs from the sums, the finding is only possible,
and a gap says so.
"""

STRANDED = """GPUs are free, but the CPU or memory of the same nodes is used up.

## What it means
At least one node has as many free GPUs as the pod asks for, and too little CPU, memory or ephemeral storage beside
them.

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
    name=Lack.ONE_NODE.value,
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=(Lack.GPUS.value,),
    others=(
        Named(id="SCH131", name=Lack.BESIDE_GPUS.value, page=STRANDED, refines=(Lack.GPUS.value,)),
        Named(id="SCH132", name=Lack.POD_SLOTS.value, page=POD_LIMIT, refines=(Lack.GPUS.value,)),
        Named(id="SCH133", name=Lack.GPUS.value, page=EXHAUSTED, basis=Basis.REMAINDER),
    ),
)
def gpu_shortage(ctx: Context) -> Iterator[Finding | Gap]:
    """Enough GPUs are free, but not on one node.

    ## What it means
    All nodes that the pod may use have, together, more free GPUs than it asks for, and none has enough by itself.

    ## Why it happens
    Small pods are spread over the nodes (the scheduler's default), so that no node is left whole for a large one.

    ## Evidence
    The request, the free GPUs of each node (`status.allocatable` minus the requests of its pods), and the most on one.

    ## What to do
    Move small pods together, ask for fewer GPUs per pod, or let the scheduler pack (MostAllocated).

    ## Known limits
    Needs the pods of all namespaces. Where the scheduler's own count differs from the sums, the finding is only likely.
    A move is worked out from requests, taints and selectors; disruption budgets and pod affinity are not looked at.
    """
    lacking = room.shortages(ctx)
    yield from _disagreements(ctx, lacking)
    yield from _pod_limits(ctx, [one for one in lacking if one.lack is Lack.POD_SLOTS])
    for one in lacking:
        if one.lack is Lack.BESIDE_GPUS:
            yield _beside_gpus(ctx, one)
        elif one.lack is not Lack.POD_SLOTS:
            yield _too_few(ctx, one)


def _disagreements(ctx: Context, lacking: list[Shortage]) -> Iterator[Gap]:
    """One gap for each resource of which the scheduler counted other nodes short than the snapshot shows."""
    for resource in sorted(
        {one.resource for one in lacking if ctx.agreement(one.group, _deciding(ctx, one)).sums is False}
    ):
        # It lowers the finding itself, so it is not material once more.
        yield Gap(
            cluster=ctx.cluster,
            what=f"free {resource}: the scheduler counted other nodes than the snapshot shows, its words may be older",
            why="disagrees",
            fix="look again, with the pods of all namespaces",
        )


def _deciding(ctx: Context, one: Shortage) -> str:
    """The resource whose count the scheduler must confirm."""
    if one.lack is Lack.POD_SLOTS:
        return "pods"
    if one.lack is Lack.BESIDE_GPUS:
        return ctx.place.short(one.shape, one.nodes[0])[0]
    return one.resource


def _confidence(ctx: Context, one: Shortage) -> Confidence | None:
    agreed = ctx.agreement(one.group, _deciding(ctx, one))
    if agreed.trusts_sums:
        return None
    return Confidence.POSSIBLE if one.lack is Lack.GPUS and agreed.sums is False else Confidence.LIKELY


def _pod_limits(ctx: Context, lacking: list[Shortage]) -> Iterator[Finding]:
    """One finding for full nodes that share waiters, at the first of them by name."""
    left = list(lacking)
    while left:
        together = _sharing(left)
        left = [one for one in left if one not in together]
        nodes = sorted({node.name: node for one in together for node in one.nodes}.values(), key=lambda node: node.name)
        node = nodes[0]
        slots = show(ctx.place.used[node.name].get("pods", 0), "pods")
        limit, bound = ctx.cite(node, "status.allocatable.pods"), room.pods_on(ctx, node)
        who = f"{node.name} and {len(nodes) - 1} more" if len(nodes) > 1 else node.name
        summary = f"{who} may hold no more pods (Too many pods): {slots} of {limit.value} on {node.name}"
        idle = [
            room.free_on(ctx, node, resource)
            for resource in sorted({gpu for one in together for gpu in one.shape.gpus})
        ]
        if idle:
            summary += f", beside {', '.join(f'{each.value} free {each.computed.split()[1]}' for each in idle)}"
        yield Finding(
            name=Lack.POD_SLOTS.value,
            subject=node.ref,
            members=tuple(other.ref for other in nodes[1:]),
            summary=summary,
            evidence=(limit, *[bound, *idle]),
            accounts_for=tuple(_because(ctx, one, summary, (limit, bound)) for one in together),
            confidence=min((found for one in together if (found := _confidence(ctx, one))), default=None),
            since=min((one.group.since for one in together if one.group.since), default=None),
            remedies=(
                _look_at(node),
                Remedy(text="move small pods off these nodes", who="platform", risk="disruptive"),
                Remedy(text=f"raise maxPods of the pool above {slots}", who="platform", risk="disruptive"),
            ),
        )


def _sharing(lacking: list[Shortage]) -> list[Shortage]:
    """The first shortage and all that share full nodes with it, directly or through others."""
    names = {node.name for node in lacking[0].nodes}
    found: list[Shortage] = []
    while len(found) < len(wider := [one for one in lacking if any(node.name in names for node in one.nodes)]):
        found = wider
        names.update(node.name for one in found for node in one.nodes)
    return found


def _too_few(ctx: Context, one: Shortage) -> Finding:
    """GPUs free on several nodes only, or too few altogether."""
    resource, several = one.resource, len(one.nodes)
    request = room.asked(ctx, one.group, resource)
    all_free = room.free_in_all(ctx, one.nodes, resource, f"the {several} nodes that the pod may use")
    largest = room.free_on(ctx, one.nodes[0], resource)
    wanted = f"asks for {show(one.wanted, resource)} × {resource} on one node"
    where = f"{several} nodes" if several > 1 else one.nodes[0].name
    if one.lack is Lack.ONE_NODE:
        summary = f"{wanted}; {one.total // 1000} are free on {where}, but at most {one.most // 1000} on one"
        remedies: tuple[Remedy, ...] = _make_room(ctx, one)
    else:
        found = holders(ctx.place, lambda pod: ctx.workload(pod).ref, one.nodes, resource)
        summary = f"{wanted}; of all that it may use {one.total // 1000} are free ({where}){_held(one, found)}"
        remedies = (
            Remedy(text="wait, end or shrink what holds them, raise the priority, or add nodes"),
            Remedy(
                text="see who holds them",
                command="kubectl get pods -A -o wide --field-selector status.phase=Running",
                who="platform",
            ),
        )
    alone, proof = preemption.why_not(ctx, one)
    summary = "; ".join(filter(None, (summary, alone)))
    return Finding(
        name=one.lack.value,
        subject=one.group.workload,
        summary=summary,
        evidence=(all_free, *[largest, request, *proof]),
        accounts_for=(_because(ctx, one, summary, (all_free, largest)),),
        confidence=_confidence(ctx, one),
        since=one.group.since,
        remedies=remedies,
    )


def _held(one: Shortage, found: list[Holder]) -> str:
    """Who holds them; what the waiting workload holds itself is told beside what it asks for in all."""
    resource, waiting = one.resource, one.wanted * one.group.size
    named = [
        f"{each.workload.namespace}/{each.workload.name} {show(each.amount, resource)}"
        + (f" (of {show(each.amount + waiting, resource)} in all)" if each.workload == one.group.workload else "")
        for each in found[:NAMED]
    ]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"; held by {', '.join(named)}{more}"


def _make_room(ctx: Context, one: Shortage) -> tuple[Remedy, ...]:
    """The smallest move with a look at its node, and what helps without one."""
    move = smallest_move(ctx.place, one)
    most = one.most // 1000
    smaller = f", or ask for at most {most} × {one.resource} per pod" if most else ""
    wait = Remedy(text=f"wait until enough of what runs on one node has ended{smaller}")
    if move is None:
        text = "move small pods together so that one node becomes free"
        return (_look_at(one.nodes[0]), Remedy(text=text, who="platform", risk="disruptive"), wait)
    return (_look_at(move.node), _moved(move), *_unpinned(move), wait)


def _unpinned(move: Move) -> tuple[Remedy, ...]:
    """What would let pods move that name their node themselves."""
    bound = [moved.pod for moved in move.pods if moved.stay is Stay.CONFINED]
    pinned = [(pod, path) for pod in bound for path in _pins(pod)]
    if not pinned:
        return ()
    text = " and ".join(dict.fromkeys(f"{path} of {pod.namespace}/{pod.name}" for pod, path in pinned[:NAMED]))
    return (Remedy(text=f"take the name of its node out of the template: {text}", when="it may run on another node"),)


def _pins(pod: Pod) -> list[str]:
    """Where a pod asks for one node by its name."""
    return [
        one.paths[0]
        for one in narrowings(pod)
        if one.label in (NODE_NAME, HOSTNAME) and one.operator == "In" and len(one.values) == 1
    ]


def _moved(move: Move) -> Remedy:
    going = [moved for moved in move.pods if not moved.ending]
    names = [f"{moved.pod.namespace}/{moved.pod.name}" for moved in going]
    if move.lands:
        steps = ", ".join(f"{name} to {moved.to.name}" for name, moved in zip(names, going, strict=True) if moved.to)
        text = f"free {move.node.name}: by requests, {steps} would have room"
    else:
        stays = {STAYS[moved.stay] for moved in going if moved.stay}
        text = f"{listed(names)} would have to leave {move.node.name}; {' or '.join(sorted(stays))}"
    return Remedy(text=text, who="platform", risk="disruptive")


def _beside_gpus(ctx: Context, one: Shortage) -> Finding:
    """Nodes with enough free GPUs that are short of something else; the one that lacks least speaks."""
    node = min(one.nodes, key=lambda each: (len(ctx.place.short(one.shape, each)), each.name))
    lacking = ctx.place.short(one.shape, node)
    words = ", ".join(
        f"{show(max(ctx.place.free[node.name].get(name, 0), 0), name)} {name} left, "
        f"{show(one.shape.requests[name], name)} asked for"
        for name in lacking
    )
    has = "has" if len(one.nodes) == 1 else "have"
    summary = (
        f"{count_of(len(one.nodes), 'node')} {has} enough free {one.resource} but too little {' and '.join(lacking)}: "
        f"{node.name} has {words}"
    )
    biggest = _biggest(ctx, node, lacking[0])
    held = show(pod_requests(biggest).get(lacking[0], 0), lacking[0])
    summary += f"; {biggest.namespace}/{biggest.name} holds most of it there, {held}"
    first, *others = (room.free_on(ctx, node, name) for name in lacking)
    gpus = room.free_on(ctx, node, one.resource)
    return Finding(
        name=one.lack.value,
        subject=one.group.workload,
        summary=summary,
        evidence=(first, *[*others, gpus, *(room.asked(ctx, one.group, name) for name in lacking)]),
        accounts_for=(_because(ctx, one, summary, (first, *others, gpus)),),
        confidence=_confidence(ctx, one),
        since=one.group.since,
        remedies=(
            _look_at(node),
            _move_off(node, biggest, lacking[0]),
            Remedy(text=f"ask for less {' and '.join(lacking)} per pod"),
        ),
    )


def _look_at(node: Node) -> Remedy:
    return Remedy(
        text=f"see what the pods on {node.name} ask for (its Non-terminated Pods)",
        command=f"kubectl describe node {node.name}",
        who="platform",
    )


def _biggest(ctx: Context, node: Node, resource: str) -> Pod:
    """Who holds most of what the node is short of; a node that is large enough is short only where somebody does."""
    there = [pod for pod in ctx.snap.pods_on(node.name) if occupies_node(pod)]
    return min(there, key=lambda pod: (-pod_requests(pod).get(resource, 0), pod.namespace, pod.name))


def _move_off(node: Node, pod: Pod, resource: str) -> Remedy:
    name, asks = f"{pod.namespace}/{pod.name}", f"{show(pod_requests(pod).get(resource, 0), resource)} {resource}"
    if gpus_of(pod_requests(pod)):
        return Remedy(text=f"have {name} ask for less {resource}: it holds {asks} beside its GPUs")
    text = f"move {name} off {node.name}: it needs no GPU and holds {asks} there"
    return Remedy(text=text, who="platform", risk="disruptive")


def _because(ctx: Context, one: Shortage, why: str, evidence: tuple[Evidence, ...]) -> Because:
    return Because(one.group, why, evidence, members=ctx.pools.remaining(one.group))
