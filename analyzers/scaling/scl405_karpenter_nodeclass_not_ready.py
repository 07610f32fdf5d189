"""SCL405: the node class of a NodePool is not ready, so Karpenter passes the NodePool over."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.scale_ups import POOL
from diag.catalog.rule import rule
from diag.facts import custom_resources as facts
from diag.findings import Because, Confidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

GONE = "NodeClassNotFound"  # kubernetes-sigs/karpenter pkg/controllers/nodepool/readiness


@rule(
    "SCL405",
    name="karpenter-nodeclass-not-ready",
    question=Question.SCALED,
    inputs=("Pod", "Node", "Event", POOL),
)
def karpenter_nodeclass_not_ready(ctx: Context) -> Iterator[Finding]:
    """The node class of a NodePool is not ready, so Karpenter passes the pool over.

    ## What it means
    A NodePool makes machines as its node class says (image, subnets, security groups). While the node class is not
    ready, Karpenter leaves the NodePool out, and writes no event on the pods that wait for it.

    ## Why it happens
    A selector of images, subnets or security groups finds nothing any more, the instance profile or role is wrong, or
    the node class was deleted.

    ## Evidence
    The conditions of the node class and of the NodePool, and pods that wait and would fit the NodePool's labels and
    taints.

    ## What to do
    Correct what the condition names in the node class.

    ## Known limits
    Whether the NodePool's instance types are large enough for the pods is not known.
    """
    unready = [pool for pool in ctx.snap.all(POOL) if _is_unready(pool)]
    classes: dict[Ref, list[Object]] = {}
    for pool in unready:
        ref = _class_of(ctx, pool)
        if ref is not None:
            classes.setdefault(ref, []).append(pool)
    for ref, pools in sorted(classes.items()):
        finding = _finding(ctx, ref, pools)
        if finding is not None:
            yield finding


def _is_unready(pool: Object) -> bool:
    told = facts.told(pool, "NodeClassReady") or facts.told(pool, "Ready")
    return told is not None and told.status == "False"


def _class_of(ctx: Context, pool: Object) -> Ref | None:
    """The node class that the NodePool names; None where it names none in full."""
    named = value_at(pool.whole, "spec.template.spec.nodeClassRef")
    words = scale_ups.strings(named)
    if not words.get("kind") or not words.get("name") or not words.get("group"):
        return None
    return Ref(ctx.cluster, f"{words['group']}/v1", words["kind"], "", words["name"], seen=False)


def _finding(ctx: Context, ref: Ref, pools: list[Object]) -> Finding | None:
    held = ctx.snap.find(ref)
    told = [(one, ctx.cite(held, one.path)) for one in _reasons(held)] if held is not None else []
    pooled = [ctx.cite(pool, one.path) for pool in pools if (one := facts.told(pool, "NodeClassReady") or
              facts.told(pool, "Ready"))]  # fmt: skip
    evidence = [*(piece for _, piece in told), *pooled]
    names = ", ".join(pool.name for pool in pools)
    gone = held is None and any(one.reason == GONE for pool in pools if (one := facts.told(pool, "NodeClassReady")))
    refs = {ref._replace(api_version="", seen=True), *(pool.ref._replace(api_version="") for pool in pools)}
    own = [
        Because(group, f"its node class {ref.name} is not ready", tuple(evidence))
        for group in ctx.groups("custom-resource-not-ready")
        if any(member.ref._replace(api_version="") in refs for member in group.members)
    ]
    waiting = [
        group
        for group in ctx.groups("pod-unscheduled")
        if group.severity is not Severity.INFO and ctx.pools.remaining(group) > 0
        if any(scale_ups.takes(pool, group) for pool in pools) and not _others(ctx, group)
    ]
    passed = [Because(group, f"Karpenter passes NodePool {names} over", tuple(evidence)) for group in waiting]
    if not (own or waiting):
        return None
    why = "; ".join(f"{one.reason}: {one.message}" if one.message else one.reason for one, _ in told)
    return Finding(
        subject=held.ref if held is not None else ref,
        summary=(f"is not ready ({why or 'by its NodePool'})" if not gone else "does not exist")
        + f", so Karpenter makes no machines of NodePool {names}",
        evidence=as_proof(evidence),
        accounts_for=(*passed, *own),
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY if waiting else None,
        since=min((group.since for group in waiting if group.since), default=None),
        remedies=(
            Remedy(text="look at its conditions", who="platform",
                   command=f"kubectl describe {ref.kind.lower()}.{ref.api_version.partition('/')[0]} {ref.name}"),
            Remedy(text="correct what they name: selectors of images, subnets and security groups, the role",
                   who="platform"),
        ),
    )  # fmt: skip


def _reasons(held: Object) -> list[facts.Remark]:
    """What the node class says against itself: what is specific, else what only sums up."""
    said = facts.remarks(held)
    return [one for one in said if not one.summary] or said


def _others(ctx: Context, group: Group) -> bool:
    """Whether Karpenter has another, ready NodePool that the pods fit."""
    return any(scale_ups.takes(pool, group) for pool in ctx.snap.all(POOL) if not _is_unready(pool))
