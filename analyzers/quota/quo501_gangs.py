"""QUO501 to QUO507: pods that have to start together, and cannot."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import Named, rule
from diag.facts.gangs import COSCHEDULING, HYPERNODE, NATIVE, VOLCANO, membership_path, minimum, minimum_path, part
from diag.facts.scheduler_message import find_scheduler_message
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.kinds import Node
from diag.trouble.room.gangs import Gang, fits
from diag.trouble.room.hypernodes import domains
from diag.trouble.room.placement import Barrier
from diag.trouble.shapes import DEFAULT_SCHEDULER, Shape, main_gpu
from diag.vocab.scheduler_reasons import ReasonKind

DOES_NOT_FIT = {VOLCANO: "volcano-gang-does-not-fit"}
TOO_FEW = {VOLCANO: "volcano-podgroup-members-missing"}
NO_GROUP = {VOLCANO: "volcano-podgroup-missing"}
API = {
    COSCHEDULING: "scheduling.x-k8s.io/v1alpha1", VOLCANO: "scheduling.volcano.sh/v1beta1",
    NATIVE: "scheduling.k8s.io/v1alpha2",
}  # fmt: skip
SHORTAGES = ("gpu-capacity-exhausted", "gpu-fragmentation", "cpu-capacity-exhausted")
# scheduler-plugins pkg/coscheduling: the member that condemns the others.
CULPRIT = re.compile(r"gets rejected due to Pod (\S+) is unschedulable")
SAYS_NO = (("Unschedulable", "True"), ("PodGroupScheduled", "False"))  # conditions: of Volcano, of Kubernetes
# volcano-sh/volcano pkg/scheduler/plugins/gang: the member whose fit error speaks for the gang.
ORIGIN = re.compile(r"Origin reason is (\S+):")
# scheduler-plugins pkg/coscheduling; kubernetes/kubernetes pkg/scheduler/framework/plugins/gangscheduling.
SIBLINGS = ("cannot find enough sibling pods", "waiting for minCount pods from a gang to appear")

MEMBERS_MISSING = """The gang cannot start because fewer pods exist than its minimum.

## What it means
The scheduler holds every member back until as many pods exist as the PodGroup's `minMember` says (of one of Kubernetes
itself, `minCount`).

## Why it happens
The job makes fewer pods than the PodGroup wants, or some pods do not carry the gang's name.

## Evidence
`spec.minMember` of the PodGroup, and the pods that name it.

## What to do
Set `minMember` to the number of pods, or let the missing pods be made with the gang's name and scheduler.

## Known limits
Where the job is refused the missing pods, that refusal is the cause and this is silent.
"""

GROUP_MISSING = """The pod names a PodGroup that does not exist.

## What it means
The scheduler does not know how many members have to start together, and holds the pod back.

## Why it happens
A misspelt name, a PodGroup of another namespace, or one that was deleted.

## Evidence
The pod's label or annotation, and the PodGroups of its namespace.

## What to do
Create the PodGroup, or correct the name.

## Known limits
Nothing is said where no PodGroup of the namespace was collected.
"""

VOLCANO_DOES_NOT_FIT = """Not all members of the Volcano gang fit at the same time.

## What it means
The PodGroup was let in (`Inqueue`), there is room for some of its members, and for fewer than its minimum.

## Why it happens
Other work holds the nodes, or the fleet is too small for the gang. Members that would fit are held back with it, and
say so (`can possibly be assigned`).

## Evidence
`spec.minMember`, the condition `Unschedulable` of the PodGroup with the member that it names, and the free amounts.

## What to do
Wait for the work that holds the nodes, add nodes, or lower `minAvailable`.

## Known limits
As for QUO501: needs the pods of all namespaces, and knows nothing of pod affinity.
"""

TOPOLOGY = """Enough GPUs are free, but not inside one HyperNode of the allowed tier.

## What it means
The gang must stay inside one part of the network (`networkTopology.mode: hard`). All nodes together have room for its
members, and no HyperNode up to `highestTierAllowed` has.

## Why it happens
Other work is spread over the racks or switches, so that each is partly taken.

## Evidence
`spec.networkTopology` of the PodGroup, the HyperNodes, and how many members fit inside each.

## What to do
Allow a higher tier, use `mode: soft`, or move other work together.

