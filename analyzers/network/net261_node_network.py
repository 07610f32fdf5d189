"""NET261: a node's network drops packets, by the words of what watches it."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client
from diag.catalog.joins.cluster_dns import client_or_lookup, got_no_answer
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Event, Node, Pod

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready")
RECENT_S = 3600.0
SHOWN = 3
# aws/eks-node-monitoring-agent (allowances of the network card); kubernetes/node-problem-detector
# config/network-problem-monitor.json; the kernel's own words (net/netfilter/nf_conntrack_core.c).
DROPS = re.compile(
    r"\b(?:Bandwidth(?:In|Out)Exceeded|PPSExceeded|LinkLocalExceeded|ConntrackExceeded(?:Kernel)?|ConntrackFull)"
    r"|table full, dropping packet"
)


@rule(
    "NET261",
    name="node-network-degraded",
    question=Question.KEPT,
    inputs=("Pod", "Node", "Event"),
    refines=("dependency-unreachable", "dependency-host-unresolved"),
)
def node_network(ctx: Context) -> Iterator[Finding]:
    """The node's network loses or delays packets.

    ## What it means
    Connections from this node time out at random, whatever they are for: packets are dropped, as the table of
    connections is full or the machine's allowance for its network card is used up.

    ## Why it happens
    Very many short connections (clients without keep-alive, look-ups of names), or downloads of weights and images by
    all pods of a node at once.

    ## Evidence
    Warning events about the node, and the log line of a client on it whose connection timed out.

    ## What to do
    Raise the table's limit (nf_conntrack_max), spread the pods, or take machines with a larger allowance.

    ## Known limits
    Only what an agent reports is seen, and only where a client on the node suffers. Latencies that metrics alone tell
    of are not read.
    """
    found: dict[str, list[Client]] = {}
    for group in ctx.groups(*CLIENTS):
        nodes = {member.spec.node_name for member in group.members if isinstance(member, Pod)}
        client = client_or_lookup(ctx, group) if len(nodes) == 1 else None
        if client is not None and (client.to.how == "timeout" or got_no_answer(client)):
            found.setdefault(client.pod.spec.node_name or "", []).append(client)
    for name, clients in sorted(found.items()):
        node = ctx.snap.node(name)
        events = _drops(ctx, node) if node is not None else []
        if node is not None and events:
            yield _finding(ctx, node, events, clients)


def _drops(ctx: Context, node: Node) -> list[Event]:
    events = ctx.warnings(node, within_s=RECENT_S)
    return [event for event in events if DROPS.search(f"{event.reason} {event.text}")][:SHOWN]


def _finding(ctx: Context, node: Node, events: list[Event], clients: list[Client]) -> Finding:
    proof: list[Evidence] = [ctx.cite_event(event) for event in events]
    said = f"{events[0].reason}: {events[0].text}".strip()[:200]
    because = [
        Because(
            client.group,
            f"container {client.container} gets no answer from {client.address} on node {node.name}, which drops "
            f"packets ({said})",
            (client.said, ctx.cite(client.pod, "spec.nodeName"), *proof),
        )
        for client in clients
    ]
    return Finding(
        subject=node.ref,
        summary=f"its network drops packets ({said}), and clients on it get no answer",
        evidence=as_proof([*proof, *(client.said for client in clients)]),
        accounts_for=tuple(because),
        confidence=Confidence.LIKELY if len(clients) > 1 else Confidence.POSSIBLE,
        since=min((client.group.since for client in clients if client.group.since), default=None),
        remedies=(
            Remedy(
                text="see the events about the node",
                command=f"kubectl events --for node/{node.name} -n default",
            ),
            Remedy(
                text="raise nf_conntrack_max, spread its pods, or take machines with a larger allowance", who="platform"
            ),
        ),
    )
