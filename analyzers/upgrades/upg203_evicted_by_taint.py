"""UPG203: a NoExecute taint was put on a node that is well, and its pods were evicted."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins.replacements import replaced_by, waiting_by_controller
from diag.catalog.rule import rule
from diag.facts.nodes import AUTOMATIC_TAINT_PREFIX, is_ready, tolerates
from diag.facts.pods import condition, condition_path
from diag.facts.words import count_of
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import Object
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group

# kubernetes/kubernetes pkg/controller/tainteviction (pkg/controller/nodelifecycle/scheduler before 1.29)
EVENT = "TaintManagerEviction"
CANCELLED = "Cancelling deletion"
BY_TAINT = "DeletionByTaintManager"  # reason of DisruptionTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Evicted:
    """A group that lost a pod to a taint: who says so, and where the pod ran as far as that is known."""

    group: Group
    pod: str
    sign: Evidence
    node: Node
    sure: bool  # the pod itself names its node


@rule(
    "UPG203",
    name="pod-evicted-by-taint",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=("Pod", "Node", "Event"),
    refines=("untolerated-taint", "gpu-capacity-exhausted", "gpu-fragmentation", "gpu-stranded-by-cpu-memory"),
)
def evicted_by_taint(ctx: Context) -> Iterator[Finding]:
    """A NoExecute taint was put on the node, and its pods were evicted.

    ## What it means
    A taint with the effect NoExecute ends all pods of the node that do not tolerate it. Their replacements may not go
    back there, and wait where no other node has room.

    ## Why it happens
    A health agent, an operator or a person takes the node out of use (a GPU fault, maintenance, another tenant).

    ## Evidence
    The pods' condition `DisruptionTarget` (DeletionByTaintManager) or the events `TaintManagerEviction`, and the taint
    with the time at which it was added.

    ## What to do
    Find out who set the taint and why, and take it off when the reason is gone; pods that may stay need a toleration.

    ## Known limits
    A node that is not Ready or gone is a fault of its own. An event does not tell the node: then it is the one whose
    taint the pod does not tolerate and where it would fit, and the finding is likely at most.
    """
    found: dict[tuple[str, str], list[Evicted]] = defaultdict(list)
    for one in (*_told_by_pods(ctx), *_told_by_events(ctx)):
        found[one.node.name, _taint(one.node, one.group)[1]].append(one)
    for _, evicted in sorted(found.items()):
        yield _finding(ctx, evicted)


def _told_by_pods(ctx: Context) -> Iterator[Evicted]:
    """Pods that say it themselves: those that ended, and those that are going while their replacement waits."""
    for group in ctx.groups("pod-evicted"):
        for pod in group.members:
            yield from _told_by(ctx, group, pod)
    for group in ctx.groups("pod-unscheduled"):
        for pod in ctx.snap.pods_of(ctx.snap.owner_of(group.first) or group.first):
            yield from (one for one in _told_by(ctx, group, pod) if _would_take(ctx, group, one.node))


def _told_by(ctx: Context, group: Group, pod: Object) -> Iterator[Evicted]:
    target = condition(pod, "DisruptionTarget") if isinstance(pod, Pod) else None
    if isinstance(pod, Pod) and target is not None and (target.status, target.reason) == ("True", BY_TAINT):
        node = ctx.snap.node(pod.spec.node_name)
        if node is not None and _taint(node, group)[1]:
            sign = ctx.cite(pod, condition_path(pod, "DisruptionTarget", "reason"))
            yield Evicted(group=group, pod=pod.name, sign=sign, node=node, sure=True)


def _told_by_events(ctx: Context) -> Iterator[Evicted]:
    """Pods that are gone and whose replacement waits, while a tainted node has room for it."""
    waiting = waiting_by_controller(ctx)
    for kind, namespace, name in ctx.snap.event_subjects():
        group = replaced_by(waiting, namespace, name) if kind == "Pod" else None
        said = ctx.snap.events(Ref(ctx.cluster, "v1", "Pod", namespace, name)) if group is not None else []
        event = next((one for one in said if one.reason == EVENT and not one.text.startswith(CANCELLED)), None)
        if group is None or event is None:
            continue
        able = [node for node in ctx.snap.nodes() if _would_take(ctx, group, node)]
        if len(able) == 1:
            yield Evicted(group=group, pod=name, sign=ctx.cite_event(event), node=able[0], sure=False)


def _would_take(ctx: Context, group: Group, node: Node) -> bool:
    """Whether the group's pods would go on the node were it not for its taint."""
    _, key = _taint(node, group)
    if group.shape is None or not key:
        return False
    verdict = ctx.place.verdict(group.shape, node, ignore_taints=frozenset((key,)))
    return verdict.barrier is None and not ctx.place.short(group.shape, node)


def _taint(node: Node, group: Group) -> tuple[int, str]:
    """The place and key of a NoExecute taint that the group does not tolerate, of a node that is well; else no key."""
    tolerated = group.shape.tolerations if group.shape is not None else ()
    for index, taint in enumerate(node.spec.taints or () if is_ready(node) is not False else ()):
        key = taint.key or ""
        ours = taint.effect == "NoExecute" and not key.startswith(AUTOMATIC_TAINT_PREFIX)
        if ours and not tolerates(tolerated, taint):
            return index, key
    return 0, ""


def _finding(ctx: Context, evicted: list[Evicted]) -> Finding:
    first = evicted[0]
    node = first.node
    index, key = _taint(node, first.group)
    path = f"spec.taints[{index}]"
    added = ctx.cite_if(node, f"{path}.timeAdded")
    proof: tuple[Evidence, ...] = (ctx.cite(node, f"{path}.key"), ctx.cite(node, f"{path}.effect"))
    proof += (added,) if added is not None else ()
    pods = sorted({one.pod for one in evicted})
    when = f" at {added.value}" if added is not None else ""
    many = count_of(len(pods), "pod")
    summary = f"the taint {key}:NoExecute was put on it{when}, and {many} without a toleration left"
    return Finding(
        subject=node.ref,
        summary=summary,
        evidence=(first.sign, *[*proof, *(one.sign for one in evicted[1:4])]),
        accounts_for=tuple(_because(node, key, evicted, proof)),
        confidence=None if all(one.sure for one in evicted) else Confidence.LIKELY,
        second_sign=True,
        since=str(added.value) if added is not None else first.group.since,
        remedies=(
            Remedy(
                text=f"find out who set the taint {key}, and take it off when the reason is gone",
                command=f"kubectl describe node {node.name}",
                who="platform",
            ),
            Remedy(text=f"tolerate {key} in the pod template", when="its pods may stay on such a node"),
        ),
    )


def _because(node: Node, key: str, evicted: list[Evicted], proof: tuple[Evidence, ...]) -> Iterator[Because]:
    by_group: dict[str, list[Evicted]] = defaultdict(list)
    for one in evicted:
        by_group[one.group.key].append(one)
    for same in by_group.values():
        why = f"{same[0].pod} was evicted from {node.name} for the taint {key}"
        yield Because(same[0].group, why, (same[0].sign, *proof), members=len(same))
