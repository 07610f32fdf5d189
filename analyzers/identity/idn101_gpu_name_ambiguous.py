"""IDN101: a name that the pod selects by means two GPU models, and it got the smaller one."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, first_text
from diag.facts.gpu_models import words_of_model
from diag.facts.pods import PodClass, classify
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.selectors import Narrowing, narrowings
from diag.trouble.shapes import shape_of
from diag.vocab.gpu_labels import MEMORY_LABELS, MODEL_LABELS, PRODUCT_LABELS

OUT_OF_MEMORY = re.compile(
    r"CUDA out of memory|CUDA error: out of memory|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation"
)
SIZE = re.compile(r"(?i).*\b(\d{1,3})GB")  # the last in a name: that of the slice, where GPUs are sliced alike
DIGIT = re.compile(r"[0-9]")  # every model's name has one: A100, L40S, MI300X
LARGER = 1.2  # times: drivers and nodes report the memory of one model a few per cent apart


class Card(NamedTuple):
    """The GPUs of a node: their memory in MiB, and the label that tells it."""

    node: Node
    mib: int
    label: str


@rule(
    "IDN101",
    name="gpu-name-ambiguous",
    question=Question.STARTED,
    inputs=("Pod", "Node"),
    refines=("cuda-out-of-memory",),
)
def gpu_name_ambiguous(ctx: Context) -> Iterator[Finding]:
    """Two GPU models have the same name, and the pod got the smaller one.

    ## What it means
    The pod selects its GPU by a label that nodes with different models share, such as the 40 GB and the 80 GB card of
    one generation. It got the smaller one and ran out of GPU memory; where it runs is a matter of luck.

    ## Why it happens
    A tool or a person labels nodes by the family of their GPUs (`a100`); the name leaves out memory and form factor.

    ## Evidence
    The selector, the model and memory of both nodes, the line about memory, and a pod of the same images that is well
    on the larger GPUs.

    ## What to do
    Select by `nvidia.com/gpu.product`, or by `nvidia.com/gpu.memory` with `Gt`.

    ## Known limits
    Only memory is compared. Without a pod that is well on the larger GPUs it is only possible: the workload may need
    more than those have, too.
    """
    for group in ctx.groups("container-crashing", "init-container-failing", "pod-failed"):
        hit = first_text(ctx, group, OUT_OF_MEMORY, On.LOG)
        pod = hit[0].member if hit else None
        got = _card(ctx.snap.node(pod.spec.node_name)) if isinstance(pod, Pod) else None
        if hit is None or got is None or not isinstance(pod, Pod):
            continue
        larger = sorted(_larger(ctx, pod, got), key=lambda card: (-card.mib, card.node.name))
        names = [one for one in narrowings(pod) if larger and _is_ambiguous(one, got.node, larger[0].node)]
        if names:
            yield _finding(ctx, group, hit[0], names[0], got, larger)


def _larger(ctx: Context, pod: Pod, got: Card) -> Iterator[Card]:
    """GPUs with clearly more memory on other nodes that meet all that the pod demands of a node's labels."""
    for node in ctx.place.selected(shape_of(pod)):
        card = _card(node)
        if card is not None and card.mib >= got.mib * LARGER:
            yield card


def _card(node: Node | None) -> Card | None:
    """The node's GPUs by the first label that tells their memory; None where none does."""
    if node is None:
        return None
    for label, unit in MEMORY_LABELS.items():
        told = node.labels.get(label, "")
        if re.fullmatch(r"[1-9][0-9]{0,8}", told):
            return Card(node, int(told) * unit, label)
    for label in PRODUCT_LABELS:
        named = SIZE.search(node.labels.get(label, ""))
        if named and int(named[1]):
            return Card(node, int(named[1]) * 1024, label)
    return None


def _is_ambiguous(demand: Narrowing, *nodes: Node) -> bool:
    """Whether a demand names one model or family, and what it names is both nodes' value of a coarse label."""
    if demand.operator != "In" or demand.label in PRODUCT_LABELS:
        return False
    value = nodes[0].labels.get(demand.label, "")
    if any(node.labels.get(demand.label) != value for node in nodes):
        return False
    return demand.label in MODEL_LABELS or all(_is_short_for(value, node) for node in nodes)


def _is_short_for(value: str, node: Node) -> bool:
    """Whether a value of some label is part of the node's model name: `a100` of `NVIDIA-A100-SXM4-80GB`."""
    words = words_of_model(value)
    model = next((node.labels[label] for label in PRODUCT_LABELS if label in node.labels), "")
    return any(not word.isdecimal() and DIGIT.search(word) for word in words) and words < words_of_model(model)


def _finding(ctx: Context, group: Group, said: Text, name: Narrowing, got: Card, larger: list[Card]) -> Finding:
    pod, line = said.member, said.cite()
    nodes = {card.node.name: card for card in larger}
    twin = next(_twins(ctx, said, list(nodes)), None)
    other = nodes[twin.spec.node_name or ""] if twin else larger[0]
    value = got.node.labels[name.label]
    proof: list[Evidence] = [line, *[ctx.cite(pod, path) for path in name.paths], ctx.cite(pod, "spec.nodeName")]
    proof += [ctx.cite(card.node, f"metadata.labels{key(label)}") for card in (got, other) for label in _told(card)]
    proof += [ctx.cite(twin, "spec.nodeName")] if twin else []
    runs = f"; Pod {twin.name} does with the same images on {other.node.name}" if twin else ""
    summary = (
        f"selects {name.label}={value}, which means {_model(got)} and {_model(other)}; {pod.name} got the smaller one "
        f"and does not fit into its memory{runs}"
    )
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof)),),
        confidence=Confidence.LIKELY if twin else Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(
                text="see which models the name means, and how much memory they have",
                command=f"kubectl get nodes -L {name.label},{','.join(dict.fromkeys((*_told(got), *_told(other))))}",
            ),
            Remedy(text=f"select the model that is needed, by {_told(other)[0]}={other.node.labels[_told(other)[0]]}"),
            Remedy(text=f"let {name.label} tell the models apart", who="platform"),
        ),
    )


def _told(card: Card) -> list[str]:
    """Labels that tell model and memory, the model's first."""
    product = next((label for label in PRODUCT_LABELS if label in card.node.labels), None)
    return list(dict.fromkeys(label for label in (product, card.label) if label))


def _model(card: Card) -> str:
    label = _told(card)[0]
    return card.node.labels[label] if label in PRODUCT_LABELS else f"a GPU of {card.mib} MiB"


def _twins(ctx: Context, said: Text, nodes: list[str]) -> Iterator[Pod]:
    """Pods of the namespace that are well, or ended so, on these nodes, with the same images and as many GPUs."""
    pod = said.member
    for name in nodes:
        for one in ctx.snap.pods_on(name):
            alike = one.namespace == pod.namespace and isinstance(pod, Pod) and _runs(one) == _runs(pod)
            if alike and classify(one) in (PodClass.HEALTHY, PodClass.FINISHED):
                yield one


def _runs(pod: Pod) -> tuple[object, ...]:
    return (*[container.image for container in pod.spec.containers or ()], sorted(shape_of(pod).requests.items()))
