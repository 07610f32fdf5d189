"""UPG101: a disruption budget refuses every eviction, so a node cannot be drained."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import rule
from diag.facts.budgets import BUDGET, COUNTS, Budget, budget
from diag.facts.drains import is_to_be_moved
from diag.facts.gpus import is_gpu
from diag.facts.quantity import show
from diag.findings import Because, ComputedEvidence, Confidence, FieldEvidence, Finding, Question, Ref, Remedy, as_proof
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import main_gpu, shape_of
from diag.vocab.drains import UPGRADE_FAILED, UPGRADE_REQUIRED, UPGRADE_STATES

SHOWN_PODS = 3
TOLD = ("expectedPods", "disruptionsAllowed")  # beside the bound
SCALABLE = ("Deployment", "StatefulSet", "ReplicaSet")


@rule(
    "UPG101",
    name="pdb-blocks-drain",
    question=Question.DRAINS,
    inputs=(BUDGET, "Node", "Pod", "Event"),
    refines=("upgrade-drain-blocked",),
)
def pdb_blocks_drain(ctx: Context) -> Iterator[Finding]:
    """A disruption budget refuses every eviction, so a node cannot be drained.

    ## What it means
    Somebody empties the node for an upgrade, a repair or its removal. The API server refuses to evict a pod that is
    on it, because the pod's PodDisruptionBudget allows no disruption. The drain tries again until it gives up; the
    node stays closed to new pods in the meantime, with all that is free on it.

    ## Why it happens
    `minAvailable` asks for as many pods as there are, or `maxUnavailable` is 0: then no eviction is ever allowed.
    Otherwise some of the budget's pods are not healthy and nothing is to spare. A pod under two budgets cannot be
    evicted at all.

    ## Evidence
    `status.disruptionsAllowed` of the budget with the counts that it follows from, the pod that it selects on the
    node, and the sign that the node is being drained: an upgrade-state label, a taint, or an event that tells of
    refused evictions. Of another node that would take the pod, what is free there.

    ## What to do
    Look at the budget and its pods. Where it asks for a number of pods (`minAvailable: 2`), and another node has room,
    run one replica more; else let the budget allow one disruption. Then let the drain try again.

    ## Known limits
    A budget of zero without a drain is no trouble and is not reported. Budgets of kinds other than policy/v1 are not
    seen.
    """
    for group in ctx.groups("drain-stuck"):
        node = group.first
        if not isinstance(node, Node):
            continue
        budgets = [budget(item) for item in ctx.snap.all(BUDGET)]
        held: dict[Ref, tuple[Budget, list[Pod]]] = {}
        for pod in ctx.snap.pods_on(node.name):
            over = [one for one in budgets if one.selects(pod)] if is_to_be_moved(pod) else []
            for one in over if len(over) > 1 else [one for one in over if one.refuses(pod)]:
                held.setdefault(one.item.ref, (one, []))[1].append(pod)
        for one, pods in held.values():
            yield _finding(ctx, group, node, one, pods)


def _finding(ctx: Context, group: Group, node: Node, one: Budget, pods: list[Pod]) -> Finding:
    name = one.item.name
    evidence = _numbers(ctx, one) or [ctx.cite(one.item, "metadata.name")]
    free = [room.free_on(ctx, node, resource) for resource in _free_gpus(ctx, node)]
    where = [ctx.cite(pod, "spec.nodeName") for pod in pods[:SHOWN_PODS]]
    names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in pods[:SHOWN_PODS])
    more = f" and {len(pods) - SHOWN_PODS} more" if len(pods) > SHOWN_PODS else ""
    unhealthy = ctx.workload(pods[0]).ref if one.short_of_healthy else None
    refuge = _refuge(ctx, pods[0], node.name)
    spare = _spare(ctx, pods[0], refuge) if refuge else None
    return Finding(
        subject=one.item.ref,
        summary=f"{_arithmetic(one)}; {names}{more} on {node.name} cannot be evicted, so its drain does not end",
        evidence=as_proof((*evidence, *where, *group.evidence, *free, *([spare] if spare else []))),
        accounts_for=(
            Because(group, f"the budget {name} refuses to let go of {names}{more}", as_proof((*evidence, *where))),
        ),
        confidence=None if one.allowed is not None else Confidence.LIKELY,
        since=group.since,
        needs=(unhealthy,) if unhealthy else (),
        remedies=_remedies(ctx, one, pods[0], group, refuge),
    )


def _numbers(ctx: Context, one: Budget) -> list[FieldEvidence]:
    """What the budget asks for, and what it counts: first what the summary says of a budget that never allows one."""
    known = dict(zip(COUNTS, (one.allowed, one.healthy, one.desired, one.expected), strict=True))
    order = sorted(known, key=lambda name: (name not in TOLD, COUNTS.index(name)))
    counts = [ctx.cite(one.item, f"status.{name}") for name in order if known[name] is not None]
    return [*([ctx.cite(one.item, f"spec.{one.bound}")] if one.bound else []), *counts]


def _free_gpus(ctx: Context, node: Node) -> list[str]:
    """GPUs that nobody can get while the node is closed."""
    return sorted(name for name, amount in ctx.place.free.get(node.name, {}).items() if is_gpu(name) and amount > 0)


def _arithmetic(one: Budget) -> str:
    """Why nothing is to spare, in the budget's own numbers."""
    rule_of_it = f"{one.bound} {one.value}" if one.bound else "the budget"
    of = f" of {one.expected} pods" if one.expected is not None else ""
    if one.never_allows:
        return f"{rule_of_it}{of} never allows an eviction"
    if one.allowed != 0:
        return "another budget selects the same pod, and a pod under two budgets cannot be evicted"
    counts = ((one.expected, "pods"), (one.healthy, "healthy"), (one.desired, "needed"))
    known = [f"{value} {word}" for value, word in counts if value is not None]
    return f"{rule_of_it} allows no eviction now ({', '.join([*known, 'disruptionsAllowed 0'])})"


