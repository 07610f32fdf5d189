"""The tool `compare_snapshots`: what changed between two looks. It reads nothing but what was offered to it."""

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec

from diag import api
from diag.compare.compare import difference
from diag.compare.document import ObjectChange, VersionChange
from diag.document import Row
from diag.errors import UsageError
from diag.mcp.asking import Asked, Cursor, Limit, Room
from diag.mcp.causes import CauseBrief, brief
from diag.mcp.pages import Answer, head, page, start
from diag.views.wording import folded

_Offered = Annotated[str, msgspec.Meta(max_length=300, description="the name of an offered snapshot, or NAME@-2")]


class CompareAsked(Asked, kw_only=True):
    """What `compare_snapshots` takes; `after` is the latest look where it is empty."""

    before: _Offered
    after: _Offered = ""
    limit: Limit = 20
    cursor: Cursor = ""


class ChangedCause(Row, kw_only=True):
    """A cause that is in both, as it is now, and what of it differs."""

    cause: CauseBrief
    differs: list[str]


class CompareAnswer(Answer, kw_only=True):
    """What `compare_snapshots` answers. `objects`: the likeliest trigger first; `compared`: whether there are objects.

    `same_cluster` is null where that is not known. `not_seen_after` are causes of the first look of which the second
    could not tell (not gone), `not_seen_before` the reverse (not new).
    """

    same_cluster: bool | None
    new: list[CauseBrief]
    gone: list[CauseBrief]
    changed: list[ChangedCause]
    same: int
    versions: list[VersionChange]
    not_seen_before: list[CauseBrief]
    not_seen_after: list[CauseBrief]
    not_compared: list[str]
    compared: bool
    objects: list[ObjectChange]


def compare_snapshots(room: Room, asked: CompareAsked) -> dict[str, Any]:
    """Causes that are new, gone or changed, and who changed which object in between."""
    look = room.looks.latest()
    begin = start(asked.cursor, look)
    before = offered(room, asked.before)
    if asked.after:
        found = api.diff(before, offered(room, asked.after))
    else:
        first = api.examine([before])
        found = difference(first.report, look.report, first.snapshots, look.snapshots)
    causes = found.causes
    answer = CompareAnswer(
        **head(look), same_cluster=found.same_cluster, new=[brief(one) for one in causes.new],
        gone=[brief(one) for one in causes.gone],
        changed=[ChangedCause(cause=brief(one.after), differs=one.differs) for one in causes.changed],
        same=len(causes.same), versions=found.versions,
        not_compared=[*found.not_compared, *found.damage_before, *found.damage_after],
        not_seen_before=[brief(one.cause) for one in causes.not_seen_before],
        not_seen_after=[brief(one.cause) for one in causes.not_seen_after],
        compared=found.objects is not None, objects=[],
    )  # fmt: skip
    return page(answer, "objects", found.objects or [], begin=begin, limit=asked.limit)


def offered(room: Room, name: str) -> str:
    """The path of an offered snapshot. Raises UsageError for any other, links that lead out of the folder included."""
    if not room.folders:
        raise UsageError("no snapshots are offered for comparison", hint="start it with `diag mcp --snapshots FOLDER`")
    plain, at, which = name.partition("@")
    for folder in room.folders:
        try:
            # Not `Path.resolve`, which raises where links lead in a ring.
            path = Path(os.path.realpath(folder / plain))
            fits = path.is_file() and path.is_relative_to(os.path.realpath(folder))
        except (OSError, ValueError):  # a name that no file can have
            fits = False
        if fits:
            return f"{path}{at}{which}"
    there = sorted(each.name for folder in room.folders for each in _files(folder))
    raise UsageError(f"no offered snapshot is called {name[:80]!r}", hint=f"there are {folded(there, 20) or 'none'}")


def _files(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.is_file() and not each.name.startswith(".")]
    except OSError:
        return []