## Known limits
HyperNodes that choose their members by a pattern, and `highestTierName`, are not read: then nothing is said.
"""


@rule(
    "QUO501",
    name="gang-does-not-fit",
    question=Question.PLACED,
    inputs=("Pod", "Node", COSCHEDULING, VOLCANO, NATIVE, HYPERNODE),
    refines=SHORTAGES,
    others=(
        Named(id="QUO502", name="gang-members-missing", page=MEMBERS_MISSING, refines=SHORTAGES),
        Named(id="QUO503", name="gang-podgroup-missing", page=GROUP_MISSING, refines=SHORTAGES),
        Named(id="QUO504", name="volcano-gang-does-not-fit", page=VOLCANO_DOES_NOT_FIT, refines=SHORTAGES),
        Named(id="QUO505", name="volcano-podgroup-members-missing", page=MEMBERS_MISSING, refines=SHORTAGES),
        Named(id="QUO506", name="volcano-podgroup-missing", page=GROUP_MISSING, refines=SHORTAGES),
        Named(id="QUO507", name="volcano-topology-fragmented", page=TOPOLOGY, refines=SHORTAGES),
    ),
)
def gangs_that_wait(ctx: Context) -> Iterator[Finding]:
    """Pods that must start together do not fit at the same time.

    ## What it means
    There is room for some of the members, and for fewer than the PodGroup's minimum, so none is started.

    ## Why it happens
    The gang is larger than what is free at one moment: other work holds the nodes, or the fleet is too small for it.

    ## Evidence
    `spec.minMember`, what one member asks for, the free amounts of the nodes that the members may run on, and the
    words of the scheduler about the member that found no node. It had set the places of other members aside by then, so
    it may say `0/18 nodes` though two members fit; this is told where its count of short nodes is that of all nodes
    that a member may use. A cordoned node that would take a member is named.

    ## What to do
    Wait for the work that holds the nodes, start with fewer members, add nodes, or agree with the owners of other work
    to end some of it.

    ## Known limits
    Needs the pods of all namespaces. Pod affinity and network topology are not counted here. Silent where one member
    alone fits no node, even an empty one, and where nodes that are out of use would make the room.
    """
    waiting = ctx.gangs()
    # A scheduler holds places for every gang that it tries to start.
    whose = "its other members" + (" or those of another gang that waits" if len(waiting) > 1 else "")
    for gang in waiting:
        if not _is_held_together(gang):
            continue
        if gang.item is None:
            yield from _no_group(ctx, gang)
        else:
            wanted = minimum(gang.item)
            if wanted is not None and len(gang.pods) < wanted:
                yield from _too_few(ctx, gang, gang.item, wanted)
            elif wanted is not None:
                yield from _does_not_fit(ctx, gang, gang.item, wanted, whose)


def _is_held_together(gang: Gang) -> bool:
    """Whether a scheduler that knows of the gang handles a member that waits: Volcano has a name of its own."""
    return gang.kind != VOLCANO or any(shape.scheduler != DEFAULT_SCHEDULER for _, shape, _ in gang.waiting)


def _field(gang: Gang) -> str:
    """The name of the field that says how many start together."""
    return minimum_path(gang.kind).rpartition(".")[2]


def _no_group(ctx: Context, gang: Gang) -> Iterator[Finding]:
    lacking = ctx.snap.lacks(gang.kind, gang.namespace, gang.name)
    if lacking is None:
        return
    pod, _, group = gang.waiting[0]
    named = ctx.cite(pod, membership_path(gang.kind))
    absent = ctx.absent(API[gang.kind], "PodGroup", gang.namespace, gang.name)
    yield Finding(
        name=NO_GROUP.get(gang.kind, "gang-podgroup-missing"),
        subject=group.workload,
        summary=f"its pods name the PodGroup {gang.name}, which does not exist in {gang.namespace}",
        evidence=(absent, named),
        accounts_for=_because(gang, f"the PodGroup {gang.name} does not exist", (named, absent)),
        confidence=lacking,
        since=group.since,
        remedies=(
            Remedy(
                text=f"create the PodGroup {gang.name}, or correct the name that the pods carry",
                command=f"kubectl -n {gang.namespace} get podgroups.{gang.kind.partition('/')[0]}",
            ),
        ),
    )


def _too_few(ctx: Context, gang: Gang, item: Object, wanted: int) -> Iterator[Finding]:
    if any(
        set(group.workloads) & set(other.workloads) for group in gang.groups for other in ctx.groups("pod-not-created")
    ):
        return  # what keeps the missing members from being made is the cause
    field = _field(gang)
    least = ctx.cite(item, minimum_path(gang.kind))
    named = [ctx.cite(pod, membership_path(gang.kind)) for pod in gang.pods]
    count = ctx.compute(f"pods that name the PodGroup {gang.name}", len(named), named)
    words = _words(ctx, item)
    agreed = any(words in group.message for group in gang.groups for words in SIBLINGS) or _says_missing(words)
    # Why members are missing is what their maker would tell.
    made = all(ctx.snap.owner_of(pod) is not None for pod in gang.pods if pod.owners)
    summary = f"wants {wanted} members to start together ({field}), and {len(gang.pods)} pods exist"
    yield Finding(
        name=TOO_FEW.get(gang.kind, "gang-members-missing"),
        subject=item.ref,
        summary=summary,
        evidence=(least, *[count, *words, gang.groups[0].evidence[0]]),
        accounts_for=_because(gang, f"its gang {gang.name} {summary}", (least, count)),
        confidence=None if agreed and made else Confidence.LIKELY,
        since=gang.groups[0].since,
        remedies=(
            Remedy(text=f"set {field} to {len(gang.pods)}, if so many are meant to run"),
            Remedy(text=f"let the missing {wanted - len(gang.pods)} pods be made, with the gang's name and scheduler"),
        ),
    )


def _says_missing(words: list[Evidence]) -> bool:
    """Whether Volcano's condition counts more members than there are tasks: `4/2 tasks in gang unschedulable`."""
    found = [re.match(r"(\d{1,6})/(\d{1,6}) tasks in gang", str(getattr(one, "value", ""))) for one in words]
    return any(one is not None and int(one[1]) > int(one[2]) for one in found)


