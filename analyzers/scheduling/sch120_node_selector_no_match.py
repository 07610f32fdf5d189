"""SCH120, SCH121 and SCH123: no node has the labels, or the name, that the pod demands."""

from collections.abc import Iterator, Sequence

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.scheduler_message import parse_scheduler_message
from diag.facts.selection import required_terms
from diag.facts.words import count_of, nearest
from diag.findings import Because, Confidence, Evidence, Finding, Proof, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.relations.gpu_demands import model_demands
from diag.trouble.relations.selectors import NODE_NAME, TERMS, Narrowing, cite_selectors, narrowings
from diag.trouble.relations.unmet import Unmet, counted, meets, unmatched, values_of, words_of
from diag.vocab.scheduler_reasons import ReasonKind

HOSTNAME = "kubernetes.io/hostname"

AFFINITY = """No node satisfies the pod's required node affinity.

## What it means
The terms of `requiredDuringSchedulingIgnoredDuringExecution` are alternatives, and no node meets even one of
them. Free capacity does not matter.

## Why it happens
A value is misspelt or comes from another cluster, a label was renamed, or the nodes that had it are gone.

## Evidence
The terms' keys and values in the pod, and the values that nodes have for these keys.

## What to do
Correct the term, or label the nodes that are meant.

An empty term matches no node, unlike an empty selector.

## Known limits
Nodes that an autoscaler could add are not seen. Where the scheduler counts another number of nodes than the snapshot
holds, the finding is only likely.
"""

NAME = """The pod is pinned to a node that does not exist.

## What it means
A selector or affinity on `kubernetes.io/hostname` (or on the node's name) names a node that the cluster does
not have.

## Why it happens
The node was replaced and its successor has another name, the name is misspelt, or the manifest comes from
another cluster. Local volumes and tools that place pods themselves pin pods this way.

## Evidence
The name in the pod's spec, and the absence of a Node of that name.

## What to do
Select a label that the successor has as well, or correct the name.

## Known limits
A pod with `spec.nodeName` of a missing node is removed by the pod garbage collector and is not seen here.
"""


@rule(
    "SCH120",
    name="node-selector-no-match",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    others=(
        Named(id="SCH121", name="node-affinity-no-match", page=AFFINITY),
        Named(id="SCH123", name="node-name-missing", page=NAME),
    ),
    visits={"Node": 1},
)
def node_selector_no_match(ctx: Context) -> Iterator[Finding]:
    """No node carries the labels that the pod's nodeSelector demands.

    ## What it means
    Every entry of `spec.nodeSelector` must be on a node, and no node has them all. Free capacity does not matter.

    ## Why it happens
    A value is misspelt or comes from another cluster, the label was never set or got lost when nodes were
    replaced, or two entries exclude one another.

    ## Evidence
    The entry in the pod, and the values that nodes have for that key.

    ## What to do
    Correct the selector, or label the nodes that are meant.

    ## Known limits
    Nodes that an autoscaler could add are not seen. Where the scheduler counts another number of nodes than the
    snapshot holds, or no nodes were read, the finding is only likely.
    """
    groups = ctx.groups("pod-unscheduled")
    yield from (_empty(ctx, group) for group in groups if group.state == "refused" and _only_empty_terms(group.first))
    nodes = ctx.snap.nodes()
    for group, blamed in unmatched(groups, ctx.place):
        if not model_demands(blamed, nodes):
            yield _finding(ctx, group, blamed, nodes)
    for group in groups if not nodes else ():
        number = _none_matches(group)
        if number and narrowings(group.first):
            yield _said(ctx, group, number)


def _finding(ctx: Context, group: Group, blamed: list[Unmet], nodes: Sequence[Node]) -> Finding:
    demands = list(dict.fromkeys(demand for one in blamed for demand in one.demands))
    missing = _missing_names(ctx, blamed)
    name = "node-name-missing" if missing else _name(blamed)
    wanted = " or ".join(dict.fromkeys(one.words for one in blamed))
    together = any(one.together for one in blamed)
    head = f"selects {wanted}, and {_none_of(nodes)} {'has them together' if together else 'has it'}"
    if missing:
        head = f"is pinned to {' or '.join(missing)}, and {_none_of(nodes)} has that name"
    hints = [_hint(demand, nodes) for demand in demands if not missing]
    summary = "; ".join([head, *dict.fromkeys(hints)])
    evidence: list[Evidence] = _evidence(ctx, demands, nodes)
    absent = [ctx.absent("v1", "Node", "", one) for one in missing]
    evidence += cite_selectors(ctx.cite, group.first)
    evidence[:0] = absent
    first, *rest = evidence
    return Finding(
        name=name,
        subject=group.workload,
        summary=summary,
        evidence=(first, *[*rest, *group.evidence]),
        accounts_for=(Because(group, head, (first, *rest[:5])),),
        confidence=None if ctx.agreement(group).nodes else Confidence.LIKELY,
        since=group.since,
        remedies=_remedies(demands, nodes, pinned=bool(missing)),
    )


