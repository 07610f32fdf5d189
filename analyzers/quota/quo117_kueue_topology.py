"""QUO117: quota is free, but no single domain of the topology has room for all pods."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, page, pieces, said, waiting
from diag.catalog.rule import Named, rule
from diag.facts.kueue_message import Obstacle, Reason
from diag.facts.nodes import allocatable
from diag.facts.quantity import show
from diag.facts.words import listed
from diag.findings import Basis, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.relations.kueue import part, quotas, text
from diag.trouble.relations.template import template_pod
from diag.trouble.shapes import Shape, main_gpu, request_path, shape_of
from diag.vocab.kueue import FLAVOR, REQUIRED_TOPOLOGY, TOPOLOGY

MAX_NAMED = 6  # domains that a summary names

LEVELS_PAGE = page(
    "No ready node of the flavor carries all labels that the Topology's levels name.",
    means="Kueue finds no domain at a level, so nothing that asks for the topology is placed.",
    happens="The nodes were never labelled, or a level's label is misspelt.",
    evidence="The workload's condition, the levels of the Topology, and the labels of the nodes.",
    todo="Label the nodes, or correct the levels.",
)


@rule(
    "QUO117",
    name="kueue-topology-fragmented",
    question=Question.ADMITTED,
    basis=Basis.SAID,
    inputs=(*INPUTS, FLAVOR, TOPOLOGY, "Node", "Pod"),
    others=(Named(id="QUO118", name="kueue-topology-levels-missing", page=LEVELS_PAGE, basis=Basis.SAID),),
)
def kueue_topology(ctx: Context) -> Iterator[Finding]:
    """Quota is free, but no single domain of the topology has room for all pods.

    ## What it means
    The workload wants its pods close together, in one rack or block. Enough GPUs may be free in all, but not within
    one domain, so it waits although the quota would allow it.

    ## Why it happens
    Others are spread over the domains and leave a few GPUs in each; or the workload is larger than any domain.

    ## Evidence
    The workload's condition, the level that it asks for, and the free GPUs of the nodes by domain.

    ## What to do
    Move or end what is spread over the domains, ask for a wider level or only prefer it, or use fewer pods.

    ## Known limits
    The nodes are counted as they are now; Kueue's sentence may be older.
    """
    for one in waiting(ctx):
        reason = one.decisive()
        if reason is None or not one.evaluated:
            continue
        if reason.obstacle is Obstacle.TOPOLOGY:
            yield _fragmented(ctx, one, reason)
        elif reason.obstacle is Obstacle.NO_DOMAIN:
            yield _no_domain(ctx, one, reason)


def _fragmented(ctx: Context, one: Waiting, reason: Reason) -> Finding:
    level, path, index = _level(one.item)
    shape = _shape(one.item, index)
    resource = main_gpu(shape.requests) if shape else None
    domains = _domains(ctx, one, level) if level else {}
    free: list[Evidence] = []
    words = []
    if shape is not None and resource is not None:
        for name, nodes in sorted(domains.items())[:MAX_NAMED]:
            free += [_free(ctx, node, resource) for node in nodes]
            rooms = sum(ctx.place.free[node.name].get(resource, 0) // shape.requests[resource] for node in nodes)
            words.append(f"{level}={name} has room for {rooms}")
    wanted = f" at level {level}" if level else ""
    asked = f" of {show(shape.requests[resource], resource)} {resource}" if shape and resource else ""
    summary = f"{reason.text}{wanted}" + (f": each pod{asked}; {', '.join(words)}" if words else "")
    return blocked(
        one, "", one.item.ref, summary,
        pieces(said(ctx, one.item, "QuotaReserved"), ctx.cite(one.item, path) if path else None, *free),
        confidence=Confidence.LIKELY if one.reason == "TopologyPlacementFailed" else None,
        remedies=(
            Remedy(
                text="move or end what is spread over the domains, so that one of them becomes free",
                who="queue-admin",
                risk="disruptive",
            ),
            Remedy(text="ask for a wider level, or only prefer it (podset-preferred-topology)"),
        ),
    )  # fmt: skip


def _level(item: Object) -> tuple[str, str, int]:
    """The level that a pod set requires, where it stands, and the place of the pod set."""
    for index, pod_set in enumerate(dicts(part(item, "spec").get("podSets"))):
        request = pod_set.get("topologyRequest")
        for name in ("required", "preferred"):
            if isinstance(request, dict) and isinstance(request.get(name), str):
                return request[name], f"spec.podSets[{index}].topologyRequest.{name}", index
        template = pod_set.get("template")
        metadata = template.get("metadata") if isinstance(template, dict) else None
        marks = metadata.get("annotations") if isinstance(metadata, dict) else None
        level = marks.get(REQUIRED_TOPOLOGY) if isinstance(marks, dict) else None
        if isinstance(level, str):
            return level, f"spec.podSets[{index}].template.metadata.annotations{key(REQUIRED_TOPOLOGY)}", index
    return "", "", 0


def _shape(item: Object, index: int) -> Shape | None:
    """What one pod of a pod set asks for."""
    pod = template_pod(item, "spec", "podSets", str(index), "template")
    return shape_of(pod) if pod else None


def _domains(ctx: Context, one: Waiting, level: str) -> dict[str, list[Node]]:
    """The nodes of the queue's flavors by their value of the level's label."""
    flavors = {flavor for flavor, _ in quotas(one.queue)} if one.queue else set()
    selectors = [
        part(item, "spec", "nodeLabels") for name in sorted(flavors) if (item := ctx.snap.get(FLAVOR, "", name))
    ]
    found: dict[str, list[Node]] = defaultdict(list)
    for node in ctx.snap.nodes():
        labels = node.labels
        fits = any(all(labels.get(name) == value for name, value in one.items()) for one in selectors)
        if level in labels and (fits or not selectors):
            found[labels[level]].append(node)
    return found


def _free(ctx: Context, node: Node, resource: str) -> Evidence:
    """Free on one node: allocatable minus what its pods ask for."""
    parts: list[Evidence] = [ctx.cite_or_lack(node, f"status.allocatable{key(resource)}")]
    for pod in ctx.snap.pods_on(node.name):
        path = request_path(pod, resource)
        if path and pod.status.phase not in ("Succeeded", "Failed"):
            parts.append(ctx.cite(pod, path))
    amount = ctx.place.free[node.name].get(resource, allocatable(node).get(resource, 0))
    return ctx.compute(f"free {resource} on node {node.name}", show(amount, resource), parts)


def _no_domain(ctx: Context, one: Waiting, reason: Reason) -> Finding:
    found = [
        (item, index)
        for item in ctx.snap.all(TOPOLOGY)
        for index, level in enumerate(dicts(part(item, "spec").get("levels")))
        if level.get("nodeLabel") == reason.level
    ]
    flavors = [item for item in ctx.snap.all(FLAVOR) if text(item, "spec", "topologyName")]
    named = {text(item, "spec", "topologyName") for item in flavors}
    used = [(item, index) for item, index in found if item.name in named] or found
    if not found and (listed := _topologies(ctx, one, reason)):
        return _no_level(ctx, one, reason, listed)
    subject: Ref = used[0][0].ref if used else one.group.workload
    lacking = [node for node in ctx.snap.nodes() if reason.level not in node.labels]
    total = len(ctx.snap.nodes())
    count = f"; {len(lacking)} of {total} nodes lack the label" if total else ""
    return blocked(
        one, "kueue-topology-levels-missing", subject,
        f"finds no domain at level {reason.level}: no ready node of the flavor carries all labels of its levels{count}",
        pieces(
            said(ctx, one.item, "QuotaReserved"),
            *(ctx.cite(item, f"spec.levels[{index}].nodeLabel") for item, index in used[:1]),
            *(ctx.lack(node, f"metadata.labels{key(reason.level)}") for node in lacking[:4]),
        ),
        remedies=(Remedy(text=f"label the nodes with {reason.level}, or correct the levels", who="platform"),),
    )  # fmt: skip


def _topologies(ctx: Context, one: Waiting, reason: Reason) -> list[Object]:
    """The Topologies of the flavors that the workload could get."""
    flavors = {reason.flavor} if reason.flavor else {name for name, _ in quotas(one.queue)} if one.queue else set()
    named = {text(item, "spec", "topologyName") for name in flavors if (item := ctx.snap.get(FLAVOR, "", name))}
    return [item for name in sorted(named) if (item := ctx.snap.get(TOPOLOGY, "", name)) is not None]


def _no_level(ctx: Context, one: Waiting, reason: Reason, there: list[Object]) -> Finding:
    """The workload asks for a level that no Topology of its flavors has."""
    level, path, _ = _level(one.item)
    paths = [(item, f"spec.levels[{index}].nodeLabel") for item in there
             for index, _ in enumerate(dicts(part(item, "spec").get("levels")))]  # fmt: skip
    levels = [cited for item, where in paths if (cited := ctx.cite_if(item, where)) is not None]
    names = listed([str(piece.value) for piece in levels], MAX_NAMED)
    wanted = reason.level or level
    summary = f"has no level {wanted}, which the workload asks for; its levels are {names}"
    return blocked(
        one, "kueue-topology-levels-missing", there[0].ref, summary,
        pieces(said(ctx, one.item, "QuotaReserved"), ctx.cite(one.item, path) if path else None, *levels),
        remedies=(
            Remedy(text=f"ask for one of the levels {names}"),
            Remedy(text=f"or add {wanted} to spec.levels of the Topology", who="platform"),
        ),
    )  # fmt: skip
