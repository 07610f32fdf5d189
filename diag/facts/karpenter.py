"""What Karpenter says of a pod that waits: which of its NodePools is out, and why.

The sentences are those of kubernetes-sigs/karpenter pkg/controllers/provisioning/scheduling (1.0 to 1.9), one part for
each NodePool, joined by semicolons.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

NAME = r"[a-z0-9][a-z0-9.-]{0,252}"
_POOL = re.compile(rf'\(NodePool=(?P<a>{NAME})\)|nodepool:? "(?P<b>{NAME})"|karpenter\.sh/nodepool In \[(?P<c>{NAME})')
_LABEL = re.compile(r'label "(?P<key>[^"\s]{1,317})" does not have known values')
_LIMIT = re.compile(r"all available instance types exceed limits for nodepool|node limits have been exhausted")
_TAINT = re.compile(r"did not tolerate (?:taint )?\(?(?:taint=)?(?P<taint>[^\s():;,]{1,317}:(?:NoSchedule|NoExecute))")
_OFFERING = re.compile(r"no instance type (?:has|which had enough resources and) the required offering")
_NO_TYPE = re.compile(
    r"no instance type (?:met|has|satisfied|which|exists)\b|filtered out all (?:compatible )?available instance types"
    r"|couldn't meet minValues requirements|incompatible requirements, (?:key )?\S{1,317}, .{1,500} not in "
)
CLAIM = "karpenter.sh/NodeClaim"
NOMINATED = "Nominated"  # an event of a pod: a NodeClaim or a node is meant for it
SOLD_OUT = "InsufficientCapacityError"  # an event of a NodeClaim; the condition's reason is the same
# awslabs/operatorpkg status/condition_set.go: what a condition has before anybody looked.
NO_ANSWER_YET = ("", "AwaitingReconciliation")
_CLAIM = re.compile(rf"nodeclaim/(?P<name>{NAME})")


# Reasons of a NodeClaim's condition Launched (aws/karpenter-provider-aws pkg/errors/errors.go,
# Azure/karpenter-provider-azure pkg/providers/instance/offerings): no node class mends them.
QUOTA = frozenset(
    ("VCPULimitExceeded", "VcpuLimitExceeded", "FleetQuotaExceeded", "SpotQuotaExceeded", "SubscriptionQuotaReached",
     "MaxSpotInstanceCountExceeded", "MaxFleetCountExceeded")
)  # fmt: skip
CAPACITY = frozenset(
    ("InsufficientCapacityError", "InsufficientInstanceCapacity", "UnfulfillableCapacity", "AllocationFailure",
     "ZonalAllocationFailure", "OverconstrainedZonalAllocationFailure", "SKUNotAvailable",
     "ReservationCapacityExceeded")
)  # fmt: skip


class Refusal(StrEnum):
    """Why a NodePool makes no machine for a pod."""

    LIMIT = "limit"
    OFFERING = "offering"  # no machine of a fitting type is offered now: sold out, or not in these zones
    NO_TYPE = "no type"
    LABEL = "label"
    TAINT = "taint"  # the NodePool's own, which the pod does not tolerate


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One part of the sentence. `pool` is empty where it names none; `key` is the unknown label's, or the taint."""

    refusal: Refusal
    pool: str
    key: str = ""


def answer(text: str, resources: Iterable[str] = ()) -> Answer | None:
    """The part of a sentence about a pod that a person can act upon: limits before offerings before instance types.

    A taint comes last: most NodePools are not for the pod. One that is named after a resource that the pod asks for
    keeps it off the very machines that it wants, and comes before types that lack the resource.
    """
    found = [one for part in text[:20_000].split("; ") if (one := _part(part)) is not None]
    order, wanted = list(Refusal), set(resources)

    def place(one: Answer) -> int:
        meant = one.refusal is Refusal.TAINT and re.split("[=:]", one.key)[0] in wanted
        return 2 * order.index(Refusal.NO_TYPE if meant else one.refusal) - meant

    return min(found, key=place, default=None)


def nominated(text: str) -> str:
    """The NodeClaim that a pod is to wait for (event Nominated), empty where the sentence names none."""
    found = _CLAIM.search(text[:2000])
    return found["name"] if found else ""


def _part(text: str) -> Answer | None:
    pool = _POOL.search(text)
    name = next((word for word in pool.groups() if word), "") if pool else ""
    if _LIMIT.search(text):
        return Answer(refusal=Refusal.LIMIT, pool=name)
    label = _LABEL.search(text)
    if label:
        return Answer(refusal=Refusal.LABEL, pool=name, key=label["key"])
    taint = _TAINT.search(text)
    if taint:
        return Answer(refusal=Refusal.TAINT, pool=name, key=taint["taint"])
    if _OFFERING.search(text):
        return Answer(refusal=Refusal.OFFERING, pool=name)
    return Answer(refusal=Refusal.NO_TYPE, pool=name) if _NO_TYPE.search(text) else None
