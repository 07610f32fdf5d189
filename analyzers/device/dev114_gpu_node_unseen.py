"""DEV114: the GPU operator does not see a GPU, because NFD writes its label in another form."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.unseen_gpus import waiting_for_unseen
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Evidence, Finding, Proof, Question, Ref, Remedy
from diag.projection import dicts
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.vocab.operands import CLUSTER_POLICY

# The labels that the operator accepts (NVIDIA/gpu-operator controllers/state_manager.go); vendor 10de is NVIDIA,
# classes 0300 and 0302 are graphics and 3D controllers.
ACCEPTED = tuple(f"feature.node.kubernetes.io/pci-{form}.present" for form in ("10de", "0302_10de", "0300_10de"))
OTHER = re.compile(r"^feature\.node\.kubernetes\.io/pci-\w*(?:03\d\d_)?10de\w*\.present$")
UNSEEN = ("NoGPUNodes", "NFDLabelsMissing")


@rule(
    "DEV114",
    name="nfd-pci-label-format-changed",
    question=Question.OFFERS,
    inputs=("Node", "Pod", "apps/DaemonSet", "ConfigMap", CLUSTER_POLICY),
    visits={"Node": 2, "apps/DaemonSet": 1, "ConfigMap": 1},
)
def gpu_node_unseen(ctx: Context) -> Iterator[Finding]:
    """NFD writes PCI labels in a form that the GPU operator does not know.

    ## What it means
    Node feature discovery sees the GPU, and the operator, which accepts three forms of its label only, takes the node
    for one without a GPU. So it deploys nothing there.

    ## Why it happens
    `deviceLabelFields` of NFD's PCI source was changed, by hand or by another product that brings its own NFD.

    ## Evidence
    The node's PCI label, the operator's condition NoGPUNodes, and NFD's configuration where it is here.

    ## What to do
    Set `deviceLabelFields` to [vendor] or [class, vendor].

    ## Known limits
    Nodes whose GPUs are used through another stack carry such labels as well: needs a ClusterPolicy that sees no GPU
    node.
    """
    policies = [(item, _condition(item.whole)) for item in ctx.snap.all(CLUSTER_POLICY)]
    blind = next(((item, place) for item, place in policies if place is not None), None)
    nodes = [(node, label) for node in ctx.snap.nodes() if (label := _strange(node))]
    if blind is None or not nodes:
        return
    node, label = nodes[0]
    evidence: list[Evidence] = [ctx.cite(node, f"metadata.labels{key(label)}")]
    evidence.append(ctx.cite(blind[0], f"status.conditions[{blind[1]}].reason"))
    root, proof = _configuration(ctx)
    evidence += proof
    words = f"writes the PCI label of {node.name} as {label}, a form that the GPU operator does not know (NoGPUNodes)"
    signs: Proof = (evidence[0], *evidence[1:])
    unseen = {one.name for one, _ in nodes}
    yield Finding(
        subject=root or node.ref,
        members=tuple(one.ref for one, _ in nodes) if root else tuple(one.ref for one, _ in nodes[1:]),
        summary=words,
        evidence=signs,
        accounts_for=(
            *(Because(group, words, signs) for group in ctx.groups("node-without-gpus") if group.first.name in unseen),
            *waiting_for_unseen(ctx, [one for one, _ in nodes], words, signs),
        ),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(text="set deviceLabelFields of NFD's PCI source to [vendor] or [class, vendor]", who="platform"),
        ),
    )


def _condition(whole: dict[str, object]) -> int | None:
    """The place of the condition by which the operator says that it sees no GPU node."""
    status = whole.get("status")
    found = dicts(status.get("conditions")) if isinstance(status, dict) else []
    return next((place for place, one in enumerate(found) if one.get("reason") in UNSEEN), None)


def _strange(node: Node) -> str | None:
    labels = node.labels
    if any(labels.get(label) == "true" for label in ACCEPTED):
        return None
    return next((label for label, value in sorted(labels.items()) if value == "true" and OTHER.match(label)), None)


def _configuration(ctx: Context) -> tuple[Ref | None, list[Evidence]]:
    """NFD's configuration, or else the DaemonSet of its workers."""
    for item in ctx.snap.all("ConfigMap"):
        data = item.whole.get("data")
        for name, text in sorted(data.items()) if isinstance(data, dict) else ():
            if isinstance(text, str) and "deviceLabelFields" in text and isinstance(name, str):
                return item.ref, [ctx.cite(item, f'data["{name}"]')]
    workers = next((item for item in ctx.snap.all("apps/DaemonSet") if "nfd-worker" in item.name), None)
    return (workers.ref, [ctx.cite(workers, "metadata.name")]) if workers is not None else (None, [])
