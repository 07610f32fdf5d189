"""STO114: two PersistentVolumes of a pod carry the same volume handle."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Because, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

# What a pod says until all its volumes are mounted; sandbox, images and init containers come after
# (kubernetes/kubernetes pkg/kubelet/kubelet.go, SyncPod).
BEFORE_MOUNTED = ("ContainerCreating", "FailedMount", "FailedAttachVolume", "FailedMapVolume")


@rule(
    "STO114",
    name="csi-duplicate-volume-handle",
    question=Question.STARTED,
    inputs=("Pod", "PersistentVolumeClaim", "PersistentVolume", "Event"),
    refines=("volume-mount-failed",),
)
def csi_duplicate_volume_handle(ctx: Context) -> Iterator[Finding]:
    """Two PersistentVolumes of a pod carry the same volume handle.

    ## What it means
    The kubelet tells the volumes of a CSI driver apart by `volumeHandle` alone. Of two with the same handle only one is
    mounted for a pod, and it waits for the other until its time is up.

    ## Why it happens
    Volumes made by hand are copied from an example, with its handle. For S3, FUSE and file drivers the handle is any
    word, and nothing refuses the second.

    ## Evidence
    `spec.csi.volumeHandle` of both PersistentVolumes, equal and of one driver, and the claims by which one pod
    mounts them.

    ## What to do
    Make one of the volumes anew with a handle of its own; the field cannot be changed.

    ## Known limits
    Looks only at volumes of pods that do not start, and whose volumes are not mounted yet.
    """
    for group in ctx.groups("container-not-started"):
        if not group.reason.startswith(BEFORE_MOUNTED):
            continue
        by_handle: dict[tuple[str, str], dict[str, tuple[Object, Object]]] = defaultdict(dict)
        for claim, volume in _volumes(ctx, group):
            if handle := _handle(volume):
                by_handle[handle][volume.name] = (claim, volume)
        for handle, same in by_handle.items():
            if len(same) > 1:
                yield _finding(ctx, group, handle, list(same.values()))


def _handle(volume: Object) -> tuple[str, str] | None:
    """Driver and handle of a CSI volume."""
    driver, handle = (value_at(volume.whole, f"spec.csi.{name}") for name in ("driver", "volumeHandle"))
    return (driver, handle) if isinstance(driver, str) and isinstance(handle, str) and handle else None


def _volumes(ctx: Context, group: Group) -> Iterator[tuple[Object, Object]]:
    """The claims of the group's first member with the volumes that they are bound to."""
    for name in group.shape.claims if group.shape else ():
        claim = ctx.snap.get("PersistentVolumeClaim", group.first.namespace, name)
        bound = value_at(claim.whole, "spec.volumeName") if claim is not None else None
        volume = ctx.snap.get("PersistentVolume", "", bound) if isinstance(bound, str) else None
        if claim is not None and volume is not None:
            yield claim, volume


def _finding(ctx: Context, group: Group, handle: tuple[str, str], same: list[tuple[Object, Object]]) -> Finding:
    handles = [ctx.cite(volume, "spec.csi.volumeHandle") for _, volume in same[:4]]
    bound = [ctx.cite(claim, "spec.volumeName") for claim, _ in same[:4]]
    driver = ctx.cite(same[0][1], "spec.csi.driver")
    refs = sorted(volume.ref for _, volume in same)
    names = ", ".join(ref.name for ref in refs)
    return Finding(
        subject=refs[0],
        members=tuple(refs[1:]),
        summary=f"{len(same)} volumes of {handle[0]} carry the same volumeHandle {handle[1]}: {names}",
        evidence=as_proof((*handles, *bound, driver)),
        accounts_for=(
            Because(group, f"its claims are bound to volumes of one handle: {names}", as_proof((*handles, *bound))),
        ),
        since=group.since,
        remedies=(
            Remedy(
                text="make one of the volumes anew with a volumeHandle of its own", who="platform", risk="disruptive"
            ),
        ),
    )
