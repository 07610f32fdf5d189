"""Read an archive: the newest capture of it, or the one that is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import msgspec

from diag.errors import SnapshotError
from diag.snapshot.archive.lines import END, ITEM, MANIFEST, MARK, PART, End, ItemLine, ListedLine, Manifest, PartLine
from diag.snapshot.archive.lines import manifest as manifest_of
from diag.snapshot.clock import in_utc
from diag.snapshot.sources import log_list
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.compressed import beginning, is_compressed, members
from diag.snapshot.sources.lost import lost_in
from diag.snapshot.sources.part import (
    Limits,
    Listed,
    LogText,
    Lost,
    Part,
    Permission,
    Problem,
    ProblemWhy,
    Slice,
    without,
)

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
            head = beginning(head, "-", len(MANIFEST))
        except SnapshotError:
            return False
    return head.startswith(MANIFEST)


def read_archive(data: bytes, path: str, name: str | None, budget: Budget, *, capture: int | None = None) -> list[Part]:
    """The parts of one capture: the newest, or number `capture` (from 1; from -1 backwards).

    Raises SnapshotError where there is no such capture, or none that this version can read.
    """
    chosen, of, text, fault = _capture(data, path, budget, capture)
    head = manifest_of(text.partition(b"\n")[0], path)
    reading = _Reading(path if chosen == 1 else f"{path}@{chosen}", name, head, budget)
    reading.captures = of
    view, start, number = memoryview(text), 0, 1
    while start < len(text):  # slices of one buffer, never copies
        stop = text.find(b"\n", start)
        stop = len(text) if stop < 0 else stop
        if stop > start:
            reading.add(view[start:stop], number)
        start, number = stop + 1, number + 1
    return reading.parts(fault)


def captures_in(path: Path) -> int:
    """How many captures a file holds, as far as it can be read; 0 where it is no archive, or there is none."""
    if not is_archive(path):
        return 0
    count, budget = 0, Budget(Limits())
    try:
        for text, _ in each_capture(path.read_bytes(), str(path), budget):
            count += 1
            budget.return_bytes(len(text))
    except (SnapshotError, OSError):
        return max(count, 1)
    return count


def _capture(data: bytes, path: str, budget: Budget, wanted: int | None) -> tuple[int, int, bytes, str | None]:
    """Number of one capture, of how many, its text and its fault.

    Only the one that may be wanted is held while the others go by.
    """
    held: dict[int, tuple[bytes, str | None]] = {}
    count = 0
    keep = max(-(wanted or -1), 1) if wanted is None or wanted < 0 else 1
    for text, fault in each_capture(data, path, budget):
        count += 1
        if wanted is None or wanted < 0 or wanted == count:
            held[count] = (text, fault)
        else:
            budget.return_bytes(len(text))
        while len(held) > keep:
            budget.return_bytes(len(held.pop(min(held))[0]))
    number = count + 1 + wanted if wanted is not None and wanted < 0 else (wanted or count)
    if number not in held:
        captures = "1 capture" if count == 1 else f"{count} captures"
        raise SnapshotError(f"{path} holds {captures}, and none of number {wanted}", hint=f"name one from 1 to {count}")
    text, fault = held[number]
    return number, count, text, fault


def each_capture(data: bytes, path: str, budget: Budget) -> Iterator[tuple[bytes, str | None]]:
    """The captures of an archive, each with what is wrong with its frame."""
    frames = members(data, path, budget) if is_compressed(data) else iter([(data, None)])
    for frame, fault in frames:
        starts = [0]
        while (at := frame.find(b"\n" + MANIFEST, starts[-1] + 1)) >= 0:
            starts.append(at + 1)
        if len(starts) == 1:
            yield frame, fault
            continue
        for start, end in zip(starts, [*starts[1:], len(frame)], strict=True):
            yield frame[start:end], fault if end == len(frame) else None


@dataclass(slots=True)
class _Collected:
    """One part while its lines come in."""

    line: PartLine
    items: list[Slice] = field(default_factory=list)
    logs: list[LogText] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lost: dict[Lost, None] = field(default_factory=dict)


class _Reading:
    """Sorts the lines of a capture into its parts."""

    def __init__(self, path: str, name: str | None, head: Manifest, budget: Budget) -> None:
        self.path, self.name, self.head, self.budget = path, name, head, budget
        self.captures = 1
        self.collected: list[_Collected] = []
        self.bad: list[str] = []
        self.end: End | None = None

    def add(self, line: memoryview, number: int) -> None:
        """Sort one line; a bad one is noted, and costs no other."""
        try:
            self._add(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            self.bad.append(f"line {number}: {error}"[:200])
            self._part().lost[lost_in(line) if len(self.bad) <= MAX_LOST else Lost()] = None

    def _add(self, line: memoryview) -> None:
        if bytes(line[: len(MARK)]) == MARK:
            self._mark(bytes(line))
            return
        part = self._part()
        self.budget.spend_objects(1, self.path)
        raw = msgspec.json.decode(line, type=msgspec.Raw)
        if log_list.is_entry(raw):
            log = log_list.read_entry(raw)
            self.budget.spend_bytes(len(log.text), self.path)  # held beside the line that it was decoded from
            part.logs.append(log)
        else:
            part.items.append(Slice(raw=raw))

    def _mark(self, line: bytes) -> None:
        if line.startswith(PART):
            self.collected.append(_Collected(msgspec.json.decode(line, type=PartLine)))
        elif line.startswith(ITEM):
            item = msgspec.json.decode(line, type=ItemLine)
            self.budget.spend_objects(1, self.path)
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
        if problems and not any(one.items or one.logs for one in found):
            raise SnapshotError(f"nothing in {self.path} can be used: {problems[0].detail}", hint=problems[0].fix)
        return found

    def _problems(self, fault: str | None) -> list[Problem]:
        found = [
            Problem(what=f"a line of {self.path}", why="unreadable", detail=detail, fix=_AGAIN)
            for detail in self.bad[:MAX_PROBLEMS]
        ]
        if len(self.bad) > MAX_PROBLEMS:
            rest = f"{len(self.bad) - MAX_PROBLEMS:,} more lines of {self.path}"
            found.append(Problem(what=rest, why="unreadable", detail="not named one by one", fix=_AGAIN))
        if self.head.captured_at is not None and in_utc(self.head.captured_at) is None:
            what = f"captured_at of {self.path} ({self.head.captured_at[:40]!r} is no time)"
            detail = "the newest time in the objects is taken in its place"
            found.append(Problem(what=what, why="unreadable", detail=detail, fix=_AGAIN))
        objects = sum(len(one.items) for one in self.collected)
        logs = sum(len(one.logs) for one in self.collected)
        if fault or self.end is None or (self.end.objects, self.end.logs) > (objects, logs):
            what = f"the rest of {self.path}, after {objects:,} objects and {logs:,} logs"
            detail = fault or ("it has no end" if self.end is None else "lines are missing")
            found.insert(0, Problem(what=what, why="truncated", detail=detail, fix=_AGAIN))
            for one in self.collected:
                one.lost[Lost()] = None
        return found

    def _made(self, one: _Collected) -> Part:
        head = self.head
        part = Part(
            path=one.line.path, name=self.name, cluster=head.cluster, items=one.items, logs=one.logs,
            problems=[_problem(each) for each in one.line.problems], captured_at=head.captured_at,
            server_version=head.server_version, listed=_listed(one.line.listed),
            assumed=None if one.line.assumed is None else _listed(one.line.assumed), layout="archive",
            side=tuple(one.line.side), lost=tuple(one.line.lost), redaction_key=head.redaction_key,
            captures=self.captures,
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
    return Problem(**{**fields, "why": why, "kinds": tuple(fields["kinds"])})
