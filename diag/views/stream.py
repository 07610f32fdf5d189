"""Events, conditions and logs in one stream, in the order of time, lines alike folded into one."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diag.causes.rows import ref_row
from diag.document import RefRow
from diag.facts.folding import fold
from diag.facts.masking import mask
from diag.facts.timeline.log_time import log_time
from diag.facts.times import seconds
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.views.happenings import HappeningRow, Subjects
from diag.views.table import Column, Line, Table

_MOST = 20_000  # lines of one log, its end


@dataclass(slots=True, kw_only=True)
class Folded:
    """Lines of one log that differ only in what varies: the first of them, its number, when, and how many."""

    ref: RefRow
    container: str
    previous: bool
    at: float | None
    number: int
    text: str
    count: int = 1

    @property
    def source(self) -> str:
        """The container, and whether it is the run before."""
        return f"{self.container}{' before' if self.previous else ''}"


def stream(found: Subjects, told: Iterable[HappeningRow]) -> tuple[Table, dict[str, Folded]]:
    """What happened (`told`) and the logs of the pods among the objects; and by the keys of lines what is of a log."""
    rows: list[tuple[float, Line]] = [(seconds(row.at) or 0.0, _happening(row)) for row in told]
    logged: dict[str, Folded] = {}
    for snap, item in found.items:
        if isinstance(item, Pod):
            for one in _logs(snap, item):
                line = _logged(one)
                logged[line.key] = one
                rows.append((one.at or 0.0, line))
    rows.sort(key=lambda row: row[0])
    columns = (
        Column(title="AT"),
        Column(title="WHAT", least=20, named="text"),
        Column(title="TIMES", kind="count"),
        Column(title="OBJECT", least=12, named="object"),
        Column(title="SOURCE", least=8),
    )
    empty = "No event, condition or log of these objects was read."
    return Table(columns=columns, lines=[line for _, line in rows], empty=empty), logged


def _happening(row: HappeningRow) -> Line:
    said = f"{row.what}: {row.text}" if row.text else row.what
    return Line(
        key=f"{row.ref}/{row.kind}/{row.what}/{row.at}",
        values=(_short(seconds(row.at)), said, row.count, row.ref.name, row.kind),
        severity=row.severity,
        ref=row.ref,
    )


def _logged(one: Folded) -> Line:
    return Line(
        key=f"{one.ref}/{one.source}/{one.number}",
        values=(_short(one.at), one.text, one.count, one.ref.name, one.source),
        severity="",
        ref=one.ref,
    )


def _short(at: float | None) -> str:
    """Month, day and time in UTC: a stream is read within days."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%m-%d %H:%M:%S") if at is not None else "-"


def _logs(snap: Snapshot, pod: Pod) -> Iterator[Folded]:
    now = seconds(snap.now) or 0.0
    for container in (*(pod.spec.init_containers or ()), *(pod.spec.containers or ())):
        for previous in (True, False):
            lines = snap.log_lines(pod, container.name or "", previous=previous)
            yield from _folded(lines, ref_row(pod.ref), container.name or "", now, previous=previous)


def _folded(lines: list[str], ref: RefRow, container: str, near: float, *, previous: bool) -> Iterator[Folded]:
    """Each template once, where it is met first; a line without a time has that of the line before it."""
    found: dict[str, Folded] = {}
    at: float | None = None
    skipped = max(len(lines) - _MOST, 0)
    for number, text in enumerate(lines[skipped:], start=skipped + 1):
        if not text.strip():
            continue
        stated = log_time(text, near)
        at = stated if stated is not None else at
        template = fold(text)
        if template in found:
            found[template].count += 1
        else:
            found[template] = Folded(
                ref=ref, container=container, previous=previous, at=at, number=number, text=mask(text)
            )
    yield from found.values()
