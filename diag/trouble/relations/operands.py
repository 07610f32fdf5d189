"""Which operand serves which node: the relation operand pod → its node → the node's GPUs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.vocab.operands import DEVICE_PLUGIN, DRA_IMAGES, IMAGES, LABELS, OPERANDS, Operand, Stage

# Symptoms of an operand that does not do its work.
FAILING = (
    "container-not-started",
    "init-container-failing",
    "container-crashing",
    "container-not-ready",
    "pod-failed",
    "pod-evicted",
)


def operand_of(item: Object) -> Operand | None:
    """What operand a pod or DaemonSet is, by its name and labels; None for anything else."""
    labels = item.labels
    found = _named((item.name, *(labels.get(key, "") for key in LABELS)))
    if found is None and isinstance(item, Pod):
        images = [container.image or "" for container in item.spec.containers or ()]
        return DEVICE_PLUGIN if any(IMAGES.search(image) for image in images) else None
    return found


@lru_cache(maxsize=4096)
def _named(names: tuple[str, ...]) -> Operand | None:
    return next((operand for operand in OPERANDS if any(operand.names.search(name) for name in names if name)), None)


def is_dra_driver(pod: Pod) -> bool:
    """Whether a pod (or a template as one) is the kubelet plugin of a DRA driver, by its images."""
    return any(DRA_IMAGES.search(container.image or "") for container in pod.spec.containers or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """An operand pod in trouble, with the group that it is in."""

    operand: Operand
    pod: Pod
    group: Group

    @property
    def turn(self) -> tuple[Stage, str, str]:
        """Sort key: the order of the chain."""
        return (self.operand.stage, self.group.key, self.pod.name)


def failing(groups: Iterable[Group]) -> dict[str, list[Failing]]:
    """Operands in trouble by node, in the order of the chain."""
    found: dict[str, list[Failing]] = {}
    for group in groups:
        if group.symptom not in FAILING or group.state == "node":
            continue
        for pod in group.members:
            operand = operand_of(pod) if isinstance(pod, Pod) and pod.spec.node_name else None
            if operand is not None and isinstance(pod, Pod):
                found.setdefault(pod.spec.node_name or "", []).append(Failing(operand=operand, pod=pod, group=group))
    for there in found.values():
        there.sort(key=lambda one: one.turn)
    return found


def on_node(pods: Iterable[Pod]) -> Iterator[tuple[Operand, Pod]]:
    """The operands among the pods of a node, in the order of the chain."""
    found = [(operand, pod) for pod in pods if (operand := operand_of(pod)) is not None]
    yield from sorted(found, key=lambda one: (one[0].stage, one[1].name))
