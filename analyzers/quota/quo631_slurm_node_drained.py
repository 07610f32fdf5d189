"""QUO631: a worker of Slurm is ready as a pod, and drained as a Slurm node."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.pods import condition, condition_path
from diag.findings import Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Condition
from diag.snapshot.kinds import Pod

NODE_SET = "slinky.slurm.net/NodeSet"
# SlinkyProject/slurm-operator: conditions named after Slurm's states
DRAIN, IDLE = "SlurmNodeStateDrain", "SlurmNodeStateIdle"
INVALID = "SlurmNodeStateInvalidReg"  # Slurm drains such a node by itself, and the cause is QUO632's
OPERATOR = "slurm-operator: "  # what the operator writes begins so; else a person or a health check wrote it


@rule(
    "QUO631",
    name="slurm-node-drained",
    question=Question.OFFERS,
    severity=Severity.WARNING,
    inputs=("Pod", "Node", NODE_SET),
)
def slurm_node_drained(ctx: Context) -> Iterator[Finding]:
    """The Slurm node behind a ready worker is drained.

    ## What it means
    The worker's pod runs and is Ready, and Slurm gives it no new job: its GPUs are held and not used.

    ## Why it happens
    The Kubernetes node was cordoned, and the operator drained the Slurm node with it; or a person or health check did.

    ## Evidence
    The condition SlurmNodeStateDrain of the worker with Slurm's reason, and `spec.unschedulable` of its node.

    ## What to do
    Uncordon the node when its maintenance is over, or resume the Slurm node.

    ## Known limits
    That a drain is meant is not told from one that was forgotten. Workers that are being moved away are not looked at.
    """
    drained: dict[str, list[tuple[Pod, Condition]]] = defaultdict(list)
    for item in ctx.snap.all(NODE_SET):
        for pod in ctx.snap.pods_of(item):
            told, invalid = condition(pod, DRAIN), condition(pod, INVALID)
            if invalid is not None and invalid.status == "True":
                continue
            if told is not None and told.status == "True" and not pod.metadata.deletion_timestamp:
                drained[pod.spec.node_name or ""].append((pod, told))
    for node, found in sorted(drained.items()):
        yield _finding(ctx, node, found)


def _finding(ctx: Context, name: str, found: list[tuple[Pod, Condition]]) -> Finding:
    node, (first, told) = ctx.snap.node(name), found[0]
    pods, message = [pod for pod, _ in found], told.message or ""
    proof: list[Evidence] = [ctx.cite(first, condition_path(first, DRAIN, "message" if message else "type"))]
    cordoned = node is not None and node.spec.unschedulable
    if node is not None and cordoned:
        proof.append(ctx.cite(node, "spec.unschedulable"))
    names = ", ".join(pod.name for pod in pods[:4])
    why = "its node is cordoned" if cordoned else "its operator" if message.startswith(OPERATOR) else "somebody"
    by = f"since {why}" if cordoned else f"by {why}"
    return Finding(
        subject=node.ref if node is not None else first.ref,
        summary=f"Slurm's node {names} on {name} is in state Drain {by}{': ' + message if message else ''}",
        evidence=as_proof(proof),
        members=() if node is not None else tuple(pod.ref for pod in pods[1:]),
        since=told.last_transition_time,
        gpus_lost=sum(sum(gpus_of(pod_requests(pod)).values()) for pod in pods if condition(pod, IDLE) is not None),
        remedies=(
            Remedy(
                text=f"uncordon {name} when its maintenance is over", who="platform", command=f"kubectl uncordon {name}"
            )
            if cordoned
            else Remedy(text=f"find the reason, then resume Slurm node {first.name}", who="platform"),
        ),
    )
