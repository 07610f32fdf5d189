"""Write captures: a new archive whole or not at all, a further capture behind the others under a lock."""

import contextlib
import gzip
import importlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from diag import __version__
from diag.errors import DiagError, SnapshotError
from diag.snapshot.archive.lines import ITEM, MARK, End, ItemLine, ListedLine, Manifest, PartLine, ProblemLine
from diag.snapshot.archive.reduce import reduced
from diag.snapshot.sources.documents import kind_in_front
from diag.snapshot.sources.part import Listed, LogKey, Part, Problem, Slice

_LEVEL = 6  # of gzip; zstd has its own default
SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


def save(path: Path, capture: bytes, *, append: bool = False) -> None:
    """Write a capture (of `packed`) as a new archive, or behind the captures of one that is there.

    A reader never sees a half: a new file takes the place of the old in one step, and an append that fails is undone.
    Raises DiagError when the system refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if append and path.exists():
            _append(path, capture)
        else:
            _replace(path, capture)
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
    try:
        return bytes(importlib.import_module("compression.zstd").compress(text))  # Python 3.14
    except ImportError:
        try:
            return bytes(importlib.import_module("zstandard").compress(text))
        except ImportError as error:
            raise SnapshotError(
                "this Python cannot write zstd", hint="pip install 'kube-diag[zstd]', or name a file that ends in .gz"
            ) from error


class Counted:
    """Lines, counted while they go by."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.objects = self.logs = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            if line.startswith(b'{"pod":'):
                self.logs += 1
            elif not line.startswith((MARK, b'{"apiVersion":"v1","kind":"List"', b"]")) or line.startswith(ITEM):
                self.objects += 1
            yield line


def list_lines(parts: Sequence[Part]) -> Iterator[bytes]:
    """The objects as one List, as kubectl prints it: an object a line."""
    yield b'{"apiVersion":"v1","kind":"List","items":['
    before = b" "
    for part in parts:
        for piece in part.items:
            line = _item(piece)
            if line is None or line.startswith(MARK):
                line = _spelled(piece)
            if line:
                yield before + line
                before = b","
    yield b"]}"


def _spelled(piece: Slice) -> bytes | None:
    """An object of a typed list with the kind that its list says; None for a Secret or what is no object."""
    if piece.kind in (None, "Secret") or kind_in_front(piece.raw) == "Secret":
        return None
    try:
        fields = msgspec.json.decode(bytes(reduced(piece.raw)), type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return None
    said = {"apiVersion": piece.api_version, "kind": piece.kind}
    head = {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in said.items() if value}
    return msgspec.json.format(msgspec.json.encode(head | fields), indent=-1)


def form_for(path: Path) -> str:
    """How an archive of that name is packed: by its ending, else not at all."""
    return SUFFIXES.get(path.suffix, "plain")


def capture_lines(
    parts: Sequence[Part], *, cluster: str | None, cluster_uid: str | None, read: Mapping[LogKey, str]
) -> Iterator[bytes]:
    """The lines of one capture of one cluster. `read` are logs that were fetched while it was examined."""
    encode = msgspec.json.encode
    versions = [part.server_version for part in parts if part.server_version]
    captured = max((part.captured_at for part in parts if part.captured_at), default=None)
    yield encode(
        Manifest(
            tool=f"diag {__version__}", cluster=cluster, cluster_uid=cluster_uid, captured_at=captured,
            server_version=versions[0] if versions else None,
        )
    )  # fmt: skip
    objects = logs = 0
    held = {(log.pod, log.container, log.previous) for part in parts for log in part.logs}
    for part in parts:
        yield encode(_part(part))
        for piece in part.items:
            line = _item(piece)
            if line:
                objects += 1
                yield line
        for log in part.logs:
            logs += 1
            yield _log(log.pod, log.container, log.text, previous=log.previous)
    for key in sorted(key for key, text in read.items() if text and key not in held):
        pod, container, previous = key
        logs += 1
        yield _log(pod, container, read[key], previous=previous)
    yield encode(End(objects=objects, logs=logs))


def _part(part: Part) -> PartLine:
    return PartLine(
        path=part.path,
        layout=part.layout,
        listed=_listed(part.listed),
        assumed=None if part.assumed is None else _listed(part.assumed),
        problems=[_problem(one) for one in part.problems],
        side=list(part.side),
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
    own = kind_in_front(piece.raw)
    kind = own or piece.kind
    if kind in ("Secret", "SecretList"):
        return None
    line = msgspec.json.format(bytes(reduced(piece.raw)), indent=-1)
    if own or piece.kind is None:
        return line
    return msgspec.json.encode(ItemLine(apiVersion=piece.api_version, kind=piece.kind, object=msgspec.Raw(line)))


def _log(pod: str, container: str, text: str, *, previous: bool) -> bytes:
    return msgspec.json.encode({"pod": pod, "container": container, "previous": previous, "text": text})


def _replace(path: Path, capture: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(capture)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)  # private, as mkstemp makes it: a capture holds more than a report does
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _append(path: Path, capture: bytes) -> None:
    with path.open("r+b") as file, _locked(file):
        size = file.seek(0, os.SEEK_END)
        try:
            file.write(capture)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise


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
