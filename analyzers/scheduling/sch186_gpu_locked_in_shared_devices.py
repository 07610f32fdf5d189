"""SCH186: the whole GPUs that a pod lacks are there only as the rests of GPUs of which others hold parts."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import rule
from diag.facts import hami, kai
from diag.facts.pods import occupies_node
from diag.facts.words import count_of
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import DEFAULT_SCHEDULER, Shape

GPU = hami.COUNT
PERCENT = "nvidia.com/gpumem-percentage"  # of HAMi: 100, or no word of memory at all, asks for the whole card
HAMI_SAID = "nodes do not meet"  # Project-HAMi/HAMi pkg/scheduler/event.go
SAID = ("enough resources: GPUs", HAMI_SAID)  # NVIDIA/KAI-Scheduler pkg/scheduler/api/common_info
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one pod holds of a card, in thousandths of it, and the annotation that says so."""

    pod: Pod
    amount: int
    annotation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One GPU that others hold parts of."""

    node: Node
    name: str
    held: tuple[Held, ...]

    @property
    def rest(self) -> int:
        """Thousandths that nobody holds."""
        return max(1000 - sum(one.amount for one in self.held), 0)


@rule(
    "SCH186",
    name="gpu-locked-in-shared-devices",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=("gpu-capacity-exhausted",),
    visits={"Pod": 1},
)
def gpu_locked_in_shared_devices(ctx: Context) -> Iterator[Finding]:
    """The whole GPUs that a pod lacks exist only as rests of shared GPUs.

    ## What it means
    The pod asks for whole GPUs. Fewer are free than it asks for, and what is left of the GPUs that are shared out in
    part would make up for them: a GPU of which somebody holds a tenth cannot be given as a whole.

    ## Why it happens
    Parts of GPUs are spread over many of them, each of which is then closed to whole requests. KAI-Scheduler and HAMi
    place parts close together only where they are told to.

    ## Evidence
    The request; the free whole GPUs of each node; and per shared GPU the parts that pods hold (`gpu-fraction` and the
    label `runai-gpu-group` of KAI-Scheduler, `hami.io/vgpu-devices-allocated` of HAMi).

    ## What to do
    Move the small parts together so that a GPU becomes empty, and let the scheduler pack.

    ## Known limits
    Needs the pods of all namespaces, and a scheduler other than Kubernetes' own. Time slices of a device plugin are
    offered as they are, and are never whole.
    """
    known: dict[str, list[Card]] = {}  # by node: each is looked at once
    for group in ctx.groups("pod-unscheduled"):
        shape = group.shape
        if shape is None or shape.scheduler == DEFAULT_SCHEDULER:
            continue  # the schedulers that share GPUs have names of their own
        if not (room.waits_for_room(ctx, group) or HAMI_SAID in group.message):
            continue
        wanted, nodes = _whole(group, shape), ctx.place.count(shape).open
        for node in nodes:
            if node.name not in known:
                known[node.name] = list(_shared(ctx, node))
        shared = {node.name: known[node.name] for node in nodes}
        free = {node.name: _free(ctx, node, shared[node.name]) for node in nodes}
        rests = sum(card.rest for cards in shared.values() for card in cards) // 1000
        if not sum(free.values()) < wanted <= sum(free.values()) + rests:
            continue
        # A node can become whole enough as far as it has cards to empty, and the others take what is on them.
        fit = [node for node in nodes if wanted - free[node.name] <= min(len(shared[node.name]), rests)]
        if fit:
            node = min(fit, key=lambda one: (wanted - free[one.name], one.name))
            yield _finding(ctx, group, node, wanted=wanted, free=free, shared=shared)


def _whole(group: Group, shape: Shape) -> int:
    """How many whole GPUs a pod of the group asks for, 0 where it asks for parts."""
    requests = shape.requests
    in_part = hami.MEMORY in requests or requests.get(PERCENT, 100_000) < 100_000  # noqa: PLR2004  all of it
    return 0 if in_part or kai.asks_for_part(group.first.annotations) else requests.get(GPU, 0) // 1000


def _shared(ctx: Context, node: Node) -> Iterator[Card]:
    """The cards of a node that pods hold parts of."""
    cards = {card.uuid: card.memory for card in hami.cards(node.annotations.get(hami.REGISTER, ""))}
    held: dict[str, list[Held]] = {}
    for pod in ctx.snap.pods_on(node.name):
        if not occupies_node(pod):
            continue
        for uuid, memory in hami.shares(pod.annotations.get(hami.ALLOCATED, "")):
            if uuid in cards:
                one = Held(pod=pod, amount=1000 * memory // cards[uuid], annotation=hami.ALLOCATED)
                held.setdefault(uuid, []).append(one)
        part = kai.part(pod.annotations, node.labels.get(kai.CARD_MIB, ""))
        for name in kai.shared_gpus(pod.labels) if part is not None else ():
            annotation = kai.FRACTION if kai.FRACTION in pod.annotations else kai.MEMORY
            held.setdefault(name, []).append(Held(pod=pod, amount=part or 0, annotation=annotation))
    for name, parts in sorted(held.items()):
        yield Card(node=node, name=name, held=tuple(parts))


def _free(ctx: Context, node: Node, shared: list[Card]) -> int:
    """Whole GPUs of a node that nobody holds. HAMi offers each card several times; KAI reserves a shared one whole."""
    cards = hami.cards(node.annotations.get(hami.REGISTER, ""))
    if cards:
        return len(cards) - len({card.name for card in shared} & {card.uuid for card in cards})
    return max(ctx.place.free[node.name].get(GPU, 0), 0) // 1000


def _finding(
    ctx: Context, group: Group, node: Node, *, wanted: int, free: dict[str, int], shared: dict[str, list[Card]]
) -> Finding:
    cards = sorted(shared[node.name], key=lambda card: (-card.rest, card.name))
    others = [card for name, found in shared.items() for card in found if name != node.name]
    rests = sum(card.rest for card in (*cards, *others)) / 1000
    whole = sum(free.values())
    short = wanted - free[node.name]
    summary = (
        f"asks for {count_of(wanted, 'whole GPU')}; {whole} are free, and {rests:g} more only as rests of "
        f"{count_of(len(cards) + len(others), 'GPU')} that others hold parts of ({short} on {node.name} would do)"
    )
    proofs: list[Evidence] = [_rest(ctx, card) for card in cards[:SHOWN]]
    where = room.free_on(ctx, node, GPU)
    said = any(words in group.message for words in SAID) or ctx.agreement(group, GPU).trusts_sums
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(proofs[0], *[*proofs[1:], where, room.asked(ctx, group, GPU)]),
        accounts_for=(Because(group, summary, (proofs[0], where), members=ctx.pools.remaining(group)),),
        confidence=None if said else Confidence.LIKELY,
        since=group.since,
        remedies=(_first(cards[0]), _repack(cards[:short], [*cards[short:], *others]),
                  Remedy(text="let the scheduler pack: KAI-Scheduler's placement strategy binpack for GPUs, HAMi's "
                         "hami.io/gpu-scheduler-policy: binpack", who="platform")),
    )  # fmt: skip


def _rest(ctx: Context, card: Card) -> Evidence:
    parts = [ctx.cite(one.pod, f"metadata.annotations{key(one.annotation)}") for one in card.held]
    return ctx.compute(f"left of GPU {card.name} on node {card.node.name}", card.rest / 1000, parts)


def _first(card: Card) -> Remedy:
    pod = card.held[0].pod
    return Remedy(
        text=f"see who holds part of GPU {card.name}: {pod.namespace}/{pod.name} does",
        command=f"kubectl get pod {pod.name} -n {pod.namespace} -o yaml",
    )


def _repack(emptied: list[Card], left: list[Card]) -> Remedy:
    """The parts to move, where the other cards take them; else what has to end."""
    names = " and ".join(card.name for card in emptied)
    pods = ", ".join(f"{one.pod.namespace}/{one.pod.name}" for card in emptied for one in card.held)
    rests = [card.rest for card in left]
    for amount in sorted((one.amount for card in emptied for one in card.held), reverse=True):
        place = min((index for index, rest in enumerate(rests) if rest >= amount), key=rests.__getitem__, default=None)
        if place is None:
            text = f"end or shrink {pods}, which holds part of GPU {names}: no other shared GPU has room for all of it"
            return Remedy(text=text, risk="disruptive")
        rests[place] -= amount
    return Remedy(
        text=f"start {pods} anew, so that other shared GPUs take it and {names} becomes whole",
        who="platform",
        risk="disruptive",
    )
