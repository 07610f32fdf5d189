"""Read an archive: the newest capture of it, or the one that is asked for."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, get_args

import msgspec

from diag.errors import SnapshotError
from diag.snapshot.archive.frames import Capture, FrameEnd, Line, Opens, captures, lines
from diag.snapshot.archive.lines import (
    END,
    ITEM,
    MANIFEST,
    MARK,
    PART,
    End,
    ItemLine,
    ListedLine,
    Manifest,
    PartLine,
    as_written,
)
from diag.snapshot.archive.lines import manifest as manifest_of
from diag.snapshot.archive.logs import ArchivedLogs
from diag.snapshot.clock import in_utc
from diag.snapshot.sources import log_list
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.compressed import beginning, is_compressed
from diag.snapshot.sources.lost import lost_in
from diag.snapshot.sources.part import (
    Limits,
    Listed,
    Lost,
    Part,
    Permission,
    Problem,
    ProblemWhy,
    Slice,
    without,
)
from diag.snapshot.sources.words import counted

_MARKED = 64  # bytes that show a mark, whatever spaces stand in it
MAX_PROBLEMS = 20
MAX_LOST = 100
HEAD_BYTES = 256 * 1024  # more than the first block of a zstd frame (RFC 8878, 3.1.1.2.3)
_AGAIN = "save the snapshot again"


def is_archive(path: Path) -> bool:
    """Whether a file begins with a manifest, packed or not."""
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            return False
        with path.open("rb") as file:
            return holds_manifest(file.read(HEAD_BYTES))
    except OSError:
        return False


def holds_manifest(head: bytes) -> bool:
    """Whether bytes begin with a manifest, packed or not."""
    if is_compressed(head):
        try:
            head = beginning(head, "-", _MARKED)
        except SnapshotError:
            return False
    return as_written(head).startswith(MANIFEST)


def read_archive(
    opens: Opens, path: str, name: str | None, budget: Budget, *, capture: int | None = None
) -> list[Part]:
    """The parts of one capture: the newest, or number `capture` (from 1; from -1 backwards).

    The file is opened by `opens`: once to count its captures, once to read the chosen one, and again for each set of
    logs that is asked for. Raises SnapshotError where there is no such capture, or none that this version can read.
    """
    with opens() as file:
        number, of, chosen = _chosen(file, path, budget, capture)
        shown = path if number == 1 else f"{path}@{number}"
        reading = _Reading(shown, name, manifest_of(chosen.head, path), budget, ArchivedLogs(opens, path, budget))
        reading.captures = of
        for count, line in enumerate(_lines_of(file, path, budget, chosen), start=1):
            if line.text:
                reading.add(line, count)
    return reading.parts(chosen.fault)


def captures_in(path: Path) -> int:
    """How many captures a file holds, as far as it can be read; 0 where it is no archive, or there is none."""
    if not is_archive(path):
        return 0
    count = 0
    try:
        with path.open("rb") as file:
            for _ in captures(file, str(path), Budget(Limits())):
                count += 1
    except (SnapshotError, OSError):
        return max(count, 1)
    return count


def _chosen(file: BinaryIO, path: str, budget: Budget, wanted: int | None) -> tuple[int, int, Capture]:
    """Number of one capture, of how many, and where it is."""
    count, places = 0, deque[Capture](maxlen=max(-(wanted or -1), 1) if wanted is None or wanted < 0 else 1)
    for one in captures(file, path, budget):
        count += 1
        if wanted is None or wanted < 0 or wanted == count:
            places.append(one)
    number = count + 1 + wanted if wanted is not None and wanted < 0 else (wanted or count)
    if not places or not 1 <= number <= count:
        said = counted(count, "capture")
        raise SnapshotError(f"{path} holds {said}, and none of number {wanted}", hint=f"name one from 1 to {count}")
    return number, count, places[0]


def _lines_of(file: BinaryIO, path: str, budget: Budget, chosen: Capture) -> Iterator[Line]:
    """The lines of one capture, the manifest first."""
    begun = False
    for line in lines(file, path, budget, frame=chosen.frame):
        if isinstance(line, FrameEnd):
            return
        if begun and line.text.startswith(MANIFEST):
            return
        begun = begun or line.offset == chosen.offset
        if begun:
            yield line


@dataclass(slots=True)
class _Collected:
    """One part while its lines come in."""

    line: PartLine
    items: list[Slice] = field(default_factory=list)
    logs: int = 0
    problems: list[Problem] = field(default_factory=list)
    lost: dict[Lost, None] = field(default_factory=dict)


class _Reading:
    """Sorts the lines of a capture into its parts."""

    def __init__(self, path: str, name: str | None, head: Manifest, budget: Budget, logs: ArchivedLogs) -> None:
        self.path, self.name, self.head, self.budget, self.logs = path, name, head, budget, logs
        self.captures = 1
        self.collected: list[_Collected] = []
        self.bad: list[str] = []
        self.end: End | None = None

    def add(self, line: Line, number: int) -> None:
        """Sort one line; a bad one is noted, and costs no other."""
        try:
            self._add(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            self.bad.append(f"line {number}: {error}"[:200])
            self._part().lost[lost_in(memoryview(line.text)) if len(self.bad) <= MAX_LOST else Lost()] = None

    def _add(self, line: Line) -> None:
        if line.text.startswith(MARK):
            self._mark(line.text)
            return
        part = self._part()
        self.budget.spend_objects(1, self.path)
        raw = msgspec.json.decode(line.text, type=msgspec.Raw)
        if log_list.is_entry(raw):
            self.logs.note(line)
            part.logs += 1
        else:
            self.budget.spend_bytes(len(line.text), self.path)
            part.items.append(Slice(raw=raw))

    def _mark(self, line: bytes) -> None:
        if line.startswith(PART):
            self.budget.spend_file(self.path)  # a part is what a file gave
            self.collected.append(_Collected(msgspec.json.decode(line, type=PartLine)))
        elif line.startswith(ITEM):
            item = msgspec.json.decode(line, type=ItemLine)
            self.budget.spend_objects(1, self.path)
            self.budget.spend_bytes(len(line), self.path)
            self._part().items.append(Slice(raw=item.object, api_version=item.apiVersion, kind=item.kind))
        elif line.startswith(END):
            self.end = msgspec.json.decode(line, type=End)
        # A mark of a later version within v1 says nothing that this one needs.

    def _part(self) -> _Collected:
        if not self.collected:
            self.collected.append(_Collected(PartLine(path=self.path)))
        return self.collected[-1]

    def parts(self, fault: str | None) -> list[Part]:
        """All parts, with what is wrong with the capture among the problems of the first."""
        problems = self._problems(fault)
        self._part()  # an empty capture is one part as well
        found = [self._made(one) for one in self.collected]
        found[0] = replace(found[0], problems=[*problems, *found[0].problems])
        first = next((place for place, one in enumerate(found) if one.offered), None)
        if first is not None:
            found[first] = replace(found[first], store=self.logs, logged=self.logs.pods)
        if problems and not any(one.items or one.offered for one in found):
            raise SnapshotError(f"nothing in {self.path} can be used: {problems[0].detail}", hint=problems[0].fix)
        return found

    def _problems(self, fault: str | None) -> list[Problem]:
        found = [
            Problem(what=f"a line of {self.path}", why="unreadable", detail=detail, fix=_AGAIN)
            for detail in self.bad[:MAX_PROBLEMS]
        ]
        if len(self.bad) > MAX_PROBLEMS:
            rest = f"{counted(len(self.bad) - MAX_PROBLEMS, 'more line')} of {self.path}"
            found.append(Problem(what=rest, why="unreadable", detail="not named one by one", fix=_AGAIN))
        if self.head.captured_at is not None and in_utc(self.head.captured_at) is None:
            what = f"captured_at of {self.path} ({self.head.captured_at[:40]!r} is no time)"
            detail = "the newest time in the objects is taken in its place"
            found.append(Problem(what=what, why="unreadable", detail=detail, fix=_AGAIN))
        objects = sum(len(one.items) for one in self.collected)
        logs = sum(one.logs for one in self.collected)
        if fault or self.end is None or (self.end.objects, self.end.logs) > (objects, logs):
            what = f"the rest of {self.path}, after {counted(objects, 'object')} and {counted(logs, 'log')}"
            detail = fault or ("it has no end" if self.end is None else "lines are missing")
            found.insert(0, Problem(what=what, why="truncated", detail=detail, fix=_AGAIN))
            for one in self.collected:
                one.lost[Lost()] = None
        return found

    def _made(self, one: _Collected) -> Part:
        head = self.head
        part = Part(
            path=one.line.path, name=self.name, cluster=head.cluster, items=one.items, offered=one.logs,
            problems=[_problem(each) for each in one.line.problems], captured_at=head.captured_at,
            server_version=head.server_version, listed=_listed(one.line.listed),
            assumed=None if one.line.assumed is None else _listed(one.line.assumed), layout="archive",
            side=tuple(one.line.side), lost=tuple(one.line.lost), redaction_key=head.redaction_key,
            captures=self.captures, unserved=tuple(one.line.unserved),
            permissions=None if head.permissions is None else tuple(map(_permission, head.permissions)),
        )  # fmt: skip
        return without(part, list(one.lost)) if one.lost else part


def _listed(lines: list[ListedLine]) -> tuple[Listed, ...]:
    return tuple(
        Listed(kind=one.kind, namespaces=None if one.namespaces is None else frozenset(one.namespaces)) for one in lines
    )


def _permission(one: ListedLine) -> Permission:
    return Permission(kind=one.kind, namespaces=None if one.namespaces is None else tuple(one.namespaces))


def _problem(one: object) -> Problem:
    fields = msgspec.structs.asdict(one)  # type: ignore[arg-type]
    why = fields["why"] if fields["why"] in get_args(ProblemWhy) else "error"
    return Problem(**{**fields, "why": why, "kinds": tuple(fields["kinds"]), "pods": tuple(fields["pods"])})
