"""gzip and zstd: recognised by magic bytes, expanded step by step within the budget, as far as the file is whole."""

import importlib
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, Protocol

from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget

GZIP = b"\x1f\x8b"  # RFC 1952, 2.3.1
ZSTD = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1
_AHEAD = 512  # bytes that are looked through for padding at once
_EXPAND = "expand it first"
# What zstd's library says of frames that it reads with the right options only (zstd lib/common/error_private.c).
_ON_PURPOSE = (
    ("Dictionary mismatch", f"was packed with a dictionary: {_EXPAND}, zstd -d -D DICTIONARY"),
    ("too much memory", f"was packed with a longer window than is read: {_EXPAND}, zstd -d --long=31"),
)
_LAYERS = 2  # a dump that was compressed twice is read; deeper nesting is no accident


class _Decoder(Protocol):
    """What zlib, `compression.zstd` and `zstandard` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One compression. `step` is how many bytes are fed at once, so that one step's output fits in memory."""

    name: str
    magic: bytes
    step: int
    decoder: Callable[[], _Decoder]
    error: type[Exception]


def is_compressed(head: bytes) -> bool:
    """Whether bytes begin as gzip or zstd do."""
    return head.startswith((GZIP, ZSTD))


def form_of_packed(head: bytes, path: str) -> Form:
    """The compression of bytes that are compressed; SnapshotError where no library for it is installed."""
    return _gzip() if head.startswith(GZIP) else _zstd(path)


def expand(data: bytes, path: str, budget: Budget) -> tuple[bytes, str | None]:
    """The expanded bytes, and what is wrong with the file if they are not all; SnapshotError if there are none."""
    fault = None
    for _ in range(_LAYERS):
        if not is_compressed(data):
            break
        budget.return_bytes(len(data))
        data, layer_fault = _joined(data, path, budget)
        fault = layer_fault or fault
        if not data and fault:
            hint = None if _EXPAND in fault else "copy or save the file again"
            raise SnapshotError(f"{path}: {fault}, and nothing of it can be read", hint=hint)
    if is_compressed(data):
        raise SnapshotError(f"{path} is compressed more than {_LAYERS} times over", hint="expand it first")
    return data, fault


def beginning(head: bytes, path: str, least: int) -> bytes:
    """The first bytes of compressed data, `least` where there are as many; what is damaged there is left out."""
    form = form_of_packed(head, path)
    decoder, found = form.decoder(), b""
    for at in range(0, len(head), form.step):
        try:
            found += decoder.decompress(head[at : at + form.step])
        except form.error:
            break
        if len(found) >= least or decoder.eof:
            break
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """What one step gave of the member (gzip) or frame (zstd) that begins at byte `frame` of the compressed file.

    `ended`: it was the last of that frame, and `fault` is what is wrong with the frame or behind it.
    """

    frame: int
    data: bytes
    ended: bool = False
    fault: str | None = None


def steps(file: BinaryIO, path: str) -> Iterator[Step]:
    """The frames from where the file stands (it can seek), step by step; zeros between and after them are padding.

    Ends at the first fault. Raises SnapshotError where no library for the compression is installed.
    """
    form = form_of_packed(_ahead(file), path)
    more = True
    while more:
        frame, decoder, fault, data = file.tell(), form.decoder(), None, b""
        while not decoder.eof and not fault:
            if data:
                yield Step(frame, data)
                data = b""
            packed = file.read(form.step)
            try:
                data = decoder.decompress(packed) if packed else b""
            except form.error as error:
                fault = f"the {form.name} file {why_not(error)}"
            if not packed:
                fault = f"the {form.name} file breaks off"
        if not fault:
            file.seek(-len(decoder.unused_data), os.SEEK_CUR)
            head = _ahead(file)
            more = bool(head)
            if more and not head.startswith(form.magic):
                fault = f"what follows the {form.name} data is something else"
        yield Step(frame, data, ended=True, fault=fault)
        more = more and not fault


def why_not(error: Exception) -> str:
    """Why something cannot be expanded, as the end of a sentence; what was packed so on purpose is not damaged."""
    return next((why for words, why in _ON_PURPOSE if words in str(error)), f"is damaged ({error})")


def _ahead(file: BinaryIO) -> bytes:
    """The next bytes behind padding, without passing over them."""
    while (head := file.read(_AHEAD)) and not (rest := head.lstrip(b"\0")):
        pass
    if head:
        file.seek(-len(rest), os.SEEK_CUR)
        return rest[:4]
    return b""


def _joined(data: bytes, path: str, budget: Budget) -> tuple[bytes, str | None]:
    """All frames of compressed bytes as one, and what is wrong with the last of them."""
    held, fault = BytesIO(), None  # grows in place and gives its bytes without a copy
    for step in steps(BytesIO(data), path):
        budget.spend_bytes(len(step.data), path)
        held.write(step.data)
        fault = step.fault
    return held.getvalue(), fault


def _gzip() -> Form:
    # Deflate expands 1,032 times at most: 8 MB for one step.
    return Form(
        name="gzip",
        magic=GZIP,
        step=8 * 1024,
        decoder=lambda: zlib.decompressobj(wbits=31),
        error=zlib.error,
    )


def _zstd(path: str) -> Form:
    module = zstd_library()
    if module is None:
        raise SnapshotError(
            f"{path} is compressed with zstd, which this Python cannot read",
            hint="install the extra: pip install 'kube-diag[zstd]', or expand it first: zstd -d",
        )

    def decoder() -> _Decoder:
        made = module.ZstdDecompressor()
        found: _Decoder = made.decompressobj() if hasattr(made, "decompressobj") else made  # of zstandard only
        return found

    # A block of 4 bytes expands to 128 KiB at most (RFC 8878, 3.1.1.2): 16 MiB for one step.
    return Form(name="zstd", magic=ZSTD, step=512, decoder=decoder, error=module.ZstdError)


def zstd_library() -> Any:
    """Python's own `compression.zstd` (3.14), else the package zstandard; None where there is neither."""
    for name in ("compression.zstd", "zstandard"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None
