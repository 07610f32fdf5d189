"""STO101 to STO105: a PersistentVolumeClaim is not bound, and pods wait for it."""

import re
from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import JsonDict, Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Event
from diag.trouble.groups import Group
from diag.trouble.relations.provisioners import Bond, Provisioner, provisioners_of

CLASS = "storage.k8s.io/StorageClass"
DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
SELECTED_NODE = "volume.kubernetes.io/selected-node"
ASKED = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
STATIC = "kubernetes.io/no-provisioner"
NO_CLASS = re.compile(r"storageclass\.storage\.k8s\.io \"[^\"]{1,253}\" not found")
SILENT_S = 5 * 60  # a provisioner that runs answers or complains well within that

NO_DEFAULT = """The claim names no class, and the cluster has no default one.

## What it means
Nobody is asked to make a volume for the claim, and no free volume without a class fits it. It stays Pending for good.

## Why it happens
Manifests and charts that leave out storageClassName rely on a default class; bare-metal clusters often have none.

## Evidence
The claim has no `spec.storageClassName`, and no StorageClass carries `is-default-class: "true"`; the controller's event
says so.

## What to do
Name a class in the claim (or the chart's values), or mark one class as the default.

## Known limits
Where StorageClasses were not collected, only the event tells. A class that is made the default now is given to old
claims as well.
"""

NOT_RESPONDING = """The class's provisioner does not run, so nothing answers the claim.

## What it means
The claim was handed to an external provisioner, and that made neither a volume nor a complaint.

## Why it happens
The CSI controller is scaled to zero, crashing, or not installed; or it lost its lease.

## Evidence
`provisioner` of the StorageClass, the claim's annotation or event that it waits for it, and the Deployment or
StatefulSet that runs it, with its replicas.

## What to do
Bring the CSI controller back; the claim is then answered without more ado.

## Known limits
A controller that does not name its driver is found by the names of its images, and the finding is likely at most. A
provisioner that runs outside the cluster (a managed service) is not seen: it is then told by its silence alone.
"""

FAILED = """The provisioner refuses, or fails, to make the volume.

## What it means
The provisioner answered the claim with an error. It tries again, with the same result as long as the reason lasts.

## Why it happens
Quota or capacity of the storage backend, a parameter of the class that it does not know, missing credentials, an access
mode or zone that it does not offer.

## Evidence
The event `ProvisioningFailed` of the claim with the backend's words.

## What to do
Act on the backend's words; look at the class's parameters.

## Known limits
The words are repeated, not understood.
"""

LOST = """The claim's volume is gone.

## What it means
The claim was bound to a PersistentVolume that does not exist any more, or is another claim's. Its data are not
reachable through it, and it will not bind again.

## Why it happens
Somebody deleted the PersistentVolume, or a cluster was restored without its volumes, or two claims name one volume.

## Evidence
`status.phase` Lost, `spec.volumeName`, and that no such PersistentVolume is there, or which claim it names.

## What to do
Restore the PersistentVolume with its old name and volume handle, or delete the claim and make it anew.

## Known limits
Whether the data still exist in the backend is not known.
"""


