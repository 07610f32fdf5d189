"""STO113: the pod's volume lies where the pod cannot run."""

from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.joins.hand_made import by_hand
from diag.catalog.rule import rule
from diag.facts.selection import matches_term
from diag.facts.volumes import unfits
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import MISSING, key, value_at
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.shapes import Shape
from diag.vocab.scheduler_reasons import ReasonKind

VOLUME = (ReasonKind.VOLUME_AFFINITY, ReasonKind.VOLUME_ZONE)
MAX_NODES = 4
ZONE_LABELS = (
    "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
)  # fmt: skip
NODE_TERMS = "spec.nodeAffinity.required.nodeSelectorTerms"
ZONES = "__"  # between the zones of one volume


@rule(
    "STO113",
    name="volume-zone-conflict",
    question=Question.PLACED,
    inputs=("Pod", "Node", "PersistentVolumeClaim", "PersistentVolume", "storage.k8s.io/StorageClass"),
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

    A claim that is not bound yet is no better off where all volumes that would serve it lie on such nodes.

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
        if group.shape is None or said is None:
            continue
        if said.count(ReasonKind.VOLUME_BIND):
            yield from _unbound(ctx, group, group.shape)
        if not any(said.count(kind) for kind in VOLUME):
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


def _unbound(ctx: Context, group: Group, shape: Shape) -> Iterator[Finding]:
    """Claims without a volume, where each that would serve them lies on a node that does not take the pod now."""
    roomy = ctx.place.count(shape).fitting
    if not roomy or ctx.pools.remaining(group) <= 0:
        return  # no node takes it, or a node that is out of use would
    for name in shape.claims:
        claim = ctx.snap.get("PersistentVolumeClaim", group.first.namespace, name)
        if claim is None or value_at(claim.whole, "spec.volumeName") not in (MISSING, "", None):
            continue
        serving = [one for one in by_hand(ctx, claim) if not unfits(one, claim)]
        where = {one.name: _nodes_of(ctx, one) for one in serving}
        if where and all(where.values()) and not any(node in roomy for nodes in where.values() for node in nodes):
            yield _out_of_reach(ctx, group, shape, claim=claim, volumes=serving, where=where)


def _nodes_of(ctx: Context, volume: Object) -> list[Node]:
    terms = _terms(volume)
    return [node for node in ctx.place.snap.nodes if any(matches_term(node.labels, node.name, term) for term in terms)]


def _out_of_reach(
    ctx: Context, group: Group, shape: Shape, *, claim: Object, volumes: list[Object], where: dict[str, list[Node]]
) -> Finding:
    nodes = {node.name: node for there in where.values() for node in there}
    told = [f"{name} ({_why(ctx, shape, node)})" for name, node in sorted(nodes.items())]
    summary = (
        f"{count_of(len(volumes), 'volume')} would serve its claim {claim.name}, and can be used only on "
        f"{listed(told, MAX_NODES)}"
    )
    pieces = [piece for one in volumes[:MAX_NODES] for piece in _places(ctx, one)[0][:1]]
    first, *rest = [*pieces, group.evidence[0]]
    held_up = [group, *(one for one in ctx.groups("pvc-pending") if one.first is claim)]
    return Finding(
        subject=volumes[0].ref,
        summary=summary,
        evidence=(first, *rest),
        accounts_for=tuple(Because(one, summary, (first, *rest)) for one in held_up),
        confidence=None if ctx.agreement(group).trusts_nodes else Confidence.LIKELY,
        members=tuple(one.ref for one in volumes[1:]),
        since=group.since,
        remedies=(
            Remedy(text="let the pod run on these nodes: tolerate their taint, or free what it asks for there"),
            Remedy(text="make a volume on a node that takes the pod", who="platform"),
        ),
    )


def _why(ctx: Context, shape: Shape, node: Node) -> str:
    """What keeps the pod off a node."""
    verdict = ctx.place.verdict(shape, node)
    if verdict.taint is not None:
        return f"untolerated taint {verdict.taint.key}"
    if verdict.barrier is not None:
        return str(verdict.barrier)
    return f"too little {listed(ctx.place.short(shape, node))}"


def _volumes(ctx: Context, group: Group) -> Iterator[tuple[Object, Object]]:
    for name in group.shape.claims if group.shape else ():
        claim = ctx.snap.get("PersistentVolumeClaim", group.first.namespace, name)
        spec = claim.whole.get("spec") if claim is not None else None
        bound = spec.get("volumeName") if isinstance(spec, dict) else None
        volume = ctx.snap.get("PersistentVolume", "", bound) if isinstance(bound, str) else None
        if claim is not None and volume is not None:
            yield volume, claim


def _terms(volume: Object) -> list[Any]:
    found = value_at(volume.whole, NODE_TERMS)
    if found is not MISSING:
        return found if isinstance(found, list) else []
    # A volume by hand, or of an in-tree driver: labels that list its zones
    # (kubernetes/kubernetes pkg/scheduler/framework/plugins/volumezone).
    zones = [
        {"key": label, "operator": "In", "values": volume.labels[label].split(ZONES)}
        for label in ZONE_LABELS
        if volume.labels.get(label)
    ]
    return [{"matchExpressions": zones}] if zones else []


def _places(ctx: Context, volume: Object) -> tuple[list[Evidence], list[str], list[str]]:
    """Where the volume may be attached: evidence, label keys and values."""
    pieces: list[Evidence] = []
    labels, values = [], []
    if value_at(volume.whole, NODE_TERMS) is MISSING:
        labels = [label for label in ZONE_LABELS if volume.labels.get(label)]
        pieces += [ctx.cite(volume, f"metadata.labels{key(label)}") for label in labels]
        return pieces, labels, [zone for label in labels for zone in volume.labels[label].split(ZONES)]
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
