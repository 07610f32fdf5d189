"""A tar archive, read from front to back as a stream: it may be packed, and nothing in it is trusted.

Formats: POSIX.1-2017 pax and ustar, GNU tar's long names (`info tar`, "Basic Tar Format").
"""

import re
import tarfile
from collections.abc import Iterator
from typing import Any

from diag.snapshot.sources.budget import LimitExceededError
from diag.snapshot.sources.bundles.entry import CHUNK_BYTES, CutOffError, Entry, Opener, Reader, Wanted

MAGIC, MAGIC_AT = b"ustar", 257
HEADER_BYTES = 4 * 1024**2  # extended headers of one member; real ones have a few hundred bytes
_BLOCK = 512
_DIGITS = re.compile(rb"\d{256}")  # in a row: a pax record begins with its length, and no file has so many in its name


def is_tar(head: bytes) -> bool:
    """Whether (expanded) bytes begin as a tar archive does."""
    return head[MAGIC_AT : MAGIC_AT + len(MAGIC)] == MAGIC


class TarFiles:
    """The members of a tar archive. `opener` gives its expanded bytes from the front, each time anew."""

    kind = "tar archive"

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def entries(self, wanted: Wanted | None = None) -> Iterator[Entry]:  # noqa: ARG002  # a stream passes all
        """The members as they come."""
        with self._opener() as stream:
            guard = _Guarded(stream)
            try:
                with _stream(guard) as archive:
                    while (member := _next(archive, guard)) is not None:
                        entry = _entry(archive, member)
                        yield entry
                        _drain(entry.reader)
                        archive.members.clear()  # type: ignore[attr-defined]  # it would grow with every member
            except (tarfile.TarError, EOFError) as error:
                raise CutOffError(str(error) or "it breaks off") from error
            except (ValueError, OverflowError, UnicodeError) as error:
                raise CutOffError(f"a header cannot be read ({error})") from error
            if guard.ended and guard.last.strip(b"\0"):
                raise CutOffError("it ends without the two empty blocks that end an archive")


class _Guarded:
    """What tarfile reads from. A header may not be longer than any real one is: tarfile holds it in memory."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.header_left: int | None = HEADER_BYTES  # tarfile reads the first header when it opens the stream
        self.ended = False
        self.last = b""

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        piece = self._reader.read(size)
        self.ended = not piece
        self.last = piece[-_BLOCK:] or self.last
        if self.header_left is not None:
            self.header_left -= len(piece)
            if self.header_left < 0:
                raise LimitExceededError(
                    f"a tar header is longer than {HEADER_BYTES:,} bytes", hint="no archiver writes such a header"
                )
        return piece


class _Header(tarfile.TarInfo):
    """A header whose extended part is looked at before tarfile searches it.

    Before Python 3.12.6 that takes the square of the digits in a row (CVE-2024-6232).
    """

    def _proc_pax(self, archive: Any) -> tarfile.TarInfo:
        stream = archive.fileobj
        records = stream.read(self._block(self.size))  # type: ignore[attr-defined]  # no part of what is documented
        if _DIGITS.search(records):
            raise tarfile.ReadError("an extended header is no list of records")
        archive.fileobj = _Again(records, stream)
        try:
            found: tarfile.TarInfo = super()._proc_pax(archive)  # type: ignore[misc]  # as above
        finally:
            archive.fileobj = stream
        return found


class _Again:
    """A stream of which some bytes were read already; these come first, in one piece."""

    def __init__(self, first: bytes, rest: Any) -> None:
        self._first: bytes | None = first
        self._rest = rest

    def read(self, size: int, /) -> Any:
        """The first bytes once, whatever the size, then those of the stream."""
        first, self._first = self._first, None
        return self._rest.read(size) if first is None else first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rest, name)


def _stream(guard: _Guarded) -> tarfile.TarFile:
    # The stub asks for methods of a file that a stream never calls.
    return tarfile.open(fileobj=guard, mode="r|", bufsize=CHUNK_BYTES, tarinfo=_Header)  # type: ignore[call-overload, no-any-return]


def _next(archive: tarfile.TarFile, guard: _Guarded) -> tarfile.TarInfo | None:
    guard.header_left = HEADER_BYTES
    member = archive.next()
    guard.header_left = None
    return member


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    name = member.name
    if member.isdir():
        return Entry(name=name, size=0, odd="folder")
    if member.issym() or member.islnk():
        return Entry(name=name, size=0, odd="link", link=member.linkname)
    if member.issparse() or not member.isreg():
        return Entry(name=name, size=0, odd="device" if member.isdev() else "of a type that is not read")
    return Entry(name=name, size=member.size, reader=_Member(archive, member))


class _Member:
    """A member whose faults are those of its archive."""

    def __init__(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._opened = archive.extractfile(member)

    def read(self, size: int, /) -> bytes:
        try:
            return self._opened.read(size) if self._opened else b""
        except (tarfile.TarError, EOFError) as error:
            raise CutOffError(str(error) or "it breaks off") from error


def _drain(reader: Reader | None) -> None:
    """Pass what nobody read, so that only headers are read on the way to the next member."""
    while reader is not None and reader.read(CHUNK_BYTES):
        pass