def _does_not_fit(ctx: Context, gang: Gang, item: Object, wanted: int, whose: str) -> Iterator[Finding]:
    """`whose` places the scheduler may have set aside, in words."""
    place, more = ctx.place, wanted - gang.bound
    shapes = [shape for _, shape, _ in gang.waiting]
    open_to = {node.name: node for shape in shapes[:1] for node in place.count(shape).open}
    if not all(any(not place.too_small(shape, node) for node in place.count(shape).open) for shape in shapes):
        return
    there = fits(place, gang, ctx.snap.nodes())
    if there >= more:
        yield from _split_by_topology(ctx, gang, item, more)
    helped = sum(group.size - ctx.pools.remaining(group) for group in gang.groups)
    if there + helped >= more:
        return
    resource = main_gpu(shapes[0].requests) or "cpu"
    offering = sorted(
        (node for node in open_to.values() if place.free[node.name].get(resource, 0) > 0),
        key=lambda node: (-place.free[node.name][resource], node.name),
    )
    count = ctx.compute(
        f"members of {gang.name} that fit at the same time", there, _parts(ctx, gang, resource, offering)
    )
    least, words = ctx.cite(item, minimum_path(gang.kind)), _words(ctx, item)
    each = ", ".join(f"{amount} × {name}" for name, amount in shapes[0].gpus.items()) or "no GPUs"
    running = f" beside {gang.bound} that run" if gang.bound else ""
    named = f"; {culprit} found no node" if (culprit := _culprit(gang, words)) else ""
    trusted = all(ctx.agreement(group).trusts_nodes for group in gang.groups)
    if trusted and named and there and _none_left(gang, words, resource, len(open_to)):
        named += f": the scheduler had set that room aside for {whose}"
    closed = _cordoned(ctx, shapes[0])
    barred = f"; cordoned, with room for a member: {listed([node.name for node in closed])}" if closed else ""
    summary = (
        f"{wanted} members have to start together ({_field(gang)}), {each} each; there is room for {there}{running}"
        f"{named}{barred}"
    )
    fewer = f" ({_field(gang)} {gang.bound + there})" if gang.bound + there else ""
    yield Finding(
        name=DOES_NOT_FIT.get(gang.kind, "gang-does-not-fit"),
        subject=item.ref,
        summary=summary,
        evidence=(
            count,
            *[least, *words, *_said(gang), *(ctx.cite(node, "spec.unschedulable") for node in closed[:1])],
        ),
        accounts_for=_because(gang, f"its gang {gang.name} does not fit: {summary}", (count, least)),
        confidence=None if trusted else Confidence.LIKELY,
        since=min((group.since for group in gang.groups if group.since), default=None),
        remedies=_ways_out(gang, more, fewer, [node.name for node in open_to.values()]),
    )


def _ways_out(gang: Gang, more: int, fewer: str, nodes: list[str]) -> tuple[Remedy, ...]:
    """Each with a command that shows what it is about. To end the work of others costs them what it has done."""
    group = f"podgroups.{gang.kind.partition('/')[0]} {gang.name} -n {gang.namespace}"
    on = f" --field-selector spec.nodeName={min(nodes)}" if nodes else ""
    return (
        Remedy(text=f"wait until {more} members fit", command=f"kubectl get {group} --watch"),
        Remedy(
            text=f"start with fewer members{fewer}",
            when="the job can run with fewer",
            command=f"kubectl get {group} -o jsonpath='{{.{minimum_path(gang.kind)}}}'",
        ),
        Remedy(text="add nodes", who="platform", command="kubectl get nodes -o wide"),
        Remedy(
            text="agree with the owners of what runs on the nodes that the members may use to end some of it",
            who="platform",
            risk="disruptive",
            command=f"kubectl get pods -A{on} -o wide",
        ),
    )


