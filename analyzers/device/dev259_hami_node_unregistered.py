"""DEV259: HAMi's scheduler does not know the GPUs of a node."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.facts.hami import REGISTER
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.operands import on_node
from diag.vocab.operands import Stage

# Project-HAMi/HAMi pkg/scheduler/scheduler.go (getNodesUsage), pkg/device: `Requesting_…`, `Reported …`, `Deleted_…`.
SAID = re.compile(r"(?P<number>\d{1,5}) node\(?s?\)? unregistered|node unregistered|\bNodeUnregistered\b")
HANDSHAKE = "hami.io/node-handshake"
SHOWN = 5


@rule(
    "DEV259",
    name="hami-node-unregistered",
    question=Question.PLACED,
    inputs=("Pod", "Node", "Event"),
    basis=Basis.SAID,
    refines=("gpu-capacity-exhausted",),
    visits={"Node": 1},
)
def hami_node_unregistered(ctx: Context) -> Iterator[Finding]:
    """HAMi's device plugin does not report the node's vGPUs.

    ## What it means
    HAMi's device plugin writes the node's cards into an annotation, and its scheduler asks for news by a handshake.
    For nodes that do not answer it knows no card, so it places no pod there.

    ## Why it happens
    The plugin does not run on the node (the label gpu=on is missing), crashes, or may not update the node.

    ## Evidence
    The scheduler's words, the node's annotations, and the plugin's pod there.

    ## What to do
    Label the node, or mend the plugin's pod on it.

    ## Known limits
    The message names no node; those without cards in their annotation are listed.
    """
    for group in ctx.groups("pod-unscheduled"):
        hit = first_text(ctx, group, SAID, On.MESSAGE, On.EVENT)
        if hit is None:
            continue
        silent = [node for node in ctx.snap.nodes() if _is_silent(node)]
        plugin = next((pod for node in silent for pod in _plugins(ctx, node)), None)
        evidence: list[Evidence] = [hit[0].cite()]
        evidence += [ctx.cite_or_lack(node, f"metadata.annotations{key(REGISTER)}") for node in silent[:SHOWN]]
        evidence += [ctx.cite(node, f"metadata.annotations{key(HANDSHAKE)}") for node in silent[:SHOWN] if _asks(node)]
        root = ctx.workload(plugin) if plugin is not None else silent[0] if silent else group.first
        names = ", ".join(node.name for node in silent[:SHOWN])
        words = f"reports no cards of {names}" if plugin is not None else "has no cards that HAMi's plugin reported"
        yield Finding(
            subject=root.ref if plugin is not None or silent else group.workload,
            summary=f"{words}: {hit[1][0]}",
            evidence=as_proof(evidence),
            accounts_for=(Because(group, f"HAMi knows no cards of the nodes: {hit[1][0]}", (evidence[0],)),),
            confidence=Confidence.LIKELY,
            second_sign=bool(silent),
            since=group.since,
            remedies=(
                Remedy(
                    text="see on which nodes the plugin runs",
                    command="kubectl get pods -A -o wide -l app.kubernetes.io/component=hami-device-plugin",
                    who="platform",
                ),
                Remedy(text="label the GPU nodes gpu=on, and mend the plugin's pod where it fails", who="platform"),
            ),
        )


def _is_silent(node: Node) -> bool:
    """Whether HAMi looks after the node and has no cards of it."""
    looks = HANDSHAKE in node.annotations or node.labels.get("gpu") == "on"
    given_up = node.annotations.get(HANDSHAKE, "").startswith(("Deleted_", "Requesting_"))
    return looks and (given_up or not node.annotations.get(REGISTER))


def _asks(node: Node) -> bool:
    return HANDSHAKE in node.annotations


def _plugins(ctx: Context, node: Node) -> Iterator[Pod]:
    for operand, pod in on_node(ctx.snap.pods_on(node.name)):
        if operand.stage is Stage.PLUGIN and "hami" in pod.name:
            yield pod
