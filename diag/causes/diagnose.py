"""One cluster's diagnosis: from its snapshot to ranked causes, before they become a document."""

from collections.abc import Callable
from dataclasses import dataclass

from diag.catalog.registry import Registry
from diag.catalog.run import Ran, run
from diag.causes import gang_logs
from diag.causes.assess import Assessed, assess
from diag.causes.compete import Decision, decide
from diag.causes.graph import Graph, build
from diag.causes.only_metrics import only_in_metrics
from diag.causes.silence import Silence, not_collected, with_unread_logs
from diag.findings import Confidence, Gap
from diag.snapshot.snapshot import Snapshot
from diag.trouble.groups import Group
from diag.trouble.trouble import Trouble


@dataclass(slots=True, kw_only=True)
class Diagnosis:
    """Everything that was found out about one cluster."""

    snap: Snapshot
    trouble: Trouble
    ran: Ran
    graph: Graph
    decisions: list[Decision]
    causes: list[Assessed]  # worst first
    gaps: list[Gap]


def diagnose(snap: Snapshot, registry: Registry, wanted: Callable[[str, str], bool]) -> Diagnosis:
    """Groups, rules, competition, graph, rank. `wanted` tells by id and name which rules to run."""
    trouble = Trouble(snap)
    groups = trouble.groups
    ran = run(registry, trouble, wanted)
    gang_logs.want(snap, groups)
    decisions = decide(groups, ran.found, trouble.charges)
    graph = build(ran.found, decisions)
    causes = [assess(node, snap.now) for node in graph.roots()]
    came_to = {rule: kinds | ran.met.get(rule, set()) for rule, kinds in ran.read.items()}
    gaps = [*snap.gaps, *trouble.gaps, *ran.gaps, *not_collected(snap, registry, came_to), *only_in_metrics(snap)]
    gaps = with_unread_logs(gaps, snap, groups, registry, ran.logless)
    silence = Silence(snap, registry)
    gaps = silence.marked(gaps, _unsure(groups, causes))
    for cause in causes:
        hidden = cause.confidence is not Confidence.CERTAIN and any(
            silence.touches(gap, node.group) for gap in gaps if gap.material for node in cause.reached if node.group
        )
        if cause.touched or hidden:
            cause.confidence = cause.confidence.lowered()
    causes.sort(key=Assessed.rank)
    return Diagnosis(snap=snap, trouble=trouble, ran=ran, graph=graph, decisions=decisions, causes=causes, gaps=gaps)


def _unsure(groups: list[Group], causes: list[Assessed]) -> list[Group]:
    """Groups without a certain cause."""
    sure = {
        node.group.key
        for cause in causes
        if cause.confidence is Confidence.CERTAIN and not cause.touched
        for node in cause.reached
        if node.group is not None
    }
    return [group for group in groups if group.key not in sure]