def _refuge(ctx: Context, pod: Pod, drained: str) -> Node | None:
    """The first of the other nodes that would take the pod now."""
    fitting = [node for node in ctx.place.count(shape_of(pod)).fitting if node.name != drained]
    return min(fitting, key=lambda node: node.name, default=None)


def _spare(ctx: Context, pod: Pod, node: Node) -> ComputedEvidence:
    """What is free on the node that would take the pod. Not `free …`: that is what the drain costs."""
    free = room.free_on(ctx, node, _resource(pod))
    return ctx.compute(f"room on node {node.name}: {_resource(pod)} that no pod asks for", free.value, free.parts)


def _resource(pod: Pod) -> str:
    return main_gpu(shape_of(pod).requests) or "cpu"


def _has_room(ctx: Context, pod: Pod, node: Node) -> str:
    """`serve-2 has room (6 nvidia.com/gpu free)`."""
    free = ctx.place.free[node.name].get(_resource(pod), 0)
    return f"{node.name} has room" + (f" ({show(free, _resource(pod))} {_resource(pod)} free)" if free > 0 else "")


def _remedies(ctx: Context, one: Budget, pod: Pod, group: Group, refuge: Node | None) -> tuple[Remedy, ...]:
    item, node = one.item, group.first
    budget_of = f"poddisruptionbudget {item.name} -n {item.namespace}"
    found = [Remedy(text="look at the budget and what it counts", command=f"kubectl describe {budget_of}")]
    found += _one_more(ctx, one, pod, refuge)
    after = (
        f"{_has_room(ctx, pod, refuge)} for it" if refuge else "no other node would take it now: plan an outage for it"
    )
    found.append(
        Remedy(
            text=f"let the budget {item.name} allow one disruption ({one.relaxed}) during the drain; {after}",
            command=f"kubectl patch {budget_of} {one.patch}",
            who="user",
            risk="disruptive",
        )
    )
    if refuge is None:
        text = "find out what pins it to this node (node selector, affinity, what is free elsewhere)"
        found.insert(1, Remedy(text=text, command=f"kubectl get pod {pod.name} -n {pod.namespace} -o yaml"))
    for label in UPGRADE_STATES:
        if node.labels.get(label) == UPGRADE_FAILED:
            command = f"kubectl label node {node.name} {label}={UPGRADE_REQUIRED} --overwrite"
            text = f"then let {node.name} try its upgrade again"
            found.append(Remedy(text=text, command=command, who="platform", risk="disruptive"))
    return tuple(found)


def _one_more(ctx: Context, one: Budget, pod: Pod, refuge: Node | None) -> list[Remedy]:
    """One replica more, where the budget asks for a fixed number of pods and another node would take it now."""
    workload = ctx.workload(pod)
    fixed = one.bound == "minAvailable" and isinstance(one.value, int) and one.expected is not None
    if refuge is None or not fixed or workload.kind not in SCALABLE:
        return []
    kind, count = workload.kind.lower(), (one.expected or 0) + 1
    return [
        Remedy(
            text=f"run one replica more of {workload.kind} {workload.name}, so that one may go: "
            + _has_room(ctx, pod, refuge),
            command=f"kubectl scale {kind} {workload.name} -n {workload.namespace} --replicas={count}",
        )
    ]
