"""SCH110: the nodes that could hold the pod carry a taint that it does not tolerate."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.scale_ups import POOL
from diag.catalog.rule import rule
from diag.facts import karpenter
from diag.facts.nodes import Toleration, blocking_taints, is_ready, tolerates
from diag.facts.pods import condition, condition_path
from diag.facts.scheduler_message import parse_scheduler_message
from diag.facts.words import alike, count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Node, Pod, Taint
from diag.trouble.groups import Group
from diag.trouble.room.placement import Barrier
from diag.trouble.shapes import Shape
from diag.vocab.scheduler_reasons import ReasonKind
from diag.vocab.taints import CONTROL_PLANE, is_own_fault, is_start_up

STARTED_S = 15 * 60  # a taint that a component takes off when it has started is gone long before
ALIKE = 0.75  # of two taint keys: one may be meant for the other
LOOK = Remedy(
    text="look at the taints of the nodes, beside what the pod tolerates",
    command="kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",
    who="platform",
)
# Where a workload chooses its pod template from a catalogue (kubeflow/notebooks v2 WorkspaceKind podConfig).
CHOICES = {"Workspace": "spec.podTemplate.options.podConfig"}


@dataclass(slots=True, kw_only=True)
class Barred:
    """Nodes that could hold the pod, all behind the same taints."""

    taints: tuple[Taint, ...]
    nodes: list[Node] = field(default_factory=list)
    places: list[tuple[int, ...]] = field(default_factory=list)  # per node, where the taints stand

    @property
    def words(self) -> str:
        """The taints as kubectl writes them."""
        return " and ".join(words_of(taint) for taint in self.taints)


@rule(
    "SCH110",
    name="untolerated-taint",
    question=Question.PLACED,
    inputs=("Pod", "Node", "Event", POOL),
    refines=("gpu-capacity-exhausted", "no-gpu-nodes"),
)
def untolerated_taint(ctx: Context) -> Iterator[Finding]:
    """The nodes that could hold the pod carry a taint that it does not tolerate.

    ## What it means
    Nodes that match the pod's selector and are large enough are kept free for others by a taint, and no node
    that is open to the pod could ever hold it. Waiting does not help.

    ## Why it happens
    The toleration is missing, or its value, key or effect differs from the taint in a detail. From Kubernetes
    1.35 on the scheduler no longer says which taint it was.

    ## Evidence
    `spec.taints` of those nodes, and the pod's tolerations that come closest. For machines that Karpenter would make,
    its own sentence about the pod, and the taints of the NodePool.

    ## What to do
    Add the toleration if the pod may run there, or take the taint off the nodes.

    ## Known limits
    Taints that a controller sets for a node's own state (not ready, being drained, not yet initialised) belong
    to that state; of those that go with a node's start the node is named once it should long have started. Where
    no nodes were read, only a taint that the scheduler's message names is known, and the
    finding is likely at most.
    """
    for group in ctx.groups("pod-unscheduled"):
        if group.shape is None or group.state != "refused":
            continue
        said = parse_scheduler_message(group.message)
        if said is not None and said.prefilter is not None:
            continue
        if not ctx.place.snap.nodes:
            yield from _said(group)
            continue
        barred = _barred(ctx, group.shape)
        if barred and not _could_hold(ctx, group.shape):
            yield _finding(ctx, group, group.shape, barred)
        elif (unfinished := _unfinished(ctx, group.shape)) and not _could_hold(ctx, group.shape):
            yield _of_start(ctx, group, unfinished)
        elif ctx.pools.remaining(group) > 0:
            yield from _of_pools(ctx, group, group.shape)


def _of_pools(ctx: Context, group: Group, shape: Shape) -> Iterator[Finding]:
    """A taint of machines that Karpenter would make for the pod, by Karpenter's word."""
    said = scale_ups.karpenter_said(ctx, group)
    told = karpenter.answer(said.text, shape.gpus) if said is not None else None
    if told is None or said is None or told.refusal is not karpenter.Refusal.TAINT:
        return
    proof: tuple[Evidence, ...] = (ctx.cite_event(said), *_pool_taints(ctx, told))
    summary = f"does not tolerate the taint {told.key} of the machines that Karpenter would make for it"
    yield Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof((*proof, *group.evidence)),
        accounts_for=(Because(group, summary, proof),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text=f"tolerate {told.key} in the pod template, if the pod may use these machines", who="user"),
            Remedy(text="look at the taints of the NodePools", command="kubectl get nodepools.karpenter.sh -o yaml",
                   who="platform"),
        ),
    )  # fmt: skip


