"""Objects of a page that stays packed as it was received, and is opened only to read one of them again.

Decoding an object leaves its raw fields (labels, affinity …) as views of the bytes that it was decoded from, which
would keep the whole page unpacked. `keep` copies these few, equal ones once, so that the page can go.
"""

import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, get_args

import msgspec

from diag.projection import Object
from diag.snapshot.archive.reduce import reduced
from diag.snapshot.sources.part import Slice

GZIP_OR_ZLIB = 47  # zlib's window bits for either header, told by its bytes
_OPEN = 8  # pages; who looks at several objects mostly stays within few
_COPIES = 65536


class _Items(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


_items = msgspec.json.Decoder(_Items)


class Page:
    """A page of a list: a JSON document with `items`, compressed (gzip). It has been decoded once, so it can be."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


class Paged(Slice, frozen=True, gc=False, kw_only=True):
    """One object of a page; each look at `raw` may have to open the page, so take it once."""

    page: Page
    number: int

    @property  # type: ignore[misc]  # of the parent it is a field, which stays empty here
    def raw(self) -> msgspec.Raw:
        """Its JSON, managedFields reduced."""
        return reduced(_opened(self.page)[self.number])


@lru_cache(maxsize=_OPEN)
def _opened(page: Page) -> Sequence[msgspec.Raw]:
    return _items.decode(zlib.decompress(page.packed, GZIP_OR_ZLIB)).items or ()


def keep(item: Object, piece: Slice) -> None:
    """Remember where the object stands as a whole."""
    if not isinstance(piece, Paged):
        item.piece = msgspec.Raw(piece.raw)
        return
    item.piece = piece
    _copy_raw(item)


def _copy_raw(part: msgspec.Struct) -> None:
    raws, parts = _plan(type(part))
    for name in raws:
        text = bytes(getattr(part, name))
        if text:
            setattr(part, name, _copied(text))
    for name in parts:
        value = getattr(part, name)
        if isinstance(value, list):
            for each in value:
                _copy_raw(each)
        elif value is not None:
            _copy_raw(value)


@lru_cache(maxsize=_COPIES)
def _copied(text: bytes) -> msgspec.Raw:
    return msgspec.Raw(text)


@cache
def _plan(struct: type[msgspec.Struct]) -> tuple[Sequence[str], Sequence[str]]:
    """The raw fields of a projection, and those that hold parts with such fields."""
    raws, parts = [], []
    for one in msgspec.structs.fields(struct):
        held = list(_types(one.type))
        if msgspec.Raw in held:
            raws.append(one.name)
        elif any(issubclass(each, msgspec.Struct) and any(_plan(each)) for each in held):
            parts.append(one.name)
    return raws, parts


def _types(annotation: Any) -> list[type]:
    """The classes that an annotation names: of `list[Container] | None` list, Container and None's."""
    inner = [each for argument in get_args(annotation) for each in _types(argument)]
    return [*inner, annotation] if isinstance(annotation, type) else inner
