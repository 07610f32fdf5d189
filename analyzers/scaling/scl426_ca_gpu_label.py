"""SCL426, SCL427: the cluster-autoscaler knows GPU nodes by a label, and label and GPUs do not go together."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.rule import Named, rule
from diag.facts.cluster_autoscaler import GPU_LABELS, TRIGGERED, is_autoscaler
from diag.facts.custom_resources import text_at
from diag.facts.gpus import amounts, gpus_of
from diag.facts.nodes import is_ready
from diag.facts.words import listed
from diag.findings import (
    Basis,
    Because,
    Confidence,
    Evidence,
    Finding,
    LogEvidence,
    Question,
    Remedy,
    Severity,
    as_proof,
)
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group

DEPLOYMENT = "apps/Deployment"
# kubernetes/autoscaler cluster-autoscaler/processors/customresources/gpu_processor.go
ABORTED = "label, without capacity not belonging to autoscaled node group"
ALL_LABELS = tuple(label for labels in GPU_LABELS.values() for label in labels)
MAX_LINES = 20_000
OFTEN = 2

UNLABELLED = """A GPU node lacks the provider's GPU label, so the autoscaler adds another.

## What it means
The autoscaler waits for the GPUs of a new node only if the node bears its provider's GPU label. Without it the node
counts as ready and useless, and another is made for the same pod, and another.

## Why it happens
The node group was made without that label.

## Evidence
The node that is Ready and offers no GPU, its missing label, and the scale-ups that were made for one pod.

## What to do
Give the node group the label. What keeps the GPUs away is told as a cause of its own.

## Known limits
Only for nodes of AWS, Google and Azure, told by their providerID.
"""


@rule(
    "SCL426",
    name="ca-gpu-label-without-capacity",
    question=Question.SCALED,
    basis=Basis.SAID,
    inputs=("Pod", "Node", "Event", DEPLOYMENT),
    visits={"Node": 1},
    others=(Named(id="SCL427", name="ca-gpu-label-missing", page=UNLABELLED, severity=Severity.WARNING),),
)
def ca_gpu_label(ctx: Context) -> Iterator[Finding]:
    """A node has the GPU label and no GPU, and the autoscaler stops for all.

    ## What it means
    The autoscaler counts all GPUs of the cluster before it adds a node. Of a node with the GPU label, without GPUs and
    of no node group of its own it cannot know how many will come, and gives up the round: nothing is added for anybody.

    ## Why it happens
    A machine that was joined by hand bears the label, and its driver or device plugin is not there.

    ## Evidence
    The autoscaler's line, and the nodes with the label and without GPUs.

    ## What to do
    Install the device plugin there, or take the label off.

    ## Known limits
    Needs the autoscaler's log.
    """
    waiting = list(scale_ups.waiting(ctx))
    if waiting:
        yield from _aborted(ctx, waiting)
    yield from _unlabelled(ctx)


def _aborted(ctx: Context, waiting: list[Group]) -> Iterator[Finding]:
    bare = [
        (node, label)
        for node in ctx.snap.nodes()
        for label in ALL_LABELS
        if label in node.labels and not gpus_of(amounts(node.status.capacity))
    ]
    line = _line(ctx) if bare else None
    if line is None:
        return
    proof: list[Evidence] = [line, *(ctx.cite(node, f"metadata.labels{key(label)}") for node, label in bare[:3])]
    names = listed([node.name for node, _ in bare], 3)
    summary = f"bears the GPU label and has no GPU ({names}), so the autoscaler gives up each round: {line.value[:300]}"
    silent = [
        group
        for group in waiting
        if group.state == "refused"
        and not scale_ups.asked_for(ctx, group)
        and not scale_ups.autoscaler_said(ctx, group)
    ]
    yield Finding(
        subject=bare[0][0].ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(
            Because(group, "the autoscaler gives up each round before it comes to the pod", tuple(proof))
            for group in silent
        ),
        confidence=Confidence.LIKELY,
        members=tuple(node.ref for node, _ in bare[1:]),
        remedies=(
            Remedy(text="install the GPU's device plugin there, or take the label off", who="platform"),
        ),
    )  # fmt: skip


def _line(ctx: Context) -> LogEvidence | None:
    """The newest line in which an autoscaler gives up."""
    scalers = [item for item in ctx.snap.all(DEPLOYMENT) if is_autoscaler(item)]
    for pod in (pod for item in scalers for pod in ctx.snap.pods_of(item)):
        for container in pod.spec.containers or ():
            lines = ctx.snap.log(pod, container.name or "")
            for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
                if ABORTED in lines[number - 1]:
                    return ctx.cite_log(pod, container.name or "", number)
    return None


def _unlabelled(ctx: Context) -> Iterator[Finding]:
    """Nodes without GPUs and label that came after the first of several scale-ups for one pod."""
    told = [
        [event for event in ctx.snap.events(pod) if event.reason == TRIGGERED]
        for group in ctx.groups("pod-unscheduled")
        for pod in group.members
    ]
    often = [events for events in told if sum(event.times for event in events) >= OFTEN]
    if not often:
        return
    since = min(event.first_seen or "" for events in often for event in events)
    for group in ctx.groups("node-without-gpus"):
        node = group.first
        labels = (
            GPU_LABELS.get(text_at(node, "spec.providerID").partition(":")[0], ()) if isinstance(node, Node) else ()
        )
        if not isinstance(node, Node) or not labels or any(label in node.labels for label in labels):
            continue
        if is_ready(node) and (node.created or "") >= since > "":
            times = sum(event.times for event in often[0])
            proof: list[Evidence] = [ctx.lack(node, f"metadata.labels{key(labels[0])}"), ctx.cite_event(often[0][0])]
            yield Finding(
                name="ca-gpu-label-missing",
                subject=node.ref,
                summary=f"has no label {labels[0]}, so the autoscaler takes it for ready and useless, and added nodes "
                f"{times} times for one pod",
                evidence=as_proof([*proof, *group.evidence]),
                confidence=Confidence.LIKELY,
                remedies=(Remedy(text=f"give the node group the label {labels[0]}", who="platform"),),
            )