def _none_of(nodes: Sequence[Node]) -> str:
    return f"none of {count_of(len(nodes), 'node')}"


def _name(blamed: list[Unmet]) -> str:
    """A nodeSelector at fault stands alone: the terms are not looked at then."""
    return "node-selector-no-match" if blamed[0].term is None else "node-affinity-no-match"


def _missing_names(ctx: Context, blamed: list[Unmet]) -> list[str]:
    """Names of nodes that every alternative is pinned to and that do not exist."""
    found: list[str] = []
    for one in blamed:
        pins = [demand for demand in one.demands if demand.label in (HOSTNAME, NODE_NAME) and demand.operator == "In"]
        names = [value for demand in pins for value in demand.values]
        if one.together or not names or any(ctx.snap.node(name) is not None for name in names):
            return []
        found += names
    return list(dict.fromkeys(found))


def _hint(demand: Narrowing, nodes: Sequence[Node]) -> str:
    """What the nodes have instead."""
    values = values_of(nodes, demand.label)
    if not values:
        keys = sorted({label for node in nodes for label in node.labels})
        close = nearest(demand.label, keys, cutoff=0.85)
        return f"no node has the label {demand.label}" + (f" (there is {close})" if close else "")
    close = next(filter(None, (nearest(value, list(values)) for value in demand.values)), None)
    near = f", the nearest is {close}" if close and close not in demand.values else ""
    return f"for {demand.label} the nodes have {counted(values)}{near}"


def _evidence(ctx: Context, demands: list[Narrowing], nodes: Sequence[Node]) -> list[Evidence]:
    """For each demand the number of nodes that meet it, from the values that they have."""
    found: list[Evidence] = []
    for demand in demands:
        if demand.label == NODE_NAME:
            continue
        path = f"metadata.labels{key(demand.label)}"
        values = values_of(nodes, demand.label)
        speakers = [holders[0] for holders in values.values()] or list(nodes)
        number = sum(meets(node, demand) for node in nodes)
        parts = [ctx.cite_or_lack(node, path) for node in speakers]
        found.append(ctx.compute(f"nodes with {words_of(demand)}", number, parts))
    return found


def _remedies(demands: list[Narrowing], nodes: Sequence[Node], *, pinned: bool) -> tuple[Remedy, ...]:
    keys = ", ".join(dict.fromkeys(demand.label for demand in demands))
    if pinned:
        return (Remedy(text="select a label that the present nodes have, or correct the name", who="user"),)
    first = demands[0]
    have = list(values_of(nodes, first.label))
    instead = f" (the nodes have {', '.join(have[:3])})" if have else ""
    return (
        Remedy(text="look at that label on all nodes", command=f"kubectl get nodes -L {first.label}"),
        Remedy(text=f"correct or drop the demand on {keys}{instead}"),
        Remedy(text=f"label the nodes that are meant with {words_of(first)}", who="platform",
               when="such nodes exist and only lack the label"),
    )  # fmt: skip


def _only_empty_terms(pod: Object) -> bool:
    """Whether a pod requires one of several terms, and each is empty: an empty term matches no node, not every node."""
    spec = pod.whole.get("spec")
    terms = required_terms(spec.get("affinity") if isinstance(spec, dict) else None)
    return bool(terms) and not any(
        isinstance(term, dict) and (term.get("matchExpressions") or term.get("matchFields")) for term in terms
    )


def _empty(ctx: Context, group: Group) -> Finding:
    proof = (ctx.lack(group.first, f"{TERMS}[0].matchExpressions"), ctx.lack(group.first, f"{TERMS}[0].matchFields"))
    summary = "its required node affinity holds nothing but empty terms, and an empty term matches no node"
    return Finding(
        name="node-affinity-no-match",
        subject=group.workload,
        summary=summary,
        evidence=(*proof, *group.evidence),
        accounts_for=(Because(group, summary, proof),),
        since=group.since,
        remedies=(Remedy(text="drop the required node affinity, or write what it was meant to ask for"),),
    )


def _none_matches(group: Group) -> int:
    """How many nodes the scheduler counts where it says that not one of them matches; 0 where it does not say so."""
    said = parse_scheduler_message(group.message)
    return said.nodes if said is not None and said.nodes == said.count(ReasonKind.NODE_AFFINITY) else 0


def _said(ctx: Context, group: Group, number: int) -> Finding:
    demands = narrowings(group.first)
    wanted = " and ".join(words_of(demand) for demand in demands)
    summary = f"selects {wanted}, and the scheduler says that none of {number} nodes matches"
    proof: Proof = (group.evidence[0], *cite_selectors(ctx.cite, group.first))
    return Finding(
        name="node-selector-no-match" if any(demand.term is None for demand in demands) else "node-affinity-no-match",
        subject=group.workload,
        summary=summary,
        evidence=proof,
        accounts_for=(Because(group, summary, proof),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="see what labels the nodes have", command="kubectl get nodes --show-labels"),
            Remedy(text="correct the selector, or label the nodes that are meant"),
        ),
    )