@rule(
    "STO101",
    name="pvc-storageclass-missing",
    question=Question.PLACED,
    inputs=(
        "PersistentVolumeClaim", "PersistentVolume", CLASS, "Event", "Pod", "apps/Deployment", "apps/StatefulSet",
    ),
    others=(
        Named(id="STO102", name="pvc-no-default-storageclass", page=NO_DEFAULT),
        Named(id="STO103", name="pvc-provisioner-not-responding", page=NOT_RESPONDING),
        Named(id="STO104", name="pvc-provisioning-failed", page=FAILED, basis=Basis.SAID),
        Named(id="STO105", name="pvc-lost", page=LOST),
    ),
)  # fmt: skip
def claim_not_bound(ctx: Context) -> Iterator[Finding]:
    """The claim names a StorageClass that does not exist.

    ## What it means
    No class of that name is there, so no provisioner is asked, and the claim stays Pending.

    ## Why it happens
    The name is misspelt, is that of another cluster or cloud, or the storage system is not installed here.

    ## Evidence
    `spec.storageClassName` of the claim, that no such StorageClass is there, and the controller's event
    `ProvisioningFailed`.

    ## What to do
    Name a class that exists. The class of a claim cannot be changed: delete the claim and make it anew, for a
    StatefulSet with a new volumeClaimTemplate.

    ## Known limits
    A class that volumes carry without being an object is no fault: such claims bind to volumes that were made by hand.
    """
    waiting: dict[str, list[tuple[Group, Object, Object]]] = defaultdict(list)
    for group in ctx.groups("pvc-pending"):
        claim = group.first
        spec = claim.whole.get("spec")
        spec = spec if isinstance(spec, dict) else {}
        if group.message.startswith(f"claim {claim.name} is Lost"):
            yield _lost(ctx, group, spec)
            continue
        name = spec.get("storageClassName", claim.annotations.get(OLD_CLASS))
        if spec.get("volumeName"):
            continue  # asks for one volume by its name: no class decides
        if name is None:
            yield from _no_default(ctx, group)
        elif isinstance(name, str) and name:
            found = ctx.snap.get(CLASS, "", name)
            if found is None:
                yield from _class_missing(ctx, group, name)
            elif refusal := _refusal(ctx, claim):
                yield _refused(ctx, group, found, refusal)
            elif driver := _asked(ctx, claim, found):
                waiting[driver].append((group, claim, found))
    for driver, claims in sorted(waiting.items()):
        yield from _silent(ctx, driver, claims)


def _finding(
    group: Group,
    name: str,
    *,
    summary: str,
    deciding: Evidence,
    further: list[Evidence],
    confidence: Confidence | None,
    remedies: tuple[Remedy, ...],
) -> Finding:
    return Finding(
        name=name,
        subject=group.workload,
        summary=summary,
        evidence=(deciding, *further),
        accounts_for=(Because(group, summary, (deciding, *further[:2])),),
        confidence=confidence,
        since=group.since,
        remedies=remedies,
    )


def _class_missing(ctx: Context, group: Group, name: str) -> Iterator[Finding]:
    claim = group.first
    missing = f'storageclass.storage.k8s.io "{name}" not found'
    said = next((event for event in _said(ctx, claim) if missing in event.text), None)
    lacking = ctx.snap.lacks(CLASS, "", name)
    by_hand = any(value_at(one.whole, "spec.storageClassName") == name for one in ctx.snap.all("PersistentVolume"))
    if by_hand or (said is None and lacking is None):
        return
    others = [one.name for one in ctx.snap.all(CLASS)]
    there = f"; there are {', '.join(others[:5])}" if others else ""
    event: list[Evidence] = [ctx.cite_event(said)] if said else []
    absence = [ctx.absent("storage.k8s.io/v1", "StorageClass", "", name)] if lacking else []
    yield _finding(
        group,
        "pvc-storageclass-missing",
        summary=f"claim {claim.name} names the StorageClass {name}, which does not exist{there}",
        deciding=_named(ctx, claim),
        further=[*absence, *event],
        confidence=None if lacking is Confidence.CERTAIN or (lacking and said) else Confidence.LIKELY,
        remedies=(
            Remedy(
                text=f"name a class that exists{there}; the claim has to be made anew for it",
                command="kubectl get storageclass",
            ),
            Remedy(text=f"install the storage system that serves {name}", who="platform", when="the name is right"),
        ),
    )


def _named(ctx: Context, claim: Object) -> Evidence:
    """Where the claim names its class: the field, or the annotation that came before it."""
    return ctx.cite_if(claim, "spec.storageClassName") or ctx.cite(claim, f"metadata.annotations{key(OLD_CLASS)}")


