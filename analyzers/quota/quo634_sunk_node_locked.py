"""QUO634: a job of Slurm owns the node that a pod could run on (CoreWeave's SUNK)."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.snapshot.kinds import Node

# kubernetes/kubernetes pkg/scheduler/framework/plugins/tainttoleration: from 1.35 on it does not name the taint.
SAID = re.compile(r"sunk\.coreweave\.com/lock|untolerated taint\(s\)")
LOCK = "sunk.coreweave.com/lock"  # CoreWeave's documentation of SUNK: a taint while a Slurm job runs there


@rule(
    "QUO634",
    name="sunk-node-locked",
    question=Question.PLACED,
    severity=Severity.INFO,
    inputs=("Pod", "Node"),
    refines=("untolerated-taint", "gpu-capacity-exhausted"),
)
def sunk_node_locked(ctx: Context) -> Iterator[Finding]:
    """A Slurm job owns the node.

    ## What it means
    SUNK shares nodes between Slurm and Kubernetes. While a Slurm job runs on a node it is tainted, and pods without a
    toleration wait until the job ends.

    ## Why it happens
    That is how the nodes are shared: no fault, unless Slurm's jobs hold more than is wanted.

    ## Evidence
    The taint `sunk.coreweave.com/lock` of the nodes that the pod would fit on.

    ## What to do
    Wait, or look with `squeue` at the jobs that hold the nodes.

    ## Known limits
    Which job holds a node is told by Slurm only.
    """
    for group in ctx.groups("pod-unscheduled"):
        shape = group.shape
        if shape is None or not SAID.search(group.message):
            continue
        # The worker of Slurm holds the node's GPUs all the time: what counts is what the node has when it is empty.
        locked = [
            node
            for node in ctx.snap.nodes()
            if _path(node)
            and ctx.place.verdict(shape, node, ignore_taints=frozenset({LOCK})).barrier is None
            and not ctx.place.too_small(shape, node)
        ]
        if not locked:
            continue
        proof: list[Evidence] = [ctx.cite(node, _path(node)) for node in locked[:4]]
        names = listed([node.name for node in locked], 3)
        summary = f"a Slurm job owns {names} (taint {LOCK}), where the pod would fit"
        yield Finding(
            subject=locked[0].ref,
            summary=summary,
            evidence=as_proof([*proof, *group.evidence]),
            accounts_for=(Because(group, summary, tuple(proof)),),
            confidence=Confidence.LIKELY,
            members=tuple(node.ref for node in locked[1:]),
            since=group.since,
            remedies=(
                Remedy(text="see since when the node is locked", command=f"kubectl describe node {locked[0].name}"),
                Remedy(text="wait until the Slurm job ends, or look at it with squeue"),
            ),
        )


def _path(node: Node) -> str:
    places = (index for index, taint in enumerate(node.spec.taints or ()) if taint.key == LOCK)
    return next((f"spec.taints[{index}].key" for index in places), "")
