"""Write captures: a new archive whole or not at all, a further capture behind the others under a lock."""

import contextlib
import importlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from diag import __version__
from diag.errors import DiagError, SnapshotError
from diag.snapshot.archive.appendable import refuse_unless_appendable
from diag.snapshot.archive.frames import form_in
from diag.snapshot.archive.lines import End, ItemLine, ListedLine, Manifest, PartLine, ProblemLine
from diag.snapshot.archive.reduce import reduced
from diag.snapshot.sources.compressed import zstd_library
from diag.snapshot.sources.documents import kind_in_front
from diag.snapshot.sources.part import Listed, LogText, Part, Problem, Slice
from diag.whole_file import replacing

_LEVEL = 6  # of gzip; zstd has its own default
SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


def save(path: Path, capture: bytes, *, append: bool = False) -> None:
    """Write a capture (of `packed`) as a new archive, or behind the captures of one that is there, as `saving`."""
    with saving(path, append=append) as file:
        file.write(capture)


@contextlib.contextmanager
def saving(path: Path, *, append: bool = False) -> Iterator[BinaryIO]:
    """A file to write a capture to; at the end it is a new archive, or stands behind the captures of one that is there.

    A reader never sees a half: a new file takes the place of the old in one step, and an append that fails is undone.
    A link is followed and stays one. Raises DiagError when the system refuses, UsageError where the capture could not
    be read behind what is there.
    """
    try:
        path = Path(os.path.realpath(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        if append:
            with tempfile.TemporaryFile(dir=path.parent) as file:
                yield file
                _added(path, file)
        else:
            with replacing(path, private=True) as new:  # it holds more than a report does
                yield new
    except OSError as error:
        raise DiagError(
            f"cannot write {path}: {error.strerror or error}", hint="nothing was changed; name another place"
        ) from error


def packed(lines: Iterable[bytes], form: str) -> bytes:
    """Lines as one frame, `gzip`, `zstd` or `plain`. Raises SnapshotError where zstd is not installed."""
    frame = BytesIO()
    pack_into(frame, lines, form)
    return frame.getvalue()


def pack_into(file: BinaryIO, lines: Iterable[bytes], form: str) -> None:
    """Write lines as one frame, as they come; the same lines give the same bytes. Raises SnapshotError as `packed`."""
    packer = _packer(form)
    file.writelines(packer.compress(line + b"\n") for line in lines)
    file.write(packer.flush())


class _Packer(Protocol):
    """What zlib, `compression.zstd` and `zstandard` have in common."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Plain:
    """Lines as they are."""

    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def _packer(form: str) -> _Packer:
    if form == "plain":
        return _Plain()
    if form == "gzip":
        return zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    library = zstd_library()
    if library is None:
        raise SnapshotError(
            "this Python cannot write zstd", hint="pip install 'kube-diag[zstd]', or name a file that ends in .gz"
        )
    made = library.ZstdCompressor()
    found: _Packer = made.compressobj() if hasattr(made, "compressobj") else made  # of zstandard only
    return found


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
    logs: Sequence[Iterable[LogText]],
    *,
    held: End,
    cluster: str | None,
    cluster_uid: str | None,
    redaction_key: str | None = None,
) -> Iterator[bytes]:
    """The lines of one capture of one cluster; what they hold is counted in `held` as they are taken.

    `logs` are those of each part, read as they are written, and may be more than there are parts: those of the rest
    were fetched while it was examined. `redaction_key` is the id of the key of its pseudonyms.
    """
    versions = [part.server_version for part in parts if part.server_version]
    captured = max((part.captured_at for part in parts if part.captured_at), default=None)
    yield msgspec.json.encode(
        Manifest(
            tool=f"diag {__version__}", cluster=cluster, cluster_uid=cluster_uid, captured_at=captured,
            server_version=versions[0] if versions else None, permissions=_permissions(parts),
            redaction_key=redaction_key or next((part.redaction_key for part in parts if part.redaction_key), None),
        )
    )  # fmt: skip
    for number, own in enumerate(logs):
        if number < len(parts):
            yield msgspec.json.encode(_part(parts[number]))
            for piece in parts[number].items:
                if line := _item(piece):
                    held.objects += 1
                    yield line
        for log in own:
            held.logs += 1
            yield _log(log)
    yield msgspec.json.encode(held)


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
        what=one.what, why=one.why, detail=one.detail, fix=one.fix, kinds=list(one.kinds), namespace=one.namespace,
        pods=list(one.pods),
    )  # fmt: skip


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


def _added(path: Path, capture: BinaryIO) -> None:
    """Write behind what is there, or the first capture of a new file, whoever else does so meanwhile."""
    while not _appended(path, capture):
        try:
            with replacing(path, private=True, over=False) as file:
                _copy(capture, file)
        except FileExistsError:
            continue
        return


def _copy(capture: BinaryIO, file: BinaryIO) -> None:
    capture.seek(0)
    shutil.copyfileobj(capture, file)


def _appended(path: Path, capture: BinaryIO) -> bool:
    """Write behind what is there; false where nothing is, or what was there has made way for another file."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        return False
    with file, _locked(file):
        if not _is_at(file, path):
            return False
        refuse_unless_appendable(file, str(path), form_in(capture))
        size = file.seek(0, os.SEEK_END)
        try:
            _copy(capture, file)
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
