"""STO204 to STO206: a volume has no space left, or does not let the process write."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.paths import Mount, Said, mounted_at, said
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.snapshot.cite import MISSING, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

CRASHED = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready")
FULL = re.compile(r"No space left on device|no space left on device|Disk quota exceeded|ENOSPC")
DENIED = re.compile(r"[Pp]ermission denied|[Rr]ead-only file system|EACCES|EROFS")
NIM_CACHE = "apps.nvidia.com/NIMCache"
NIM_SERVICE = "apps.nvidia.com/NIMService"

CACHE = """The volume of a NIM cache is too small for the model.

## What it means
The Job that fills the cache writes the profiles of the model to a claim that the operator made, and it is full. The
services that use the cache wait for it.

## Why it happens
`spec.storage.pvc.size` was chosen for one profile, and several were selected.

## Evidence
The Job's log (`No space left on device`), `spec.storage.pvc.size` of the NIMCache, and the NIMServices that name it.

## What to do
Set a larger size and make the cache anew, or select fewer profiles.

## Known limits
How much is needed is not known.
"""
DENIED_PAGE = """The process may not write to its volume.

## What it means
The volume is mounted, and its files belong to another user, or it is mounted for reading only.

## Why it happens
The container runs as a user that does not own the volume's root, and the pod sets no `fsGroup`; NFS squashes root; or
`readOnly` is set.

## Evidence
The log line with its path, the mount under it, and the pod's and container's `securityContext`.

## What to do
Set `securityContext.fsGroup` to a group that may write, or change the owner of the files; drop `readOnly`.

