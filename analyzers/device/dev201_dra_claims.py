"""DEV201 to DEV205: a pod waits because its ResourceClaim gets no device."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.device_claims import (
    Taken,
    Waiting,
    class_selectors,
    says_devices,
    template_of,
    told,
    waiting_claims,
)
from diag.catalog.rule import Named, rule
from diag.facts.devices import CLAIM, CLASS, SLICE, TEMPLATE, Asked, Offered, allocated, offered, requests
from diag.findings import Because, Confidence, Finding, Question, Ref, Remedy
from diag.trouble.room.allocation import Failing, Want, failing

NO_CLASS = "dra-deviceclass-missing"

NO_MATCH = """The claim's or class's CEL selector matches no published device.

## What it means
Devices are published, and none has the attributes or the capacity that the selector asks for. Waiting does not help.

## Why it happens
A product name in the spelling of a node label (dashes instead of spaces), an attribute of another driver version, or
more memory than any device of the fleet has.

## Evidence
The selector's expression in the claim, and what the ResourceSlices publish under the names that it looks at.

## What to do
Write the selector after what `kubectl get resourceslices -o yaml` shows.

## Known limits
Simple expressions only: comparisons, `in`, string functions, quantities and versions. Where an expression cannot be
evaluated, the finding is DEV201 and says so.
"""

CLASS_MISSING = """The claim names a DeviceClass that does not exist.

## What it means
The scheduler does not know which devices are meant, so it places the pod nowhere.

## Why it happens
A misspelt name, a class of another cluster, or the driver's chart was installed without it.

## Evidence
`deviceClassName` of the claim's request, the classes that exist, and the scheduler's own words.

## What to do
Name a class that exists, with a selector where one is needed, or create the class.

## Known limits
Where the scheduler has not said it and no DeviceClass was collected, nothing is known.
"""

TAINTED = """The devices that fit carry a taint that the claim does not tolerate.

## What it means
Enough devices would be free, and taints keep new claims off them. The scheduler's words do not name the taint.

## Why it happens
The driver taints a device after an Xid error or when it is lost; an administrator may have done so with a
DeviceTaintRule.

## Evidence
The taint in the ResourceSlice, and the allocations that take the other devices.

## What to do
Reset or replace the device, then let the driver clear the taint; tolerate it only where the taint is harmless.

## Known limits
Taints of a DeviceTaintRule that no slice shows are not seen.
"""

EXHAUSTED = """All devices that fit the claim are allocated to others.

## What it means
Devices with the right attributes exist, and ResourceClaims hold every one of them.

## Why it happens
Demand exceeds the fleet, or claims are kept that nobody uses.

## Evidence
The request, the devices that match it, and the allocation of each.

## What to do
Wait, end or shrink what holds them, or add nodes.

