"""SCL408, SCL409: a node of Karpenter's joined, and never counts as ready for the pods that it was made for."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.scale_ups import POOL
from diag.catalog.rule import Named, rule
from diag.facts import custom_resources as facts
from diag.facts.custom_resources import Told
from diag.facts.karpenter import CLAIM
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Node

# kubernetes-sigs/karpenter pkg/controllers/nodeclaim/lifecycle/initialization.go; it has no deadline.
RESOURCE, DRIVER, TAINT = "ResourceNotRegistered", "DRADriverPoolsNotPublished", "StartupTaintsExist"
INITIALIZES_S = 15 * 60  # drivers are built and loaded in so long
QUOTED = re.compile(r'"([^"\s]{1,317})"')  # a resource, or a taint as KEY=VALUE:EFFECT
SHORTAGES = ("no-gpu-nodes", "gpu-resource-not-offered", "gpu-capacity-exhausted", "gpu-fragmentation")

STARTUP = """A startup taint is never removed.

## What it means
The NodePool makes its nodes with a taint that somebody else takes off when his part is ready (a network or a driver).
It is still there, so no pod without a toleration starts on the node, and Karpenter does not count it as initialized.

## Why it happens
The component that should take the taint off does not run on the node (it may lack the toleration itself), or was
removed from the cluster.

## Evidence
The NodeClaim's condition Initialized with the name of the taint, and the taint on the node.

## What to do
Look at the component that owns the taint on that node; drop the taint from the NodePool where nobody removes it.

## Known limits
Who should take the taint off is not told by any object. Silent in the first quarter of an hour.
"""


@rule(
    "SCL408",
    name="karpenter-node-never-initialized",
    question=Question.OFFERS,
    severity=Severity.WARNING,
    basis=Basis.SAID,
    inputs=("Pod", "Node", "Event", CLAIM, POOL),
    refines=SHORTAGES,
    others=(
        Named(
            id="SCL409", name="karpenter-startup-taint-stuck", page=STARTUP, severity=Severity.WARNING,
            basis=Basis.SAID, refines=("untolerated-taint", *SHORTAGES),
        ),
    ),
)  # fmt: skip
def karpenter_node_not_initialized(ctx: Context) -> Iterator[Finding]:
    """The node joined and its GPU never appeared: it is neither used nor replaced.

    ## What it means
    Karpenter waits until the node offers every resource for which it was made. There is no deadline: the node is kept
    and paid, takes no pod that asks for the resource, and is not replaced.

    ## Why it happens
    The device plugin or driver does not run on the node: a taint that it does not tolerate, an image without driver, a
    label that it selects and the node lacks.

    ## Evidence
    The NodeClaim's condition Initialized with the resource, the node's allocatable, and the pods that wait for it.

    ## What to do
    Look at the pods of the device plugin and the driver on that node.

    ## Known limits
    Where the node's own fault is known (a plugin that fails, no label), that is the cause and this is silent.
    """
    for claim in ctx.snap.all(CLAIM):
        registered, told = facts.told(claim, "Registered"), facts.told(claim, "Initialized")
        if registered is None or registered.status != "True" or told is None or told.status == "True":
            continue
        if claim.metadata.deletion_timestamp or not ctx.older(_since(claim) or claim.created, INITIALIZES_S):
            continue
        if told.reason in (RESOURCE, DRIVER, TAINT):
            yield from _finding(ctx, claim, told)


def _since(claim: Object) -> str | None:
    """When the node registered."""
    for _, found in facts.conditions(claim):
        if found["type"] == "Registered" and isinstance(found.get("lastTransitionTime"), str):
            return str(found["lastTransitionTime"])
    return None


def _finding(ctx: Context, claim: Object, told: Told) -> Iterator[Finding]:
    node = ctx.snap.node(facts.text_at(claim, "status.nodeName"))
    waiting = [
        group
        for group in ctx.groups("pod-unscheduled")
        if ctx.pools.remaining(group) > 0 and scale_ups.made_for(ctx, group, claim)
    ]
    known = any(node in group.members for group in ctx.groups("node-without-gpus"))
    if known and not waiting:
        return  # the node tells it itself
    tainted = told.reason == TAINT
    what = next(iter(QUOTED.findall(told.message)), "what it was made with")
    proof: list[Evidence] = [ctx.cite(claim, told.path), *(_on_node(ctx, node, what, tainted=tainted) if node else ())]
    name = node.name if node is not None else claim.name
    if tainted:
        summary = f"node {name} still has the startup taint {what}, which nobody takes off"
        look = f"look at the component that takes {what} off a node when it is ready, on {name}"
    else:
        summary = f"node {name} joined and does not offer {what}, for which it was made"
        look = f"look at the device plugin and driver on {name}"
    yield Finding(
        name="karpenter-startup-taint-stuck" if tainted else "karpenter-node-never-initialized",
        subject=claim.ref,
        summary=f"{summary} ({told.reason}: {told.message})",
        evidence=as_proof(proof),
        accounts_for=tuple(Because(group, summary, tuple(proof)) for group in waiting),
        confidence=Confidence.LIKELY,
        since=_since(claim) or claim.created,
        remedies=(
            Remedy(text=look, command=f"kubectl get pods -A -o wide --field-selector spec.nodeName={name}",
                   who="platform"),
            Remedy(text=f"delete NodeClaim {claim.name} once that is mended, so that Karpenter makes a new machine",
                   who="platform", risk="disruptive"),
        ),
    )  # fmt: skip


def _on_node(ctx: Context, node: Node, what: str, *, tainted: bool) -> Iterator[Evidence]:
    """What the node itself shows of it."""
    if not tainted:
        yield ctx.cite_or_lack(node, f'status.allocatable["{what}"]')
        return
    for index, taint in enumerate(node.spec.taints or ()):
        if taint.key == re.split("[=:]", what)[0]:
            yield ctx.cite(node, f"spec.taints[{index}].key")
