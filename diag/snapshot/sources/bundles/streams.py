"""gzip and zstd as streams: expanded step by step, with the ratio watched. Several members in a row are one stream."""

from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.bundles.entry import CutOffError, Reader
from diag.snapshot.sources.compressed import Form, form_of_packed, is_compressed, why_not

FREE_BYTES = 1024**3  # what may be expanded from anything before the ratio counts


def expanded(reader: Reader, head: bytes, budget: Budget, path: str) -> Reader:
    """A reader of what `reader` holds, whose first bytes are `head`; SnapshotError where no library reads it."""
    return _Expanded(reader, form_of_packed(head, path), budget) if is_compressed(head) else reader


class _Expanded:
    """What a packed stream holds; LimitExceededError when it grows beyond the ratio."""

    def __init__(self, packed: Reader, form: Form, budget: Budget) -> None:
        self._packed, self._form, self._budget = packed, form, budget
        self._decoder = form.decoder()
        self._waiting = b""  # packed bytes that belong to the next member
        self._ready = memoryview(b"")
        self._in = self._out = 0
        self._between = False

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; raises CutOffError where the stream breaks off."""
        while not self._ready:
            piece = self._waiting or self._packed.read(self._form.step)
            self._in += 0 if self._waiting else len(piece)
            self._waiting = b""
            if not piece:
                if self._between:
                    return b""
                raise CutOffError(f"the {self._form.name} stream breaks off")
            self._step(piece)
        out, self._ready = self._ready[:size], self._ready[size:]
        return bytes(out)

    def _step(self, piece: bytes) -> None:
        if self._between:
            piece = piece.lstrip(b"\0")  # padding between members and after the last
            if not piece:
                return
            self._between = False
        try:
            out = self._decoder.decompress(piece)
        except self._form.error as error:
            raise CutOffError(f"the {self._form.name} stream {why_not(error)}") from error
        if self._decoder.eof:
            self._waiting = self._decoder.unused_data
            self._decoder, self._between = self._form.decoder(), True
        self._out += len(out)
        self._budget.check_ratio(self._in, self._out, FREE_BYTES)
        self._ready = memoryview(out)
