"""The text of a side file as it passes: expanded where it is packed, and no more of it than tells something."""

from collections.abc import Iterable, Iterator

from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.bundles.entry import Ahead, CutOffError, Reader, chunks, head_of
from diag.snapshot.sources.bundles.streams import expanded
from diag.snapshot.sources.compressed import is_compressed
from diag.snapshot.sources.side.bug_report import PROLOGUE, Telling, blocks
from diag.snapshot.sources.side.formats import HEAD_BYTES, is_kernel_log, looks_like_side_file
from diag.snapshot.sources.side.texts import TELLS

PACKED_HEAD_BYTES = 256 * 1024  # a block of zstd has up to 128 KiB and is expanded at once (RFC 8878, 3.1.1.2)
MOST_PACKED = 64 * 1024**2  # of what is packed
MOST_TOLD = 4 * 1024**2  # of what tells something in a bug report; a ring buffer has a megabyte


class SideText:
    """A side file that is read. `head` is how its text begins; `fault` says why its end is missing."""

    def __init__(self, reader: Reader, head: bytes, *, packed: bool) -> None:
        self.fault = ""
        self.head, self.packed = head, packed
        self._reader = reader

    def pieces(self, budget: Budget, path: str) -> Iterator[bytes]:
        """The text; counts what is given as bytes read."""
        found: Iterable[bytes] = self._bounded() if self.packed else chunks(self._reader)
        if is_kernel_log(self.head):
            found = _telling(found)
        sections = Telling(MOST_TOLD)
        for piece in sections.of(found) if PROLOGUE.encode() in self.head else found:
            budget.spend_bytes(len(piece), path)
            yield piece
        if sections.cut:
            self.fault = f"only {MOST_TOLD:,} bytes of what tells of GPUs were read"

    def _bounded(self) -> Iterator[bytes]:
        passed = 0
        try:
            for piece in chunks(self._reader):
                yield piece
                passed += len(piece)
                if passed >= MOST_PACKED:
                    self.fault = f"only the first {passed:,} bytes were read"
                    return
        except CutOffError as error:
            self.fault = str(error)


def side_text(reader: Reader, head: bytes, budget: Budget, path: str) -> SideText | None:
    """A side file by its first bytes; None for any other file. `reader` begins with `head`."""
    if not is_compressed(head):
        return SideText(reader, head, packed=False) if looks_like_side_file(head[:HEAD_BYTES]) else None
    try:
        beginning = head_of(expanded(Ahead(head, _Nothing()), head, budget, path), HEAD_BYTES)
    except (CutOffError, SnapshotError):
        return None
    if not looks_like_side_file(beginning):
        return None
    return SideText(expanded(reader, head, budget, path), beginning, packed=True)


def _telling(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A kernel log as it begins, so that it is known again; then each line that tells nothing is empty."""
    left = HEAD_BYTES
    for block in blocks(pieces):
        kept = block.find(b"\n", left) + 1 or len(block) if left else 0
        left = max(left - kept, 0)
        yield block[:kept]
        rest = block[kept:]
        if TELLS.search(rest):
            yield b"\n".join(line if TELLS.search(line) else b"" for line in rest.split(b"\n"))
        else:
            yield b"\n" * rest.count(b"\n")


class _Nothing:
    """The end of what was looked at."""

    def read(self, size: int, /) -> bytes:  # noqa: ARG002  # a reader
        return b""
