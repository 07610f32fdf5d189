"""The key of pseudonyms, and the way back from them."""

import os
import re
import sys
from pathlib import Path

import platformdirs

from diag.api import Limits
from diag.cli.output import to_stdout
from diag.errors import DiagError, UsageError
from diag.redact.keys import KeyFile, key_file
from diag.snapshot.archive.lines import MANIFEST
from diag.snapshot.archive.write import form_for, packed, save
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.compressed import expand, is_compressed
from diag.snapshot.sources.plain_file import explain, read_stream

_KEY = re.compile(rb'"redaction_key":(?:"([0-9a-f]{1,64})"|null)')


def redaction_key(path: Path | None, *, make: bool = True) -> KeyFile:
    """The key in a file (else DIAG_REDACTION_KEY), else that of this installation; made where missing, if it may be."""
    path = path or (Path(named) if (named := os.environ.get("DIAG_REDACTION_KEY")) else None)
    return key_file(path or Path(platformdirs.user_state_dir("diag", appauthor=False)) / "redaction.key", make=make)


def restored(source: str, to: Path | None, key: Path | None) -> None:
    """Writes a file or stdin with the real names, packed as its ending says; to stdout where none is named.

    Raises UsageError for an archive that was redacted with another key, DiagError where nothing can be turned back.
    """
    found = redaction_key(key, make=False)
    names = found.pseudonyms()
    if not names.names:
        raise DiagError(f"nothing was redacted here with the key {found.id}", hint="name its key: --key FILE")
    text = _text(source)
    head = text.partition(b"\n")[0] if text.startswith(MANIFEST) else b""
    if (used := _KEY.search(head)) and used[1] is not None and used[1].decode() != found.id:
        raise UsageError(
            f"{source} was redacted with the key {used[1].decode()}, and this one is {found.id}",
            hint="name its key: --key FILE",
        )
    told = names.restored(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if used:
        told = _KEY.sub(b'"redaction_key":null', told, count=1)
    if to is None:
        to_stdout(told)
    else:
        save(to, packed(told.removesuffix(b"\n").split(b"\n"), form_for(to)))


def _text(source: str) -> bytes:
    """What a file or stdin holds, unpacked; it may be any text."""
    budget = Budget(Limits())
    if source == "-":
        data = read_stream(sys.stdin.buffer, budget)
    else:
        try:
            with Path(source).open("rb") as file:
                data = read_stream(file, budget)
        except OSError as error:
            raise explain(Path(source), error) from error
    return expand(data, source, budget)[0] if is_compressed(data) else data
