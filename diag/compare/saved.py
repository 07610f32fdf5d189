"""A report that was saved with `-o json`, recognised by its schema."""

import re
from pathlib import Path

import msgspec

from diag.document import SCHEMA, Report
from diag.errors import SnapshotError
from diag.snapshot.sources.form import to_utf8

HEAD_BYTES = 400  # of UTF-16, which PowerShell's redirect writes, half as many characters
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
            schema = _schema(to_utf8(opened.read(HEAD_BYTES), head=True))
            if schema is None:
                return None
            if schema != SCHEMA:
                raise SnapshotError(
                    f"{path} is a report of another version, {schema}; this diag reads {SCHEMA}",
                    hint="read it with the diag that wrote it, or write it anew: diag report … -o json=PATH",
                )
            opened.seek(0)
            return msgspec.json.decode(to_utf8(opened.read()), type=Report)
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
