"""SCL441: a node with idle GPUs that an autoscaler may not remove because of one pod."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.cluster_autoscaler import STATUS
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.nodes import allocatable
from diag.facts.pods import occupies_node
from diag.facts.words import listed
from diag.findings import Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod

# kubernetes/autoscaler cluster-autoscaler/utils/drain; sigs.k8s.io/karpenter pkg/apis/v1/labels.go
SAFE, KEEP = "cluster-autoscaler.kubernetes.io/safe-to-evict", "karpenter.sh/do-not-disrupt"
POOL = "karpenter.sh/nodepool"
BLOCKED = "DisruptionBlocked"
YOUNG_S = 30 * 60  # a node that came for a pod is idle until that is placed


@rule(
    "SCL441",
    name="scale-down-blocked-by-pod",
    question=Question.SCALED,
    severity=Severity.INFO,
    inputs=("Node", "Pod", "Event", "ConfigMap"),
    visits={"Node": 1, "Pod": 1},
)
def scale_down_blocked(ctx: Context) -> Iterator[Finding]:
    """An idle GPU node cannot be removed because of one pod.

    ## What it means
    No pod on the node uses a GPU, and the autoscaler would remove it. A pod that says that it must not be evicted keeps
    it, and the GPUs are paid for and do nothing.

    ## Why it happens
    An annotation was set for training and came along to a small pod, which was placed on the node by chance.

    ## Evidence
    The GPUs that the node offers, the pod's annotation, and Karpenter's event `DisruptionBlocked` where it is there.

    ## What to do
    Move the pod to a node without GPUs, and keep GPU nodes for GPU pods by a taint.

    ## Known limits
    How long the node has been idle is not known. Only nodes of Karpenter, or where the cluster-autoscaler's status is
    here. Somebody may want it so: it is told for information.
    """
    scaled = any(item.name == STATUS for item in ctx.snap.all("ConfigMap"))
    for node in ctx.snap.nodes():
        gpus = sum(gpus_of(allocatable(node)).values())
        wish = KEEP if POOL in node.labels else SAFE
        if not gpus or not (scaled or wish == KEEP) or not ctx.older(node.created, YOUNG_S):
            continue
        there = [pod for pod in ctx.snap.pods_on(node.name) if occupies_node(pod)]
        holders = [pod for pod in there if pod.annotations.get(wish) == ("true" if wish == KEEP else "false")]
        if holders and not any(gpus_of(pod_requests(pod)) for pod in there):
            yield _finding(ctx, node, holders, wish, gpus)


def _finding(ctx: Context, node: Node, holders: list[Pod], wish: str, gpus: int) -> Finding:
    resource = next(iter(gpus_of(allocatable(node))))
    events = [event for event in ctx.snap.events(node) if event.reason == BLOCKED]
    proof: list[Evidence] = [ctx.cite(pod, f"metadata.annotations{key(wish)}") for pod in holders[:3]]
    proof += [ctx.cite(node, f"status.allocatable{key(resource)}"), *(ctx.cite_event(one) for one in events[:1])]
    names = listed([f"{pod.namespace}/{pod.name}" for pod in holders], 3)
    return Finding(
        subject=node.ref,
        summary=f"has {gpus} GPUs that no pod uses, and is kept by {names} ({wish})",
        evidence=as_proof(proof),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(text=f"move {holders[0].namespace}/{holders[0].name} to a node without GPUs", who="platform"),
            Remedy(text="keep GPU nodes for GPU pods by a taint", who="platform"),
        ),
    )
