"""Write captures: a new archive whole or not at all, a further capture behind the others under a lock."""

import contextlib
import gzip
import importlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from diag import __version__
from diag.errors import DiagError, SnapshotError
from diag.snapshot.archive.appendable import refuse_unless_appendable
from diag.snapshot.archive.frames import form_in
from diag.snapshot.archive.lines import End, ItemLine, ListedLine, Manifest, PartLine, ProblemLine
from diag.snapshot.archive.reduce import reduced
from diag.snapshot.sources.compressed import zstd_library
from diag.snapshot.sources.documents import kind_in_front
from diag.snapshot.sources.part import Listed, LogKey, LogText, Part, Problem, Slice
from diag.whole_file import replace

_LEVEL = 6  # of gzip; zstd has its own default
SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


def save(path: Path, capture: bytes, *, append: bool = False) -> None:
    """Write a capture (of `packed`) as a new archive, or behind the captures of one that is there.

    A reader never sees a half: a new file takes the place of the old in one step, and an append that fails is undone.
    A link is followed and stays one. Raises DiagError when the system refuses, UsageError where the capture could not
    be read behind what is there.
    """
    try:
        path = Path(os.path.realpath(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        if append:
            _added(path, capture)
        else:
            replace(path, capture, private=True)  # it holds more than a report does
    except OSError as error:
        raise DiagError(
            f"cannot write {path}: {error.strerror or error}", hint="nothing was changed; name another place"
        ) from error


def packed(lines: Iterable[bytes], form: str) -> bytes:
    """Lines as one frame, `gzip`, `zstd` or `plain`. Raises SnapshotError where zstd is not installed."""
    text = b"".join(line + b"\n" for line in lines)
    if form == "plain":
        return text
    if form == "gzip":
        return gzip.compress(text, _LEVEL, mtime=0)  # the same capture gives the same bytes
    library = zstd_library()
    if library is None:
        raise SnapshotError(
            "this Python cannot write zstd", hint="pip install 'kube-diag[zstd]', or name a file that ends in .gz"
        )
    return bytes(library.compress(text))


def list_lines(parts: Sequence[Part]) -> tuple[list[bytes], End]:
    """The objects as one List, as kubectl prints it, an object a line; and how many there are."""
    objects = [line for part in parts for piece in part.items if (line := _listed_object(piece))]
    items = [(b"," if number else b" ") + line for number, line in enumerate(objects)]
    return [b'{"apiVersion":"v1","kind":"List","items":[', *items, b"]}"], End(objects=len(objects), logs=0)


def _listed_object(piece: Slice) -> bytes | None:
    """An object with its kind, from its list where it does not say it; None for a Secret or what is no object."""
    line = _object(piece)
    if line is None or _says_its_kind(piece):
        return line
    try:
        fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return None
    said = {"apiVersion": piece.api_version, "kind": piece.kind}
    head = {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in said.items() if value}
    return msgspec.json.encode(head | fields)


def form_for(path: Path) -> str:
    """How an archive of that name is packed: by its ending, else not at all."""
    return SUFFIXES.get(path.suffix, "plain")


def capture_lines(
    parts: Sequence[Part],
    *,
    cluster: str | None,
    cluster_uid: str | None,
    read: Mapping[LogKey, str],
    redaction_key: str | None = None,
) -> tuple[list[bytes], End]:
    """The lines of one capture of one cluster, and what they hold.

    `read` are logs fetched while it was examined, `redaction_key` the id of the key of its pseudonyms.
    """
    versions = [part.server_version for part in parts if part.server_version]
    captured = max((part.captured_at for part in parts if part.captured_at), default=None)
    manifest = Manifest(
        tool=f"diag {__version__}", cluster=cluster, cluster_uid=cluster_uid, captured_at=captured,
        server_version=versions[0] if versions else None, permissions=_permissions(parts),
        redaction_key=redaction_key or next((part.redaction_key for part in parts if part.redaction_key), None),
    )  # fmt: skip
    lines, objects = [msgspec.json.encode(manifest)], 0
    for part in parts:
        items = [line for piece in part.items if (line := _item(piece))]
        objects += len(items)
        lines += [msgspec.json.encode(_part(part)), *items, *map(_log, part.logs)]
    held = {(log.pod, log.container, log.previous) for part in parts for log in part.logs}
    fetched = [
        LogText(pod=key[0], container=key[1], previous=key[2], text=text)
        for key, text in sorted(read.items())
        if text and key not in held
    ]
    end = End(objects=objects, logs=sum(len(part.logs) for part in parts) + len(fetched))
    return [*lines, *map(_log, fetched), msgspec.json.encode(end)], end


def _part(part: Part) -> PartLine:
    return PartLine(
        path=part.path,
        layout=part.layout,
        listed=_listed(part.listed),
        assumed=None if part.assumed is None else _listed(part.assumed),
        problems=[_problem(one) for one in part.problems],
        lost=list(part.lost),
        side=list(part.side),
        unserved=list(part.unserved),
    )


def _permissions(parts: Iterable[Part]) -> list[ListedLine] | None:
    told = [part.permissions for part in parts if part.permissions is not None]
    return (
        [
            ListedLine(kind=one.kind, namespaces=None if one.namespaces is None else sorted(one.namespaces))
            for one in told[0]
        ]
        if told
        else None
    )


def _listed(found: Iterable[Listed]) -> list[ListedLine]:
    return [
        ListedLine(kind=one.kind, namespaces=None if one.namespaces is None else sorted(one.namespaces))
        for one in found
    ]


def _problem(one: Problem) -> ProblemLine:
    return ProblemLine(
        what=one.what, why=one.why, detail=one.detail, fix=one.fix, kinds=list(one.kinds), namespace=one.namespace
    )


def _item(piece: Slice) -> bytes | None:
    """One object on one line; None for a Secret, which no archive holds."""
    line = _object(piece)
    if line is None or _says_its_kind(piece) or piece.kind is None:
        return line
    return msgspec.json.encode(ItemLine(apiVersion=piece.api_version, kind=piece.kind, object=msgspec.Raw(line)))


def _object(piece: Slice) -> bytes | None:
    """An object as it is, on one line, its managedFields reduced; None for a Secret."""
    if (kind_in_front(piece.raw) or piece.kind) in ("Secret", "SecretList"):
        return None
    return msgspec.json.format(bytes(reduced(piece.raw)), indent=-1)


def _says_its_kind(piece: Slice) -> bool:
    return kind_in_front(piece.raw) is not None


def _log(log: LogText) -> bytes:
    return msgspec.json.encode({"pod": log.pod, "container": log.container, "previous": log.previous, "text": log.text})


def _added(path: Path, capture: bytes) -> None:
    """Write behind what is there, or the first capture of a new file, whoever else does so meanwhile."""
    while not _appended(path, capture):
        try:
            replace(path, capture, private=True, over=False)
        except FileExistsError:
            continue
        return


def _appended(path: Path, capture: bytes) -> bool:
    """Write behind what is there; false where nothing is, or what was there has made way for another file."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        return False
    with file, _locked(file):
        if not _is_at(file, path):
            return False
        refuse_unless_appendable(file, str(path), form_in(BytesIO(capture)))
        size = file.seek(0, os.SEEK_END)
        try:
            file.write(capture)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether a file that is open is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
    """Alone at a file, where the system has such locks; a second writer waits."""
    try:
        fcntl = importlib.import_module("fcntl")
    except ImportError:  # Windows: appends of two processes are on the user there
        yield
        return
    fcntl.flock(file.fileno(), fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
