"""UPG201, UPG202: the pod went with its node: the machine was lost, or Karpenter took it away."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.nodes import is_ready
from diag.facts.pods import condition, condition_path
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event, Node, Pod
from diag.trouble.groups import Group

# Reasons of DisruptionTarget (kubernetes/kubernetes pkg/apis/core, KEP-3329).
BY_TAINT, BY_GC, BY_EVICTION, BY_KUBELET = (
    "DeletionByTaintManager",
    "DeletionByPodGC",
    "EvictionByEvictionAPI",
    "TerminationByKubelet",
)
SHUTDOWN = ("NodeShutdown", "Terminated", "Shutdown")  # status.reason of pods that a graceful shutdown ended
# Karpenter (pkg/controllers/disruption/events, interruption/events), AWS node termination handler, GKE.
INTERRUPTED = ("SpotInterrupted", "SpotInterruption", "SpotRebalanceRecommendation", "InstanceTerminating", "Preempted",
               "PreemptScheduled", "TerminatingOnInterruption")  # fmt: skip
DISRUPTING = ("DisruptionTerminating", "DisruptionLaunching", "Disrupted")
VOLUNTARY = re.compile(
    r"Disrupting (?:Node|NodeClaim): (?P<why>Underutilized|Empty|Drifted|Drift|Expired)\b[^\n]{0,200}"
)
POOL_LABEL = "karpenter.sh/nodepool"
CLAIM = "karpenter.sh/NodeClaim"
POOL = "karpenter.sh/NodePool"
WAITS_S = 2 * 60 * 60  # a replacement that waits longer waits for something else by now

VOLUNTARY_PAGE = """Karpenter removed the node under a long job.

## What it means
The machine was well. Karpenter judged that the pool could do with fewer, cheaper or newer machines, and evicted what
ran there. A training pod starts again from its last checkpoint, or not at all.

## Why it happens
The NodePool's `disruption` policy allows consolidation or drift for nodes that are in use, and the pods do not say that
they must not be disturbed.

## Evidence
The event `Disrupting Node: …` with its reason, the pods' condition `DisruptionTarget`, and `spec.disruption` of the
NodePool.

## What to do
Annotate the pods `karpenter.sh/do-not-disrupt: "true"`, set `consolidationPolicy: WhenEmpty`, or give the NodePool a
disruption budget.

## Known limits
Events live for an hour by default; later only the pods' conditions are left, which do not name Karpenter.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A pod that went with its node, and the group that it accounts for: its own, or one that replaces it."""

    group: Group
    pod: Pod
    node: str
    sign: Evidence
    why: str


@rule(
    "UPG201",
    name="spot-or-node-lost",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=("Pod", "Node", "Event", CLAIM, POOL),
    others=(
        Named(
            id="UPG202",
            name="karpenter-voluntary-disruption",
            page=VOLUNTARY_PAGE,
            basis=Basis.SAID,
            refines=("spot-or-node-lost",),
        ),
    ),
)
def node_lost(ctx: Context) -> Iterator[Finding]:
    """The pod died with its node.

    ## What it means
    The node is gone, was shut down or was taken back by the cloud, and the pods that ran there with it.

    ## Why it happens
    A spot machine was reclaimed, a machine was deleted or died, or an autoscaler or an upgrade removed it.

    ## Evidence
    The pod's condition `DisruptionTarget` (DeletionByTaintManager, DeletionByPodGC), or its status Terminated, Shutdown
    or NodeShutdown; the node, which is no longer there or whose events tell of an interruption.

    ## What to do
    Have the work resume from checkpoints. Use on-demand machines for what cannot be interrupted.

    ## Known limits
    Why a machine went is told by its cloud; a node that is there and not Ready is node-not-ready.
    """
    found: dict[tuple[str, str], list[Lost]] = defaultdict(list)
    for group in ctx.groups("pod-evicted", "pod-failed"):
        for pod in group.members:
            lost = _lost(ctx, group, pod) if isinstance(pod, Pod) else None
            if lost is not None:
                found[_name(ctx, lost), lost.node].append(lost)
    for (name, node), pods in sorted(found.items()):
        if name:
            yield _finding(ctx, name, node, pods)


def _lost(ctx: Context, group: Group, pod: Pod) -> Lost | None:
    """Whether a pod says that it was taken away with its node, and how."""
    target, node = condition(pod, "DisruptionTarget"), pod.spec.node_name
    reason = target.reason if target is not None and target.status == "True" else None
    if node and reason in (BY_TAINT, BY_GC, BY_EVICTION):
        sign = ctx.cite(pod, condition_path(pod, "DisruptionTarget", "reason"))
        return Lost(group=group, pod=pod, node=node, sign=sign, why=reason)
    if node and pod.status.reason in SHUTDOWN:
        return Lost(group=group, pod=pod, node=node, sign=ctx.cite(pod, "status.reason"), why=pod.status.reason)
    return None