def _pool_taints(ctx: Context, told: karpenter.Answer) -> list[Evidence]:
    """Where the NodePools carry the taint."""
    key = re.split("[=:]", told.key)[0]
    found: list[Evidence] = [
        ctx.cite(pool, f"spec.template.spec.taints[{index}].key")
        for pool in ctx.snap.all(POOL)
        if not told.pool or pool.name == told.pool
        for index, one in enumerate(dicts(value_at(pool.whole, "spec.template.spec.taints")))
        if one.get("key") == key
    ]
    return found[:3]


def words_of(taint: Taint) -> str:
    """A taint as kubectl writes it."""
    value = f"={taint.value}" if taint.value else ""
    return f"{taint.key}{value}:{taint.effect}"


def _could_hold(ctx: Context, shape: Shape) -> bool:
    """Whether a node that is open to the pod could hold it when empty: then it is not the taint that it waits for."""
    return any(not ctx.place.too_small(shape, node) for node in ctx.place.count(shape).open)


def _barred(ctx: Context, shape: Shape) -> list[Barred]:
    """The nodes that only their taints keep from the pod, the taints of most nodes first.

    Where there are none, those that a taint would keep from it also once they are open and well again.
    """
    workers = any(not _is_control_plane(node) for node in ctx.place.snap.nodes)
    able = [
        node
        for node in ctx.place.selected(shape)
        if not ctx.place.too_small(shape, node) and not (workers and _is_control_plane(node))
    ]
    in_use = [node for node in able if ctx.place.verdict(shape, node).barrier is Barrier.TAINT]
    found = _by_taints((node, mine) for node in in_use if not _is_out_of_use(mine := _untolerated(shape, node)))
    if found:
        return found
    lasting = [
        (node, [one for one in _untolerated(shape, node) if not is_own_fault(one[1].key or "")]) for node in able
    ]
    return _by_taints(lasting) if all(mine for _, mine in lasting) else []


def _unfinished(ctx: Context, shape: Shape) -> list[tuple[Node, list[tuple[int, Taint]]]]:
    """Ready nodes that only taints of their own start keep from the pod, long after they joined."""
    found = []
    for node in ctx.place.selected(shape):
        mine = _untolerated(shape, node)
        starting = bool(mine) and all(is_start_up(taint.key or "") for _, taint in mine)
        if starting and is_ready(node) and ctx.older(node.created, STARTED_S) and not ctx.place.too_small(shape, node):
            found.append((node, mine))
    return found


def _of_start(ctx: Context, group: Group, unfinished: list[tuple[Node, list[tuple[int, Taint]]]]) -> Finding:
    """A node that some component has not finished: the taint is right, and who takes it off does not come."""
    node, taints = unfinished[0]
    words = " and ".join(words_of(taint) for _, taint in taints)
    proof = as_proof([piece for index, taint in taints for piece in _cited(ctx, node, f"spec.taints[{index}]", taint)])
    many = f", like {count_of(len(unfinished) - 1, 'more node')}" if len(unfinished) > 1 else ""
    return Finding(
        subject=node.ref,
        members=tuple(other.ref for other, _ in unfinished[1:]),
        summary=f"still carries {words}{many}, which the component that starts there has not taken off",
        evidence=(proof[0], *[*proof[1:], ctx.cite(node, "metadata.creationTimestamp"), *group.evidence]),
        accounts_for=(Because(group, f"node {node.name} could hold it but for its start-up taint {words}", proof),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="see why the component that takes the taint off does not run there (the cloud's controller"
                " manager, the network's or the storage's agent)",
                command=f"kubectl get pods -A -o wide --field-selector spec.nodeName={node.name}",
                who="platform",
            ),
        ),
    )


