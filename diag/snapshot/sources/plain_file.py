"""One plain file, or the standard input: opened with care, expanded, and read in its form."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget, NotObjectsError
from diag.snapshot.sources.bundles.entry import Ahead
from diag.snapshot.sources.compressed import expand
from diag.snapshot.sources.documents import KUBECTL_JSON, Documents
from diag.snapshot.sources.form import HEAD_BYTES, OBJECTS, chatter_end, form_of, holds_kind, refusal, to_utf8
from diag.snapshot.sources.json_text import read_json
from diag.snapshot.sources.lost import kind_and_namespace
from diag.snapshot.sources.meant import empty_kinds
from diag.snapshot.sources.part import Listed, Part, Problem
from diag.snapshot.sources.side import readings_of
from diag.snapshot.sources.side.reading import PACKED_HEAD_BYTES, side_text
from diag.snapshot.sources.stranger import stranger
from diag.snapshot.sources.yaml_text import read_yaml

SIDE = "side file"  # the layout of a file that tells of GPUs
_CHUNK_BYTES = 1024**2
_LONGEST = 300  # characters of a path in a sentence
_SIBLINGS = 1000  # names to look through for the one that was meant


def read_file(path: Path, name: str | None, budget: Budget) -> Part:
    """What a file holds, problems included; raises SnapshotError if it cannot be opened or holds no objects at all.

    A side file in whose beginning stands nothing of an object is not taken into memory to look for one.
    """
    shown = printable(path)
    if (side := side_part(path, name, budget, surely=True)) is not None:
        budget.spend_file(shown)
        return side
    return read_bytes(file_bytes(path, budget), shown, name, budget)


def file_bytes(path: Path, budget: Budget) -> bytes:
    """All bytes of a file that may hold objects by its first ones; raises SnapshotError as `read_file` does."""
    shown = printable(path)
    budget.spend_file(shown)
    with _explained(path), _open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        form_of(file.peek(HEAD_BYTES)[:HEAD_BYTES], shown)  # type: ignore[attr-defined]
        budget.spend_bytes(size, shown)
        return file.read(size)


def archive_at(path: Path, budget: Budget) -> Callable[[], BinaryIO]:
    """What opens an archive whenever it is to be read; raises SnapshotError as `read_file` does."""
    budget.spend_file(printable(path))

    def opened() -> BinaryIO:
        with _explained(path):
            return _open_regular(path)

    return opened


def side_part(path: Path, name: str | None, budget: Budget, *, surely: bool = False) -> Part | None:
    """What a file tells that holds no objects but readings of GPUs; None where it holds none of these either.

    `surely`: None as well where it may hold objects, in which such words stand.
    """
    shown = printable(path)
    with _explained(path), _open_regular(path) as file:
        head = file.read(PACKED_HEAD_BYTES)
        side = side_text(Ahead(head, file), head, budget, shown)
        if side is None or (surely and OBJECTS.search(side.head)):
            return None
        data = b"".join(side.pieces(budget, shown))
    problems = [_without_end(shown, side.fault)] if side.fault else []
    return Part(path=shown, name=name, side=tuple(readings_of(data, shown)), problems=problems, layout=SIDE)


def _without_end(shown: str, fault: str) -> Problem:
    what = f"the end of {shown} ({fault})"
    return Problem(what=what, why="truncated", detail=fault, fix="copy or collect the file again")


def read_stream(stream: BinaryIO, budget: Budget) -> bytes:
    """All bytes of the standard input; raises SnapshotError as `read_file` does."""
    chunks = []
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            budget.spend_bytes(len(chunk), "-")
            chunks.append(chunk)
    except OSError as error:
        raise SnapshotError(f"the standard input cannot be read: {error.strerror or error}") from error
    return b"".join(chunks)


def read_bytes(data: bytes, path: str, name: str | None, budget: Budget) -> Part:
    """What bytes hold; `path` is for messages. Raises SnapshotError if that is no objects and no logs at all."""
    documents = documents_of(data, path, budget)
    part, empty = documents.part(name), empty_kinds(documents, path)
    if not empty:
        return part
    held = [kind_and_namespace(piece) for piece in part.items]
    kinds, namespaces = {kind for kind, _ in held if kind}, frozenset(namespace for _, namespace in held)
    # Of a plain file all kinds are assumed in all its namespaces (`Part`), those of empty lists as well.
    return replace(part, assumed=tuple(Listed(kind=kind, namespaces=namespaces) for kind in sorted(kinds | empty)))


def documents_of(data: bytes, path: str, budget: Budget) -> Documents:
    """The same, not yet a part."""
    documents = Documents(path, budget)
    text, cut_off = expand(data, path, budget)
    del data  # what is compressed is not held beside what it expands to
    head = text[:HEAD_BYTES]
    form = form_of(head, path)
    try:
        text = to_utf8(text)
    except UnicodeError as error:
        raise NotObjectsError(f"{path} is binary, neither JSON nor YAML", hint=KUBECTL_JSON) from error
    if chatter := chatter_end(text):
        documents.chatter(text[:chatter])
        text = text[chatter:]
    if form == "json":
        read_json(text, documents)
    elif holds_kind(text):
        read_yaml(text, documents)
    if cut_off:
        documents.truncated(cut_off)
    if documents.foreign:
        raise _foreign(form, head, path)
    return documents


def _foreign(form: str, head: bytes, path: str) -> NotObjectsError:
    if known := stranger(to_utf8(head, head=True), path):
        error = NotObjectsError(f"{path} {known.what}", hint=known.hint)
        error.form, error.beside = form, known.beside
        return error
    if form == "json":
        error = NotObjectsError(f"{path} holds JSON, but no Kubernetes object: nothing has a kind", hint=KUBECTL_JSON)
    else:
        error = refusal(head, path)
    # A text that begins as YAML and is none of the known mistakes: settings, most likely.
    if form == "json" or error.message == f"{path} is neither JSON nor YAML":
        error.form = form
    return error


def unless_empty(part: Part) -> Part:
    """The part, if it holds something or nothing is wrong with it; raises SnapshotError with its first problem."""
    if part.problems and not part.items and not part.logs and part.layout != SIDE:
        problem = part.problems[0]
        raise SnapshotError(f"nothing in {part.path} can be used: {problem.detail}", hint=problem.fix)
    return part


def printable(path: Path) -> str:
    """A path as text, also where its bytes are no UTF-8."""
    return os.fsencode(path).decode(errors="replace")


def is_link(path: Path) -> bool:
    """Whether a path is a symbolic link; not where the system does not say, as where it is too long."""
    return os.path.islink(path)  # noqa: PTH114 (Path.is_symlink raises there)


def _open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; a pipe or device is refused before it can make the reader wait."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        hint = "pipe it into `--from -` instead" if stat.S_ISFIFO(mode) else "name a file, a folder, or `-`"
        raise SnapshotError(f"{printable(path)} is not a regular file", hint=hint)
    return os.fdopen(descriptor, "rb")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the system says about a path into a sentence."""
    try:
        yield
    except OSError as error:
        raise explain(path, error) from error


def explain(path: Path, error: OSError) -> SnapshotError:
    """Why the system does not give a path, and what to do about it."""
    shown = printable(path)
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST // 2]}…{shown[-_LONGEST // 2 :]}"
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            near = _near(path)
            return SnapshotError(f"{shown} does not exist", hint=f"did you mean {near}?" if near else None)
        case errno.EACCES | errno.EPERM:
            return SnapshotError(f"{shown} may not be read: permission denied", hint="ask for read permission")
        case errno.ELOOP:
            return SnapshotError(f"{shown} is a symbolic link that leads back to itself")
        case _:
            return SnapshotError(f"{shown} cannot be read: {error.strerror or error}")


def _near(path: Path) -> str | None:
    """The sibling whose name is closest to a path that does not exist."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_SIBLINGS), strict=False)]
    except OSError:
        return None
    matches = get_close_matches(path.name, sorted(names), n=1)
    return printable(path.parent / matches[0]) if matches else None
