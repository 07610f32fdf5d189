"""DEV257, HWX151 and HWX152: a node that an operator, a health agent or the cloud has set apart on purpose."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.shapes import Shape
from diag.vocab.gpu_health import DEFECT, GOOD, KUBELET, QUARANTINE

AMD = "amd-gpu-unhealthy"  # ROCm/gpu-operator internal/controllers/remediation_handler.go
# GKE documentation, "Manage disruption to GPUs and TPUs that do not live migrate"; aws/aws-node-termination-handler.
MAINTENANCE_TAINTS = (
    "cloud.google.com/impending-node-termination",
    "aws-node-termination-handler/scheduled-maintenance",
    "aws-node-termination-handler/rebalance-recommendation",
    "aws-node-termination-handler/asg-lifecycle-termination",
    "aws-node-termination-handler/spot-itn",
)
MAINTENANCE_LABELS = ("cloud.google.com/active-node-maintenance", "cloud.google.com/scheduled-maintenance-time")
# NVSentinel's fault-quarantine and labels of its state machine.
AGENT_ANNOTATIONS = (QUARANTINE, "quarantineHealthEventIsCordoned", "quarantineHealthEventAppliedTaints")
AGENT_LABELS = ("dgxc.nvidia.com/nvsentinel-state", "k8saas.nvidia.com/cordon-by")
SHOWN = 5

QUARANTINED = """A health agent cordoned the node on purpose.

## What it means
The agent saw a fault of the hardware and keeps new pods off. The node stays closed until it is repaired or somebody
overrules the agent.

## Why it happens
The agent's rule matched a health event. What it saw stands in its annotation.

## Evidence
The agent's annotation or label on the node, the cordon or taint, and the pods that would fit there.

## What to do
Handle the health event; uncordon the node only when it is mended.

## Known limits
Where a condition of the node names the fault, that fault is the cause and this is silent.
"""

MAINTENANCE = """The cloud is about to service the host.

## What it means
The provider announced that the machine will be stopped, and marked the node so that nothing new starts on it. Machines
with GPUs cannot be moved while they run.

## Why it happens
The provider services hardware or takes capacity back.

## Evidence
The provider's taint or label on the node, and the pods that would fit there.

## What to do
Let the work end or checkpoint it; the node comes back or is replaced by itself.

