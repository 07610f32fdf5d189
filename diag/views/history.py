"""The timeline of causes or of one object: what happened, and where the starts spent their time.

The document that `diag timeline -o json` prints (additive changes only).
"""

from collections.abc import Collection, Sequence

from diag.document import RefRow, Report, Row, TimelineRow, ToolRow
from diag.snapshot.snapshot import Snapshot
from diag.views.circle import circles
from diag.views.happenings import HappeningRow, family, happenings, subjects
from diag.views.table import Column, Line, Table
from diag.views.timeline import timeline_lines
from diag.views.typed import Key, key
from diag.views.wording import in_short, listed, seconds_since

SCHEMA = "diag.timeline/v1"


class History(Row, kw_only=True):
    """Starts and happenings, the earliest first; `left_out` objects were too many to tell of."""

    schema: str = SCHEMA
    tool: ToolRow
    now: dict[str, str]
    starts: list[TimelineRow]
    happenings: list[HappeningRow]
    left_out: int


def history(
    report: Report, snapshots: Sequence[Snapshot], *, causes: Collection[str], subject: RefRow | None = None
) -> History:
    """What happened to the objects of these causes, and to `subject` and what it owns."""
    keys: set[Key] = set()
    for circle in circles(report):
        if circle.cause.id in causes:
            keys |= circle.about
    if subject is not None:
        keys |= {each for snap in snapshots if snap.cluster == subject.cluster for each in family(snap, subject)}
    found = subjects(snapshots, keys)
    return History(
        tool=report.tool,
        now={cluster.id: cluster.now for cluster in report.target.clusters},
        starts=[row for row in report.timelines if key(row.pod) in keys],
        happenings=happenings(found),
        left_out=found.left_out,
    )


def history_tables(report: Report, found: History) -> list[Table]:
    """First what happened, then the phases of the starts."""

    def ago(row: HappeningRow, at: str | None) -> float | None:
        return seconds_since(at, found.now.get(row.ref.cluster))

    lines = [
        Line(
            key=f"{row.ref.cluster}/{row.ref}/{row.kind}/{row.what}/{row.at}",
            values=(
                in_short(row.at), ago(row, row.at), str(row.ref), row.kind, row.what, row.count, ago(row, row.until),
                row.text,
            ),
            severity=row.severity,
            ref=row.ref,
        )
        for row in found.happenings
    ]  # fmt: skip
    columns = (
        Column(title="AT"),
        Column(title="AGO", kind="age", spare=True),
        Column(title="OBJECT", least=18, named="object"),
        Column(title="KIND", named="source", spare=True),
        Column(title="WHAT", least=14),
        Column(title="TIMES", kind="count", spare=True),
        Column(title="LAST", kind="age", spare=True),  # of what was repeated, where AT and AGO are of the first time
        Column(title="SUMMARY", least=24),
    )
    notes = (f"{found.left_out} more objects are left out",) if found.left_out else ()
    empty = "Nothing with a time was read of these objects."
    return [Table(columns=columns, lines=lines, notes=notes, empty=empty), _starts(report, found)]


def _starts(report: Report, found: History) -> Table:
    wanted = {key(row.pod) for row in found.starts}
    lines = [
        Line(
            key=f"{one.pod.cluster}/{one.pod}/{phase.phase}",
            values=(str(one.pod), one.wall, phase.phase, phase.length, listed((phase.rate, "longest" * phase.slowest))),
            severity="warning" if phase.slowest else "info",
            ref=one.pod,
        )
        for one in timeline_lines(report)
        if key(one.pod) in wanted
        for phase in one.phases
    ]
    columns = (
        Column(title="START OF", least=16, named="object"),
        Column(title="WALL"),
        Column(title="PHASE"),
        Column(title="LENGTH"),
        Column(title="NOTES"),
    )
    return Table(columns=columns, lines=lines, title="Where the starts spent their time" if lines else "", empty="")
