"""SCH171: the room that a pod waits for is held by pods that are being deleted and do not go."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import rule
from diag.facts.gpus import Amounts, add, pod_requests
from diag.facts.nodes import is_ready
from diag.facts.pods import occupies_node
from diag.facts.quantity import show
from diag.facts.scheduler_message import kind_of
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.room.placement import unlisted
from diag.trouble.room.shortage import Lack
from diag.trouble.shapes import Shape, main_gpu
from diag.vocab.scheduler_reasons import ReasonKind

LONG_S = 60.0  # since the deletion was asked for; a pod that ends at once is none of this


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A node that would take pods of the shape once those that are going have gone."""

    node: Node
    resource: str
    going: tuple[Pod, ...]
    copies: int


@rule(
    "SCH171",
    name="gpu-held-by-terminating-pod",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=(Lack.ONE_NODE.value, Lack.BESIDE_GPUS.value, "rolling-update-gpu-deadlock"),
    visits={"Pod": 1},
)
def gpu_held_by_terminating_pod(ctx: Context) -> Iterator[Finding]:
    """GPUs that a pod waits for are held by pods that are deleted and do not go.

    ## What it means
    A pod that is being deleted counts on its node until its containers have ended and its finalizers are gone. A node
    would take the waiting pod if such pods had gone; the scheduler waits for them, also after a preemption.

    ## Why it happens
    A long `terminationGracePeriodSeconds`, a preStop hook or a process that ignores SIGTERM, a finalizer whose
    controller does not act, or a kubelet that cannot end the containers (a driver that hangs).

    ## Evidence
    `metadata.deletionTimestamp` (when the pod should have gone), its grace period and finalizers, its requests, and
    what is free on its node.

    ## What to do
    Find what keeps the pod: the finalizer's controller, the hook, or the kubelet's log. Only where its processes are
    surely gone, delete it by force.

    ## Known limits
    Pods on nodes that are not Ready belong to the node's own fault. Needs the pods of all namespaces.
    """
    going: dict[str, list[Pod]] = {}  # by node, looked up once
    by_holders: dict[tuple[str, ...], list[tuple[Group, list[Held]]]] = {}
    for group in ctx.groups("pod-unscheduled"):
        shape = group.shape
        held = _held(ctx, group, shape, going) if shape is not None and _waits_for_room(ctx, group) else []
        if held:
            names = tuple(sorted(f"{pod.namespace}/{pod.name}" for one in held for pod in one.going))
            by_holders.setdefault(names, []).append((group, held))
    for waiting in by_holders.values():
        yield _finding(ctx, waiting)


def _waits_for_room(ctx: Context, group: Group) -> bool:
    """Whether the scheduler was short of something, or is in the middle of a preemption."""
    said = ctx.agreement(group).message
    if said is None:
        return False
    if said.prefilter is not None:
        return kind_of(said.prefilter) is ReasonKind.PREEMPTING
    return bool(said.count(ReasonKind.INSUFFICIENT))


def _held(ctx: Context, group: Group, shape: Shape, going: dict[str, list[Pod]]) -> list[Held]:
    """The nodes that would take a pod of the group, none where one takes it now or a node out of use explains it."""
    counts, resource = ctx.place.count(shape), main_gpu(shape.requests)
    if resource is None or counts.fitting or ctx.pools.remaining(group) <= 0:
        return []
    able = [node for node in counts.open if is_ready(node) is not False]
    going.update({node.name: _going(ctx, node) for node in able if node.name not in going})
    return [found for node in able if (found := _on_node(ctx, shape, node, resource, going[node.name]))]


