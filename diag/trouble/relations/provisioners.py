"""Which workload runs the provisioner that a StorageClass names."""

import re
from dataclasses import dataclass
from enum import IntEnum

from diag.projection import Object, dicts
from diag.snapshot.kinds import Controller

# Sidecars that answer claims (kubernetes-csi/external-provisioner, and older provisioners named so).
_PROVISIONER = re.compile(r"provisioner", re.IGNORECASE)
# Parts of driver names that tell no driver from another.
_COMMON = frozenset(
    (
        *("com", "org", "net", "dev", "csi", "driver", "drivers", "storage", "k8s", "kubernetes", "sigs", "cluster"),
        *("local", "provisioner", "disk", "file", "volume", "plugin"),
    )
)
MIN_TOKEN = 3


class Bond(IntEnum):
    """How a workload is known to run a provisioner."""

    ALONE = 1  # the only workload with a provisioner's container, or the only one of them that does not run
    NAMED_ALIKE = 2  # its names share a distinctive word with the driver's
    NAMES_IT = 3  # its template names the driver


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioner:
    """A workload that runs a provisioner."""

    workload: Controller
    container: str  # path of the container's image, the sign that it provisions
    bond: Bond

    @property
    def stopped(self) -> bool:
        """Whether it is to have no replica."""
        return self.workload.spec.replicas == 0

    @property
    def ready(self) -> bool:
        """Whether a replica is ready."""
        return not self.stopped and bool(self.workload.status.ready_replicas)


def provisioners_of(driver: str, workloads: list[Object]) -> list[Provisioner]:
    """The workloads that run a driver's provisioner, of the closest bond that any of them has."""
    found = []
    for item in workloads:
        container = _container(item) if isinstance(item, Controller) else None
        if container and isinstance(item, Controller):
            found.append(Provisioner(workload=item, container=container, bond=_bond(driver, item)))
    best = max((one.bond for one in found), default=Bond.ALONE)
    closest = [one for one in found if one.bond is best]
    if best is Bond.ALONE and len(closest) > 1:
        down = [one for one in closest if not one.ready]
        return down if len(down) == 1 else []
    return closest


def _container(item: Controller) -> str | None:
    for path, image in _images(item):
        if _PROVISIONER.search(image.rpartition("/")[2]):
            return path
    return None


def _images(item: Controller) -> list[tuple[str, str]]:
    node = item.whole.get("spec")
    for step in ("template", "spec"):
        node = node.get(step) if isinstance(node, dict) else None
    listed = node.get("containers") if isinstance(node, dict) else None
    return [
        (f"spec.template.spec.containers[{index}].image", one["image"])
        for index, one in enumerate(listed if isinstance(listed, list) else ())
        if dicts([one]) and isinstance(one.get("image"), str)
    ]


def _bond(driver: str, item: Controller) -> Bond:
    spec = item.whole.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    if driver in repr(template):
        return Bond.NAMES_IT
    names = " ".join((item.name, item.namespace, *(image.rpartition("/")[2] for _, image in _images(item)))).lower()
    words = [word for word in re.split(r"[^a-z0-9]+", driver.lower()) if len(word) >= MIN_TOKEN and word not in _COMMON]
    return Bond.NAMED_ALIKE if any(word in names for word in words) else Bond.ALONE