def _name(ctx: Context, lost: Lost) -> str:
    """Which of the two it was; empty where the node is there and nothing says that it went."""
    if _disruption(ctx, lost.node) is not None:
        return "karpenter-voluntary-disruption"
    if lost.why == BY_EVICTION:
        return "spot-or-node-lost" if _interruption(ctx, lost.node) is not None else ""
    node = ctx.snap.node(lost.node)
    if node is None:
        known = ctx.snap.lacks("Node", "", lost.node) is not None
        return "spot-or-node-lost" if known or lost.why == BY_GC else ""
    anew = (node.created or "") > (lost.pod.created or "~")  # another machine by the same name
    told = lost.why in SHUTDOWN or _interruption(ctx, lost.node) is not None
    return "spot-or-node-lost" if anew or (told and is_ready(node) is not False) else ""


def _node_ref(ctx: Context, name: str) -> Ref:
    node = ctx.snap.node(name)
    return node.ref if node is not None else Ref(ctx.cluster, "v1", "Node", "", name, seen=False)


def _claims(ctx: Context, node: str) -> list[Object]:
    return [one for one in ctx.snap.all(CLAIM) if value_at(one.whole, "status.nodeName") == node]


def _events(ctx: Context, node: str) -> list[Event]:
    """What was said of a node and of its NodeClaim."""
    claimed = [event for claim in _claims(ctx, node) for event in ctx.snap.events(claim)]
    return [*ctx.snap.events(_node_ref(ctx, node)), *claimed]


def _disruption(ctx: Context, node: str) -> Event | None:
    return next((one for one in _events(ctx, node) if one.reason in DISRUPTING and VOLUNTARY.search(one.text)), None)


def _interruption(ctx: Context, node: str) -> Event | None:
    return next((one for one in _events(ctx, node) if one.reason in INTERRUPTED), None)


def _pool(ctx: Context, node: Node | None, name: str) -> Object | None:
    """The NodePool of a node, by its label, its claim's, or because there is but one."""
    labels = [node.labels] if node is not None else []
    labels += [one.labels for one in _claims(ctx, name)]
    pools = ctx.snap.all(POOL)
    wanted = next((found[POOL_LABEL] for found in labels if POOL_LABEL in found), None)
    if wanted is not None:
        return next((one for one in pools if one.name == wanted), None)
    return pools[0] if len(pools) == 1 else None


def _finding(ctx: Context, name: str, where: str, pods: list[Lost]) -> Finding:
    first = pods[0]
    node = ctx.snap.node(where)
    gone = node is None and ctx.snap.lacks("Node", "", where) is not None
    event = _disruption(ctx, where) or _interruption(ctx, where)
    signs: list[Evidence] = [ctx.cite(first.pod, "spec.nodeName")]
    signs += [ctx.absent("v1", "Node", "", where)] if gone else []
    signs += [ctx.cite_event(event)] if event is not None else []
    count = f"{len(pods)} pods" if len(pods) > 1 else f"pod {first.pod.name}"
    pool = _pool(ctx, node, where) if name != "spot-or-node-lost" else None
    said = VOLUNTARY.search(event.text) if event is not None else None
    if said is not None:
        summary = f"Karpenter took node {where} away ({said['why']}) under {count} ({first.why})"
    else:
        told = f": {event.reason}" if event is not None else ""
        state = "is gone" if gone else "was shut down or replaced"
        summary = f"node {where} {state}{told}, and {count} went with it ({first.why})"
    return Finding(
        name=name,
        subject=pool.ref if pool is not None else _node_ref(ctx, where),
        summary=summary,
        evidence=(first.sign, *signs),
        accounts_for=tuple(_because(ctx, pods, summary, signs)),
        confidence=None if gone or event is not None else Confidence.LIKELY,
        since=first.group.since,
        remedies=_remedies(name),
    )


def _because(ctx: Context, pods: list[Lost], why: str, signs: list[Evidence]) -> Iterator[Because]:
    by_group: dict[str, list[Lost]] = defaultdict(list)
    for one in pods:
        by_group[one.group.key].append(one)
    for hits in by_group.values():
        group = hits[0].group
        yield Because(group, why, (hits[0].sign, *signs), members=len(hits))
    for waiting in ctx.groups("pod-unscheduled"):
        owner = ctx.snap.owner_of(waiting.first)
        mine = next((one for one in pods if owner is not None and ctx.snap.owner_of(one.pod) is owner), None)
        if mine is not None and not ctx.older(waiting.first.created, WAITS_S):
            yield Because(waiting, f"it replaces {mine.pod.name}: {why}", (mine.sign, *signs))


def _remedies(name: str) -> tuple[Remedy, ...]:
    if name == "spot-or-node-lost":
        return (
            Remedy(text="resume from the last checkpoint"),
            Remedy(text="use on-demand or reserved machines for what must not be interrupted", who="platform"),
        )
    return (
        Remedy(text='annotate the pods karpenter.sh/do-not-disrupt: "true"'),
        Remedy(text="set consolidationPolicy: WhenEmpty, or a disruption budget, in the NodePool", who="platform"),
    )
