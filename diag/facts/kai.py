"""Which part of which GPU a pod holds under KAI-Scheduler (NVIDIA/KAI-Scheduler pkg/common/constants, pkg/binder)."""

from collections.abc import Mapping

from diag.facts.quantity import milli

FRACTION, MEMORY = "gpu-fraction", "gpu-memory"  # annotations: a part of one GPU, or MiB of it
_GROUP = (
    "runai-gpu-group"  # label: the shared GPU; a pod with parts of several has a label `runai-gpu-group/<id>` for each
)
CARD_MIB = "nvidia.com/gpu.memory"  # label of the node


def asks_for_part(annotations: Mapping[str, str]) -> bool:
    """Whether a pod asks for parts of GPUs; the pods that KAI makes to reserve a whole one do not."""
    return FRACTION in annotations or MEMORY in annotations


def part(annotations: Mapping[str, str], card_mib: str) -> int | None:
    """Thousandths of each of its GPUs that a pod holds; None for a whole one, or where the card's size is unknown."""
    fraction = milli(annotations.get(FRACTION))
    if fraction is not None:
        return fraction
    asked, size = milli(annotations.get(MEMORY)), milli(card_mib)
    return None if asked is None or not size else 1000 * asked // size


def shared_gpus(labels: Mapping[str, str]) -> list[str]:
    """The GPUs that a pod shares, by the ids that the scheduler gave them."""
    return sorted({value for name, value in labels.items() if name == _GROUP or name.startswith(f"{_GROUP}/")})
