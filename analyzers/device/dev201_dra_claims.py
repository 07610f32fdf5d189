"""DEV201 to DEV205: a pod waits because its ResourceClaim gets no device."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.claims_refused import claim_absent, selector_fails
from diag.catalog.joins.device_claims import Waiting, class_selectors, left_behind, says_devices, waiting_claims
from diag.catalog.joins.device_words import template_of, told
from diag.catalog.rule import Named, rule
from diag.facts.device_requests import Alike, Asked, constraints, holdings, requests, reserved_for, tolerated
from diag.facts.devices import CLAIM, CLASS, SLICE, TAINT_RULE, TEMPLATE, counters, offered
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import Object
from diag.trouble.room.allocation import Failing, Fleet, Want, failing

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
Simple expressions only: comparisons, `in`, `has`, string functions, plain patterns, quantities, versions. Where an
expression cannot be evaluated, the finding is DEV201 and says so.
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
The taint in the ResourceSlice or in the DeviceTaintRule, and the allocations that take the other devices.

## What to do
Reset or replace the device, then let the driver clear the taint, or delete the rule once its reason is gone. Tolerate a
taint only where it is harmless.

## Known limits
A DeviceTaintRule that selects by device class (up to Kubernetes 1.34), or by an expression that cannot be evaluated, is
taken to taint nothing.
"""

EXHAUSTED = """All devices that fit the claim are allocated to others.

## What it means
Devices with the right attributes exist, and ResourceClaims hold every one of them, or what they draw on: a partition
that nobody holds is of no use when other partitions have drawn the counters of its GPU, and a device that claims share
may have too little of a capacity left.

## Why it happens
Demand exceeds the fleet, or claims hold devices for pods that no longer exist. Where those alone would do, the claim is
the root.

## Evidence
The request, the devices that match it, the allocation of each, and the counters or capacities that are used up.

## What to do
Wait, end or shrink what holds them, or add nodes. Delete a claim whose pod is gone.

## Known limits
Needs the claims of all namespaces. Devices that fit each for itself are taken to fit together, whatever they draw.
"""


