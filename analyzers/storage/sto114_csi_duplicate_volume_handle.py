"""STO114: two PersistentVolumes carry the same volume handle."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Because, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.trouble.groups import Group


@rule(
    "STO114",
    name="csi-duplicate-volume-handle",
    question=Question.STARTED,
    inputs=("Pod", "PersistentVolumeClaim", "PersistentVolume", "Event"),
    refines=("volume-mount-failed",),
    visits={"PersistentVolume": 1},
)
def csi_duplicate_volume_handle(ctx: Context) -> Iterator[Finding]:
    """Two PersistentVolumes carry the same volume handle.

    ## What it means
    The kubelet tells the volumes of a CSI driver apart by `volumeHandle` alone. Of two with the same handle only one is
    mounted for a pod, and it waits for the other until its time is up.

    ## Why it happens
    Volumes made by hand are copied from an example, with its handle. For S3, FUSE and file drivers the handle is any
    word, and nothing refuses the second.

    ## Evidence
    `spec.csi.volumeHandle` of both PersistentVolumes, equal and of one driver, and the pod that waits for one of them.

    ## What to do
    Make one of the volumes anew with a handle of its own; the field cannot be changed.

    ## Known limits
    Looks only at volumes of pods that do not start.
    """
    groups = [group for group in ctx.groups("container-not-started") if group.shape and group.shape.claims]
    if not groups:
        return
    by_handle: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for volume in ctx.snap.all("PersistentVolume"):
        handle = _handle(volume)
        if handle:
            by_handle[handle].append(volume)
    for group in groups:
        for claim, volume in _volumes(ctx, group):
            same = by_handle.get(_handle(volume) or ("", ""), [])
            if len(same) > 1 and not group.message.startswith("Image"):
                yield _finding(ctx, group, claim, volume=volume, same=same)
                break


def _handle(volume: Object) -> tuple[str, str] | None:
    """Driver and handle of a CSI volume."""
    spec = volume.whole.get("spec")
    csi = spec.get("csi") if isinstance(spec, dict) else None
    driver, handle = (csi.get("driver"), csi.get("volumeHandle")) if isinstance(csi, dict) else (None, None)
    return (driver, handle) if isinstance(driver, str) and isinstance(handle, str) and handle else None


def _volumes(ctx: Context, group: Group) -> Iterator[tuple[Object, Object]]:
    """The claims of the group's first member with the volumes that they are bound to."""
    for name in group.shape.claims if group.shape else ():
        claim = ctx.snap.get("PersistentVolumeClaim", group.first.namespace, name)
        spec = claim.whole.get("spec") if claim is not None else None
        bound = spec.get("volumeName") if isinstance(spec, dict) else None
        volume = ctx.snap.get("PersistentVolume", "", bound) if isinstance(bound, str) else None
        if claim is not None and volume is not None:
            yield claim, volume


def _finding(ctx: Context, group: Group, claim: Object, *, volume: Object, same: list[Object]) -> Finding:
    handles: list[Evidence] = [ctx.cite(one, "spec.csi.volumeHandle") for one in same[:4]]
    names = ", ".join(one.name for one in same)
    handle = _handle(volume)
    summary = (
        f"{len(same)} volumes of {handle[0] if handle else 'its driver'} carry the same volumeHandle "
        f"{handle[1] if handle else ''}: {names}"
    )
    bound = ctx.cite(claim, "spec.volumeName")
    return Finding(
        subject=min(one.ref for one in same),
        members=tuple(sorted(one.ref for one in same)[1:]),
        summary=summary,
        evidence=(handles[0], *[*handles[1:], bound, ctx.cite(volume, "spec.csi.driver")]),
        accounts_for=(
            Because(group, f"its claim {claim.name} is bound to one of them: {names}", (bound, *handles[:2])),
        ),
        since=group.since,
        remedies=(
            Remedy(
                text="make one of the volumes anew with a volumeHandle of its own", who="platform", risk="disruptive"
            ),
        ),
    )
