"""A report that was saved with `-o json`, recognised by its schema."""

import re
from pathlib import Path

import msgspec

from diag.document import SCHEMA, Report
from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.compressed import beginning, expand, is_compressed
from diag.snapshot.sources.form import to_utf8
from diag.snapshot.sources.part import Limits

HEAD_BYTES = 400  # of UTF-16, which PowerShell's redirect writes, half as many characters
_PACKED_BYTES = 256 * 1024  # a block of zstd gives nothing until it is whole (RFC 8878, 3.1.1.2)
MOST_BYTES = 512 * 1024**2
_HEAD = re.compile(rb'\s*\{\s*"schema"\s*:\s*"(diag\.report/v\d{1,9})"')


def saved_report(path: str) -> Report | None:
    """The report that a file holds; None for anything else.

    Raises SnapshotError for a report that cannot be read, and for one of another version of the format.
    """
    file = Path(path)
    try:
        if not file.is_file() or file.stat().st_size > MOST_BYTES:
            return None
        with file.open("rb") as opened:
            head = opened.read(HEAD_BYTES)
            if packed := is_compressed(head):
                head = beginning(head + opened.read(_PACKED_BYTES), path, HEAD_BYTES)
            schema = _schema(to_utf8(head, head=True))
            if schema is None:
                return None
            if schema != SCHEMA:
                raise SnapshotError(
                    f"{path} is a report of another version, {schema}; this diag reads {SCHEMA}",
                    hint="read it with the diag that wrote it, or write it anew: diag report … -o json=PATH",
                )
            opened.seek(0)
            held = opened.read()
            whole = expand(held, path, Budget(Limits()))[0] if packed else held
            return msgspec.json.decode(to_utf8(whole), type=Report)
    except (OSError, ValueError):
        if file.is_file():
            raise SnapshotError(
                f"{path} begins as a report of diag and cannot be read as one", hint="write it again with -o json"
            ) from None
        return None


def _schema(head: bytes) -> str | None:
    """Which version of the format a file's first bytes name; None for what is no report of ours."""
    found = _HEAD.match(head)
    return found[1].decode() if found else None
