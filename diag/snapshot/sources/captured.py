"""What the captures of an archive are: of which cluster, from when, of which namespaces. No object is decoded."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from diag.errors import SnapshotError
from diag.snapshot.archive.lines import PART, PartLine, manifest
from diag.snapshot.archive.read import each_capture
from diag.snapshot.clock import in_utc
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.part import Limits
from diag.snapshot.sources.plain_file import file_bytes, printable


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
    found: list[Captured] = []
    shown = printable(path)
    for number, (text, _) in enumerate(each_capture(file_bytes(path, budget), shown, budget), start=1):
        found.append(_captured(number, text, shown))
        budget.return_bytes(len(text))
    return found


def _captured(number: int, text: bytes, path: str) -> Captured:
    head, rest = _first_lines(text)
    try:
        told = manifest(head, path)
    except SnapshotError:
        return Captured(number=number, cluster="", at="", scope=None)
    at = in_utc(told.captured_at) if told.captured_at else None
    return Captured(number=number, cluster=told.cluster_uid or told.cluster or "", at=at or "", scope=_scope(rest))


def _first_lines(text: bytes) -> tuple[bytes, bytes]:
    """The manifest and the line after it, without a copy of all that follows."""
    end = text.find(b"\n")
    end = len(text) if end < 0 else end
    after = text.find(b"\n", end + 1)
    return text[:end], text[end + 1 : len(text) if after < 0 else after]


def _scope(line: bytes) -> frozenset[str] | None:
    if not line.startswith(PART):
        return None
    try:
        listed = msgspec.json.decode(line, type=PartLine).listed
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    spaces = [one.namespaces for one in listed]
    return None if not spaces or None in spaces else frozenset(each for one in spaces for each in one or ())
