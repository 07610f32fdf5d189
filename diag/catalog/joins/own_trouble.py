"""What an object says of itself: the groups in which it is not ready."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.findings import Because, Proof
from diag.projection import Object


def suffers(ctx: Context, item: Object, why: str, proof: Proof) -> Iterator[Because]:
    """The reasons for which a custom resource is not well, one for each group of which it is a member."""
    for group in ctx.groups("custom-resource-not-ready"):
        if any(member.ref == item.ref for member in group.members):
            yield Because(group, why, proof, members=group.share)


def unwell_since(ctx: Context, item: Object) -> str | None:
    """Since when it is in such a group, else since it was made."""
    groups = (one for one in ctx.groups("custom-resource-not-ready") if any(it.ref == item.ref for it in one.members))
    return min((one.since for one in groups if one.since), default=item.created)
