"""STO113: the pod's volume lies where the pod cannot run."""

from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.selection import matches_term
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.vocab.scheduler_reasons import ReasonKind

VOLUME = (ReasonKind.VOLUME_AFFINITY, ReasonKind.VOLUME_ZONE)
MAX_NODES = 4


@rule(
    "STO113",
    name="volume-zone-conflict",
    question=Question.PLACED,
    inputs=("Pod", "Node", "PersistentVolumeClaim", "PersistentVolume"),
    refines=("gpu-capacity-exhausted", "gpu-fragmentation"),
    visits={"Node": 1},
)
def volume_zone_conflict(ctx: Context) -> Iterator[Finding]:
    """The volume lies in a zone, or on a node, where the pod cannot run.

    ## What it means
    The volume can be attached only to nodes of one zone (or to one node), and none of those may or can take the pod,
    while others could.

    ## Why it happens
    The volume was made in a zone without GPUs, for a pod of another kind or before the GPU pool was moved; or it is a
    local disk of a node that is full.

    ## Evidence
    `spec.nodeAffinity` of the PersistentVolume, the labels of nodes that would fit, and the scheduler's words about the
    volume.

    ## What to do
    Make the volume in a zone that has the GPUs (a class with WaitForFirstConsumer does so by itself), or add GPU nodes
    to its zone.

    ## Known limits
    Fires only where the scheduler itself names the volume. Whether other causes would remain is not decided here.
    """
    for group in ctx.groups("pod-unscheduled"):
        said = ctx.agreement(group).message
        if group.shape is None or said is None or not any(said.count(kind) for kind in VOLUME):
            continue
        counts = ctx.place.count(group.shape)
        for volume, claim in _volumes(ctx, group):
            terms = _terms(volume)
            there = [node for node in counts.open if any(matches_term(node.labels, node.name, term) for term in terms)]
            able = [node for node in there if not ctx.place.too_small(group.shape, node)]
            elsewhere = [node for node in counts.fitting if node not in there]
            # Where its zone has nodes that are large enough and full, capacity is what is missing.
            if terms and elsewhere and not able:
                yield _finding(ctx, group, volume, claim=claim, elsewhere=elsewhere)


def _volumes(ctx: Context, group: Group) -> Iterator[tuple[Object, Object]]:
    for name in group.shape.claims if group.shape else ():
        claim = ctx.snap.get("PersistentVolumeClaim", group.first.namespace, name)
        spec = claim.whole.get("spec") if claim is not None else None
        bound = spec.get("volumeName") if isinstance(spec, dict) else None
        volume = ctx.snap.get("PersistentVolume", "", bound) if isinstance(bound, str) else None
        if claim is not None and volume is not None:
            yield volume, claim


def _terms(volume: Object) -> list[Any]:
    node: Any = volume.whole
    for step in ("spec", "nodeAffinity", "required", "nodeSelectorTerms"):
        node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, list) else []


def _places(ctx: Context, volume: Object) -> tuple[list[Evidence], list[str], list[str]]:
    """Where the volume may be attached: evidence, label keys and values."""
    pieces: list[Evidence] = []
    labels, values = [], []
    for term, one in enumerate(_terms(volume)):
        for index, expression in enumerate(dicts(one.get("matchExpressions")) if isinstance(one, dict) else ()):
            path = f"spec.nodeAffinity.required.nodeSelectorTerms[{term}].matchExpressions[{index}]"
            listed = expression.get("values")
            for place, value in enumerate(listed if isinstance(listed, list) else ()):
                if isinstance(value, str):
                    pieces.append(ctx.cite(volume, f"{path}.values[{place}]"))
                    values.append(value)
            if isinstance(expression.get("key"), str):
                labels.append(expression["key"])
    return pieces, labels, values


def _finding(ctx: Context, group: Group, volume: Object, *, claim: Object, elsewhere: list[Node]) -> Finding:
    pieces, labels, values = _places(ctx, volume)
    theirs = [
        ctx.cite(node, f"metadata.labels{key(label)}")
        for node in elsewhere[:MAX_NODES]
        for label in labels[:1]
        if label in node.labels
    ]
    zone = ", ".join(values[:3]) or "its own place"
    summary = (
        f"it can be attached only in {zone}, where no node can take the pods of claim {claim.name}; "
        f"{len(elsewhere)} nodes elsewhere could, such as {elsewhere[0].name}"
    )
    bound = ctx.cite(claim, "spec.volumeName")
    first = pieces[0] if pieces else bound
    why = f"its volume {volume.name} (claim {claim.name}) can be attached only in {zone}"
    return Finding(
        subject=volume.ref,
        summary=summary,
        evidence=(first, *[*pieces[1:4], bound, *theirs, group.evidence[0]]),
        accounts_for=(Because(group, why, (first, bound, *theirs[:2])),),
        confidence=None if ctx.agreement(group).trusts_nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="copy the data to a volume in a zone that has the GPUs", who="user"),
            Remedy(text=f"add nodes with these GPUs in {zone}", who="platform"),
            Remedy(text="use a class with volumeBindingMode WaitForFirstConsumer for new claims", who="platform"),
        ),
    )
