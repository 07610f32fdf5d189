"""gzip and zstd: recognised by magic bytes, expanded step by step within the budget, as far as the file is whole."""

import importlib
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget

GZIP = b"\x1f\x8b"  # RFC 1952, 2.3.1
ZSTD = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1
_PADDING = re.compile(rb"\0*")
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
        data, layer_fault = next(members(data, path, budget, joined=True))
        fault = layer_fault or fault
        if not data and fault:
            raise SnapshotError(f"{path}: {fault}, and nothing of it can be read", hint="copy or save the file again")
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


def members(data: bytes, path: str, budget: Budget, *, joined: bool = False) -> Iterator[tuple[bytes, str | None]]:
    """Each member (gzip) or frame (zstd) of compressed bytes, expanded, with what is wrong with it or behind it.

    Zeros between and after them are padding. `joined`: all of them as one. Raises SnapshotError where no library for
    the compression is installed.
    """
    form = form_of_packed(data, path)
    position, fault = 0, None
    held = BytesIO()  # grows in place and gives its bytes without a copy
    while data.startswith(form.magic, position):
        decoder = form.decoder()
        while not decoder.eof and not fault:
            if position >= len(data):
                fault = f"the {form.name} file breaks off"
                break
            try:
                piece = decoder.decompress(data[position : position + form.step])
            except form.error as error:
                fault = f"the {form.name} file is damaged ({error})"
                break
            position = min(position + form.step, len(data))
            budget.spend_bytes(len(piece), path)
            held.write(piece)
        if not fault:
            position -= len(decoder.unused_data)
            padding = _PADDING.match(data, position)
            position = padding.end() if padding else position
            if position < len(data) and not data.startswith(form.magic, position):
                fault = f"what follows the {form.name} data is something else"
        if not joined:
            yield held.getvalue(), fault
            held = BytesIO()
        if fault:
            break
    if joined:
        yield held.getvalue(), fault


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
