"""A zip archive (PKWARE APPNOTE 6.3): its directory is at its end, so it is a file or held in memory."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from diag.snapshot.sources.budget import Budget, LimitExceededError
from diag.snapshot.sources.bundles.entry import CutOffError, Entry, Reader, Wanted

MAGIC = b"PK\x03\x04"
EMPTY = b"PK\x05\x06"  # an archive without members begins with its end
_END = struct.Struct("<4s4H2LH")
_END64, _END64_MAGIC = struct.Struct("<4sQ2H2L4Q"), b"PK\x06\x06"
_IN_64 = 0xFFFFFFFF  # "see the larger record"
_LOCATOR_BYTES = 20
_COMMENT_BYTES = 65535
_ENTRY_BYTES = 1024  # of one entry in the directory, its name included
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)


def is_zip(head: bytes) -> bool:
    """Whether bytes begin as a zip archive does."""
    return head.startswith((MAGIC, EMPTY))


class ZipFiles:
    """The members of a zip archive; `opener` gives a file that can be sought in."""

    kind = "zip archive"

    def __init__(self, opener: Callable[[], BinaryIO], budget: Budget) -> None:
        self._opener, self._budget = opener, budget

    def entries(self, wanted: Wanted | None = None) -> Iterator[Entry]:
        """The members in the order of the directory."""
        with self._opener() as file:
            try:
                _check_directory(file, self._budget)
                with zipfile.ZipFile(file) as archive:
                    for info in archive.infolist():
                        yield self._entry(archive, info, wanted)
            except _FAULTS as error:
                raise CutOffError(str(error) or "it is damaged") from error

    def _entry(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, wanted: Wanted | None) -> Entry:
        mode = info.external_attr >> 28  # the type of a Unix mode
        if info.filename.endswith("/"):  # is_dir() needs a name of one character at least
            return Entry(name=info.filename, size=0, odd="folder")
        if info.flag_bits & 0x1:
            return Entry(name=info.filename, size=info.file_size, odd="encrypted")
        if mode not in (0, 0o10):  # unknown, regular
            return Entry(name=info.filename, size=0, odd="link" if mode == 0o12 else "device")  # noqa: PLR2004  S_IFLNK
        if wanted is not None and not wanted(info.filename):
            return Entry(name=info.filename, size=info.file_size)
        try:
            opened = archive.open(info)
        except _FAULTS as error:
            return Entry(name=info.filename, size=info.file_size, odd=f"damaged ({error})")
        return Entry(name=info.filename, size=info.file_size, reader=_Member(opened, info, self._budget))


class _Member:
    """A member that is read with its ratio watched."""

    def __init__(self, opened: Reader, info: zipfile.ZipInfo, budget: Budget) -> None:
        self._opened, self._info, self._budget = opened, info, budget
        self._passed = 0

    def read(self, size: int, /) -> bytes:
        try:
            piece = self._opened.read(size)
        except _FAULTS as error:
            raise CutOffError(f"{self._info.filename}: {error}") from error
        self._passed += len(piece)
        self._budget.check_ratio(self._info.compress_size, self._passed, 1024**3)
        return piece


def _check_directory(file: BinaryIO, budget: Budget) -> None:
    """Refuse a directory that would not fit in memory before zipfile reads it whole."""
    size = file.seek(0, 2)
    file.seek(max(size - _END.size - _COMMENT_BYTES - _LOCATOR_BYTES - _END64.size, 0))
    tail = file.read()
    at = tail.rfind(EMPTY)
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("its directory is missing: it breaks off")
    directory = _END.unpack_from(tail, at)[5]
    large = at - _LOCATOR_BYTES - _END64.size
    if directory == _IN_64 and large >= 0 and tail.startswith(_END64_MAGIC, large):
        directory = _END64.unpack_from(tail, large)[8]
    if directory > budget.limits.files * _ENTRY_BYTES:
        raise LimitExceededError(
            f"the zip archive has a directory of {directory:,} bytes, more than {budget.limits.files:,} files need",
            hint="if that is what you mean to read, raise the limit with --max-files",
        )
    file.seek(0)
