"""SCL401 to SCL403: Karpenter says why it makes no node for a pod that waits."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.scale_ups import MAX_TEXT, POOL
from diag.catalog.rule import Named, rule
from diag.facts import karpenter
from diag.facts.karpenter import Answer, Refusal
from diag.facts.quantity import milli, show
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event
from diag.trouble.groups import Group

NO_TYPE = """No instance type satisfies the pod together with the NodePool's requirements.

## What it means
Karpenter looked at all machines that the NodePool may make, and none is large enough or has all that the pod selects.

## Why it happens
The pod asks for more of a resource than any allowed type has, or the NodePool's requirements leave out the types that
have it.

## Evidence
Karpenter's own sentence about the pod, in an event.

## What to do
Compare the pod's requests and selectors with `spec.template.spec.requirements` of the NodePool.

## Known limits
Of several NodePools the one is named of which the sentence tells.
"""

LABEL = """The pod selects a label that no NodePool declares.

## What it means
Karpenter makes no machine for a pod that demands a label of which it does not know what values there could be.

## Why it happens
The label is set by hand or by another system, and neither the NodePool's labels nor its requirements name it.

## Evidence
Karpenter's own sentence about the pod, in an event.

## What to do
Add the label to the NodePool's template or requirements, or select by a label that Karpenter knows.

## Known limits
Events live for an hour.
"""


@rule(
    "SCL401",
    name="karpenter-nodepool-limit-reached",
    question=Question.SCALED,
    inputs=("Pod", "Node", "Event", POOL),
    basis=Basis.SAID,
    others=(
        Named(id="SCL402", name="karpenter-no-instance-type", page=NO_TYPE, basis=Basis.SAID),
        Named(id="SCL403", name="karpenter-label-value-unknown", page=LABEL, basis=Basis.SAID),
    ),
)
def karpenter_makes_no_node(ctx: Context) -> Iterator[Finding]:
    """The NodePool's limits leave no room for another machine.

    ## What it means
    `spec.limits` of the NodePool bound what all its machines have together, and one machine more would exceed them.
    Karpenter makes none, and the pod waits for others to end.

    ## Why it happens
    Demand exceeds the budget that somebody set, or machines that are hardly used hold it.

    ## Evidence
    The limit and `status.resources` of the NodePool, and Karpenter's sentence about the pod.

    ## What to do
    Raise the limit, let the pod use another NodePool, or end what is hardly used.

    ## Known limits
    Where the NodePool is not in the snapshot, only the event tells of it.
    """
    for group in scale_ups.waiting(ctx):
        said = scale_ups.karpenter_said(ctx, group)
        told = karpenter.answer(said.text, group.shape.gpus if group.shape else ()) if said is not None else None
        if told is not None and said is not None and told.refusal is not Refusal.TAINT:
            yield _refused(ctx, group, told, said)


def _refused(ctx: Context, group: Group, told: Answer, said: Event) -> Finding:
    event = ctx.cite_event(said)
    name = told.pool or _only_pool(ctx)
    if told.refusal is Refusal.LABEL:
        subject, held = group.workload, None
    elif name:
        subject, held = scale_ups.pool(ctx, name)
    else:
        subject, held = group.workload, None
    limits = _limits(ctx, group, held) if told.refusal is Refusal.LIMIT and held is not None else []
    evidence: list[Evidence] = [*(piece for _, pieces in limits for piece in pieces), event]
    cause, summary, remedies = _words(told, name, [words for words, _ in limits], said)
    return Finding(
        name=cause,
        subject=subject,
        summary=summary,
        evidence=as_proof((*evidence, *group.evidence)),
        accounts_for=(Because(group, "Karpenter makes no machine for it", tuple(evidence)),),
        # Without a NodePool to look at, the object to change is only a guess.
        confidence=None if name or told.refusal is Refusal.LABEL else Confidence.POSSIBLE,
        since=group.since,
        remedies=remedies,
    )


def _only_pool(ctx: Context) -> str:
    pools = ctx.snap.all(POOL)
    return pools[0].name if len(pools) == 1 else ""


def _limits(ctx: Context, group: Group, pool: Object) -> list[tuple[str, list[Evidence]]]:
    """The limits that one more pod of the group would exceed, GPUs first, in words and with what proves them."""
    limits, used = value_at(pool.whole, "spec.limits"), value_at(pool.whole, "status.resources")
    asked = {"nodes": 1000, **(group.shape.requests if group.shape else {})}  # one node more is what it would be
    found = []
    for name in sorted(limits, key=lambda one: ("/" not in one, one)) if isinstance(limits, dict) else ():
        most, have = milli(limits[name]), milli(used.get(name)) if isinstance(used, dict) else None
        if most is None or have is None or have + asked.get(name, 0) <= most:
            continue
        pieces: list[Evidence] = [ctx.cite(pool, f'{path}["{name}"]') for path in ("spec.limits", "status.resources")]
        found.append((f"{show(have, name)} of {show(most, name)} {name}", pieces))
    return found


def _words(told: Answer, pool: str, limits: list[str], said: Event) -> tuple[str, str, tuple[Remedy, ...]]:
    """Name, summary and remedies of what Karpenter answered."""
    look = Remedy(
        text="look at the NodePool",
        command=f"kubectl describe nodepools.karpenter.sh{' ' + pool if pool else ''}",
        who="platform",
    )
    text = said.text[:MAX_TEXT]
    match told.refusal:
        case Refusal.LIMIT:
            state = (
                f"its machines have {', '.join(limits)}, so its limits allow no other" if limits else "is at its limit"
            )
            return (
                "karpenter-nodepool-limit-reached",
                f"{state}; Karpenter says: {text}",
                (look, Remedy(text="raise spec.limits, or end what holds its machines", who="platform")),
            )
        case Refusal.LABEL:
            return (
                "karpenter-label-value-unknown",
                f"selects the label {told.key}, which no NodePool declares: {text}",
                (look, Remedy(text=f"add {told.key} to the NodePool's template or requirements", who="platform"),
                 Remedy(text="or select by a label that Karpenter knows")),
            )  # fmt: skip
        case _:
            return (
                "karpenter-no-instance-type",
                f"may make no machine that the pod fits on; Karpenter says: {text}",
                (look, Remedy(text="allow larger or other instance types and zones in the NodePool", who="platform"),
                 Remedy(text="or ask for less per pod")),
            )  # fmt: skip