def _split_by_topology(ctx: Context, gang: Gang, item: Object, more: int) -> Iterator[Finding]:
    """The members fit, and not inside one HyperNode of a tier that is allowed."""
    topology = part(item, "spec", "networkTopology")
    highest = topology.get("highestTierAllowed")
    if gang.bound or topology.get("mode", "hard") != "hard" or not isinstance(highest, int):
        return
    found = domains(ctx.snap.all(HYPERNODE), ctx.snap.nodes())
    allowed = [domain for domain in found or () if domain.tier <= highest]
    room_in = {domain.item.name: fits(ctx.place, gang, domain.nodes) for domain in allowed}
    if not allowed or max(room_in.values()) >= more:
        return
    largest = sorted(room_in, key=lambda name: (-room_in[name], name))[:4]
    inside = ", ".join(f"{name} {room_in[name]}" for name in largest)
    each = gang.waiting[0][1].gpus
    total = ", ".join(f"{amount * more} × {name}" for name, amount in each.items())
    summary = (
        f"{more} members{f' ({total})' if total else ''} have room on all nodes together, but must stay inside one "
        f"HyperNode up to tier {highest} (highestTierAllowed), where at most {max(room_in.values())} fit: {inside}"
    )
    limit = ctx.cite(item, "spec.networkTopology.highestTierAllowed")
    tiers = [ctx.cite(domain.item, "spec.tier") for domain in allowed]
    count = ctx.compute(f"members of {gang.name} that fit inside one HyperNode", max(room_in.values()), [limit, *tiers])
    yield Finding(
        name="volcano-topology-fragmented",
        subject=item.ref,
        summary=summary,
        evidence=(count, *[limit, ctx.cite(item, "spec.minMember"), *_words(ctx, item), *tiers[:4]]),
        accounts_for=_because(gang, f"its gang {gang.name}: {summary}", (count, limit)),
        since=gang.groups[0].since,
        remedies=(
            Remedy(text="allow a higher tier, or ask for the topology softly (mode: soft)"),
            Remedy(text="move other work so that one HyperNode becomes free", who="platform", risk="disruptive"),
        ),
    )


def _parts(ctx: Context, gang: Gang, resource: str, nodes: list[Node]) -> list[Evidence]:
    """What one member asks for, and what is free where members may go."""
    asked: list[Evidence] = [room.asked(ctx, gang.groups[0], resource)]
    return asked + [room.free_on(ctx, node, resource) for node in nodes[:19]]


def _words(ctx: Context, item: Object) -> list[Evidence]:
    """What a condition on the PodGroup says, Volcano's or that of Kubernetes; the coscheduling plugin writes none."""
    listed = part(item, "status").get("conditions")
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict) and (one.get("type"), one.get("status")) in SAYS_NO:
            return [ctx.cite(item, f"status.conditions[{index}].message")] if one.get("message") else []
    return []


def _culprit(gang: Gang, words: list[Evidence]) -> str:
    """The member that the scheduler names."""
    found = (ORIGIN.search(text) or CULPRIT.search(text) for text in _texts(gang, words))
    return next((one[1] for one in found if one), "")


def _texts(gang: Gang, words: list[Evidence]) -> list[str]:
    """What is said about the gang, then about its members."""
    texts = [str(getattr(one, "value", "")) for one in words]
    return texts + [one.message for group in gang.groups for one in group.complaints]


def _none_left(gang: Gang, words: list[Evidence], resource: str, nodes: int) -> bool:
    """Whether the scheduler found all these nodes short for the member that it names, those with room among them."""
    speaking = next((text for text in _texts(gang, words) if ORIGIN.search(text) or CULPRIT.search(text)), "")
    said = find_scheduler_message(speaking)
    return said is not None and said.complete and said.count(ReasonKind.INSUFFICIENT, resource) == nodes


def _cordoned(ctx: Context, shape: Shape) -> list[Node]:
    """Nodes with room for a member that nothing but their cordon keeps it from."""
    place = ctx.place
    return [
        node
        for node in ctx.snap.nodes()
        if place.verdict(shape, node).barrier is Barrier.CORDONED
        and place.verdict(shape, node, ignore_cordon=True).barrier is None
        and not place.short(shape, node)
    ]


def _said(gang: Gang) -> list[Evidence]:
    """The words about the member that condemned the others, else about the first."""
    speaking = [one for group in gang.groups for one in group.complaints if CULPRIT.search(one.message)]
    return [speaking[0].evidence[0] if speaking else gang.groups[0].evidence[0]]


def _because(gang: Gang, why: str, proof: tuple[Evidence, ...]) -> tuple[Because, ...]:
    return tuple(Because(group, why, proof, members=gang.share(group)) for group in gang.groups)
