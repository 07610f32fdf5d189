"""One member of a container, readable until the next one is asked for."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

CHUNK_BYTES = 256 * 1024


class Reader(Protocol):
    """Something that is read from its beginning to its end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A member. `odd` says why it is not read ("device"), empty for a regular file; `size` is what it claims.

    `link` is where a link leads, in an archive. A `part` of a stream holds no further ones.
    """

    name: str
    size: int
    reader: Reader | None = None
    odd: str = ""
    link: str = ""
    part: bool = False


Wanted = Callable[[str], bool]
Opener = Callable[[], AbstractContextManager[Reader]]


class Source(Protocol):
    """A folder or an archive."""

    kind: str  # as a sentence has it: "folder", "tar archive"

    def entries(self, wanted: Wanted | None = None) -> Iterator[Entry]:
        """The members in a fixed order; those that are not wanted, by their names as they stand, need no reader.

        Raises `CutOffError` where the container breaks off, LimitExceededError beyond a limit.
        """


class CutOffError(Exception):
    """A container ends before it should, or is damaged from here on."""


class Ahead:
    """A reader whose first bytes were looked at already."""

    def __init__(self, head: bytes, rest: Reader) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._rest.read(size)


def head_of(reader: Reader, size: int) -> bytes:
    """The first `size` bytes, fewer where there are no more."""
    pieces: list[bytes] = []
    missing = size
    while missing and (piece := reader.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def chunks(reader: Reader, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The rest of a reader, piece by piece."""
    while piece := reader.read(size):
        yield piece
