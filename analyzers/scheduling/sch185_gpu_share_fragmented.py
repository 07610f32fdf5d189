"""SCH185: a pod asks for a part of a GPU, and no single shared GPU has so much left."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import rule
from diag.facts.hami import ALLOCATED, COUNT, MEMORY, REGISTER, cards, shares
from diag.facts.pods import occupies_node
from diag.facts.words import count_of
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import DEFAULT_SCHEDULER

SAID = "CardInsufficientMemory"  # Project-HAMi/HAMi pkg/device/common
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What one shared card has left, in MiB, and who holds the rest."""

    node: Node
    uuid: str
    memory: int
    holders: tuple[Pod, ...]


@rule(
    "SCH185",
    name="gpu-share-fragmented",
    question=Question.PLACED,
    inputs=("Pod", "Node", "Event"),
    refines=("gpu-resource-not-offered", "gpu-capacity-exhausted"),
    visits={"Pod": 1},
)
def gpu_share_fragmented(ctx: Context) -> Iterator[Finding]:
    """Free GPU memory is spread over several shared GPUs, and none has enough.

    ## What it means
    A share of a GPU lies on one card. All cards that the pod may use have, together, more memory left than it asks for,
    and none has so much by itself.

    ## Why it happens
    Small shares are spread over the cards (HAMi's policy `spread`), so that no card is left for a large one.

    ## Evidence
    The request, the cards that each node registers (`hami.io/node-nvidia-register`), and what the pods there were given
    (`hami.io/vgpu-devices-allocated`).

    ## What to do
    Move small shares together (policy `binpack`), ask for less memory, or free a card.

    ## Known limits
    Memory of NVIDIA cards that HAMi shares, for pods that ask for one card. Cores and the number of shares are not
    added up; without HAMi's own word (CardInsufficientMemory) the finding is likely.
    """
    for group in ctx.groups("pod-unscheduled"):
        shape = group.shape
        if shape is None or shape.requests.get(COUNT) != 1000 or shape.scheduler == DEFAULT_SCHEDULER:  # noqa: PLR2004  one
            continue
        wanted = shape.requests.get(MEMORY, 0) // 1000
        left = [one for node in ctx.place.snap.nodes if _is_open(ctx, group, node) for one in _left(ctx, node)]
        most = max((one.memory for one in left), default=0)
        if most < wanted <= sum(one.memory for one in left):
            yield _finding(ctx, group, wanted, sorted(left, key=lambda one: (-one.memory, one.node.name, one.uuid)))


def _is_open(ctx: Context, group: Group, node: Node) -> bool:
    return group.shape is not None and ctx.place.verdict(group.shape, node).barrier is None


def _left(ctx: Context, node: Node) -> Iterator[Left]:
    """The cards of a node, each with what is left of it."""
    there = cards(node.annotations.get(REGISTER, ""))
    pods = [pod for pod in ctx.snap.pods_on(node.name) if occupies_node(pod)] if there else []
    held = [(pod, uuid, memory) for pod in pods for uuid, memory in shares(pod.annotations.get(ALLOCATED, ""))]
    for card in there:
        mine = [(pod, memory) for pod, uuid, memory in held if uuid == card.uuid]
        free = max(card.memory - sum(memory for _, memory in mine), 0)
        yield Left(node=node, uuid=card.uuid, memory=free, holders=tuple(pod for pod, _ in mine))


def _finding(ctx: Context, group: Group, wanted: int, left: list[Left]) -> Finding:
    first = left[0]
    total = sum(one.memory for one in left)
    summary = (
        f"asks for {wanted} MiB of one GPU; {total} MiB are free on {count_of(len(left), 'shared GPU')}, "
        f"at most {first.memory} on one ({first.uuid} of {first.node.name})"
    )
    parts: list[Evidence] = [ctx.cite(first.node, f"metadata.annotations{key(REGISTER)}")]
    parts += [ctx.cite(pod, f"metadata.annotations{key(ALLOCATED)}") for pod in first.holders[:SHOWN]]
    proof = ctx.compute(f"MiB free on {first.uuid} of node {first.node.name}", first.memory, parts)
    said = next((event for event in ctx.warnings(group.first) if SAID in event.text), None)
    told = [ctx.cite_event(said)] if said is not None else []
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(proof, *[room.asked(ctx, group, MEMORY), *told]),
        accounts_for=(Because(group, summary, (proof,)),),
        confidence=None if said is not None else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text=f"move small shares together until one GPU has {wanted} MiB left",
                who="platform",
                risk="disruptive",
            ),
            Remedy(text="ask for less memory, or have HAMi pack (hami.io/gpu-scheduler-policy: binpack)"),
        ),
    )
