"""DEV282, IDN111: GPU nodes without the labels of GPU feature discovery, by which a pod selects its node."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.nodes import capacity, is_ready
from diag.facts.pods import PodClass, classify, statuses
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import on_node
from diag.trouble.relations.selectors import cite_selectors
from diag.trouble.relations.unmet import Unmet, unmatched, values_of
from diag.vocab.accelerators import GPU_PRODUCT_LABEL, NVIDIA_GPU

# NVIDIA/k8s-device-plugin internal/lm and docs/gpu-feature-discovery. The operator's own labels (gpu.present,
# gpu.deploy.*) and the MIG manager's (mig.config*) are others'.
LABELS = (
    *(f"nvidia.com/gpu.{one}" for one in ("product", "family", "memory", "count", "compute.", "machine", "replicas")),
    *(f"nvidia.com/gpu.{one}" for one in ("sharing-strategy", "mode", "clique")),
    *(f"nvidia.com/{one}" for one in ("cuda.", "gfd.", "mig.capable", "mig.strategy", "mps.capable")),
)
MIG = "nvidia.com/mig-"
TITLE = "GPU feature discovery"
SETTLED_S = 120  # GFD writes its labels at its start, NFD picks them up within a minute
JOINING_S = 20 * 60
REFINED = ("node-selector-no-match", "node-affinity-no-match", "gpu-product-not-present")
SHOWN = 3  # nodes

MISSING = """The GPU node has no GPU feature labels, so selectors by product match nothing.

## What it means
Nodes offer NVIDIA GPUs and carry none of the labels of GPU feature discovery (`nvidia.com/gpu.product` and its
kin), while a pod selects its node by one of them. No node matches, however many GPUs are free.

