"""Why a PersistentVolume does not serve a claim.

As kubernetes/kubernetes staging/src/k8s.io/component-helpers/storage/volume FindMatchingVolume and
pkg/controller/volume/persistentvolume checkVolumeSatisfyClaim decide. The nodes that a volume may be
attached to are not looked at.
"""

from enum import StrEnum
from typing import Any

from diag.facts.quantity import amount
from diag.facts.selection import matches_labels
from diag.projection import JsonDict, Object

OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


class Unfit(StrEnum):
    """What keeps a claim from a volume; the value is what a reader is told."""

    FAILED = "could not be reclaimed"
    TAKEN = "bound to another claim"
    CLASS = "of another class"
    MODE = "of another volumeMode"
    ACCESS = "without the access mode"
    SIZE = "too small"
    SELECTOR = "without the selected labels"


def unfits(volume: Object, claim: Object, *, by_name: bool = False) -> list[Unfit]:
    """All reasons why the volume does not serve the claim, empty where it does.

    by_name: the claim names this volume (`spec.volumeName`), and then its selector is not asked.
    """
    has, wants = _spec(volume), _spec(claim)
    found = []
    if (phase := _phase(volume)) == "Failed":
        found.append(Unfit.FAILED)
    elif _taken(has.get("claimRef"), claim) or phase == "Released":
        found.append(Unfit.TAKEN)
    if class_of(volume) != class_of(claim):
        found.append(Unfit.CLASS)
    if (has.get("volumeMode") or "Filesystem") != (wants.get("volumeMode") or "Filesystem"):
        found.append(Unfit.MODE)
    if any(mode not in _list(has.get("accessModes")) for mode in _list(wants.get("accessModes"))):
        found.append(Unfit.ACCESS)
    size, asked = amount(_at(has, "capacity", "storage")), amount(_at(wants, "resources", "requests", "storage"))
    if size is not None and asked is not None and size < asked:
        found.append(Unfit.SIZE)
    selector = wants.get("selector")
    if selector is not None and not by_name and not matches_labels(volume.labels, selector):
        found.append(Unfit.SELECTOR)
    return found


def class_of(item: Object) -> str:
    """The class that a volume or a claim names: the annotation that came before the field wins; "" for none."""
    name = item.annotations.get(OLD_CLASS, _spec(item).get("storageClassName"))
    return name if isinstance(name, str) else ""


def _taken(holder: Any, claim: Object) -> bool:
    """A volume that was reserved for the claim by name, without a uid or with its own, is the claim's."""
    if not isinstance(holder, dict):
        return False
    same = (holder.get("namespace"), holder.get("name")) == (claim.namespace, claim.name)
    return not same or holder.get("uid") not in (None, "", claim.uid)


def _phase(volume: Object) -> str | None:
    phase = _at(volume.whole, "status", "phase")
    return phase if isinstance(phase, str) else None


def _spec(item: Object) -> JsonDict:
    spec = item.whole.get("spec")
    return spec if isinstance(spec, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(node: Any, *steps: str) -> Any:
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else None
    return node
