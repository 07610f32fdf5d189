"""Whether what is written behind an archive could be read: it has to be one, whole, and packed alike."""

import os
from typing import BinaryIO

from diag.errors import SnapshotError, UsageError
from diag.snapshot.archive.frames import FrameEnd, form_in, lines
from diag.snapshot.archive.lines import END, MANIFEST
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.part import Limits

_ENDINGS = {"gzip": ".jsonl.gz", "zstd": ".jsonl.zst", "plain": ".jsonl"}
_KEPT = "nothing was changed; "


def refuse_unless_appendable(file: BinaryIO, path: str, form: str) -> None:
    """Read what is there to its end; an empty file is as good as none. Leaves the file at any place.

    Raises UsageError, which says what to do, where a capture that is packed as `form` could not be read behind it.
    """
    if not file.seek(0, os.SEEK_END):
        return
    found = form_in(file)
    try:
        first, last, fault = _ends(file, path)
    except SnapshotError as error:
        raise UsageError(
            f"{path} cannot be read, so nothing is added to it: {error.message}", hint=f"{_KEPT}name a new file"
        ) from error
    if not first.startswith(MANIFEST) and (first or not fault):
        raise UsageError(
            f"{path} is no archive, so nothing can be added to it", hint=f"{_KEPT}name an archive or a new file"
        )
    if fault is None and not last.startswith(END):
        fault = "its last capture has no end"
    if fault is None and found == "plain" and not _ends_a_line(file):
        fault = "its last line has no end"
    if fault is not None:
        raise UsageError(
            f"{path} breaks off ({fault}), and what is added behind that could not be read",
            hint=f"{_KEPT}name a new file; `diag snapshot convert {path} NEW-FILE` keeps what can be read of the last",
        )
    if found != form:
        raise UsageError(
            f"{path} is packed as {found}, and its name says {form}",
            hint=f"{_KEPT}give it the ending of what it is, {_ENDINGS[found]}, or name a new file",
        )


def _ends(file: BinaryIO, path: str) -> tuple[bytes, bytes, str | None]:
    """How the first line begins and the last one, and what is wrong with the file."""
    first, last, fault = b"", b"", None
    for line in lines(file, path, Budget(Limits())):
        if isinstance(line, FrameEnd):
            fault = line.fault
        elif line.text:
            last = line.text[: len(MANIFEST)]
            first = first or last
            if first != MANIFEST:
                break
    return first, last, fault


def _ends_a_line(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