def _untolerated(shape: Shape, node: Node) -> list[tuple[int, Taint]]:
    return [(index, taint) for index, taint in blocking_taints(node) if not tolerates(shape.tolerations, taint)]


def _is_out_of_use(taints: list[tuple[int, Taint]]) -> bool:
    return any(is_own_fault(taint.key or "") for _, taint in taints)


def _by_taints(tainted: Iterable[tuple[Node, list[tuple[int, Taint]]]]) -> list[Barred]:
    found: dict[tuple[tuple[str, ...], ...], Barred] = {}
    for node, mine in tainted:
        key = tuple(sorted((taint.key or "", taint.value or "", taint.effect or "") for _, taint in mine))
        one = found.setdefault(key, Barred(taints=tuple(taint for _, taint in mine)))
        one.nodes.append(node)
        one.places.append(tuple(index for index, _ in mine))
    return sorted(found.values(), key=lambda one: (len(one.taints), -len(one.nodes), one.words))


def _is_control_plane(node: Node) -> bool:
    return any(taint.key in CONTROL_PLANE for taint in node.spec.taints or ())


def _is_set_by_itself(key: str) -> bool:
    return key in CONTROL_PLANE or is_own_fault(key)


def _near_misses(shape: Shape, taints: tuple[Taint, ...]) -> list[tuple[int, Toleration, Taint]]:
    """Tolerations that were meant for one of the taints: the same key, or one much alike."""
    found = []
    for taint in taints:
        for index, one in enumerate(shape.tolerations):
            if not is_own_fault(one.key) and alike(one.key, taint.key or "") >= ALIKE:
                found.append((index, one, taint))
    return sorted(found, key=lambda miss: (miss[1].key != miss[2].key, miss[0]))


def _toleration(one: Toleration) -> str:
    value = f"={one.value}" if one.value else "" if one.operator == "Exists" else "="
    return f"{one.key}{value}" + (f":{one.effect}" if one.effect else "")


def _finding(ctx: Context, group: Group, shape: Shape, barred: list[Barred]) -> Finding:
    first = next((one for one in barred if _near_misses(shape, one.taints)), barred[0])
    misses = _near_misses(shape, first.taints)
    many, names = count_of(len(first.nodes), "node"), listed([node.name for node in first.nodes], 3)
    head = f"the untolerated taint {first.words} keeps it off {many} that could hold it ({names})"
    near = f"; it tolerates {_toleration(misses[0][1])}" if misses else ""
    others = [one for one in barred if one is not first]
    more = f"; further nodes carry {listed([one.words for one in others], 3)}" if others else ""
    smaller = "; no node that is open to it could ever hold it" if ctx.place.count(shape).open else ""
    cordoned = [node for node in first.nodes if node.spec.unschedulable]
    closed = f"; {listed([node.name for node in cordoned], 3)} would have to be uncordoned as well" if cordoned else ""
    proof = _evidence(ctx, group, first, misses, bare=not shape.tolerations)
    return Finding(
        subject=group.workload,
        summary=f"{head}{near}{more}{smaller}{closed}",
        evidence=(proof[0], *[*proof[1:], *group.evidence, *_cordons(ctx, cordoned)]),
        accounts_for=(Because(group, f"its pods do not tolerate the taint {first.words}", tuple(proof[:6])),),
        confidence=None if ctx.agreement(group).nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            LOOK,
            *(_let_in(taint, misses) for taint in first.taints),
            Remedy(
                text=f"take the taint {first.words} off a node, or give the pod a node of its own",
                who="platform",
                risk="disruptive",
                when="the nodes are not meant to be kept for others",
            ),
        ),
    )


