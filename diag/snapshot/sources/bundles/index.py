"""One pass through a bundle: which members there are, and the bytes of those that may hold objects or say something.

Logs are only listed. An archive inside a bundle is opened once (`must-gather.tar.gz` in a zip): its members are called
`outer!/inner`. A second pass, `visit`, gives the members that somebody wants.
"""

import re
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget, NotObjectsError
from diag.snapshot.sources.bundles import names
from diag.snapshot.sources.bundles.dump_text import DumpText, begins_with_nodes, holds_sections, may_be_dump
from diag.snapshot.sources.bundles.entry import Ahead, CutOffError, Entry, Reader, Source, chunks, head_of
from diag.snapshot.sources.bundles.folder_files import FolderFiles
from diag.snapshot.sources.bundles.noted import Noted
from diag.snapshot.sources.bundles.streams import expanded
from diag.snapshot.sources.bundles.tar_files import TarFiles, is_tar
from diag.snapshot.sources.bundles.zip_files import ZipFiles, is_zip
from diag.snapshot.sources.compressed import is_compressed
from diag.snapshot.sources.form import HEAD_BYTES, OBJECTS, form_of, to_utf8
from diag.snapshot.sources.side.reading import PACKED_HEAD_BYTES, SideText, side_text

INSIDE = "!/"
_LOG = re.compile(r"\.log(?:\.gz|\.\d[^/]*)?$|(?:^|/)logs\.txt$")
# Names of logs that are of a node and no container; what they hold is told by their first bytes.
_OF_NODE = re.compile(
    r"(?:dmesg|kern|kmsg|journal|syslog|nvidia[-_]?smi|nvidia-bug-report|dcgm|gpud)[^/]*$", re.IGNORECASE
)
_TEXT_BYTES = 16 * 1024**2


@dataclass(slots=True)
class Member:
    """A member that was met. `data` is kept where it may hold objects, tells of GPUs (`side`), or a tool reads it."""

    size: int
    data: bytes | None = None
    objects: bool = False
    side: bool = False
    refusal: NotObjectsError | None = None  # why it can hold no objects
    too_deep: bool = False  # an archive in an archive in an archive


@dataclass(slots=True)
class Index:
    """What a bundle holds, by name, in its order."""

    source: Source
    members: dict[str, Member] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)  # members that are there and are not read, and why
    doubted: set[str] = field(default_factory=set)  # members beside which there is an unread one of the same name
    noted: Noted = field(default_factory=Noted)
    broken_off: bool = False  # whether members may be missing behind those that are here


def source_of(path: Path, budget: Budget) -> Source | None:
    """The folder, archive or stream of parts that a path is, by its first bytes; None for anything else; OSError."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return FolderFiles(path)
    return source_within(lambda: path.open("rb"), str(path), budget) if stat.S_ISREG(mode) else None


def source_within(opened: Callable[[], BinaryIO], path: str, budget: Budget) -> Source | None:
    """The archive or stream of parts that a file is, by its first bytes; `path` is for messages."""
    with opened() as file:
        head = _head(file)
    if is_zip(head):
        return ZipFiles(opened, budget)
    beginning = _beginning(head, budget)

    @contextmanager
    def opener() -> Iterator[Reader]:
        with opened() as file:
            yield expanded(file, head, budget, path)

    if is_tar(beginning):
        return TarFiles(opener)
    if may_be_dump(beginning):
        with opener() as text, suppress(CutOffError, SnapshotError):
            return DumpText(opener) if holds_sections(text) else None
    return None


def _head(reader: Reader) -> bytes:
    """The first bytes: of what is packed so many that something can be expanded from them."""
    head = head_of(reader, HEAD_BYTES)
    return head + head_of(reader, PACKED_HEAD_BYTES) if is_compressed(head) else head


def _beginning(head: bytes, budget: Budget) -> bytes:
    """The first bytes of what a file's first bytes are packed from; none where they cannot be expanded."""
    if not is_compressed(head):
        return head
    try:
        return head_of(expanded(Ahead(head, _Nothing()), head, budget, ""), 512)
    except (CutOffError, SnapshotError, OSError):
        return b""


def index(source: Source, is_text: Callable[[str], bool], budget: Budget) -> Index:
    """Pass through a bundle once. `is_text` tells by name which texts a tool reads. LimitExceededError as `Budget`."""
    found = Index(source)
    _pass(source, "", found, is_text, budget)
    return found


