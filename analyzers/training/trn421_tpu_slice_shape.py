"""TRN421: a TPU job asks for a slice of another shape than the node pools have."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.rule import rule
from diag.facts.nodes import allocatable
from diag.facts.quantity import show
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.shapes import Shape, request_path

# Google Kubernetes Engine, "TPUs in GKE": labels of every TPU node and selectors of the pods.
TPU, ACCELERATOR, TOPOLOGY = (
    "google.com/tpu",
    "cloud.google.com/gke-tpu-accelerator",
    "cloud.google.com/gke-tpu-topology",
)
TRIGGERED = "TriggeredScaleUp"


@rule(
    "TRN421",
    name="tpu-slice-shape-mismatch",
    question=Question.PLACED,
    states=("refused",),
    inputs=("Pod", "Node", "Event"),
    refines=(
        "node-selector-no-match", "node-affinity-no-match", "gpu-product-not-present", "gpu-resource-not-offered",
        "gpu-request-exceeds-any-node",
    ),
)  # fmt: skip
def tpu_slice_shape(ctx: Context) -> Iterator[Finding]:
    """The requested TPU topology or chip count does not match the node pool.

    ## What it means
    A TPU slice is a node pool of one topology, and each of its hosts has a fixed number of chips. A pod that selects
    another topology, or asks for more chips than one host has, fits into no slice, whatever is free.

    ## Why it happens
    The job was written for another slice, or asks one pod for the chips of the whole slice.

    ## Evidence
    The pod's selector and its `google.com/tpu`, beside the topology and the chips of the nodes with the same
    accelerator.

    ## What to do
    Select a topology that a node pool has, ask each pod for the chips of one host, and make as many pods as there are
    hosts.

    ## Known limits
    Only where nodes of the accelerator are there, and while no scale-up for the pod is on its way: a pool at size 0
    is not seen.
    """
    for group in ctx.groups("pod-unscheduled"):
        shape = group.shape
        if not isinstance(shape, Shape) or ACCELERATOR not in shape.node_selector or _is_coming(ctx, group):
            continue
        asked, selector = shape.requests.get(TPU, 0), shape.node_selector
        nodes = [node for node in ctx.snap.nodes() if node.labels.get(ACCELERATOR) == selector[ACCELERATOR]]
        same = [node for node in nodes if node.labels.get(TOPOLOGY) == selector.get(TOPOLOGY)]
        most = max((allocatable(node).get(TPU, 0) for node in same), default=0)
        if asked and nodes and TOPOLOGY in selector and not same:
            yield _topology(ctx, group, selector[TOPOLOGY], nodes)
        elif 0 < most < asked:
            yield _chips(ctx, group, asked, most, same)


def _is_coming(ctx: Context, group: Group) -> bool:
    """Whether the autoscaler's last word is that it makes a machine."""
    return bool(scale_ups.asked_for(ctx, group)) and scale_ups.autoscaler_said(ctx, group) is None


def _topology(ctx: Context, group: Group, wanted: str, nodes: list[Node]) -> Finding:
    there = {node.labels[TOPOLOGY]: node for node in nodes if TOPOLOGY in node.labels}
    pieces: list[Evidence] = [ctx.cite(node, f"metadata.labels{key(TOPOLOGY)}") for _, node in sorted(there.items())]
    accelerator = nodes[0].labels[ACCELERATOR]
    summary = (
        f"selects TPU topology {wanted}, and the {len(nodes)} nodes with {accelerator} are of "
        f"{listed(sorted(there), 4)}"
    )
    return _finding(ctx, group, summary, f"spec.nodeSelector{key(TOPOLOGY)}", pieces)


def _chips(ctx: Context, group: Group, asked: int, most: int, nodes: list[Node]) -> Finding:
    pieces: list[Evidence] = [ctx.cite_or_lack(node, f"status.allocatable{key(TPU)}") for node in nodes[:4]]
    summary = (
        f"asks one pod for {show(asked, TPU)} chips, and a host of its topology has {show(most, TPU)}: "
        f"{listed([node.name for node in nodes], 4)}"
    )
    return _finding(ctx, group, summary, request_path(group.first, TPU) or "", pieces)


def _finding(ctx: Context, group: Group, summary: str, path: str, there: list[Evidence]) -> Finding:
    own = ctx.cite(group.first, path)
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof([own, *there, *group.evidence]),
        accounts_for=(Because(group, summary, (own, *there)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="select a topology that a node pool has, and ask each pod for the chips of one host",
                command=f"kubectl get nodes -L {ACCELERATOR},{TOPOLOGY}",
            ),
            Remedy(text="or make a node pool of that topology", who="platform"),
        ),
    )
