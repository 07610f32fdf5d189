"""Two looks, one comparison."""

from collections.abc import Sequence

from diag import __version__
from diag.compare.causes import compared
from diag.compare.document import Difference, ObjectChange, VersionChange
from diag.compare.objects import object_changes
from diag.compare.seen import Look, damage
from diag.compare.triggers import ranked
from diag.document import Report, ToolRow
from diag.snapshot.snapshot import Snapshot


def difference(
    before: Report, after: Report, old: Sequence[Snapshot] | None = None, new: Sequence[Snapshot] | None = None
) -> Difference:
    """What is new, gone and changed in `after`. Objects are compared where both looks are of snapshots."""
    was_seen, is_seen = Look(before, old), Look(after, new)
    causes = compared(was_seen, is_seen)
    objects: list[ObjectChange] | None = None
    one_sided: list[str] = []
    if old is not None and new is not None:
        objects = []
        was = {snap.identity: snap for snap in old}
        pairs = [(was[snap.identity], snap) for snap in new if snap.identity in was]
        if not pairs and len(old) == len(new) == 1:
            pairs = [(old[0], new[0])]
        for first, second in pairs:
            found, only = object_changes(first, second)
            objects += found
            one_sided += only
        objects = ranked(objects, after, causes.new)
    return Difference(
        same_cluster=_same(old, new),
        tool=ToolRow(name="diag", version=__version__), a=before.target.clusters, b=after.target.clusters,
        causes=causes, versions=_versions(before, after), objects=objects, not_compared=list(dict.fromkeys(one_sided)),
        damage_before=damage(was_seen, is_seen), damage_after=damage(is_seen, was_seen),
    )  # fmt: skip


def _same(old: Sequence[Snapshot] | None, new: Sequence[Snapshot] | None) -> bool | None:
    """Whether the looks are of one cluster; None where that is not known."""
    was, now = ({snap.identity for snap in looks or () if snap.identity != snap.cluster} for looks in (old, new))
    return bool(was & now) if was and now else None


def _versions(before: Report, after: Report) -> list[VersionChange]:
    was = {one.id: one.server_version for one in before.target.clusters}
    return [
        VersionChange(cluster=one.id, before=was[one.id], after=one.server_version)
        for one in after.target.clusters
        if was.get(one.id) and one.server_version and was[one.id] != one.server_version
    ]
