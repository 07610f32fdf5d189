"""SCH152: a hard topology spread constraint leaves no node."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.nodes import blocking_taints, tolerates
from diag.facts.pod_terms import Spread, hard_spreads
from diag.facts.pods import occupies_node
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.neighbours import with_room
from diag.trouble.shapes import Shape
from diag.vocab.scheduler_reasons import ReasonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """Pods per domain under one constraint, and what one more would do. `least` is 0 while domains are missing."""

    spread: Spread
    counts: Mapping[str, int]
    least: int
    adds: int

    def refuses(self, node: Node) -> bool:
        """Whether one more pod on that node would skew the domains too far, or the node is in no domain."""
        domain = node.labels.get(self.spread.topology)
        if domain is None:
            return True
        return self.counts.get(domain, 0) + self.adds - self.least > self.spread.max_skew


@rule(
    "SCH152",
    name="topology-spread-unsatisfiable",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=("gpu-capacity-exhausted",),
    visits={"Pod": 1},
)
def topology_spread_unsatisfiable(ctx: Context) -> Iterator[Finding]:
    """A DoNotSchedule topology spread constraint leaves no node for the pod.

    ## What it means
    Nodes have room, and one more pod in their domain (zone, node, rack) would make the difference between the
    fullest and the emptiest domain larger than `maxSkew`. The emptiest domain has no room.

    ## Why it happens
    The GPUs are in fewer domains than the nodes that the constraint counts, one domain is full, tainted or
    cordoned, nodes lack the label, or `minDomains` asks for more domains than there are.

    ## Evidence
    The constraint, the pods that it counts in each domain, and the nodes with room.

    ## What to do
    Use `whenUnsatisfiable: ScheduleAnyway`, a larger `maxSkew`, or `nodeTaintsPolicy: Honor` so that nodes
    behind taints do not count; or make room in the emptiest domain.

    ## Known limits
    Constraints that a cluster's scheduler profile adds by default are not seen. Where the scheduler counted
    other numbers, the finding is only likely.
    """
    for group in ctx.groups("pod-unscheduled"):
        pod = group.first
        roomy = with_room(ctx.place, group, ReasonKind.SPREAD)
        if not roomy or not isinstance(pod, Pod) or group.shape is None:
            continue
        skews = [_skew(ctx, group.shape, pod, spread) for spread in hard_spreads(pod)]
        if skews and all(any(skew.refuses(node) for skew in skews) for node in roomy):
            worst = max(skews, key=lambda skew: sum(skew.refuses(node) for node in roomy))
            yield _finding(ctx, group, worst, roomy)


def _skew(ctx: Context, shape: Shape, pod: Pod, spread: Spread) -> Skew:
    """The pods per domain as the scheduler counts them: of its namespace, on the nodes that the constraint means."""
    selected = ctx.place.selected(shape) if spread.honours_selector else ctx.place.snap.nodes
    nodes = {
        node.name: node
        for node in selected
        if spread.topology in node.labels and not (spread.honours_taints and _is_barred(shape, node))
    }
    counts: Counter[str] = Counter({node.labels[spread.topology]: 0 for node in nodes.values()})
    for other in ctx.snap.pods_in(pod.namespace):
        node = nodes.get(other.spec.node_name or "")
        if node is not None and occupies_node(other) and not other.metadata.deletion_timestamp and spread.means(other):
            counts[node.labels[spread.topology]] += 1
    least = min(counts.values(), default=0) if len(counts) >= spread.min_domains else 0
    return Skew(spread=spread, counts=counts, least=least, adds=int(spread.means(pod)))


def _is_barred(shape: Shape, node: Node) -> bool:
    return any(not tolerates(shape.tolerations, taint) for _, taint in blocking_taints(node))


def _finding(ctx: Context, group: Group, skew: Skew, roomy: list[Node]) -> Finding:
    spread = skew.spread
    emptiest = sorted(domain for domain, count in skew.counts.items() if count == skew.least)
    shown = listed([f"{domain}: {count}" for domain, count in sorted(skew.counts.items())], 5)
    without = [node for node in roomy if spread.topology not in node.labels]
    head = (
        f"may differ by at most {spread.max_skew} between domains of {spread.topology} (pods now: {shown}), so the "
        f"{count_of(len(roomy), 'node')} with room ({listed([node.name for node in roomy], 3)}) may not take it"
    )
    if without:
        more = f"; {spread.topology} is no label of {listed([node.name for node in without], 3)}"
    elif len(skew.counts) < spread.min_domains:
        more = f"; minDomains asks for {spread.min_domains} domains and there are {len(skew.counts)}"
    else:
        more = f"; {listed(emptiest, 3)} would have to take it and has no room for it"
    constraint: list[Evidence] = [
        ctx.cite(group.first, f"{spread.path}.topologyKey"),
        ctx.cite_or_lack(group.first, f"{spread.path}.maxSkew"),
    ]
    labels: list[Evidence] = [ctx.cite_or_lack(node, f"metadata.labels{key(spread.topology)}") for node in roomy]
    proof = ctx.compute(f"nodes with room that the spread over {spread.topology} admits", 0, [*constraint, *labels])
    agreed = ctx.agreement(group).counted(ReasonKind.SPREAD) == len(roomy)
    return Finding(
        subject=group.workload,
        summary=f"{head}{more}",
        evidence=(proof, *[*constraint, *group.evidence]),
        accounts_for=(Because(group, head, (proof, *constraint)),),
        confidence=None if agreed and ctx.agreement(group).nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="use whenUnsatisfiable: ScheduleAnyway, or a larger maxSkew", who="user"),
            Remedy(text=f"make room in {listed(emptiest, 3) or 'another domain'}", who="platform"),
        ),
    )