def _on_node(ctx: Context, shape: Shape, node: Node, resource: str, there: list[Pod]) -> Held | None:
    """The pods of a node that are going and hold what it is short of, where their end would make room."""
    room_there: Amounts = dict(ctx.place.free[node.name])
    short = ctx.place.short(shape, node)
    going = [pod for pod in there if any(pod_requests(pod).get(name, 0) > 0 for name in short)]
    for pod in going:
        add(room_there, pod_requests(pod))
    offered = ctx.place.free[node.name]
    asked = ((name, amount) for name, amount in shape.requests.items() if amount > 0)
    copies = min(
        ((room_there[name] if name in offered else unlisted(name)) // amount for name, amount in asked), default=0
    )
    return Held(node=node, resource=resource, going=tuple(going), copies=copies) if copies > 0 else None


def _going(ctx: Context, node: Node) -> list[Pod]:
    """Pods of a node whose deletion was asked for some time ago."""
    return [pod for pod in ctx.snap.pods_on(node.name) if occupies_node(pod) and _is_going_long(ctx, pod)]


def _is_going_long(ctx: Context, pod: Pod) -> bool:
    meta = pod.metadata
    due = ctx.age(meta.deletion_timestamp)
    # deletionTimestamp is when the pod should be gone: the API server adds the grace period to it.
    return due is not None and due + (meta.deletion_grace_period_seconds or 0) > LONG_S


def _finding(ctx: Context, waiting: list[tuple[Group, list[Held]]]) -> Finding:
    group, held = waiting[0]
    pods = [pod for one in held for pod in one.going]
    first, node = pods[0], held[0].node
    resource = held[0].resource
    amount = sum(pod_requests(pod).get(resource, 0) for pod in held[0].going)
    who = f"{first.namespace}/{first.name}"
    more = f" (like {listed([pod.name for pod in pods[1:]], 3)})" if pods[1:] else ""
    takes = count_of(held[0].copies, "pod")
    names = listed([f"{one.workload.namespace}/{one.workload.name}" for one, _ in waiting], 3)
    summary = (
        f"{_state(ctx, first)} and still holds its room on {node.name}{more}: "
        f"with {show(amount, resource)} × {resource} given back, {node.name} would take {takes} of {names}"
    )
    signs = _signs(ctx, first)
    free = room.free_on(ctx, node, resource)
    agreed = all(ctx.agreement(one, resource).trusts_sums for one, _ in waiting)
    return Finding(
        subject=first.ref,
        summary=summary,
        evidence=(signs[0], *[*signs[1:], free, *group.evidence]),
        accounts_for=(*(_because(one, there, who, (signs[0], free)) for one, there in waiting), *_stuck(ctx, pods)),
        confidence=None if agreed else Confidence.LIKELY,
        members=tuple(pod.ref for pod in pods[1:]),
        since=first.metadata.deletion_timestamp,
        remedies=_remedies(first),
    )


def _state(ctx: Context, pod: Pod) -> str:
    meta = pod.metadata
    held = f", kept by the finalizer {meta.finalizers[0]}" if meta.finalizers else ""
    if ctx.older(meta.deletion_timestamp, 0):
        return f"should have gone at {meta.deletion_timestamp}{held},"
    return f"has until {meta.deletion_timestamp} to end (grace period {meta.deletion_grace_period_seconds} s){held},"


def _signs(ctx: Context, pod: Pod) -> tuple[Evidence, *tuple[Evidence, ...]]:
    paths = [
        *(("metadata.deletionGracePeriodSeconds",) if pod.metadata.deletion_grace_period_seconds else ()),
        *(("metadata.finalizers[0]",) if pod.metadata.finalizers else ()),
        "spec.nodeName",
    ]
    return (ctx.cite(pod, "metadata.deletionTimestamp"), *(ctx.cite(pod, path) for path in paths))


def _because(group: Group, held: list[Held], who: str, proof: tuple[Evidence, ...]) -> Because:
    """All that would fit in the room that is to come, at most the whole group."""
    copies = sum(one.copies for one in held)
    why = f"{who}, which is being deleted, holds the room on {held[0].node.name} that it would take"
    return Because(group, why, proof, members=copies)


def _stuck(ctx: Context, pods: list[Pod]) -> Iterator[Because]:
    """The pods themselves, where they are in trouble for not going."""
    holders = {pod.ref for pod in pods}
    for group in ctx.groups("pod-stuck-terminating"):
        mine = [one for one in group.members if one.ref in holders]
        if mine:
            yield Because(group, "it does not go, and others wait for its room", group.evidence, members=len(mine))


def _remedies(pod: Pod) -> tuple[Remedy, ...]:
    look = f"kubectl -n {pod.namespace} describe pod {pod.name}"
    if pod.metadata.finalizers:
        act = f"find the controller of the finalizer {pod.metadata.finalizers[0]}, and why it does not take it off"
    else:
        act = "see what its containers still do: a preStop hook, a process that ignores SIGTERM, a kubelet that hangs"
    return (
        Remedy(text=act, command=look, who="platform"),
        Remedy(
            text="delete it by force",
            command=f"kubectl -n {pod.namespace} delete pod {pod.name} --grace-period=0 --force",
            who="platform",
            risk="irreversible",
            when="its processes are surely gone: one that lives on keeps the GPU, and a second one starts beside it",
        ),
    )
