"""A report that was saved with `-o json`, recognised by its schema."""

from pathlib import Path

import msgspec

from diag.document import SCHEMA, Report
from diag.errors import SnapshotError

HEAD_BYTES = 200
MOST_BYTES = 512 * 1024**2


def saved_report(path: str) -> Report | None:
    """The report that a file holds; None for anything else. Raises SnapshotError for a report that cannot be read."""
    file = Path(path)
    try:
        if not file.is_file() or file.stat().st_size > MOST_BYTES:
            return None
        with file.open("rb") as opened:
            if not _is_report(opened.read(HEAD_BYTES)):
                return None
            opened.seek(0)
            return msgspec.json.decode(opened.read(), type=Report)
    except (OSError, ValueError):
        if file.is_file():
            raise SnapshotError(
                f"{path} begins as a report of diag and cannot be read as one", hint="write it again with -o json"
            ) from None
        return None


def _is_report(head: bytes) -> bool:
    text = head.replace(b" ", b"").replace(b"\n", b"")
    return text.startswith(b'{"schema":"' + SCHEMA.encode() + b'"')
