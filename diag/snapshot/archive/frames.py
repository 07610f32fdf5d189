"""An archive line by line, from any of its frames on: nothing is held but the line at hand."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from diag.snapshot.archive.lines import MANIFEST, as_written
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.bundles.streams import FREE_BYTES
from diag.snapshot.sources.compressed import Step, is_compressed, steps

STEP = 1024**2  # bytes of an archive that is not packed which are read at once
MAGIC_BYTES = 4
Opens = Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end, by the frame's first byte in the file and its own in what the frame expands to."""

    frame: int
    offset: int
    text: bytes


@dataclass(frozen=True, slots=True)
class FrameEnd:
    """A frame ends, and what is wrong with it or behind it."""

    fault: str | None


@dataclass(slots=True)
class Capture:
    """Where a capture begins, its first line and the one behind it, and what is wrong with it."""

    frame: int
    offset: int
    head: bytes
    second: bytes = b""
    fault: str | None = None


def lines(file: BinaryIO, path: str, budget: Budget, *, frame: int = 0) -> Iterator[Line | FrameEnd]:
    """The lines from a frame on, each frame ends its last one.

    A line counts for the budget while it is put together; raises LimitExceededError where it alone is beyond it.
    """
    waiting, at, offset = BytesIO(), 0, 0
    expanded = 0
    for step in _steps(file, path, frame):
        expanded += len(step.data)
        budget.check_ratio(file.tell(), expanded, FREE_BYTES)  # lines are not held, so nothing else bounds their sum
        if step.frame != frame:
            frame, offset = step.frame, 0
        start = 0
        while (stop := step.data.find(b"\n", start)) >= 0:
            piece = step.data[start:stop]
            text = _with(waiting, piece)
            yield Line(frame, offset, as_written(text))
            offset += len(text) + 1
            budget.return_bytes(at)
            waiting, at, start = BytesIO(), 0, stop + 1
        rest = step.data[start:]
        budget.spend_bytes(len(rest), path)
        waiting.write(rest)
        at += len(rest)
        if step.ended:
            if at:
                yield Line(frame, offset, as_written(waiting.getvalue()))
            budget.return_bytes(at)
            waiting, at = BytesIO(), 0
            yield FrameEnd(step.fault)


def captures(file: BinaryIO, path: str, budget: Budget) -> Iterator[Capture]:
    """The captures of an archive in their order: each begins with a manifest, or with a frame."""
    held: Capture | None = None
    for one in lines(file, path, budget):
        if isinstance(one, FrameEnd):
            if held is not None:
                held.fault = one.fault
                yield held
            held = None
        elif not one.text:
            continue
        elif held is None or one.text.startswith(MANIFEST):
            if held is not None:
                yield held
            held = Capture(one.frame, one.offset, one.text)
        elif not held.second:
            held.second = one.text


def _with(waiting: BytesIO, piece: bytes) -> bytes:
    if not waiting.tell():
        return piece
    waiting.write(piece)
    return waiting.getvalue()


def _steps(file: BinaryIO, path: str, frame: int) -> Iterator[Step]:
    file.seek(frame)
    packed = is_compressed(file.read(MAGIC_BYTES))
    file.seek(frame)
    if packed:
        yield from steps(file, path)
        return
    while data := file.read(STEP):
        yield Step(0, data)
    yield Step(0, b"", ended=True)


def form_in(file: BinaryIO) -> str:
    """How an archive is packed, by its first bytes: `gzip`, `zstd` or `plain`."""
    file.seek(0)
    head = file.read(MAGIC_BYTES)
    file.seek(0, os.SEEK_SET)
    return "plain" if not is_compressed(head) else "gzip" if head.startswith(b"\x1f\x8b") else "zstd"
