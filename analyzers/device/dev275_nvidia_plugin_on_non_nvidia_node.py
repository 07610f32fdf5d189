"""DEV275: NVIDIA's device plugin fails on a node that has no NVIDIA GPU."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.facts.gpus import is_gpu
from diag.facts.nodes import capacity
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.operands import operand_of
from diag.vocab.operands import Stage

# NVIDIA/k8s-device-plugin internal/plugin/manager, internal/rm/factory.go
BLIND = re.compile(r"Incompatible strategy detected|Failed to initialize NVML|could not load NVML|nvml init failed")
FOREIGN = re.compile(
    r"^(?:amd\.com/gpu|beta\.amd\.com/|gpu\.intel\.com/|habana\.ai/|aws\.amazon\.com/neuron|google\.com/tpu|huawei\.com/|cambricon\.com/"
    r"|karpenter\.k8s\.aws/instance-accelerator-|cloud\.google\.com/gke-tpu-"
    r"|feature\.node\.kubernetes\.io/(?:amd-gpu|pci-(?:\d{4}_)?1002\.present))"
)
NVIDIA = re.compile(r"nvidia|10de")


@rule(
    "DEV275",
    name="nvidia-plugin-on-non-nvidia-node",
    question=Question.STARTED,
    inputs=("Pod", "Node"),
    refines=("device-plugin-crashing",),
)
def nvidia_plugin_on_other_node(ctx: Context) -> Iterator[Finding]:
    """NVIDIA's device plugin was placed on a node without an NVIDIA GPU.

    ## What it means
    The plugin looks for NVIDIA's library, finds none and gives up. The node is as it should be: its accelerators are
    another vendor's.

    ## Why it happens
    The plugin's DaemonSet selects all nodes, or all nodes with accelerators.

    ## Evidence
    The plugin's words, and what the node's labels or resources say of another vendor's accelerators.

    ## What to do
    Let the DaemonSet select nodes with NVIDIA GPUs only.

    ## Known limits
    Silent on nodes that nothing marks as another vendor's: there the driver may be missing.
    """
    for group in ctx.groups("container-crashing", "container-not-ready"):
        hit = first_text(ctx, group, BLIND, On.LOG)
        if hit is None:
            continue
        pod = hit[0].member
        operand = operand_of(pod)
        if not isinstance(pod, Pod) or operand is None or operand.stage is not Stage.PLUGIN:
            continue
        nodes = [ctx.snap.node(one.spec.node_name) for one in group.members if isinstance(one, Pod)]
        proofs = [(node, proof) for node in nodes if node is not None and (proof := _foreign(ctx, node)) is not None]
        if not proofs:
            continue
        evidence: list[Evidence] = [hit[0].cite(), *[proof for _, proof in proofs[:5]]]
        names = ", ".join(node.name for node, _ in proofs[:5])
        words = f"runs on {names}, whose accelerators are not NVIDIA's: {hit[1][0]}"
        share = None if len(proofs) == len(group.members) else len(proofs)
        yield Finding(
            subject=group.workload,
            summary=words,
            evidence=as_proof(evidence),
            accounts_for=(Because(group, words, as_proof(evidence), members=share),),
            confidence=Confidence.LIKELY,
            second_sign=True,
            since=group.since,
            remedies=(
                Remedy(
                    text="see what the node has",
                    command=f"kubectl describe node {proofs[0][0].name}",
                    who="platform",
                ),
                Remedy(
                    text="let the DaemonSet select nodes with NVIDIA GPUs (nvidia.com/gpu.present=true, or NFD's "
                    "pci-10de label)",
                    who="platform",
                ),
            ),
        )


def _foreign(ctx: Context, node: Node) -> Evidence | None:
    """What marks the node as one with another vendor's accelerators, where nothing marks it as NVIDIA's."""
    marks = (f"{label}={value}" for label, value in node.labels.items() if value != "false")
    if any(NVIDIA.search(mark) for mark in marks):
        return None
    for resource, amount in sorted(capacity(node).items()):
        if amount and is_gpu(resource) and FOREIGN.match(resource):
            return ctx.cite(node, f"status.capacity{key(resource)}")
    for label in sorted(node.labels):
        if FOREIGN.match(label):
            return ctx.cite(node, f"metadata.labels{key(label)}")
    return None
