"""DEV274: a vGPU guest has no licence."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pods import statuses
from diag.findings import Basis, Confidence, Evidence, Finding, Question, Remedy, Severity
from diag.snapshot.kinds import Node
from diag.trouble.relations.operands import on_node
from diag.vocab.operands import CLUSTER_POLICY, Stage

VGPU = "nvidia.com/vgpu.present"
# NVIDIA vGPU guest driver, nvidia-gridd (texts of public logs); the last line of the two decides.
REFUSED = re.compile(r"Failed to acquire license|Valid GRID license not found|Unlicensed \(Restricted\)")
GRANTED = re.compile(r"License acquired successfully|Licensed \(Expiry")


@rule(
    "DEV274",
    name="vgpu-unlicensed",
    question=Question.KEPT,
    inputs=("Node", "Pod", CLUSTER_POLICY),
    basis=Basis.SAID,
    severity=Severity.WARNING,
    visits={"Node": 1},
)
def vgpu_unlicensed(ctx: Context) -> Iterator[Finding]:
    """The vGPU guest has no licence, so it is throttled.

    ## What it means
    A vGPU works at full speed for twenty minutes without a licence, and is then held to a fraction of it. Work is slow,
    and nothing fails.

    ## Why it happens
    The client token or the address of the licence server is missing in the licensing configuration, the server is not
    reached, or it has no licence left.

    ## Evidence
    What nvidia-gridd prints in the driver's container, unless it got a licence afterwards.

    ## What to do
    Correct `driver.licensingConfig` of the ClusterPolicy, and let the nodes reach the licence server.

    ## Known limits
    Needs the log of the driver's pod on a node with a vGPU.
    """
    found = [
        (node, said) for node in ctx.snap.nodes() if node.labels.get(VGPU) == "true" for said in _refused(ctx, node)
    ]
    if not found:
        return
    policies = ctx.snap.all(CLUSTER_POLICY)
    nodes = [node for node, _ in found]
    root = policies[0] if len(policies) == 1 else nodes[0]
    more = f" and {len(nodes) - 1} more" if len(nodes) > 1 else ""
    yield Finding(
        subject=root.ref,
        members=tuple(node.ref for node in nodes if node is not root),
        summary=f"leaves the vGPU of {nodes[0].name}{more} without a licence, so it is throttled after twenty minutes",
        evidence=(found[0][1], *[said for _, said in found[1:]]),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(
                text="see how the licence is configured",
                command="kubectl get clusterpolicies.nvidia.com -o yaml",
                who="platform",
            ),
            Remedy(
                text="correct driver.licensingConfig (server and client token), and let the nodes reach the server",
                who="platform",
            ),
        ),
    )


def _refused(ctx: Context, node: Node) -> Iterator[Evidence]:
    """The last refusal of a licence on the node, where none was granted after it."""
    for operand, pod in on_node(ctx.snap.pods_on(node.name)):
        if operand.stage is not Stage.DRIVER:
            continue
        last: Evidence | None = None
        for _, status in statuses(pod):
            for previous, number, text in ctx.logs(pod, status.name or ""):
                if GRANTED.search(text[:2_000]):
                    last = None
                elif REFUSED.search(text[:2_000]):
                    last = ctx.cite_log(pod, status.name or "", number, previous=previous)
        if last is not None:
            yield last
            return
