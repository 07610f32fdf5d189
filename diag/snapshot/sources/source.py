"""One `--from`: its name and path taken apart, and the path read in its layout."""

import os
import re
import sys
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from diag.errors import SnapshotError
from diag.snapshot.archive.read import HEAD_BYTES, holds_manifest, is_archive, read_archive
from diag.snapshot.sources.budget import Budget, NotObjectsError
from diag.snapshot.sources.bundles.bundle import read_source
from diag.snapshot.sources.bundles.index import source_within
from diag.snapshot.sources.layouts import LAYOUTS
from diag.snapshot.sources.part import Limits, Part
from diag.snapshot.sources.plain_file import (
    archive_at,
    printable,
    read_bytes,
    read_file,
    read_stream,
    side_part,
    unless_empty,
)

_NO_LIMITS_GIVEN = Limits()
_CAPTURE = re.compile(r"-?[1-9]\d{0,5}")


def read(source: str, *, stdin: BinaryIO | None = None, limits: Limits = _NO_LIMITS_GIVEN) -> list[Part]:
    """What a source holds, one part per file.

    `source` is what `--from` takes: `PATH`, `NAME=PATH`, a folder, or `-` for `stdin` (the process's own by default).
    Raises SnapshotError if nothing of it can be used; what else is wrong with it stands in the parts' problems.
    """
    name, path, capture = taken_apart(source)
    budget = Budget(limits)
    if path == "-":
        data = read_stream(_piped(stdin), budget)
        if holds_manifest(data[:HEAD_BYTES]):
            return read_archive(lambda: BytesIO(data), "-", name, budget)
        bundle = source_within(lambda: BytesIO(data), "-", budget)
        return read_source(bundle, "-", name, budget) if bundle else [unless_empty(read_bytes(data, "-", name, budget))]
    location = Path(path)
    if is_archive(location):
        return read_archive(archive_at(location, budget), printable(location), name, budget, capture=capture)
    if capture is not None:
        raise SnapshotError(
            f"{path} is no archive, so it has no capture {capture}", hint="leave out the part from @ on"
        )
    for layout in LAYOUTS:
        if layout.recognises(location):
            return layout.read(location, name, budget)
    try:
        return [unless_empty(read_file(location, name, budget))]
    except NotObjectsError:
        side = side_part(location, name, budget)
        if side is None:
            raise
        return [side]


def taken_apart(source: str) -> tuple[str | None, str, int | None]:
    """Name, path, and the number of the capture in an archive: `prod=week.jsonl.gz@2`, `@-1` for the newest."""
    name, path = _name_and_path(source)
    before, at, number = path.rpartition("@")
    if at and _CAPTURE.fullmatch(number) and not os.path.lexists(path) and os.path.lexists(before):
        return name, before, int(number)
    return name, path, None


def _name_and_path(source: str) -> tuple[str | None, str]:
    """Take `NAME=PATH` apart; a path that exists with `=` in it is a path."""
    try:
        usable = b"\0" not in os.fsencode(source) and source != ""
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise SnapshotError("--from names no path", hint="give a file, a folder, or - for the standard input")
    name, equals, path = source.partition("=")
    if not equals or os.path.lexists(source):
        return None, source
    if not name or not path:
        raise SnapshotError(
            f"{source!r} is neither a path nor NAME=PATH", hint="give the cluster's name, =, and a path"
        )
    return name, path


def _piped(stdin: BinaryIO | None) -> BinaryIO:
    stream = stdin if stdin is not None else getattr(sys.stdin, "buffer", None)
    if stream is None or stream.isatty():
        raise SnapshotError("nothing is piped into --from -", hint="kubectl get … -o json | diag scan --from -")
    return stream
