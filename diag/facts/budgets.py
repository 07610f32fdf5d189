"""PodDisruptionBudgets: whom they protect, and whether they let one pod go.

As kubernetes/kubernetes pkg/controller/disruption and pkg/registry/core/pod/storage/eviction.go decide.
"""

import math
from dataclasses import dataclass
from typing import Any

from diag.facts.pods import condition
from diag.facts.selection import matches_labels
from diag.projection import Object
from diag.snapshot.kinds import Pod

BUDGET = "policy/PodDisruptionBudget"
COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One budget with its counts, None where the status does not say."""

    item: Object
    selector: Any
    bound: str | None  # "minAvailable" or "maxUnavailable"
    value: str | int | None
    unhealthy_policy: str
    allowed: int | None
    healthy: int | None
    desired: int | None
    expected: int | None

    def selects(self, pod: Pod) -> bool:
        """Whether the pod is under this budget. An empty selector matches all pods of the namespace (policy/v1)."""
        return pod.namespace == self.item.namespace and matches_labels(pod.labels, self.selector)

    @property
    def never_allows(self) -> bool:
        """Whether the budget cannot allow a disruption with all its pods healthy, by its own arithmetic."""
        amount = _amount(self.value, self.expected)
        if amount is None:
            return False
        if self.bound == "maxUnavailable":
            return amount <= 0
        return self.expected is not None and self.expected > 0 and amount >= self.expected

    @property
    def relaxed(self) -> str:
        """How to let it allow one disruption: which fields get which values. A budget may have one bound alone."""
        instead = " instead of minAvailable" if self.bound == "minAvailable" else ""
        return f"maxUnavailable: 1{instead}"

    @property
    def patch(self) -> str:
        """The options of `kubectl patch` that do so."""
        dropped = '"minAvailable":null,' if self.bound == "minAvailable" else ""
        return f'--type=merge -p \'{{"spec":{{{dropped}"maxUnavailable":1}}}}\''

    def refuses(self, pod: Pod) -> bool:
        """Whether an eviction of this pod would be refused now. Pods that do not run yet are evicted without asking."""
        if pod.status.phase != "Running" or pod.metadata.deletion_timestamp or not self.selects(pod):
            return False
        if self.allowed is None:
            return self.never_allows
        if self.allowed > 0:
            return False
        ready = condition(pod, "Ready")
        if ready is None or ready.status == "True":
            return True
        if self.unhealthy_policy == "AlwaysAllow":
            return False
        # A pod that is not ready does not count as healthy, so it may go while the others are enough.
        return not (self.healthy is not None and self.desired and self.healthy >= self.desired)

    @property
    def short_of_healthy(self) -> bool:
        """Whether it would allow a disruption if all its pods were healthy."""
        return (
            self.healthy is not None
            and self.expected is not None
            and self.healthy < self.expected
            and not self.never_allows
        )


def budget(item: Object) -> Budget:
    """The facts of a PodDisruptionBudget; fields of another type are left out."""
    spec, status = item.whole.get("spec"), item.whole.get("status")
    spec = spec if isinstance(spec, dict) else {}
    counts = {name: _count(status, name) for name in COUNTS}
    bound = next((name for name in ("minAvailable", "maxUnavailable") if isinstance(spec.get(name), int | str)), None)
    return Budget(
        item=item,
        selector=spec.get("selector"),
        bound=bound,
        value=spec[bound] if bound else None,
        unhealthy_policy=str(spec.get("unhealthyPodEvictionPolicy") or "IfHealthyBudget"),
        allowed=counts["disruptionsAllowed"],
        healthy=counts["currentHealthy"],
        desired=counts["desiredHealthy"],
        expected=counts["expectedPods"],
    )


def percentage(text: str) -> int | None:
    """The number of a text like `25%`; None for any other text."""
    digits = text.removesuffix("%")
    fits = text.endswith("%") and digits.isascii() and digits.isdigit() and len(digits) < 6  # noqa: PLR2004  no more digits
    return int(digits) if fits else None


def _count(status: Any, name: str) -> int | None:
    value = status.get(name) if isinstance(status, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _amount(value: str | int | None, expected: int | None) -> int | None:
    """A bound as a number of pods; percentages round up, as in the disruption controller."""
    if isinstance(value, int):
        return value
    percent = percentage(value) if value is not None else None
    if percent is None:
        return None
    if percent == 0:
        return 0
    return None if expected is None else math.ceil(percent * expected / 100)
