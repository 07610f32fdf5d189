"""SCH150 and SCH151: other pods decide where the pod may run, and that leaves no node."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.pod_terms import PodTerm, pod_terms
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.neighbours import by_domain, meant, with_room
from diag.vocab.scheduler_reasons import ReasonKind

AWAY = (ReasonKind.POD_ANTI_AFFINITY, ReasonKind.EXISTING_ANTI_AFFINITY, ReasonKind.POD_AFFINITY_UNNAMED)
NEAR = (ReasonKind.POD_AFFINITY, ReasonKind.POD_AFFINITY_UNNAMED)

AFFINITY = """Required pod affinity pins the pod to where it does not fit.

## What it means
The pod must run in the same domain (node, zone, …) as certain other pods. Nodes elsewhere have room, and in
that domain no node takes it, or no such pod runs at all.

## Why it happens
The other pods are on a full node or zone, run in another namespace than the term looks at, or are not placed
themselves.

## Evidence
The term, the pods that it means with their nodes, and the nodes that have room.

## What to do
Make the affinity preferred, move the other pods, or make room in their domain.

## Known limits
Terms that select namespaces by label need the Namespace objects. Where the scheduler counted other numbers, the
finding is only likely.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Why one node with room is out: the term, and the pod that it meets there."""

    term: PodTerm
    pod: Pod


@rule(
    "SCH150",
    name="pod-anti-affinity-conflict",
    question=Question.PLACED,
    inputs=("Pod", "Node", "Namespace"),
    refines=("gpu-capacity-exhausted",),
    others=(Named(id="SCH151", name="pod-affinity-conflict", page=AFFINITY, refines=("gpu-capacity-exhausted",)),),
    visits={"Pod": 1, "Namespace": 1},
)
def pod_anti_affinity_conflict(ctx: Context) -> Iterator[Finding]:
    """Required pod anti-affinity leaves no node: each has a matching pod already.

    ## What it means
    The pod must not share a domain (node, zone, …) with certain other pods. Nodes have room for it, and in each
    of their domains such a pod runs. More free GPUs do not help, more domains do.

    ## Why it happens
    More replicas are wanted than there are domains, often after the pool became smaller or the replicas more; a
    rolling update needs one domain more than replicas; or another workload has an anti-affinity against these
    pods.

    ## Evidence
    The term, the nodes with room, and on each the pod that the term means.

    ## What to do
    Run at most as many replicas as there are domains, add nodes, or make the anti-affinity preferred.

    ## Known limits
    Terms that select namespaces by label need the Namespace objects. Where the scheduler counted other numbers,
    the finding is only likely.
    """
    nodes = {node.name: node for node in ctx.place.snap.nodes}
    for group in ctx.groups("pod-unscheduled"):
        pod = group.first
        if not isinstance(pod, Pod):
            continue
        roomy = with_room(ctx.place, group, *AWAY)
        blocks = _blocks(ctx, group, pod, roomy, nodes) if roomy else {}
        if blocks and len(blocks) == len(roomy):
            yield _away(ctx, group, blocks, nodes)
        roomy = with_room(ctx.place, group, *NEAR)
        terms = pod_terms(pod, "podAffinity") if roomy else []
        yield from _near(ctx, group, pod, terms, roomy, nodes)


def _meant(ctx: Context, term: PodTerm, nodes: Mapping[str, Node]) -> list[Pod] | None:
    namespaces = ctx.snap.all("Namespace") if isinstance(term.namespace_selector, dict) else []
    return meant(term, ctx.snap.pods_in, namespaces, nodes)


def _blocks(ctx: Context, group: Group, pod: Pod, roomy: list[Node], nodes: Mapping[str, Node]) -> dict[str, Block]:
    """The nodes with room that a term keeps the pod off: its own terms first, then those of pods that are there."""
    found: dict[str, Block] = {}
    for term in pod_terms(pod, "podAntiAffinity"):
        domains = by_domain(_meant(ctx, term, nodes) or (), term.topology, nodes)
        for node in roomy:
            there = domains.get(node.labels.get(term.topology, ""))
            if there:
                found.setdefault(node.name, Block(term=term, pod=there[0]))
    if ctx.agreement(group).counted(ReasonKind.EXISTING_ANTI_AFFINITY):
        for name in sorted(nodes):
            for other in ctx.snap.pods_on(name):
                for term in _against(other, pod):
                    domain = nodes[name].labels.get(term.topology)
                    for node in roomy:
                        if domain is not None and node.labels.get(term.topology) == domain:
                            found.setdefault(node.name, Block(term=term, pod=other))
    return found


def _against(other: Pod, pod: Pod) -> list[PodTerm]:
    """The anti-affinity terms of a placed pod that mean the waiting one."""
    if b"podAntiAffinity" not in bytes(other.spec.affinity):
        return []
    return [
        term
        for term in pod_terms(other, "podAntiAffinity")
        if term.means_namespace(pod.namespace, None) and term.means(pod)
    ]


def _away(ctx: Context, group: Group, blocks: dict[str, Block], nodes: Mapping[str, Node]) -> Finding:
    first = next(iter(blocks.values()))
    topology = first.term.topology
    domains = {nodes[name].labels.get(block.term.topology) for name, block in blocks.items()}
    whose = "its" if first.term.owner is group.first else f"{first.term.owner.name}'s"
    holders = listed(sorted({f"{block.pod.name} on {block.pod.spec.node_name}" for block in blocks.values()}), 3)
    head = (
        f"{count_of(len(blocks), 'node')} with room ({count_of(len(domains), 'domain')} of {topology}) each have a pod "
        f"that {whose} required anti-affinity excludes: {holders}"
    )
    full = [node for node in _open_and_large(ctx, group) if node.name not in blocks]
    more = f"; {count_of(len(full), 'further node')} that could hold it are full" if full else ""
    agreed = ctx.agreement(group).counted(*AWAY) == len(blocks)
    parts: list[Evidence] = [ctx.cite(block.pod, "spec.nodeName") for block in blocks.values()]
    term: Evidence = ctx.cite(first.term.owner, f"{first.term.path}.topologyKey")
    proof = ctx.compute(f"nodes with room and no pod that the anti-affinity on {topology} excludes", 0, [term, *parts])
    return Finding(
        subject=group.workload,
        summary=f"{head}{more}",
        evidence=(proof, *[term, *parts[:5], *group.evidence]),
        accounts_for=(Because(group, head, (proof, term)),),
        confidence=None if agreed and ctx.agreement(group).nodes and not full else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text=f"run at most as many replicas as there are domains of {topology} that it may use", who="user"),
            Remedy(text="make the anti-affinity preferred instead of required, or spread by topology", who="user"),
            Remedy(text="add nodes that it may use", who="platform"),
        ),
    )


def _open_and_large(ctx: Context, group: Group) -> list[Node]:
    if group.shape is None:
        return []
    shape = group.shape
    return [node for node in ctx.place.count(shape).open if not ctx.place.too_small(shape, node)]


def _near(
    ctx: Context, group: Group, pod: Pod, terms: list[PodTerm], roomy: list[Node], nodes: Mapping[str, Node]
) -> Iterator[Finding]:
    meant_by = [_meant(ctx, term, nodes) for term in terms]
    known = [pods for pods in meant_by if pods is not None]
    if len(known) < len(terms):
        return
    if not any(known) and all(term.means_namespace(pod.namespace, None) and term.means(pod) for term in terms):
        return  # the first of its kind may go anywhere
    domains = [by_domain(pods, term.topology, nodes) for term, pods in zip(terms, known, strict=True)]
    for node in roomy:
        if all(node.labels.get(term.topology, "") in found for term, found in zip(terms, domains, strict=True)):
            return
    # The term that rules out most of the nodes with room.
    index = max(
        range(len(terms)),
        key=lambda place: sum(node.labels.get(terms[place].topology, "") not in domains[place] for node in roomy),
    )
    yield _pinned(ctx, group, terms[index], domains[index], roomy, nodes)


def _pinned(
    ctx: Context,
    group: Group,
    term: PodTerm,
    domains: dict[str, list[Pod]],
    roomy: list[Node],
    nodes: Mapping[str, Node],
) -> Finding:
    others = [pod for pods in domains.values() for pod in pods]
    there = [node for node in nodes.values() if node.labels.get(term.topology) in domains]
    free = f"{count_of(len(roomy), 'node')} with room ({listed([node.name for node in roomy], 3)})"
    if others:
        who = listed([f"{pod.name} on {pod.spec.node_name}" for pod in others], 3)
        lacks = _lacks(ctx, group, there)
        head = f"must run in the same {term.topology} as {who}, where it does not fit{lacks}; {free} lie elsewhere"
    else:
        whom = f" with {term.words}" if term.words else ""
        head = f"must run near pods{whom} of which none is placed ({term.topology}); {free} do not help"
    agreed = ctx.agreement(group).counted(ReasonKind.POD_AFFINITY) == len(roomy)
    topology: Evidence = ctx.cite(term.owner, f"{term.path}.topologyKey")
    parts = [ctx.cite_or_lack(node, f"metadata.labels{key(term.topology)}") for node in roomy]
    pods: list[Evidence] = [ctx.cite(pod, "spec.nodeName") for pod in others[:5]]
    proof = ctx.compute("nodes with room in a domain with the pods that it must be near", 0, [*pods, *parts])
    return Finding(
        name="pod-affinity-conflict",
        subject=group.workload,
        summary=head,
        evidence=(proof, *[topology, *pods, *group.evidence]),
        accounts_for=(Because(group, head, (proof, topology)),),
        confidence=None if agreed and ctx.agreement(group).nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="make the affinity preferred instead of required", who="user"),
            Remedy(text="move the pods that it must be near, or make room beside them", risk="disruptive"),
        ),
    )


def _lacks(ctx: Context, group: Group, there: list[Node]) -> str:
    """What the nodes of the domain are short of, where that is what keeps the pod out."""
    if group.shape is None:
        return ""
    open_ = [node for node in there if ctx.place.verdict(group.shape, node).barrier is None]
    short = sorted({name for node in open_ for name in ctx.place.short(group.shape, node)})
    return f" (short of {listed(short, 3)})" if short else ""
