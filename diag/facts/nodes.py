"""What a node offers, whom it lets in, and whether it is well."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from msgspec import Raw

from diag.facts.gpus import Amounts, amounts, is_gpu
from diag.projection import Condition, dicts, json_value
from diag.snapshot.kinds import Node, Taint

# Taints that the node lifecycle controller and the kubelet set by themselves for a condition
# (kubernetes/kubernetes pkg/controller/nodelifecycle): they belong to that fault, not to the pod that waits.
AUTOMATIC_TAINT_PREFIX = "node.kubernetes.io/"
UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"
# Conditions of a node that runs short, and the taint that comes with each.
PRESSURE_TAINTS = {
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}


def capacity(node: Node) -> Amounts:
    """What the node has, in thousandths by resource."""
    return amounts(node.status.capacity)


def allocatable(node: Node) -> Amounts:
    """What the node offers to pods, in thousandths by resource."""
    return amounts(node.status.allocatable)


def gpus(node: Node) -> int:
    """How many GPUs the node has, in whole devices: what it offers where it does not tell its capacity."""
    has, offers = capacity(node), allocatable(node)
    return sum(max(has.get(name, 0), offers.get(name, 0)) for name in {*has, *offers} if is_gpu(name)) // 1000


def ready(node: Node) -> Condition | None:
    """The Ready condition; None where the node has none."""
    return next((found for found in node.status.conditions or () if found.type == "Ready"), None)


def is_ready(node: Node) -> bool | None:
    """Whether the node is Ready; None where nothing says so."""
    found = ready(node)
    return None if found is None or found.status is None else found.status == "True"


def pressure_taints(node: Node) -> frozenset[str]:
    """Taints that the node has for what it is short of now."""
    short = {PRESSURE_TAINTS.get(found.type or "") for found in node.status.conditions or () if found.status == "True"}
    return frozenset(taint.key for taint in node.spec.taints or () if taint.key and taint.key in short)


def blocking_taints(node: Node) -> list[tuple[int, Taint]]:
    """Taints that keep new pods off, with their places; that of a cordon is left out where the node is cordoned."""
    return [
        (index, taint)
        for index, taint in enumerate(node.spec.taints or ())
        if taint.effect in ("NoSchedule", "NoExecute")
        and not (taint.key == UNSCHEDULABLE_TAINT and node.spec.unschedulable)
    ]


@dataclass(frozen=True, slots=True)
class Toleration:
    """One toleration; an empty effect or key matches all."""

    key: str
    operator: str
    value: str
    effect: str

    def matches(self, taint: Taint) -> bool:
        """As kubernetes/kubernetes staging/src/k8s.io/api/core/v1/toleration.go, ToleratesTaint."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        if self.operator == "Exists":
            return True
        return bool(self.key) and self.value == (taint.value or "")


@lru_cache(maxsize=16384)
def _tolerations(text: bytes) -> tuple[Toleration, ...]:
    return tuple(
        Toleration(*(str(entry.get(part) or fallback) for part, fallback in _TOLERATION_PARTS))
        for entry in dicts(json_value(text))
    )


_TOLERATION_PARTS = (("key", ""), ("operator", "Equal"), ("value", ""), ("effect", ""))


def tolerations(raw: Raw) -> tuple[Toleration, ...]:
    """A raw list of tolerations; entries of another type are left out."""
    return _tolerations(bytes(raw))


def tolerates(found: Iterable[Toleration], taint: Taint) -> bool:
    """Whether any toleration lets a pod past the taint."""
    return any(toleration.matches(taint) for toleration in found)
