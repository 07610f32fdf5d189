"""The tools `gpus`, `queues` and `timeline`: the rows of the screens of the same names."""

from fnmatch import fnmatchcase
from typing import Any

from diag.document import TimelineRow
from diag.mcp.asking import Asked, Cursor, Limit, Name, Room, Subject
from diag.mcp.causes import resolved
from diag.mcp.pages import Answer, head, page, start
from diag.views.gpus import NodeGpusRow, TypeRow
from diag.views.gpus import gpus as gpus_of
from diag.views.happenings import HappeningRow
from diag.views.history import history
from diag.views.queues import QueueRow
from diag.views.queues import queues as queues_of


class ListAsked(Asked, kw_only=True):
    """What a tool takes that lists things with names."""

    name: Name = "*"
    limit: Limit = 50
    cursor: Cursor = ""


class GpusAnswer(Answer, kw_only=True):
    """What `gpus` answers: sums of each type, and the nodes, those with a cause first. `doubts` qualify the sums."""

    types: list[TypeRow]
    doubts: list[str]
    nodes: list[NodeGpusRow]


def gpus(room: Room, asked: ListAsked) -> dict[str, Any]:
    """The GPUs of every node."""
    look = room.looks.latest()
    begin = start(asked.cursor, look)
    rows = gpus_of(look.report, look.troubles)
    nodes = [row for row in rows.nodes if fnmatchcase(row.node, asked.name)]
    answer = GpusAnswer(**head(look), types=rows.types, doubts=rows.doubts, nodes=[])
    return page(answer, "nodes", nodes, begin=begin, limit=asked.limit)


class QueuesAnswer(Answer, kw_only=True):
    """What `queues` answers: queues and quotas of all batch systems, those with waiters first."""

    queues: list[QueueRow]


def queues(room: Room, asked: ListAsked) -> dict[str, Any]:
    """Queues and quotas, and who waits."""
    look = room.looks.latest()
    begin = start(asked.cursor, look)
    rows = [
        row
        for row in queues_of(look.report, look.snapshots, look.troubles).queues
        if fnmatchcase(row.name or row.ref.name, asked.name)
    ]
    return page(QueuesAnswer(**head(look), queues=[]), "queues", rows, begin=begin, limit=asked.limit)


class TimelineAsked(Asked, kw_only=True):
    """What `timeline` takes; all causes where no subject is named."""

    subject: Subject = ""
    limit: Limit = 50
    cursor: Cursor = ""


class TimelineAnswer(Answer, kw_only=True):
    """What `timeline` answers, the earliest first; `untold` objects were too many to tell of."""

    starts: list[TimelineRow]
    untold: int
    happenings: list[HappeningRow]


def timeline(room: Room, asked: TimelineAsked) -> dict[str, Any]:
    """What happened to an object and what it owns, or to the objects of causes."""
    look = room.looks.latest()
    begin = start(asked.cursor, look)
    causes, about = [cause.id for cause in look.report.causes], None
    if asked.subject.strip():
        match = resolved(look, asked.subject)
        causes, about = ([], match.subject) if match.subject else ([cause.id for cause in match.causes], None)
    rows = history(look.report, look.snapshots, causes=causes, subject=about)
    answer = TimelineAnswer(**head(look), starts=rows.starts, untold=rows.left_out, happenings=[])
    return page(answer, "happenings", rows.happenings, begin=begin, limit=asked.limit)