def _no_default(ctx: Context, group: Group) -> Iterator[Finding]:
    claim = group.first
    classes = ctx.snap.all(CLASS)
    if any(one.annotations.get(mark) == "true" for one in classes for mark in DEFAULT):
        return
    said = next((event for event in ctx.snap.events(claim) if "no storage class is set" in event.text), None)
    if said is None and not classes:
        return
    event: list[Evidence] = [ctx.cite_event(said)] if said else []
    marked = [ctx.cite(one, "metadata.name") for one in classes]
    listed = [ctx.compute("StorageClasses that are marked as the default", 0, marked)] if marked else []
    names = f" ({', '.join(one.name for one in classes[:5])} are not marked)" if classes else ""
    yield _finding(
        group,
        "pvc-no-default-storageclass",
        summary=f"claim {claim.name} names no StorageClass, and the cluster has no default one{names}",
        deciding=ctx.lack(claim, "spec.storageClassName"),
        further=[*event, *listed],
        confidence=None if said and classes else Confidence.LIKELY,
        remedies=(
            Remedy(text="name a class in the claim; it has to be made anew for it", command="kubectl get storageclass"),
            Remedy(text='mark one class as the default (annotation is-default-class: "true")', who="platform"),
        ),
    )


def _lost(ctx: Context, group: Group, spec: JsonDict) -> Finding:
    claim, name = group.first, spec.get("volumeName")
    name = name if isinstance(name, str) else ""
    volume = ctx.snap.get("PersistentVolume", "", name)
    further: list[Evidence] = [ctx.cite(claim, "spec.volumeName")] if name else []
    if volume is not None:
        # It is bound to another claim: pkg/controller/volume/persistentvolume/pv_controller.go, ClaimMisbound.
        further.append(ctx.cite_or_lack(volume, "spec.claimRef.name"))
        state = f"its volume {name} is there, and not bound to it"
        first = Remedy(text="see to which claim the volume is bound", command=f"kubectl get pv {name} -o yaml")
    else:
        if name and ctx.snap.lacks("PersistentVolume", "", name):
            further.append(ctx.absent("v1", "PersistentVolume", "", name))
        state = f"its volume {name} is gone" if name else "it names no volume any more"
        first = Remedy(text="restore the PersistentVolume with its old name and volume handle", who="platform")
    return _finding(
        group,
        "pvc-lost",
        summary=f"claim {claim.name} is Lost: {state}",
        deciding=ctx.cite(claim, "status.phase"),
        further=further,
        confidence=None,
        remedies=(
            first,
            Remedy(text="delete the claim and make it anew", risk="irreversible", when="the data are not needed"),
        ),
    )


def _said(ctx: Context, claim: Object) -> list[Event]:
    return ctx.warnings(claim, "ProvisioningFailed")


def _refusal(ctx: Context, claim: Object) -> Event | None:
    return next((event for event in _said(ctx, claim) if not NO_CLASS.search(event.text)), None)


def _refused(ctx: Context, group: Group, found: Object, refusal: Event) -> Finding:
    provisioner = ctx.cite_or_lack(found, "provisioner")
    words = refusal.text.rpartition("rpc error: ")[2].strip()[:300]
    return _finding(
        group,
        "pvc-provisioning-failed",
        summary=f"the provisioner makes no volume for claim {group.first.name} of class {found.name}: {words}",
        deciding=ctx.cite_event(refusal),
        further=[provisioner, _named(ctx, group.first)],
        confidence=None,
        remedies=(
            Remedy(
                text="act on the backend's words; look at the class's parameters",
                command=f"kubectl get storageclass {found.name} -o yaml",
                who="platform",
            ),
        ),
    )


def _asked(ctx: Context, claim: Object, found: Object) -> str | None:
    """The provisioner that was asked for the claim's volume; None while the claim itself waits for its pod's node."""
    driver = found.whole.get("provisioner")
    if not isinstance(driver, str) or not driver or driver == STATIC:
        return None
    at_first_use = found.whole.get("volumeBindingMode") == "WaitForFirstConsumer"
    if at_first_use and SELECTED_NODE not in claim.annotations:
        return None
    asked = any(mark in claim.annotations for mark in ASKED) or any(
        event.reason == "ExternalProvisioning" for event in ctx.snap.events(claim)
    )
    return driver if asked else None