@rule(
    "DEV201",
    name=Want.TOO_FEW.value,
    question=Question.PLACED,
    inputs=("Pod", "Node", CLAIM, TEMPLATE, CLASS, SLICE, TAINT_RULE),
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
    Small claims are spread over the nodes, a claim asks for more devices than a node has, its devices must have
    something in common that the free ones have not, or the selector of a claim cannot be evaluated here, so that only
    the scheduler's words remain.

    ## Evidence
    The request of the claim, the devices of the ResourceSlices that match it, and those that other claims hold.

    ## What to do
    Ask for fewer devices per pod, move small claims together, or add nodes. A claim that the pod names and nobody made
    has to be made.

    ## Known limits
    Each request is looked at by itself, with one constraint at a time. Needs the claims of all namespaces.
    """
    for group in ctx.groups("pod-unscheduled"):
        yield from claim_absent(ctx, group, Want.TOO_FEW.value)
        yield from selector_fails(ctx, group, Want.NO_MATCH.value)
    waiting = [
        one for group in ctx.groups("pod-unscheduled") if says_devices(group) for one in waiting_claims(ctx, group)
    ]
    if not waiting:
        return
    slices = ctx.snap.all(SLICE)
    fleet = Fleet(
        offers=offered(slices, ctx.snap.all(TAINT_RULE)),
        counters=counters(slices),
        held=holdings(ctx.snap.all(CLAIM)),
    )
    for one in waiting:
        for alternatives in requests(one.claim):
            # A class that is missing stops the pod even where another alternative would do.
            missing = next(filter(None, (_class_missing(ctx, one, asked) for asked in alternatives)), None)
            if missing:
                yield missing
                break
            failures = [_failing(ctx, one, asked, fleet) if fleet.offers else None for asked in alternatives]
            first = failures[0]
            if first is not None and all(failures):
                yield _finding(ctx, one, first, fleet, others=len(failures) - 1)
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


def _failing(ctx: Context, one: Waiting, asked: Asked, fleet: Fleet) -> Failing | None:
    """Why an alternative fails: for what all alike requests need together, else for a constraint on it alone."""
    known = ctx.snap.get(CLASS, "", asked.device_class)
    if known is None:
        return None
    of_class = tuple(text for _, text in class_selectors(known))

    def may_use(name: str) -> bool:
        node = ctx.snap.node(name)
        return node is None or ctx.place.verdict(one.shape, node).barrier is None

    def look(need: int, alike: Alike | None = None) -> Failing | None:
        return failing(asked, need=need, class_selectors=of_class, fleet=fleet, may_use=may_use, alike=alike)

    same = [
        other
        for alternatives in requests(one.claim)
        for other in alternatives[:1]
        if (other.device_class, other.selectors) == (asked.device_class, asked.selectors)
    ]
    found = look(sum(other.count for other in same) if asked in same else asked.count)
    for alike in constraints(one.claim):
        if found is None and (not alike.requests or asked.name in alike.requests):
            found = look(asked.count, alike)
    return found


def _finding(ctx: Context, one: Waiting, found: Failing, fleet: Fleet, *, others: int) -> Finding:
    abandoned = _abandoned(ctx, one, found, fleet)
    if abandoned:
        return _left_behind(ctx, one, found, fleet, abandoned)
    summary, evidence, remedies = told(ctx, one, found, fleet)
    if others:
        summary += f" (the first of {others + 1} choices; the others fail as well)"
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


Abandoned = dict[Ref, tuple[Object, tuple[Evidence, ...], Confidence]]  # claims whose pods are gone, and the proof


def _abandoned(ctx: Context, one: Waiting, found: Failing, fleet: Fleet) -> Abandoned:
    """The claims that hold fitting devices for pods that are gone, if the request would fit without them."""
    gone: Abandoned = {}
    for device in found.fitting:
        for holder in fleet.held.get(device.id, ()):
            left = left_behind(ctx, holder.claim)
            if left is not None:
                gone[holder.claim.ref] = (holder.claim, *left)
    held = {
        device: [holder for holder in holders if holder.claim.ref not in gone] for device, holders in fleet.held.items()
    }
    freed = Fleet(offers=fleet.offers, counters=fleet.counters, held=held)
    return {} if _failing(ctx, one, found.asked, freed) else gone


def _left_behind(ctx: Context, one: Waiting, found: Failing, fleet: Fleet, gone: Abandoned) -> Finding:
    """Devices are held for pods that no longer exist, and would be enough."""
    (claim, proof, sure), *_ = (gone[ref] for ref in sorted(gone))
    holders = [holder for device in found.fitting for holder in fleet.held.get(device.id, ()) if holder.claim is claim]
    path, name, _ = reserved_for(claim)[0]
    what = ctx.cite(claim, holders[0].path)
    summary = f"holds {what.value} for Pod {name}, which no longer exists, while others wait"
    evidence = (what, ctx.cite(claim, path), *proof)
    return Finding(
        name=Want.EXHAUSTED.value,
        subject=claim.ref,
        members=tuple(sorted(gone))[1:],
        summary=summary,
        evidence=(what, *[*evidence[1:], one.group.evidence[0]]),
        accounts_for=(Because(one.group, f"the claim {claim.name} {summary}", evidence),),
        confidence=min(sure, _confidence(ctx, one, found) or sure),
        since=one.group.since,
        remedies=(
            Remedy(
                text="see whom the claim is reserved for",
                command=f"kubectl get resourceclaim {claim.name} -n {claim.namespace} -o yaml",
            ),
            Remedy(
                text="see why the resource claim controller of kube-controller-manager does not release it",
                who="platform",
            ),
            Remedy(
                text="delete the claim, which gives its devices back",
                command=f"kubectl delete resourceclaim {claim.name} -n {claim.namespace}",
                risk="disruptive",
            ),
        ),
    )


def _root(one: Waiting, found: Failing) -> Ref:
    """What a person would change: what puts the taint there, what carries the selector, or else the workload.

    A pod without a controller is written anew with another claim; what a controller makes is mended at the selector.
    """
    if found.want is Want.TAINTED:
        return min(
            taint.item.ref
            for device in found.tainted
            for taint in device.taints
            if not tolerated(taint, found.asked.tolerations)
        )
    if found.want is Want.NO_MATCH and found.classed and one.group.first.owners:
        return (one.template or one.claim).ref
    return one.group.workload


def _confidence(ctx: Context, one: Waiting, found: Failing) -> Confidence | None:
    if found.unread:
        return Confidence.POSSIBLE
    return None if ctx.agreement(one.group).trusts_nodes else Confidence.LIKELY