## Known limits
Needs the claims of all namespaces.
"""


@rule(
    "DEV201",
    name=Want.TOO_FEW.value,
    question=Question.PLACED,
    inputs=("Pod", "Node", CLAIM, TEMPLATE, CLASS, SLICE),
    others=(
        Named(id="DEV202", name=Want.NO_MATCH.value, page=NO_MATCH),
        Named(id="DEV203", name=NO_CLASS, page=CLASS_MISSING),
        Named(id="DEV204", name=Want.TAINTED.value, page=TAINTED),
        Named(id="DEV205", name=Want.EXHAUSTED.value, page=EXHAUSTED),
    ),
)
def dra_claims(ctx: Context) -> Iterator[Finding]:
    """No node has the devices that the pod's ResourceClaim asks for.

    ## What it means
    Fitting devices are free, but not as many on one node as the claim asks for.

    ## Why it happens
    Small claims are spread over the nodes, a claim asks for more devices than a node has, or the selector of a claim
    cannot be evaluated here, so that only the scheduler's words remain.

    ## Evidence
    The request of the claim, the devices of the ResourceSlices that match it, and those that other claims hold.

    ## What to do
    Ask for fewer devices per pod, move small claims together, or add nodes.

    ## Known limits
    Constraints between requests and devices that are handed out in parts are not worked out: then nothing is said.
    Needs the claims of all namespaces.
    """
    waiting = [
        one for group in ctx.groups("pod-unscheduled") if says_devices(group) for one in waiting_claims(ctx, group)
    ]
    if not waiting:
        return
    offers = offered(ctx.snap.all(SLICE))
    taken = {device: (claim, index) for claim in ctx.snap.all(CLAIM) for index, device in allocated(claim)}
    for one in waiting:
        for alternatives in requests(one.claim):
            missing = [_class_missing(ctx, one, asked) for asked in alternatives]
            if all(missing):
                yield from (finding for finding in missing[:1] if finding)
                break
            failures = [_failing(ctx, one, asked, offers, taken) for asked in alternatives] if offers else [None]
            if all(failures):
                yield from (_finding(ctx, one, found, taken) for found in failures[:1] if found)
                break


def _class_missing(ctx: Context, one: Waiting, asked: Asked) -> Finding | None:
    name = asked.device_class
    if not name or ctx.snap.get(CLASS, "", name) is not None:
        return None
    said = f"device class {name} does not exist" in one.group.message
    lacking = ctx.snap.lacks(CLASS, "", name)
    if not said and lacking is None:
        return None
    known = [found.name for found in ctx.snap.all(CLASS)]
    there = f"; there are {', '.join(known[:8])}" if known else ""
    named = ctx.cite(one.claim, f"{asked.path}.deviceClassName")
    absent = (ctx.absent("resource.k8s.io/v1", "DeviceClass", "", name),) if lacking else ()
    why = f"its claim {one.claim.name} names the device class {name}, which does not exist"
    return Finding(
        name=NO_CLASS,
        subject=one.claim.ref,
        summary=f"names the device class {name}, which does not exist{there}",
        evidence=(named, *[*absent, one.group.evidence[0]]),
        accounts_for=(Because(one.group, why, (named, *absent)),),
        confidence=None if said else lacking,
        since=one.group.since,
        remedies=(
            Remedy(
                text="name a class that exists" + (f", such as {known[0]}" if known else ""),
                command="kubectl get deviceclasses",
            ),
            Remedy(text=f"create the device class {name}", who="platform"),
        ),
    )


def _failing(ctx: Context, one: Waiting, asked: Asked, offers: list[Offered], taken: Taken) -> Failing | None:
    shape = one.group.shape
    assert shape is not None  # noqa: S101  asked in says_devices
    known = ctx.snap.get(CLASS, "", asked.device_class)
    if known is None:
        return None
    of_class = tuple(text for _, text in class_selectors(known))

    def may_use(name: str) -> bool:
        node = ctx.snap.node(name)
        return node is None or ctx.place.verdict(shape, node).barrier is None

    same = [
        other
        for alternatives in requests(one.claim)
        for other in alternatives[:1]
        if (other.device_class, other.selectors) == (asked.device_class, asked.selectors)
    ]
    need = sum(other.count for other in same) if asked in same else asked.count
    return failing(asked, need=need, class_selectors=of_class, offers=offers, taken=dict(taken), may_use=may_use)


def _finding(ctx: Context, one: Waiting, found: Failing, taken: Taken) -> Finding:
    summary, evidence, remedies = told(ctx, one, found, taken)
    return Finding(
        name=found.want.value,
        subject=_root(one, found),
        summary=summary,
        evidence=(evidence[0], *[*evidence[1:], *template_of(ctx, one), one.group.evidence[0]]),
        accounts_for=(Because(one.group, f"its claim {one.claim.name}: {summary}", evidence),),
        confidence=_confidence(ctx, one, found),
        since=one.group.since,
        remedies=remedies,
    )


def _root(one: Waiting, found: Failing) -> Ref:
    """What a person would change: the tainted device's slice, what carries the selector, or else the workload.

    A pod without a controller is written anew with another claim; what a controller makes is mended at the selector.
    """
    if found.want is Want.TAINTED:
        return min(device.slice.ref for device in found.tainted)
    if found.want is Want.NO_MATCH and found.classed and one.group.first.owners:
        return (one.template or one.claim).ref
    return one.group.workload


def _confidence(ctx: Context, one: Waiting, found: Failing) -> Confidence | None:
    if found.unread:
        return Confidence.POSSIBLE
    return None if ctx.agreement(one.group).trusts_nodes else Confidence.LIKELY