## Why it happens
GFD is not installed (a device plugin alone, or a provider's own, brings none), does not run on the node, fails, or
node feature discovery does not take its labels over.

## Evidence
The pod's selector, the GPUs that the node offers, that no node has the label, and the state of GFD's pod.

## What to do
Deploy or repair GPU feature discovery (and NFD), or select by a label that the nodes have.

## Known limits
Whether the node's GPUs are of the wanted model is not known without its labels. Where other nodes have the labels
and nobody waits for it, this is worth knowing only.
"""


class Bare(NamedTuple):
    """A GPU node without GFD's labels, and GFD's pod on it where there is one."""

    node: Node
    resource: str
    gfd: Pod | None


@rule(
    "DEV282",
    name="gfd-restart-label-flap",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=REFINED,
    others=(Named(id="IDN111", name="gfd-labels-missing", page=MISSING, refines=REFINED),),
    visits={"Node": 1},
)
def gfd_restart_label_flap(ctx: Context) -> Iterator[Finding]:
    """A restart of GFD takes the GPU labels off the node for a minute.

    ## What it means
    GPU feature discovery has just been started anew on the node. When it ends it deletes the file with its labels, and
    node feature discovery takes `nvidia.com/gpu.*` off the node until it has read the new one. Selectors match nothing
    meanwhile.

    ## Why it happens
    An update of the operator, a change of the plugin's or MIG's configuration, or a restart of the pod.

    ## Evidence
    The start of GFD's container moments before the snapshot, the missing labels of a node with GPUs, and the pod's
    selector.

    ## What to do
    Wait a minute. Let GFD publish through the NodeFeature API, which outlives its restart, and avoid hard selectors on
    its labels.

    ## Known limits
    A snapshot sees one moment: labels that are back leave no trace.
    """
    nodes = ctx.snap.nodes()
    bare = list(_bare(ctx, nodes))
    if not bare:
        return
    blamed_for = [
        (group, blamed)
        for group, blamed in unmatched(ctx.groups("pod-unscheduled"), ctx.place)
        if _by_gfd(blamed, nodes)
    ]
    for group, blamed in blamed_for:
        yield _finding(ctx, group, blamed, bare)
    if not blamed_for:
        labelled = any(_has_labels(node) for node in nodes)
        yield from (_aside(ctx, one) for one in bare if labelled and ctx.older(one.node.created, JOINING_S))


def _has_labels(node: Node) -> bool:
    return any(label.startswith(LABELS) for label in node.labels)


def _bare(ctx: Context, nodes: Sequence[Node]) -> Iterator[Bare]:
    for node in nodes:
        has = [name for name, amount in sorted(capacity(node).items()) if amount > 0]
        resource = next((one for one in has if one == NVIDIA_GPU or one.startswith(MIG)), None)
        if resource is not None and not _has_labels(node) and is_ready(node) is not False:
            there = on_node(ctx.snap.pods_on(node.name))
            yield Bare(node, resource, next((pod for operand, pod in there if operand.title == TITLE), None))


def _by_gfd(blamed: list[Unmet], nodes: Sequence[Node]) -> bool:
    """Whether labels of GFD that no node has are in the way, in each alternative."""
    return all(
        not one.together
        and any(
            demand.operator in ("In", "Exists", "Gt", "Lt")
            and demand.label.startswith(LABELS)
            and not values_of(nodes, demand.label)
            for demand in one.demands
        )
        for one in blamed
    )


def _finding(ctx: Context, group: Group, blamed: list[Unmet], bare: list[Bare]) -> Finding:
    wanted = " or ".join(dict.fromkeys(one.words for one in blamed))
    asks = f"; {group.workload.name} selects {wanted}"
    flap = next((one for one in bare if _restarted(ctx, one)), None)
    first = flap or bare[0]
    proof = as_proof(
        (*_facts(ctx, first), *(piece for one in bare[:SHOWN] if one is not first for piece in _facts(ctx, one)))
    )
    selectors = cite_selectors(ctx.cite, group.first)
    if flap is not None and flap.gfd is not None:
        started = _started(flap.gfd)
        again: list[Evidence] = [ctx.cite(flap.gfd, started[0])] if started is not None else []
        words = f"was restarted moments ago, and {flap.node.name} has no GPU labels yet{asks}"
        name, subject, more = "gfd-restart-label-flap", flap.gfd.ref, again
        remedies: tuple[Remedy, ...] = (
            Remedy(text="wait a minute, and see whether the labels are back", command=_look(flap.node)),
            Remedy(text="let GFD publish its labels through the NodeFeature API", who="platform"),
        )
    else:
        names = listed([one.node.name for one in bare])
        words = f"has GPUs and none of the labels of GPU feature discovery ({names}; {_state(ctx, first)}){asks}"
        name, subject, more = "gfd-labels-missing", first.node.ref, _state_proof(ctx, first)
        remedies = _remedies(first)
    return Finding(
        name=name,
        subject=subject,
        summary=words,
        evidence=as_proof((*proof, *more, *selectors, *group.evidence)),
        accounts_for=(
            Because(
                group,
                f"no node has {wanted}: {subject.name} {words.removesuffix(asks)}",
                (*_facts(ctx, first), *selectors[:3]),
            ),
        ),
        confidence=Confidence.LIKELY,
        members=tuple(one.node.ref for one in bare if one.node.ref != subject),
        since=group.since,
        remedies=remedies,
    )


def _aside(ctx: Context, one: Bare) -> Finding:
    """A node that lacks what its siblings have, and nobody waits for it."""
    return Finding(
        name="gfd-labels-missing",
        subject=one.node.ref,
        summary=f"has GPUs and no label of GPU feature discovery, as other nodes have ({_state(ctx, one)})",
        evidence=as_proof((*_facts(ctx, one), *_state_proof(ctx, one))),
        severity=Severity.INFO,
        confidence=Confidence.LIKELY,
        remedies=_remedies(one),
    )


def _facts(ctx: Context, one: Bare) -> tuple[Evidence, ...]:
    return (
        ctx.lack(one.node, f"metadata.labels{key(GPU_PRODUCT_LABEL)}"),
        ctx.cite(one.node, f"status.capacity{key(one.resource)}"),
    )


def _started(pod: Pod) -> tuple[str, str] | None:
    """When the newest of the pod's containers was started, with the place that says so."""
    found = [
        (f"{path}.state.running.startedAt", status.state.running.started_at)
        for path, status in statuses(pod)
        if status.state and status.state.running and status.state.running.started_at
    ]
    return max(found, key=lambda one: one[1], default=None)


def _restarted(ctx: Context, one: Bare) -> bool:
    """Whether GFD has just been started on a node that is not new."""
    started = _started(one.gfd) if one.gfd is not None else None
    return started is not None and not ctx.older(started[1], SETTLED_S) and ctx.older(one.node.created, JOINING_S)


def _state(ctx: Context, one: Bare) -> str:
    if one.gfd is None:
        return "none of its pods is on the node" if ctx.snap.pods_on(one.node.name) else "its pods were not collected"
    state = classify(one.gfd)
    restarts = sum(status.restart_count or 0 for _, status in statuses(one.gfd))
    well = state in (PodClass.HEALTHY, PodClass.RESTARTED)
    return f"{one.gfd.name} runs" if well else f"{one.gfd.name} is not ready, {count_of(restarts, 'restart')}"


def _state_proof(ctx: Context, one: Bare) -> list[Evidence]:
    found = ctx.cite_if(one.gfd, "status.phase") if one.gfd is not None else None
    return [found] if found is not None else []


def _look(node: Node) -> str:
    return f"kubectl get node {node.name} --show-labels"


def _remedies(one: Bare) -> tuple[Remedy, ...]:
    if one.gfd is None:
        repair = Remedy(
            text="deploy GPU feature discovery with node feature discovery on the GPU nodes", who="platform"
        )
        return (Remedy(text="see which labels the node has", command=_look(one.node)), repair)
    return (
        Remedy(
            text="see what GPU feature discovery says",
            command=f"kubectl logs -n {one.gfd.namespace} {one.gfd.name} --all-containers",
            who="platform",
        ),
        Remedy(text="repair it, or select by a label that the node has", who="platform"),
    )
