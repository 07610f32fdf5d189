"""UPG104: nodes with free capacity are cordoned, and pods wait for it."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.drains import cordoned_at, is_parked
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Node
from diag.trouble.detect.nodes import is_upgrading
from diag.trouble.room.pools import Charged, FaultKind
from diag.trouble.shapes import main_gpu
from diag.vocab.kubernetes import TAINT_UNSCHEDULABLE

SHOWN = 5


@rule("UPG104", name="nodes-cordoned", question=Question.PLACED, inputs=("Node", "Pod", "Event"))
def nodes_cordoned(ctx: Context) -> Iterator[Finding]:
    """Nodes with free capacity are cordoned, and pods wait for it.

    ## What it means
    The pods would fit on a node that is well and has room, and that takes no new pods because somebody cordoned it.
    Nothing shows that it is being emptied.

    ## Why it happens
    A cordon was left from a drain, an upgrade or a repair, or somebody keeps the node apart on purpose.

    ## Evidence
    `spec.unschedulable` of the node and what is free on it, the scheduler's `node(s) were unschedulable`, and when
    the cordon was set.

    ## What to do
    Find out why the node was cordoned; uncordon it when the reason is gone.

    ## Known limits
    Who cordoned a node is not told by the cluster. A cordoned node that nobody waits for is not reported.
    """
    stuck = {group.first.name for group in ctx.groups("drain-stuck")}
    closed = {
        name: lost.node
        for name, lost in ctx.pools.lost.items()
        if lost.fault is FaultKind.CORDONED
        and name not in stuck
        and not is_upgrading(lost.node)
        and not is_parked(lost.node)
    }
    charged = ctx.pools.charged_to(closed)
    nodes = sorted({node.name for one in charged for node in one.nodes})
    if nodes:
        yield _finding(ctx, [closed[name] for name in nodes], charged)


def _finding(ctx: Context, nodes: list[Node], charged: list[Charged]) -> Finding:
    cordons = [ctx.cite(node, "spec.unschedulable") for node in nodes[:SHOWN]]
    marks: list[Evidence] = []
    for node in nodes[:SHOWN]:
        taints = enumerate(node.spec.taints or ())
        times = [place for place, taint in taints if taint.key == TAINT_UNSCHEDULABLE and taint.time_added]
        marks += [ctx.cite(node, f"spec.taints[{place}].timeAdded") for place in times[:1]]
        events = [event for event in ctx.snap.events(node) if event.reason == "NodeNotSchedulable"]
        marks += [ctx.cite_event(event) for event in events[:1]]
    evidence = (cordons[0], *cordons[1:], *marks)
    names = ", ".join(node.name for node in nodes[:SHOWN])
    more = f" and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else ""
    because = []
    agreed = True
    for one in charged:
        gpu = main_gpu(one.group.shape.requests) if one.group.shape else None
        agreed &= ctx.agreement(one.group, gpu).trusts_sums
        what = f"pods of {one.group.workload.name} that would fit on cordoned nodes"
        proof = ctx.compute(what, one.pods, (*cordons, *one.group.evidence))
        why = f"{one.pods} of {one.group.size} pods would fit on {names}{more}, which takes no new pods"
        because.append(Because(one.group, why, (proof, *marks), members=one.pods))
    pods = sum(one.pods for one in charged)
    return Finding(
        subject=nodes[0].ref,
        summary=f"is cordoned with room on it ({names}{more}): {pods} waiting pods would fit there",
        evidence=as_proof(evidence),
        accounts_for=tuple(because),
        confidence=None if agreed else Confidence.LIKELY,
        members=tuple(node.ref for node in nodes),
        since=min((when for node in nodes if (when := cordoned_at(node))), default=None),
        remedies=(
            Remedy(
                text="find out why it was cordoned, and open it when the reason is gone",
                command=f"kubectl uncordon {nodes[0].name}",
                who="platform",
                risk="disruptive",
            ),
        ),
    )
