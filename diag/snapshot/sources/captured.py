"""What the captures of an archive are: of which cluster, from when, of which namespaces. No object is decoded."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from diag.errors import SnapshotError
from diag.snapshot.archive.frames import Capture, captures
from diag.snapshot.archive.lines import PART, PartLine, manifest
from diag.snapshot.clock import in_utc
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.part import Limits
from diag.snapshot.sources.plain_file import archive_at, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One capture. `number` counts from 1; `at` (RFC 3339) is empty where it does not say from when it is.

    `scope` are the namespaces that its lists are of, None where one of them is of all.
    """

    number: int
    cluster: str
    at: str
    scope: frozenset[str] | None


def captured(path: Path, limits: Limits) -> list[Captured]:
    """The captures of an archive in the order in which they were appended, as far as it can be read.

    One whose manifest cannot be read stands among them, and says nothing. Raises SnapshotError where the file cannot
    be read at all.
    """
    budget = Budget(limits)
    shown = printable(path)
    with archive_at(path, budget)() as file:
        return [_captured(number, one, shown) for number, one in enumerate(captures(file, shown, budget), start=1)]


def _captured(number: int, one: Capture, path: str) -> Captured:
    try:
        told = manifest(one.head, path)
    except SnapshotError:
        return Captured(number=number, cluster="", at="", scope=None)
    at = in_utc(told.captured_at) if told.captured_at else None
    return Captured(
        number=number, cluster=told.cluster_uid or told.cluster or "", at=at or "", scope=_scope(one.second)
    )


def _scope(line: bytes) -> frozenset[str] | None:
    if not line.startswith(PART):
        return None
    try:
        listed = msgspec.json.decode(line, type=PartLine).listed
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    spaces = [one.namespaces for one in listed]
    return None if not spaces or None in spaces else frozenset(each for one in spaces for each in one or ())
