"""DEV285 and DEV286: GPU feature discovery calls the MIG devices of a node invalid."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.mig_configs import LABEL
from diag.catalog.rule import Named, rule
from diag.facts.gpus import gpus_of
from diag.facts.nodes import allocatable
from diag.facts.pods import statuses
from diag.findings import Because, Confidence, Evidence, Finding, Proof, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.relations.operands import on_node
from diag.vocab.operands import Stage

PRODUCT = "nvidia.com/gpu.product"
STATE, UNDERWAY = "nvidia.com/mig.config.state", ("pending", "rebooting")  # NVIDIA/mig-parted: being cut anew
INVALID = "-MIG-INVALID"  # NVIDIA/k8s-device-plugin internal/lm/mig-strategy.go
# Same file and internal/rm/device_map.go: MIG mode is on, and no device was made.
EMPTY = re.compile(r"MIG device is enabled but empty|has no MIG devices configured|No MIG devices found")

NO_INSTANCES = """MIG mode is on at a GPU of the node, and no MIG device was made of it.

## What it means
A GPU in MIG mode is offered by its MIG devices alone. Without one it offers nothing, and with the single strategy the
other GPUs of the node are not offered either.

## Why it happens
MIG mode was switched on by hand, or a change of MIG devices stopped before it made any.

## Evidence
The node's product label, which ends in `-MIG-INVALID`, and what GPU feature discovery or the device plugin says.

## What to do
Make MIG devices (label `nvidia.com/mig.config`), or switch MIG mode off.

## Known limits
Needs the log of GPU feature discovery or of the device plugin.
"""


@rule(
    "DEV285",
    name="mig-heterogeneous-with-single-strategy",
    question=Question.OFFERS,
    inputs=("Node", "Pod"),
    refines=("device-plugin-crashing", "gpu-resource-never-registered"),
    others=(
        Named(
            id="DEV286",
            name="mig-enabled-no-instances",
            page=NO_INSTANCES,
            refines=("device-plugin-crashing", "gpu-resource-never-registered"),
        ),
    ),
    visits={"Node": 1},
)
def mig_invalid_label(ctx: Context) -> Iterator[Finding]:
    """The single MIG strategy cannot offer GPUs that are cut in different ways.

    ## What it means
    With the single strategy all GPUs of a node must be cut into MIG devices of one profile. Where they are not, the
    device plugin offers nothing, and GPU feature discovery ends the product's name in `-MIG-INVALID`.

    ## Why it happens
    A MIG configuration of several profiles was applied (`all-balanced`, or a team's own), or to some GPUs only.

    ## Evidence
    The node's labels `nvidia.com/gpu.product` and `nvidia.com/mig.config`.

    ## What to do
    Cut all GPUs of the node alike, or set the strategy to mixed.

    ## Known limits
    The label does not tell different devices from none at all; only the log of GPU feature discovery or the plugin
    does. Silent while a MIG change is under way, and where the node offers GPUs all the same.
    """
    for node in ctx.snap.nodes():
        changing = node.labels.get(STATE) in UNDERWAY
        if node.labels.get(PRODUCT, "").endswith(INVALID) and not changing and not gpus_of(allocatable(node)):
            yield _finding(ctx, node)


def _finding(ctx: Context, node: Node) -> Finding:
    evidence: list[Evidence] = [ctx.cite(node, f"metadata.labels{key(PRODUCT)}")]
    if LABEL in node.labels:
        evidence.append(ctx.cite(node, f"metadata.labels{key(LABEL)}"))
    empty = _empty(ctx, node)
    if empty is not None:
        name, words = "mig-enabled-no-instances", "has a GPU with MIG mode on and no MIG device"
        text = "make MIG devices (label nvidia.com/mig.config), or switch MIG mode off"
        remedies = [Remedy(text=text, who="platform")]
        evidence.append(empty)
    else:
        name, words = "mig-heterogeneous-with-single-strategy", "has MIG devices that the single strategy cannot offer"
        remedies = [
            Remedy(
                text="see how the GPUs are cut",
                command=f"kubectl get node {node.name} -L {LABEL},nvidia.com/mig.strategy,{PRODUCT}",
                who="platform",
            ),
            Remedy(text="cut all GPUs of the node into the same MIG profile", who="platform", risk="disruptive"),
            Remedy(text="or set mig.strategy to mixed, which offers each profile under its own name", who="platform"),
        ]
    words = f"{words}: its product label says {node.labels[PRODUCT]}"
    proof = as_proof(evidence)
    return Finding(
        name=name,
        subject=node.ref,
        summary=words,
        evidence=proof,
        accounts_for=tuple(_suffering(ctx, node, f"{node.name} {words}", proof)),
        confidence=Confidence.LIKELY,
        remedies=tuple(remedies),
    )


def _empty(ctx: Context, node: Node) -> Evidence | None:
    """The line by which GPU feature discovery or the device plugin finds a GPU in MIG mode without a device."""
    for operand, pod in on_node(ctx.snap.pods_on(node.name)):
        for _, status in statuses(pod) if operand.stage in (Stage.PLUGIN, Stage.AFTER) else ():
            for previous, number, line in ctx.logs(pod, status.name or ""):
                if EMPTY.search(line[:2_000]):
                    return ctx.cite_log(pod, status.name or "", number, previous=previous)
    return None


def _suffering(ctx: Context, node: Node, why: str, proof: Proof) -> Iterator[Because]:
    for group in ctx.groups("node-without-gpus"):
        if group.first.name == node.name:
            yield Because(group, why, proof)
    for one in ctx.failing_operands(node.name):
        if one.operand.stage is Stage.PLUGIN:
            yield Because(one.group, why, proof, members=None if one.group.size == 1 else 1)
