"""NET251: a firewall between nodes keeps ranks on their nodes' network apart."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.paths import Said, said
from diag.catalog.rule import rule
from diag.facts.nodes import is_ready
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Node

GROUPS = ("container-crashing", "pod-failed", "container-not-ready")
# NVIDIA/nccl src/misc/socket.cc: `Net : Connect to` until 2.12, with the function's name since, and with the number of
# the error (`returned 113(No route to host)`) in some releases.
BLOCKED = re.compile(
    r"NCCL WARN .{0,60}[Cc]onnect to (?P<address>\d{1,3}(?:\.\d{1,3}){3})<(?P<port>\d{1,5})> (?:failed|returned)"
    r"[ :]{1,3}(?:\d{1,3} ?\()?(?P<how>No route to host|Connection timed out)"
)


@rule(
    "NET251",
    name="node-firewall-blocks-nccl",
    question=Question.KEPT,
    inputs=("Pod", "Node"),
    refines=("collective-timeout", "dependency-unreachable", "job-backoff-limit-exceeded"),
)
def nccl_firewall(ctx: Context) -> Iterator[Finding]:
    """A host firewall or security group blocks NCCL's ports between nodes.

    ## What it means
    The ranks use their nodes' network, and one node does not let the other's connection in, although both are Ready.
    NCCL chooses its ports itself, so that a rule for the rendezvous port alone is not enough.

    ## Why it happens
    A firewall on the node (firewalld rejects with "No route to host") or a security group admits only known ports.

    ## Evidence
    NCCL's line with the address, `spec.hostNetwork` of the pod, and the node of that address, which is Ready.

    ## What to do
    Admit all TCP ports between the GPU nodes, or fix NCCL's range (`NCCL_SOCKET_IFNAME` for a network that is open).

    ## Known limits
    Likely at most. A connection that was refused reached the node and is not meant, nor pods with a network of their
    own, for which policies are looked at.
    """
    for group in ctx.groups(*GROUPS):
        words = said(ctx, group, BLOCKED)
        found = BLOCKED.search(words.text) if words is not None else None
        if words is None or found is None or not words.pod.spec.host_network:
            continue
        node = _node_of(ctx, found["address"])
        if node is None or node[0].name == words.pod.spec.node_name or not _is_met(ctx, words, node[0]):
            continue
        summary = (
            f"node {node[0].name} does not let NCCL in from node {words.pod.spec.node_name}: connections to "
            f"{found['address']} port {found['port']} end with {found['how']}, although it is Ready"
        )
        proof = (words.proof, ctx.cite(words.pod, "spec.hostNetwork"), node[1], node[2])
        yield Finding(
            subject=group.workload,
            summary=summary,
            evidence=proof,
            accounts_for=(Because(group, summary, proof),),
            confidence=Confidence.LIKELY,
            since=group.since,
            remedies=(
                Remedy(
                    text="see on which nodes its pods are",
                    command=f"kubectl get pods -n {words.pod.namespace} -o wide",
                ),
                Remedy(text="admit all TCP ports between the GPU nodes (firewall, security groups)", who="platform"),
            ),
        )


def _node_of(ctx: Context, address: str) -> tuple[Node, Evidence, Evidence] | None:
    """The Ready node of an address, with the address and what says that it is Ready."""
    for node in ctx.snap.nodes():
        listed = value_at(node.whole, "status.addresses")
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(one, dict) and one.get("address") == address and is_ready(node):
                place = next((i for i, one in enumerate(node.status.conditions or ()) if one.type == "Ready"), 0)
                return (
                    node,
                    ctx.cite(node, f"status.addresses[{index}].address"),
                    ctx.cite(node, f"status.conditions[{place}].status"),
                )
    return None


def _is_met(ctx: Context, words: Said, node: Node) -> bool:
    """Whether another member of the workload is on that node."""
    mine = ctx.workload(words.pod).ref
    return any(ctx.workload(pod).ref == mine for pod in ctx.snap.pods_on(node.name))