def _silent(ctx: Context, driver: str, claims: list[tuple[Group, Object, Object]]) -> Iterator[Finding]:
    """A provisioner that says nothing: it is known not to run, or has been silent for long."""
    runs = provisioners_of(driver, [*ctx.snap.all("apps/Deployment"), *ctx.snap.all("apps/StatefulSet")])
    down = [one for one in runs if not one.ready]
    long = [one for one in claims if ctx.older(one[1].created, SILENT_S)]
    if not down and (runs or not ctx.snap.holds("apps/Deployment")):
        claims = long  # nothing is known against it; only a long silence counts
    if not claims:
        return
    _, claim, found = claims[0]
    summary = f"nothing answers for {driver}, the provisioner of its class {found.name}: {_state(runs, down)}"
    if len(claims) > 1:
        summary += f" ({len(claims)} claims: {', '.join(dict.fromkeys(one[1].name for one in claims[:5]))})"
    provisioner, pieces = ctx.cite(found, "provisioner"), _proof(ctx, claim, down)
    yield Finding(
        name="pvc-provisioner-not-responding",
        subject=claim.ref,
        members=tuple(other.ref for _, other, _ in claims[1:]),
        summary=summary,
        evidence=(provisioner, *pieces),
        accounts_for=tuple(
            Because(one, f"claim {waits.name} waits for {driver}, which does not answer", (provisioner, *pieces[:2]))
            for one, waits, _ in claims
        ),
        confidence=_sureness(runs, down, long=bool(long)),
        since=min((one.since for one, _, _ in claims if one.since), default=None),
        needs=tuple(one.workload.ref for one in down),
        remedies=_remedies(driver, down),
    )


def _proof(ctx: Context, claim: Object, down: list[Provisioner]) -> list[Evidence]:
    pieces = [_named(ctx, claim)]
    pieces += [ctx.cite(claim, f"metadata.annotations{key(mark)}") for mark in ASKED if mark in claim.annotations][:1]
    pieces += [ctx.cite_event(event) for event in ctx.snap.events(claim) if event.reason == "ExternalProvisioning"][:1]
    for one in down[:2]:
        replicas = "spec.replicas" if one.stopped else "status.readyReplicas"
        pieces += [ctx.cite_or_lack(one.workload, replicas), ctx.cite(one.workload, one.container)]
    return pieces


def _sureness(runs: list[Provisioner], down: list[Provisioner], *, long: bool) -> Confidence:
    """Certain only of a workload that names the driver and does not run."""
    if not down:
        return Confidence.LIKELY if long and not runs else Confidence.POSSIBLE
    bond = min(one.bond for one in down)
    return {Bond.NAMES_IT: Confidence.CERTAIN, Bond.ALONE: Confidence.POSSIBLE}.get(bond, Confidence.LIKELY)


def _state(runs: list[Provisioner], down: list[Provisioner]) -> str:
    if down:
        one = down[0]
        what = f"{one.workload.kind} {one.workload.namespace}/{one.workload.name}"
        return f"{what} is scaled to 0" if one.stopped else f"{what} has no ready pod"
    if runs:
        one = runs[0]
        return f"{one.workload.namespace}/{one.workload.name} is ready, and has neither made a volume nor complained"
    return "no workload that runs it was found, and it has neither made a volume nor complained"


def _remedies(driver: str, down: list[Provisioner]) -> tuple[Remedy, ...]:
    if not down:
        return (
            Remedy(
                text=f"look for the controller of {driver}, its log and its lease",
                command="kubectl get csidrivers",
                who="platform",
            ),
        )
    one = down[0]
    kind = (one.workload.kind or "").lower()
    where = f"{kind} {one.workload.name} -n {one.workload.namespace}"
    text = "scale it up again" if one.stopped else "bring its pods back"
    return (Remedy(text=f"{text}: {where}", command=f"kubectl describe {where}", who="platform"),)