def _let_in(taint: Taint, misses: list[tuple[int, Toleration, Taint]]) -> Remedy:
    """How to tolerate a taint: by what differs in the toleration that was meant for it, where there is one."""
    one = next((toleration for _, toleration, other in misses if other is taint), None)
    if one is None:
        return Remedy(text=f"tolerate {words_of(taint)} in the pod template, if the pod may use these nodes")
    has = {"key": one.key, "value": one.value, "effect": one.effect}
    wants = {"key": taint.key or "", "value": taint.value or "", "effect": taint.effect or ""}
    # A toleration without an effect is one of any; with Exists it is one of any value.
    free = {"effect"} if not one.effect else set()
    free |= {"value"} if one.operator == "Exists" else set()
    differs = [part for part in has if part not in free and has[part] != wants[part]]
    parts = ", ".join(f'{part} from "{has[part]}" to "{wants[part]}"' for part in differs)
    return Remedy(text=f"correct the toleration of {one.key} in the pod template: change its {parts}")


def _cordons(ctx: Context, nodes: list[Node]) -> list[Evidence]:
    return [ctx.cite(node, "spec.unschedulable") for node in nodes[:3]]


def _evidence(
    ctx: Context, group: Group, barred: Barred, misses: list[tuple[int, Toleration, Taint]], *, bare: bool
) -> list[Evidence]:
    found: list[Evidence] = []
    for node, places in list(zip(barred.nodes, barred.places, strict=True))[:3]:
        for index, taint in zip(places, barred.taints, strict=True):
            found += _cited(ctx, node, f"spec.taints[{index}]", taint)
    for index, one, _ in misses[:2]:
        found += _cited(ctx, group.first, f"spec.tolerations[{index}]", one)
    if isinstance(group.first, Pod) and condition(group.first, "PodScheduled"):
        found.append(ctx.cite_or_lack(group.first, condition_path(group.first, "PodScheduled", "reason")))
    if bare:
        found.append(ctx.lack(group.first, "spec.tolerations[0]"))
    return found + _choice(ctx, group)


def _cited(ctx: Context, item: Object, path: str, entry: Taint | Toleration) -> list[Evidence]:
    parts = {"key": entry.key, "value": entry.value, "effect": entry.effect}
    return [ctx.cite(item, f"{path}.{part}") for part, value in parts.items() if value]


def _choice(ctx: Context, group: Group) -> list[Evidence]:
    """Which entry of a catalogue of pod templates the workload chose, where it is of such a kind."""
    path, top = CHOICES.get(group.workload.kind), ctx.workload(group.first)
    return [ctx.cite_or_lack(top, path)] if path else []


def _said(group: Group) -> Iterator[Finding]:
    """Without nodes: a taint that the message names, where the message leaves no other node."""
    said = parse_scheduler_message(group.message)
    if said is None:
        return
    named = [(one.count, one.taint) for one in said.reasons if one.taint and not _is_set_by_itself(one.taint[0])]
    never = said.preemption.not_helpful if said.preemption else 0
    behind = said.count(ReasonKind.TAINT)
    if not named or (behind < said.nodes and never < said.nodes):
        return
    count, (key, value) = max(named, key=lambda one: one[0])
    taint = f"{key}={value}" if value else key
    summary = f"the untolerated taint {taint} keeps it off {count_of(count, 'node')}, as the scheduler says"
    yield Finding(
        subject=group.workload,
        summary=summary,
        evidence=group.evidence,
        accounts_for=(Because(group, summary, group.evidence),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text=f"tolerate {taint} in the pod template, if the pod may use these nodes", who="user"),
            LOOK,
        ),
    )