def _pass(source: Source, prefix: str, found: Index, is_text: Callable[[str], bool], budget: Budget) -> None:
    seen: dict[str, str] = {}
    last = ""
    try:
        for entry in source.entries():
            last = prefix + names.shown(entry.name)
            budget.spend_file(last)
            name, wrong = names.checked(entry.name, budget.limits.path)
            wrong = wrong or ("" if entry.odd == "folder" else entry.odd)
            if not wrong and entry.reader is not None and seen.setdefault(names.folded(name), name) != name:
                wrong = f"its name differs only in case from {names.shown(seen[names.folded(name)])}"
                found.doubted.add(prefix + seen[names.folded(name)])
            if not wrong and prefix + name in found.members:
                wrong = "a member of this name came before it"
                found.doubted.add(prefix + name)
            if wrong:
                if not (entry.link and names.leads_inside(name, entry.link)):
                    found.unread[prefix + name] = wrong
                    found.noted.unread(f"{names.shown(last)} of the bundle ({wrong})", f"not read: {wrong}")
            elif entry.reader is not None:
                _look(entry, prefix + name, entry.reader, found, is_text, budget)
    except CutOffError as error:
        found.broken_off = True
        found.noted.cut_off(f"the bundle from {last or 'its beginning'} on", f"the {source.kind}: {error}")
    except OSError as error:
        found.broken_off = True
        found.noted.unread(f"the bundle from {last or 'its beginning'} on", error.strerror or str(error))


def _look(
    entry: Entry, name: str, reader: Reader, found: Index, is_text: Callable[[str], bool], budget: Budget
) -> None:
    """Keep what a member holds, list it, or open it, as its name and its first bytes say."""
    member = found.members[name] = Member(size=entry.size)
    if _LOG.search(name) and not is_text(name) and not _OF_NODE.search(name):
        return
    head = _head(reader)
    whole = Ahead(head, reader)
    if INSIDE in name:
        member.too_deep = is_zip(head) or is_tar(_beginning(head, budget))
        if member.too_deep:
            return
    # What is no archive and still holds several, a stream of parts, is opened within two archives, too.
    if not entry.part and (inner := _inner(name, head, whole, budget)) is not None:
        del found.members[name]
        _pass(inner, name + INSIDE, found, is_text, budget)
        return
    side = _beside(whole, head, name, budget)
    try:
        member.objects = (side is None or not side.packed) and _may_hold_objects(head, name)
    except NotObjectsError as error:
        member.refusal = error
    if side is not None and not member.objects:
        member.side = True
        member.data = b"".join(side.pieces(budget, name))
        if side.fault:
            found.noted.cut_off(f"the end of {name} ({side.fault})", side.fault)
    elif member.objects or (is_text(name) and entry.size <= _TEXT_BYTES):
        member.data = _whole(whole, name, budget)


def _beside(whole: Reader, head: bytes, name: str, budget: Budget) -> SideText | None:
    """The side file that a member is. What is packed may be objects in which such words stand."""
    side = side_text(whole, head, budget, name)
    if side is not None and side.packed and OBJECTS.search(side.head):
        return None
    return side


def _whole(reader: Reader, name: str, budget: Budget) -> bytes:
    pieces = []
    for piece in chunks(reader):
        budget.spend_bytes(len(piece), name)
        pieces.append(piece)
    return b"".join(pieces)


def _may_hold_objects(head: bytes, name: str) -> bool:
    """Whether a member is JSON or YAML with a kind at its beginning, or packed, so that only reading it tells.

    Raises NotObjectsError for one that is neither.
    """
    return (
        form_of(head, name) == "compressed" or len(head) < HEAD_BYTES or bool(OBJECTS.search(to_utf8(head, head=True)))
    )


def _inner(name: str, head: bytes, whole: Reader, budget: Budget) -> Source | None:
    """The archive that a member is; it is read where it stands, a zip in memory."""
    if is_zip(head):
        data = _whole(whole, name, budget)
        return ZipFiles(lambda: BytesIO(data), budget)
    beginning = _beginning(head, budget)
    if is_tar(beginning):
        return TarFiles(lambda: nullcontext(expanded(whole, head, budget, name)))
    if begins_with_nodes(beginning) and not name.endswith("nodes.json"):  # where collectors put only the nodes
        return DumpText(lambda: nullcontext(expanded(whole, head, budget, name)))
    return None


class _Nothing:
    """The end of what was looked at."""

    def read(self, size: int, /) -> bytes:  # noqa: ARG002  # a reader
        return b""


def visit(source: Source, wanted: set[str], budget: Budget, prefix: str = "") -> Iterator[tuple[str, Reader]]:
    """The wanted members, each readable until the next; raises what `entries` raises. Ends with the last of them."""
    left = {name for name in wanted if name.startswith(prefix)}
    outer = {prefix + name[len(prefix) :].partition(INSIDE)[0] for name in left}

    def asked(raw: str) -> bool:
        return prefix + names.checked(raw, budget.limits.path)[0] in outer

    with closing(source.entries(asked)) as entries:  # type: ignore[type-var]  # the sources are generators
        for entry in entries:
            if not outer:
                return
            name = prefix + names.checked(entry.name, budget.limits.path)[0]
            if name not in outer or entry.reader is None:
                continue
            outer.discard(name)
            if name in left:
                yield name, entry.reader
                continue
            head = _head(entry.reader)
            inner = _inner(name, head, Ahead(head, entry.reader), budget)
            if inner is not None:
                yield from visit(inner, left, budget, name + INSIDE)
