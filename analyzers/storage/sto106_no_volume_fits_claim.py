"""STO106 to STO110, STO118: a claim waits for a volume that is made by hand, and none that is there fits it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.joins.hand_made import by_hand
from diag.catalog.rule import Named, rule
from diag.facts.volumes import Unfit, class_of, unfits
from diag.findings import Because, Confidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import MISSING, key, value_at
from diag.trouble.groups import Group

CLASS, VOLUME = "storage.k8s.io/StorageClass", "PersistentVolume"
NO_DEFAULT = ("pvc-no-default-storageclass",)
TELLS = 3  # volumes that are named in a sentence

NAMES: dict[Unfit | None, str] = {
    Unfit.FAILED: "pv-failed",
    Unfit.TAKEN: "pv-already-bound",
    Unfit.ACCESS: "pvc-access-mode-mismatch",
    Unfit.SIZE: "pvc-capacity-mismatch",
    Unfit.SELECTOR: "pvc-selector-no-match",
}
ON_VOLUME = {
    Unfit.FAILED: "status.phase",
    Unfit.TAKEN: "spec.claimRef.name",
    Unfit.CLASS: "spec.storageClassName",
    Unfit.MODE: "spec.volumeMode",
    Unfit.ACCESS: "spec.accessModes[0]",
    Unfit.SIZE: "spec.capacity.storage",
    Unfit.SELECTOR: "metadata.name",
}
ON_CLAIM = {
    Unfit.CLASS: "spec.storageClassName",
    Unfit.MODE: "spec.volumeMode",
    Unfit.ACCESS: "spec.accessModes[0]",
    Unfit.SIZE: "spec.resources.requests.storage",
}

# What the controller says of a volume by name (kubernetes/kubernetes pkg/controller/volume/persistentvolume
# pv_controller.go: checkVolumeSatisfyClaim, syncUnboundClaim).
TOLD = {
    "already bound to a different claim": Unfit.TAKEN,
    "requested PV is too small": Unfit.SIZE,
    "incompatible accessMode": Unfit.ACCESS,
}

_PAGE = """{headline}

## What it means
Nothing makes a volume for the claim by itself: its class has no provisioner, it names no class, or it names one volume.
{means} The claim stays Pending, and so do the pods that mount it.

## Why it happens
{why}

## Evidence
What the claim asks for, the volumes of its class, and for each why it does not serve the claim. Where the volume that
it names is not here, what the controller says of it (`FailedBinding`, `VolumeMismatch`).

## What to do
{act}

