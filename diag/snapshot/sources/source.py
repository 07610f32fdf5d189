"""One `--from`: its name and path taken apart, and the path read in its layout."""

import os
import sys
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.bundles.bundle import read_source
from diag.snapshot.sources.bundles.index import source_within
from diag.snapshot.sources.layouts import LAYOUTS
from diag.snapshot.sources.part import Limits, Part
from diag.snapshot.sources.plain_file import read_bytes, read_file, read_stream, unless_empty

_NO_LIMITS_GIVEN = Limits()


def read(source: str, *, stdin: BinaryIO | None = None, limits: Limits = _NO_LIMITS_GIVEN) -> list[Part]:
    """What a source holds, one part per file.

    `source` is what `--from` takes: `PATH`, `NAME=PATH`, a folder, or `-` for `stdin` (the process's own by default).
    Raises SnapshotError if nothing of it can be used; what else is wrong with it stands in the parts' problems.
    """
    name, path = _name_and_path(source)
    budget = Budget(limits)
    if path == "-":
        data = read_stream(_piped(stdin), budget)
        bundle = source_within(lambda: BytesIO(data), "-", budget)
        return read_source(bundle, "-", name, budget) if bundle else [unless_empty(read_bytes(data, "-", name, budget))]
    location = Path(path)
    for layout in LAYOUTS:
        if layout.recognises(location):
            return layout.read(location, name, budget)
    return [unless_empty(read_file(location, name, budget))]


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
