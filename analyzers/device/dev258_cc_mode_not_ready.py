"""DEV258: a node's GPUs are not ready for confidential computing."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group

# NVIDIA/gpu-operator internal/consts, NVIDIA/k8s-cc-manager: wanted, applied, and whether pods may start.
MODE, STATE, READY = "nvidia.com/cc.mode", "nvidia.com/cc.mode.state", "nvidia.com/cc.ready.state"
SAID = re.compile(
    r"CC Manager is not ready|Error 802: system not yet initialized|cudaErrorSystemNotReady|CUDA_ERROR_SYSTEM_NOT_READY"
)


@rule(
    "DEV258",
    name="cc-mode-not-ready",
    question=Question.STARTED,
    inputs=("Node", "Pod"),
    refines=("fabric-manager-not-running", "node-selector-no-match", "node-affinity-no-match"),
    visits={"Node": 1},
)
def cc_mode_not_ready(ctx: Context) -> Iterator[Finding]:
    """Confidential computing mode is not ready on the node.

    ## What it means
    The GPUs are to run in a confidential computing mode and have not reached it. Until then CUDA refuses to start in
    the guest, and pods that select ready nodes wait.

    ## Why it happens
    The mode changes only while nothing holds the GPUs; a client that stays, a reset that fails or a host without the
    feature stops the manager half-way.

    ## Evidence
    The labels of the wanted and the applied mode and of readiness, and what waits or fails on the node.

    ## What to do
    Read the log of the CC manager's pod on the node.

    ## Known limits
    Silent where nothing waits or fails for it: the mode may be changing.
    """
    for node in ctx.snap.nodes():
        if node.labels.get(READY) != "false" and not _is_between(node):
            continue
        because = [one for group in ctx.groups() if (one := _because(ctx, group, node)) is not None]
        if not because:
            continue
        evidence = [ctx.cite(node, f"metadata.labels{key(one)}") for one in (READY, MODE, STATE) if one in node.labels]
        words = f"is not ready for confidential computing (wanted {node.labels.get(MODE, 'unknown')}, "
        words += f"applied {node.labels.get(STATE, 'unknown')})"
        yield Finding(
            subject=node.ref,
            summary=words,
            evidence=as_proof(evidence),
            accounts_for=tuple(because),
            confidence=Confidence.LIKELY,
            remedies=(
                Remedy(
                    text="see what the CC manager says on the node",
                    command=f"kubectl get pods -A -l app=nvidia-cc-manager --field-selector spec.nodeName={node.name}",
                    who="platform",
                ),
                Remedy(
                    text="end what holds the GPUs of the node, and set the label of the mode anew",
                    who="platform",
                    risk="disruptive",
                ),
            ),
        )


def _is_between(node: Node) -> bool:
    """Whether another mode is wanted than the one applied."""
    wanted, applied = node.labels.get(MODE), node.labels.get(STATE)
    return wanted is not None and applied is not None and wanted != applied and node.labels.get(READY) != "true"


def _because(ctx: Context, group: Group, node: Node) -> Because | None:
    if group.symptom == "pod-unscheduled":
        if group.shape is None or group.shape.node_selector.get(READY) != "true":
            return None
        proof: tuple[Evidence, ...] = (ctx.cite(group.first, f"spec.nodeSelector{key(READY)}"),)
        return Because(group, f"it wants a node that is ready, and {node.name} is not", proof)
    there = [pod for pod in group.members if isinstance(pod, Pod) and pod.spec.node_name == node.name]
    hit = first_text(ctx, group, SAID, On.LOG) if there else None
    if hit is None or not isinstance(hit[0].member, Pod) or hit[0].member.spec.node_name != node.name:
        return None
    share = None if len(there) == len(group.members) else len(there)
    return Because(group, f"on {node.name} it says: {hit[1][0]}", (hit[0].cite(),), members=share)