## Known limits
A notice that neither taints nor cordons the node is not reported.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Why a node is set apart: the name of the cause, the piece that says so, and the taints that come with it."""

    name: str
    node: Node
    said: Evidence
    taints: frozenset[str]


@rule(
    "DEV257",
    name="amd-gpu-remediation-in-progress",
    question=Question.PLACED,
    inputs=("Node", "Pod"),
    refines=("nodes-cordoned", "untolerated-taint", "gpu-capacity-exhausted"),
    others=(
        Named(
            id="HWX151",
            name="node-quarantined-by-health-agent",
            page=QUARANTINED,
            refines=("nodes-cordoned", "untolerated-taint", "gpu-capacity-exhausted"),
        ),
        Named(
            id="HWX152",
            name="cloud-host-maintenance",
            page=MAINTENANCE,
            refines=("nodes-cordoned", "untolerated-taint", "gpu-capacity-exhausted"),
        ),
    ),
    visits={"Node": 1},
)
def node_set_apart(ctx: Context) -> Iterator[Finding]:
    """The AMD operator is repairing the node, so it is tainted.

    ## What it means
    The operator runs a remediation workflow for an unhealthy GPU and keeps pods off the node until the workflow ends.

    ## Why it happens
    A condition of the node matched one of the operator's remediation workflows.

    ## Evidence
    The taint `amd-gpu-unhealthy`, and the pods that would fit on the node without it.

    ## What to do
    Follow the workflow; it takes the taint away when the GPU is well again.

    ## Known limits
    Silent where no pod waits that would run there.
    """
    marks: dict[str, list[Mark]] = {}
    for node in ctx.snap.nodes():
        mark = _mark(ctx, node)
        if mark is not None:
            marks.setdefault(mark.name, []).append(mark)
    for name, same in sorted(marks.items()):
        because = [one for group in ctx.groups("pod-unscheduled") if (one := _because(ctx, group, same)) is not None]
        if because:
            yield _finding(name, same, because)


def _mark(ctx: Context, node: Node) -> Mark | None:
    taints = [(place, taint.key or "") for place, taint in enumerate(node.spec.taints or ())]
    for place, word in taints:
        if word == AMD:
            return _marked(ctx, "amd-gpu-remediation-in-progress", node, f"spec.taints[{place}].key", word)
        if word in MAINTENANCE_TAINTS:
            return _marked(ctx, "cloud-host-maintenance", node, f"spec.taints[{place}].key", word)
    agent = next((one for one in AGENT_ANNOTATIONS if one in node.annotations), None)
    label = next((one for one in AGENT_LABELS if one in node.labels), None)
    if (agent or label) and not _names_a_fault(node):
        path = f"metadata.annotations{key(agent)}" if agent else f"metadata.labels{key(label or '')}"
        return _marked(ctx, "node-quarantined-by-health-agent", node, path, *(word for _, word in taints))
    notice = next((one for one in MAINTENANCE_LABELS if node.labels.get(one, "false") != "false"), None)
    if notice and node.spec.unschedulable:
        return _marked(ctx, "cloud-host-maintenance", node, f"metadata.labels{key(notice)}")
    return None


def _marked(ctx: Context, name: str, node: Node, path: str, *taints: str) -> Mark:
    return Mark(name=name, node=node, said=ctx.cite(node, path), taints=frozenset(taints))


def _names_a_fault(node: Node) -> bool:
    """Whether a condition of the node tells of a fault: then that is what the node is closed for."""
    for one in node.status.conditions or ():
        word = one.type or ""
        if word in KUBELET:
            continue
        if one.status == "True" and DEFECT.search(word):
            return True
        if one.status == "False" and GOOD.search(word) and not word.endswith("Unhealthy"):
            return True
    return False


def _because(ctx: Context, group: Group, marks: list[Mark]) -> Because | None:
    """How many pods of a group the marked nodes would hold."""
    shape = group.shape
    if shape is None:
        return None
    taking = [(mark, number) for mark in marks if (number := _room(ctx, shape, mark))]
    pods = min(sum(number for _, number in taking), group.size)
    if not pods:
        return None
    said = [mark.said for mark, _ in taking]
    names = ", ".join(mark.node.name for mark, _ in taking[:SHOWN])
    proof = ctx.compute(f"pods of {group.workload.name} that would fit on {names}", pods, said)
    why = f"{pods} of {group.size} pods would fit on {names}, which takes no new pods for now"
    return Because(group, why, (proof, *said[:SHOWN]), members=pods)


def _room(ctx: Context, shape: Shape, mark: Mark) -> int:
    """How many pods of a shape the node would take, were it not for its mark; 0 where it takes them anyway."""
    if ctx.place.verdict(shape, mark.node).barrier is None:
        return 0
    if ctx.place.verdict(shape, mark.node, ignore_cordon=True, ignore_taints=mark.taints).barrier is not None:
        return 0
    free = ctx.place.free.get(mark.node.name, {})
    asked = [(amount, free.get(name, 0)) for name, amount in shape.requests.items() if amount]
    return max(min(has // amount for amount, has in asked), 0)  # of pods, at least one is asked for


REMEDIES = {
    "amd-gpu-remediation-in-progress": Remedy(
        text="follow the remediation workflow; it opens the node when the GPU is well", who="platform"
    ),
    "node-quarantined-by-health-agent": Remedy(
        text="handle the health event that the agent saw; open the node only when it is mended", who="platform"
    ),
    "cloud-host-maintenance": Remedy(
        text="wait for the maintenance to end, or add a node; let running work write a checkpoint", who="cloud"
    ),
}
SUMMARIES = {
    "amd-gpu-remediation-in-progress": "is being repaired by the AMD GPU operator and takes no pods",
    "node-quarantined-by-health-agent": "was closed by a health agent for what it saw of its hardware",
    "cloud-host-maintenance": "is about to be serviced by the cloud and takes no new pods",
}


def _finding(name: str, same: list[Mark], because: list[Because]) -> Finding:
    first = same[0].node
    more = f" ({len(same)} nodes)" if len(same) > 1 else ""
    pods = sum(one.members or 0 for one in because)
    return Finding(
        name=name,
        subject=first.ref,
        members=tuple(mark.node.ref for mark in same[1:]),
        summary=f"{SUMMARIES[name]}{more}; {pods} waiting pods would fit there",
        evidence=as_proof(mark.said for mark in same[:SHOWN]),
        accounts_for=tuple(because),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(
                text="see what marks the node, and since when",
                command=f"kubectl describe node {first.name}",
                who="platform",
            ),
            REMEDIES[name],
        ),
    )
