"""MCL161, MCL162: inside a virtual cluster whose nodes stand for those of its host, and are not them."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.nodes import ready
from diag.facts.virtual_clusters import FAKE
from diag.facts.words import count_of, listed
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node

LABEL = f"metadata.labels{key(FAKE)}"
SILENT_S = 5 * 60
# Everything that would be counted from nodes that are not there.
COUNTED = (
    "gpu-request-exceeds-any-node", "untolerated-taint", "node-selector-no-match", "node-affinity-no-match",
    "gpu-product-not-present", "gpu-product-label-mismatch", "gpu-resource-not-offered", "no-gpu-nodes",
    "gpu-label-provider-mismatch", "gpu-fragmentation", "gpu-stranded-by-cpu-memory", "pod-limit-of-node-reached",
    "gpu-capacity-exhausted", "cpu-request-exceeds-any-node", "memory-request-exceeds-any-node",
    "cpu-capacity-exhausted", "memory-capacity-exhausted", "ephemeral-storage-exhausted", "node-not-ready",
)  # fmt: skip

STALE = """The virtual cluster still shows a node that the host has lost.

## What it means
vcluster's syncer made this node to stand for one of the host, and no longer writes to it, while it does to others.
Pods on it count as running and are not moved: nobody evicts them, as a virtual cluster has no node controller.

## Why it happens
The host's node is gone (a spot machine, a rotation), and the syncer does not notice before it is started again.

## Evidence
The label `vcluster.loft.sh/fake-node`, the node's Ready condition (Unknown), and the other such nodes that are Ready.

## What to do
Restart the syncer of the virtual cluster on the host, then see whether the node and its pods go.

## Known limits
Whether the host has the node is not seen from inside. Where no such node is Ready the syncer itself may be down.
"""


@rule(
    "MCL161",
    name="vcluster-host-unschedulable",
    question=Question.PLACED,
    basis=Basis.SAID,
    inputs=("Pod", "Node"),
    refines=COUNTED,
    visits={"Node": 2},
    others=(Named(id="MCL162", name="vcluster-stale-fake-node", page=STALE, severity=Severity.WARNING),),
)
def virtual_nodes(ctx: Context) -> Iterator[Finding]:
    """The pod's copy on the host of the virtual cluster fits on no node there.

    ## What it means
    A pod of a virtual cluster is placed by the scheduler of its host, and that scheduler's sentence is what is shown
    here. It counts the host's nodes. The nodes in this view only stand for some of them, without their GPUs, taints and
    labels, so nothing can be counted from them.

    ## Why it happens
    The host is full, or the pod selects or tolerates what its nodes do not have.

    ## Evidence
    The pod's PodScheduled condition, and the label `vcluster.loft.sh/fake-node` of every node.

    ## What to do
    Look at the copy of the pod on the host (`NAME-x-NAMESPACE-x-VCLUSTER`), or have its nodes synced.

    ## Known limits
    Silent where any node is a real one.
    """
    nodes = ctx.snap.nodes()
    fakes = [node for node in nodes if FAKE in node.labels]
    if fakes and len(fakes) == len(nodes):
        yield from _unscheduled(ctx, fakes)
    yield from _stale(ctx, fakes)


def _unscheduled(ctx: Context, nodes: list[Node]) -> Iterator[Finding]:
    labels: list[Evidence] = [ctx.cite(node, LABEL) for node in nodes[:2]]
    for group in ctx.groups("pod-unscheduled"):
        if group.state != "refused":
            continue
        summary = f"its copy on the host of this virtual cluster finds no node there: {group.message}"
        proof = as_proof([*group.evidence, *labels])
        yield Finding(
            subject=group.workload,
            summary=summary,
            evidence=proof,
            accounts_for=(Because(group, "the nodes that are counted are the host's, which are not seen here", proof),),
            confidence=Confidence.LIKELY,
            since=group.since,
            remedies=(
                Remedy(
                    text=f"look at its copy on the host: {group.first.name}-x-{group.first.namespace}-x-VCLUSTER",
                    who="platform",
                ),
                Remedy(text="sync the host's nodes (sync.fromHost.nodes), so that their GPUs are seen", who="platform"),
            ),
        )


def _stale(ctx: Context, fakes: list[Node]) -> Iterator[Finding]:
    states = {node.name: found for node in fakes if (found := ready(node)) is not None}
    alive = [node for node in fakes if node.name in states and states[node.name].status == "True"]
    for node in fakes:
        found = states.get(node.name)
        if found is None or found.status != "Unknown" or not ctx.older(found.last_transition_time, SILENT_S):
            continue
        held = [pod for pod in ctx.snap.pods_on(node.name) if pod.status.phase == "Running"]
        index = (node.status.conditions or ()).index(found)
        names = listed([f"{pod.namespace}/{pod.name}" for pod in held], 3)
        counted = f"; running there: {names}" if held else ""
        others = f", while those of {count_of(len(alive), 'node')} are" if alive else ""
        proof: list[Evidence] = [ctx.cite(node, f"status.conditions[{index}].status"), ctx.cite(node, LABEL)]
        proof += [ctx.cite(one, LABEL) for one in alive[:1]]
        proof += [ctx.cite(pod, "spec.nodeName") for pod in held[:3]]
        yield Finding(
            name="vcluster-stale-fake-node",
            subject=node.ref,
            summary=f"stands for a node of the host and its state is no longer written{others}{counted}",
            evidence=as_proof(proof),
            confidence=Confidence.LIKELY if alive else Confidence.POSSIBLE,
            since=found.last_transition_time,
            remedies=(
                Remedy(
                    text="find out whether the host has this node, and restart the virtual cluster's syncer there",
                    who="platform",
                ),
            ),
        )