## Known limits
Volumes that were not collected are not counted; on which nodes a volume may be attached is not asked here.
"""

SIZE = _PAGE.format(
    headline="No volume is as large as the claim asks for.",
    means="All that would serve it otherwise are smaller than its request.",
    why="The claim was written for larger disks, or in other units (G is not Gi).",
    act="Ask for no more than the largest free volume has, or make a larger volume.",
)
ACCESS = _PAGE.format(
    headline="No volume offers the access mode that the claim asks for.",
    means="The volumes lack one of its access modes; a volume must offer all.",
    why="Local disks and block volumes offer ReadWriteOnce; ReadWriteMany needs a file system that is shared.",
    act="Ask for a mode that the volumes offer, or for a class of shared storage.",
)
SELECTOR = _PAGE.format(
    headline="The claim's selector matches no volume.",
    means="A volume would serve it, but for the labels that its selector demands.",
    why="A label was misspelt, or the volumes were made without it.",
    act="Label the volume, or correct the selector.",
)
TAKEN = _PAGE.format(
    headline="The only volume that fits is bound to another claim.",
    means="A volume that was kept after its claim was deleted (Released) stays that claim's.",
    why="There are fewer volumes than claims, or a claim was deleted and made anew, and its volume is retained.",
    act="Free a Released volume by removing its claimRef once its data may be handed on, or make another volume.",
)
FAILED = _PAGE.format(
    headline="The volume could not be reclaimed.",
    means="The only volume that would serve it is in the phase Failed, and is given to nobody.",
    why="Deleting or recycling it failed in the backend when its last claim went.",
    act="Read the volume's status.message, repair the backend, and make the volume anew.",
)


@rule(
    "STO106",
    name="pvc-no-volume-fits",
    question=Question.PLACED,
    inputs=("PersistentVolumeClaim", VOLUME, CLASS, "Event"),
    refines=NO_DEFAULT,
    others=(
        Named(id="STO107", name="pvc-capacity-mismatch", page=SIZE, refines=NO_DEFAULT),
        Named(id="STO108", name="pvc-access-mode-mismatch", page=ACCESS, refines=NO_DEFAULT),
        Named(id="STO109", name="pvc-selector-no-match", page=SELECTOR, refines=NO_DEFAULT),
        Named(id="STO110", name="pv-already-bound", page=TAKEN, refines=NO_DEFAULT),
        Named(id="STO118", name="pv-failed", page=FAILED, refines=NO_DEFAULT),
    ),
)
def no_volume_fits_claim(ctx: Context) -> Iterator[Finding]:
    """No volume that was made by hand fits what the claim asks.

    ## What it means
    Nothing makes a volume for the claim by itself: its class has no provisioner, or it names one volume. What is there
    fails it for more reasons than one, or is of another volumeMode or class.

    ## Why it happens
    The claim and the volumes were written by different people; volumeMode Block was forgotten on one side.

    ## Evidence
    What the claim asks for, the volumes, and for each why it does not serve the claim.

    ## What to do
    Make the claim and one volume agree in class, volumeMode, access modes, size and labels.

    ## Known limits
    Volumes that were not collected are not counted; on which nodes a volume may be attached is not asked here.
    """
    for group in ctx.groups("pvc-pending"):
        claim = group.first
        named = value_at(claim.whole, "spec.volumeName")
        if not isinstance(named, str) or not named:
            among = by_hand(ctx, claim)
            why = {volume.name: unfits(volume, claim) for volume in among}
        elif value_at(claim.whole, "status.phase") == "Lost":
            continue  # it had this volume once: another rule's
        elif (volume := ctx.snap.get(VOLUME, "", named)) is not None:
            among, why = [volume], {named: unfits(volume, claim, by_name=True)}
        else:
            yield from _told(ctx, group, named) or _not_there(ctx, group, named)
            continue
        if among and all(why.values()):
            yield _finding(ctx, group, among, why)


def _told(ctx: Context, group: Group, volume: str) -> list[Finding]:
    """What the controller says of the volume that the claim names, where the volume itself is not here."""
    for event in ctx.warnings(group.first, "FailedBinding", "VolumeMismatch"):
        for words, reason in TOLD.items():
            if volume in event.text and words in event.text:
                said = ctx.cite_event(event)
                proof = (said, ctx.cite(group.first, "spec.volumeName"))
                summary = f"volume {volume} cannot serve claim {group.first.name}: {words}"
                of_volume = Ref(ctx.cluster, "v1", VOLUME, "", volume, seen=False)
                return [
                    Finding(
                        name=NAMES[reason],
                        subject=of_volume if reason is Unfit.TAKEN else group.workload,
                        summary=summary,
                        evidence=proof,
                        accounts_for=(Because(group, summary, (said,)),),
                        confidence=Confidence.LIKELY,
                        since=group.since,
                        remedies=(
                            Remedy(
                                text="name a volume that fits in the claim, or ask for what the volume has",
                                command=f"kubectl get pv {volume} -o yaml",
                            ),
                        ),
                    )
                ]
    return []


def _not_there(ctx: Context, group: Group, volume: str) -> Iterator[Finding]:
    lacking = ctx.snap.lacks(VOLUME, "", volume)
    if lacking is None:
        return
    proof = (ctx.cite(group.first, "spec.volumeName"), ctx.absent("v1", VOLUME, "", volume))
    summary = f"claim {group.first.name} names the volume {volume}, which does not exist"
    yield Finding(
        subject=group.workload,
        summary=summary,
        evidence=proof,
        accounts_for=(Because(group, summary, proof),),
        confidence=lacking,
        since=group.since,
        remedies=(
            Remedy(
                text=f"make the claim {group.first.name} anew with the name of a volume that exists",
                command="kubectl get pv",
            ),
            Remedy(text=f"make the volume {volume}", who="platform", when="the name is right"),
        ),
    )


def _decides(why: dict[str, list[Unfit]]) -> Unfit | None:
    """The one reason that keeps the claim from the volumes that come closest; None where they differ.

    A volume that is only taken would fit, so it comes before those that would not.
    """
    for held in (Unfit.TAKEN, Unfit.FAILED):
        if [held] in why.values():
            return held
    alone = {reasons[0] for reasons in why.values() if len(reasons) == 1}
    return alone.pop() if len(alone) == 1 else None


def _finding(ctx: Context, group: Group, among: list[Object], why: dict[str, list[Unfit]]) -> Finding:
    claim, reason = group.first, _decides(why)
    close = [one for one in among if why[one.name] == [reason]] if reason else among
    counted = Counter(one for reasons in why.values() for one in reasons)
    listed = ", ".join(f"{counted[one]} {one}" for one in Unfit if counted[one])
    which = f"none of {len(among)} volumes of its class" if len(among) > 1 else f"volume {among[0].name}"
    can = "can" if len(among) > 1 else "cannot"
    summary = f"{which} {can} serve claim {claim.name} ({', '.join(_asks(claim))}): {listed}"
    asked = [ctx.cite_or_lack(claim, path) for one in Unfit if (path := _on_claim(claim, one)) and counted[one]]
    has = [ctx.cite_or_lack(one, ON_VOLUME[unfit]) for one in close[:TELLS] for unfit in why[one.name][:2]]
    proof = as_proof([*asked, *has])
    roots = [one.ref for one in close] if reason in (Unfit.TAKEN, Unfit.FAILED) else [group.workload]
    return Finding(
        name=NAMES.get(reason, "pvc-no-volume-fits"),
        subject=roots[0],
        members=tuple(roots[1:]),
        summary=summary,
        evidence=proof,
        accounts_for=(Because(group, summary, proof),),
        confidence=None if _complete(ctx, claim) else Confidence.LIKELY,
        since=group.since,
        remedies=tuple(_remedies(claim, close, reason)),
    )


def _complete(ctx: Context, claim: Object) -> bool:
    """Whether no other volume can be there: all were listed, or the claim names the one that counts."""
    return bool(value_at(claim.whole, "spec.volumeName") not in (MISSING, "", None)) or (
        ctx.snap.lacks(VOLUME, "", "") is Confidence.CERTAIN
    )


def _asks(claim: Object) -> Iterator[str]:
    for path in ("spec.resources.requests.storage", "spec.accessModes[0]", "spec.volumeMode"):
        value = value_at(claim.whole, path)
        if isinstance(value, str):
            yield value
    yield f"class {class_of(claim)}" if class_of(claim) else "no class"


def _on_claim(claim: Object, unfit: Unfit) -> str | None:
    """Where the claim asks for what the volumes do not have."""
    if unfit is not Unfit.SELECTOR:
        return ON_CLAIM.get(unfit)
    labels: Any = value_at(claim.whole, "spec.selector.matchLabels")
    first = next(iter(labels), None) if isinstance(labels, dict) else None
    return f"spec.selector.matchLabels{key(first)}" if first else "spec.selector.matchExpressions[0].key"


def _remedies(claim: Object, close: list[Object], reason: Unfit | None) -> Iterator[Remedy]:
    volume = close[0].name
    if reason is Unfit.TAKEN:
        released = next((one.name for one in close if value_at(one.whole, "status.phase") == "Released"), None)
        if released:
            yield Remedy(
                text=f"remove the claimRef of the Released volume {released}; its old data become the new claim's",
                command=f'kubectl patch pv {released} --type json -p \'[{{"op":"remove","path":"/spec/claimRef"}}]\'',
                who="platform",
                risk="irreversible",
                when="nobody needs the data, or the new claim is meant to get them",
            )
        yield Remedy(text=f"make another volume like {volume}", who="platform")
    elif reason is Unfit.FAILED:
        yield Remedy(
            text="read why the volume could not be reclaimed (status.message), repair it in the backend, make it anew",
            command=f"kubectl describe pv {volume}",
            who="platform",
        )
    elif reason is Unfit.SELECTOR:
        yield Remedy(
            text=f"give {volume} the labels that the selector asks for, or make the claim anew with other ones",
            command=f"kubectl get pv {volume} --show-labels",
            who="platform",
        )
    else:
        yield Remedy(
            text=f"make the claim {claim.name} anew so that it asks for no more than {volume} offers",
            command=f"kubectl get pv {volume} -o yaml",
        )
        yield Remedy(text=f"make a volume that offers what the claim {claim.name} asks for", who="platform")
