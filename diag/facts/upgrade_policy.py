"""How far the GPU operator may go when it upgrades a driver: `upgradePolicy` of ClusterPolicy and NVIDIADriver.

Defaults as NVIDIA/k8s-operator-libs api/upgrade/v1alpha1: one node at a time, a quarter of the nodes unavailable.
"""

import math
from dataclasses import dataclass
from typing import Any

from diag.facts.budgets import percentage
from diag.projection import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradePolicy:
    """One policy, and where it stands in its object. A switch is None where the object does not state it."""

    item: Object
    where: str
    max_unavailable: str | int
    delete_force: bool | None  # gpuPodDeletion: pods without a controller too
    delete_empty_dir: bool | None
    drain: bool | None
    drain_force: bool | None
    drain_empty_dir: bool | None

    def unavailable(self, nodes: int) -> int | None:
        """How many of so many nodes may be unavailable at once; percentages round up."""
        value = self.max_unavailable
        if isinstance(value, int):
            return value
        percent = percentage(value)
        return None if percent is None else math.ceil(percent * nodes / 100)


def upgrade_policy(item: Object) -> UpgradePolicy | None:
    """The policy of a ClusterPolicy (`spec.driver.upgradePolicy`) or an NVIDIADriver (`spec.upgradePolicy`)."""
    spec: Any = item.whole.get("spec")
    where = "spec.driver.upgradePolicy" if item.kind == "ClusterPolicy" else "spec.upgradePolicy"
    part = spec.get("driver") if item.kind == "ClusterPolicy" and isinstance(spec, dict) else spec
    policy = part.get("upgradePolicy") if isinstance(part, dict) else None
    if not isinstance(policy, dict):
        return None
    most = policy.get("maxUnavailable")
    return UpgradePolicy(
        item=item,
        where=where,
        max_unavailable=most if isinstance(most, int | str) and not isinstance(most, bool) else "25%",
        delete_force=_switch(policy, "gpuPodDeletion", "force"),
        delete_empty_dir=_switch(policy, "gpuPodDeletion", "deleteEmptyDir"),
        drain=_switch(policy, "drain", "enable"),
        drain_force=_switch(policy, "drain", "force"),
        drain_empty_dir=_switch(policy, "drain", "deleteEmptyDir"),
    )


def _switch(policy: dict[str, Any], part: str, name: str) -> bool | None:
    found = policy.get(part)
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, bool) else None
