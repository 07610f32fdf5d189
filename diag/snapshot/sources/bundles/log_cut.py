"""Takes the log of one container out of a file while it passes, and keeps its end."""

import zlib
from typing import Protocol

_STEP_BYTES = 1024**2


class Sink(Protocol):
    """Something that a file passes through."""

    def feed(self, piece: bytes) -> None:
        """The next bytes."""

    def close(self) -> None:
        """There are no more."""


class Tail:
    """The last `most` bytes, from the beginning of a line on; `cut` says that there were more."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.passed = 0
        self._kept = bytearray()

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        self.passed += len(piece)
        self._kept += piece
        if len(self._kept) > 2 * self.most:
            del self._kept[: -self.most]

    def close(self) -> None:
        """There are no more."""

    @property
    def cut(self) -> bool:
        """Whether bytes were left out."""
        return self.passed > self.most

    def data(self) -> bytes:
        """What is kept."""
        if not self.cut:
            return bytes(self._kept)
        end = bytes(self._kept[-self.most :])
        return end[end.find(b"\n") + 1 :]


class Gunzip:
    """Expands a rotated log on its way."""

    def __init__(self, into: Sink) -> None:
        self._into = into
        self._decoder = zlib.decompressobj(wbits=31)
        self.fault = ""

    def feed(self, piece: bytes) -> None:
        """The next packed bytes; what follows damage is left out."""
        while piece and not self.fault:
            try:
                out = self._decoder.decompress(piece, _STEP_BYTES)
            except zlib.error as error:
                self.fault = str(error)
                return
            self._into.feed(out)
            piece = self._decoder.unconsumed_tail
            if self._decoder.eof:
                piece = self._decoder.unused_data
                self._decoder = zlib.decompressobj(wbits=31)

    def close(self) -> None:
        """There are no more."""
        self._into.close()


class Lines:
    """Passes on some of the lines; a line of more than a megabyte is taken as several."""

    def __init__(self, into: Sink) -> None:
        self.into = into
        self._open = b""

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        *lines, self._open = (self._open + piece).split(b"\n")
        for line in lines:
            self.line(line + b"\n")
        if len(self._open) > _STEP_BYTES:
            self.line(self._open)
            self._open = b""

    def close(self) -> None:
        """There are no more."""
        if self._open:
            self.line(self._open)
        self._open = b""
        self.into.close()

    def line(self, line: bytes) -> None:
        """One line, with its end."""
        raise NotImplementedError


class Prefixed(Lines):
    """The lines that `kubectl logs --prefix` marks as one container's: `[pod/name/container] …`."""

    def __init__(self, pod: str, container: str, into: Sink) -> None:
        super().__init__(into)
        self._prefix = f"[pod/{pod.partition('/')[2]}/{container}] ".encode()

    def line(self, line: bytes) -> None:
        """One line, with its end."""
        if line.startswith(self._prefix):
            self.into.feed(line[len(self._prefix) :])


class Section(Lines):
    """The lines between the marks of `kubectl cluster-info dump`."""

    def __init__(self, pod: str, container: str, into: Sink) -> None:
        super().__init__(into)
        of = f"logs for container {container} of pod {pod} ====\n".encode()
        self._start, self._end = b"==== START " + of, b"==== END " + of
        self._within = False

    def line(self, line: bytes) -> None:
        """One line, with its end. The end may follow a log that has no last line break."""
        if self._within and line.endswith(self._end):
            self._within = False
            self.into.feed(line[: -len(self._end)])
        elif self._within:
            self.into.feed(line)
        elif line == self._start:
            self._within = True