## Known limits
The owner of the files is not part of the objects.
"""


@rule(
    "STO204",
    name="volume-full",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=("Pod", "PersistentVolumeClaim", NIM_CACHE, NIM_SERVICE),
    others=(
        Named(id="STO205", name="nim-cache-volume-full", page=CACHE, basis=Basis.SAID),
        Named(id="STO206", name="volume-permission-denied", page=DENIED_PAGE, basis=Basis.SAID),
    ),
)
def volume_refuses_writes(ctx: Context) -> Iterator[Finding]:
    """The volume has no space left.

    ## What it means
    The claim that is mounted under the path in the log is full. Every further write fails.

    ## Why it happens
    Checkpoints, models or data outgrew the claim; nobody removes the old ones.

    ## Evidence
    The log line with its path, the mount under it, and the size of the claim.

    ## What to do
    Remove what is not needed, or enlarge the claim where its class allows it (`allowVolumeExpansion`).

    ## Known limits
    Use is not part of the objects. A path that is on no claim lies on the node's disk or in memory: not told here.
    """
    for group in ctx.groups(*CRASHED):
        full = said(ctx, group, FULL)
        if full is not None:
            finding = _full(ctx, group, full)
            if finding is not None:
                yield finding
        denied = said(ctx, group, DENIED)
        mount = mounted_at(denied) if denied is not None else None
        if denied is not None and mount is not None:
            yield _denied(ctx, group, denied, mount)


def _full(ctx: Context, group: Group, full: Said) -> Finding | None:
    if group.workload.kind == "NIMCache":
        return _cache(ctx, group, full)
    mount = mounted_at(full)
    if mount is None or not mount.claim:
        return None
    claim = ctx.snap.get("PersistentVolumeClaim", full.pod.namespace, mount.claim)
    ref = claim.ref if claim else Ref(
        ctx.cluster, "v1", "PersistentVolumeClaim", full.pod.namespace, mount.claim, seen=False
    )  # fmt: skip
    more: list[Evidence] = [
        ctx.cite(full.pod, f"{mount.where}.mountPath"),
        ctx.cite(full.pod, f"{mount.volume_where}.persistentVolumeClaim.claimName"),
    ]
    paths = ("status.capacity.storage", "spec.resources.requests.storage")
    sizes = [piece for path in paths if (piece := ctx.cite_if(claim, path))][:1] if claim else []
    more += sizes
    large = f" of {sizes[0].value}" if sizes else ""
    summary = f"it{large} is full: container {full.container} of {full.pod.name} cannot write to {mount.path}"
    return Finding(
        name="volume-full",
        subject=ref,
        summary=summary,
        evidence=(full.proof, *more),
        accounts_for=(Because(group, f"its volume at {mount.path} is full: {full.text[:200]}", (full.proof, *more)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text=f"remove what is not needed from claim {mount.claim}"),
            Remedy(
                text="enlarge the claim, where its StorageClass allows it",
                command=f"kubectl -n {full.pod.namespace} get pvc {mount.claim}",
            ),
        ),
    )


def _cache(ctx: Context, group: Group, full: Said) -> Finding | None:
    cache = ctx.snap.find(group.workload)
    if cache is None:
        return None
    sizes = [
        ctx.cite(cache, path) for path in ("spec.storage.pvc.size",) if isinstance(value_at(cache.whole, path), str)
    ]
    waiting = [
        (service, other)
        for other in ctx.groups("custom-resource-not-ready")
        if (service := other.first).kind_id == NIM_SERVICE
        and service.namespace == cache.namespace
        and value_at(service.whole, "spec.storage.nimCache.name") == cache.name
    ]
    large = f" of {sizes[0].value}" if sizes else ""
    summary = f"its volume{large} is full: the Job that fills it ended with: {full.text.strip()[:300]}"
    mine = Because(group, summary, (full.proof, *sizes))
    theirs = [
        Because(
            other,
            f"it waits for NIMCache {cache.name}: {other.message or other.reason}",
            (ctx.cite(service, "spec.storage.nimCache.name"), *other.evidence),
        )
        for service, other in waiting
    ]
    return Finding(
        name="nim-cache-volume-full",
        subject=cache.ref,
        summary=summary,
        evidence=(full.proof, *[*sizes, *(piece for one in theirs for piece in one.evidence)]),
        accounts_for=(mine, *theirs),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(Remedy(text="set a larger spec.storage.pvc.size, and make the NIMCache anew"),),
    )


def _denied(ctx: Context, group: Group, denied: Said, mount: Mount) -> Finding:
    paths = ("spec.securityContext.fsGroup", "spec.securityContext.runAsUser")
    context = [ctx.cite(denied.pod, path) for path in paths if value_at(denied.pod.whole, path) is not MISSING]
    read_only = mount.mount.get("readOnly") is True
    more: list[Evidence] = [ctx.cite(denied.pod, f"{mount.where}.mountPath"), *context]
    if read_only:
        more.append(ctx.cite(denied.pod, f"{mount.where}.readOnly"))
    elif not _has_group(denied.pod):
        more.append(ctx.cite_or_lack(denied.pod, "spec.securityContext.fsGroup"))
    fixed = any(isinstance(mount.volume.get(kind), dict) for kind in ("configMap", "secret", "projected"))
    why = "is mounted for reading only" if read_only or fixed else "does not let its user in"
    summary = (
        f"its volume {mount.volume.get('name')} at {mount.path} {why}: container {denied.container} says: "
        f"{denied.text.strip()[:300]}"
    )
    return Finding(
        name="volume-permission-denied",
        subject=group.workload,
        summary=summary,
        evidence=(denied.proof, *more),
        accounts_for=(Because(group, summary, (denied.proof, *more[:1])),),
        confidence=None if read_only else Confidence.LIKELY,
        second_sign=read_only,
        since=group.since,
        remedies=(
            Remedy(text="write elsewhere: a ConfigMap or Secret is always mounted for reading only")
            if fixed
            else Remedy(text="drop readOnly from the mount")
            if read_only
            else Remedy(text="set securityContext.fsGroup to a group that may write, or change the files' owner"),
        ),
    )


def _has_group(pod: Pod) -> bool:
    return value_at(pod.whole, "spec.securityContext.fsGroup") not in (MISSING, None)
