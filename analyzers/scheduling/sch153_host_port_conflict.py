"""SCH153: the port of the node that the pod asks for is taken wherever there is room."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pod_terms import host_ports
from diag.facts.pods import occupies_node
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.neighbours import with_room
from diag.trouble.shapes import Shape
from diag.vocab.scheduler_reasons import ReasonKind

ROOM = (ReasonKind.INSUFFICIENT, ReasonKind.TOO_MANY_PODS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A port of a node: where the waiting pod asks for it, and the pod that has it with the path there."""

    number: int
    asked: str
    holder: Pod
    held: str


@rule(
    "SCH153",
    name="host-port-conflict",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=("gpu-capacity-exhausted",),
    visits={"Pod": 1},
)
def host_port_conflict(ctx: Context) -> Iterator[Finding]:
    """The host port that the pod asks for is taken on every node that could hold it.

    ## What it means
    A host port can be given once per node, address and protocol. On every node with room another pod has it.

    ## Why it happens
    More replicas than nodes with `hostPort` or `hostNetwork` (whose container ports are host ports), two
    trainers with the same rendezvous port, or an agent on every node that uses it.

    ## Evidence
    The port in the pod, the nodes with room, and on each the pod that has the port.

    ## What to do
    Choose another port or drop `hostPort`, run fewer replicas, or add nodes.

    ## Known limits
    A process on the node that is no pod is not seen, neither by the scheduler.
    """
    for group in ctx.groups("pod-unscheduled"):
        pod, shape = group.first, group.shape
        if not isinstance(pod, Pod) or shape is None:
            continue
        nodes = with_room(ctx.place, group, ReasonKind.PORTS) or _without_room(ctx, group, shape)
        taken = {node.name: found for node in nodes if (found := _taken(ctx, pod, node))}
        if taken and len(taken) == len(nodes):
            lacking = sorted({name for node in nodes for name in ctx.place.short(shape, node)})
            yield _finding(ctx, group, taken, lacking)


def _without_room(ctx: Context, group: Group, shape: Shape) -> list[Node]:
    """The nodes that are large enough, where the scheduler speaks of ports and not of room.

    It looks at ports first, so that it does not say that the same nodes are short of something as well.
    """
    said = ctx.agreement(group)
    if not said.counted(ReasonKind.PORTS) or said.counted(*ROOM):
        return []
    return [node for node in ctx.place.count(shape).open if not ctx.place.too_small(shape, node)]


def _taken(ctx: Context, pod: Pod, node: Node) -> Taken | None:
    wanted = list(host_ports(pod))
    for other in ctx.snap.pods_on(node.name):
        if not occupies_node(other):
            continue
        for held, number, protocol, address in host_ports(other):
            for asked, mine, my_protocol, my_address in wanted:
                if (number, protocol) == (mine, my_protocol) and (
                    address == my_address or not (address and my_address)
                ):
                    return Taken(number=number, asked=asked, holder=other, held=held)
    return None


def _finding(ctx: Context, group: Group, taken: dict[str, Taken], lacking: list[str]) -> Finding:
    first = next(iter(taken.values()))
    ports = listed(sorted({str(one.number) for one in taken.values()}))
    holders = listed(sorted({f"{one.holder.name} on {node}" for node, one in taken.items()}), 3)
    which = "that could hold it" if lacking else "with room"
    head = f"asks for host port {ports}, which is taken on the {count_of(len(taken), 'node')} {which}: {holders}"
    head += f"; there is too little {listed(lacking)} left there, too" if lacking else ""
    asked: Evidence = ctx.cite(group.first, first.asked)
    held: list[Evidence] = [ctx.cite(one.holder, one.held) for one in taken.values()]
    proof = ctx.compute(f"nodes {which} whose host port {ports} is free", 0, [asked, *held])
    agreed = ctx.agreement(group).counted(ReasonKind.PORTS) == len(taken)
    return Finding(
        subject=group.workload,
        summary=head,
        evidence=(proof, *[asked, *held[:5], *group.evidence]),
        accounts_for=(Because(group, head, (proof, asked)),),
        confidence=None if agreed and ctx.agreement(group).nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="choose another port, or drop hostPort (and hostNetwork) where it is not needed", who="user"),
            Remedy(text="run at most one such pod per node, or add nodes", who="user"),
        ),
    )
