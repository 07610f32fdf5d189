"""Demands on a GPU model: which of a pod's unmet demands name one, and what the nodes have instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from diag.facts.gpu_models import spelling_of
from diag.facts.gpus import is_gpu
from diag.facts.nodes import capacity
from diag.snapshot.kinds import Node
from diag.trouble.relations.selectors import Narrowing
from diag.trouble.relations.unmet import Unmet, values_of
from diag.vocab.gpu_labels import MODEL_LABELS, PLATFORM_OF_PROVIDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A demand on a GPU model that no node meets.

    `spelling` is a present value of the same label that means the same model, with the wanted value that it answers.
    """

    demand: Narrowing
    present: dict[str, list[Node]]  # values of the same label
    spelling: tuple[str, str] | None = None  # wanted, present
    foreign: str = ""  # the platform whose label it is, where the nodes are of another


def model_demands(blamed: Sequence[Unmet], nodes: Sequence[Node]) -> list[Model]:
    """The demands on GPU models, if these are what is in the way: one at least in each alternative.

    Empty where the nodes' labels cannot tell: they have GPUs and no label of that kind.
    """
    found = []
    for one in blamed:
        mine = [] if one.together else [_model(demand, nodes) for demand in one.demands]
        known = [model for model in mine if model is not None]
        if not known:
            return []
        found += known
    return found


def others_on(nodes: Sequence[Node], label: str) -> dict[str, dict[str, list[Node]]]:
    """Other labels that name GPU models on the nodes, with their values."""
    found = {other: values_of(nodes, other) for other in MODEL_LABELS if other != label}
    return {other: values for other, values in found.items() if values}


def _model(demand: Narrowing, nodes: Sequence[Node]) -> Model | None:
    if demand.label not in MODEL_LABELS or demand.operator != "In" or not demand.values:
        return None
    present = values_of(nodes, demand.label)
    if present:
        spellings = [(value, spelling_of(value, list(present))) for value in demand.values]
        spelling = next(((value, other) for value, other in spellings if other is not None), None)
        return Model(demand=demand, present=present, spelling=spelling)
    if not any(is_gpu(resource) and amount > 0 for node in nodes for resource, amount in capacity(node).items()):
        return Model(demand=demand, present=present)
    platform, others = MODEL_LABELS[demand.label], others_on(nodes, demand.label)
    if platform and others and platform not in _platforms(nodes, others):
        return Model(demand=demand, present=present, foreign=platform)
    return None


def _platforms(nodes: Sequence[Node], labels: dict[str, dict[str, list[Node]]]) -> set[str]:
    schemes = {(node.spec.provider_id or "").partition(":")[0] for node in nodes}
    found = {PLATFORM_OF_PROVIDER.get(scheme, "") for scheme in schemes} | {MODEL_LABELS[label] for label in labels}
    return found - {""}
