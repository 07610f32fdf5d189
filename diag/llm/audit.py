"""A trail of what models were asked, for whoever must account for it: when, whom, how much, with what end; no text."""

import datetime as dt
import os
from pathlib import Path

import msgspec

from diag.errors import DiagError


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One question. `prompt` is a hash; a cached answer was not asked for again."""

    engine: str
    model: str
    prompt: str
    prompt_version: str
    redacted: bool
    cached: bool
    tokens_in: int | None
    tokens_out: int | None
    sentences: int
    kept: int
    failed: bool


def record(path: Path, entry: Entry) -> None:
    """Adds a line to the file. Raises DiagError where it cannot: an audit that is silently missing is none."""
    row = {"time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")} | msgspec.to_builtins(entry)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
    except OSError as error:
        raise DiagError(
            f"cannot write the audit trail {path}: {error.strerror or error}", hint="choose another --llm-audit FILE"
        ) from error
