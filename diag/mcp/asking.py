"""What a tool is: its words, the shape of what it takes and gives, and the function that answers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from diag.mcp.looks import Looks
from diag.mcp.pages import Answer

Cursor = Annotated[str, msgspec.Meta(max_length=40, description="`cursor` of the answer before, for the rows after it")]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100, description="rows at most; fewer come where 20 kB are full")]
Subject = Annotated[
    str,
    msgspec.Meta(
        max_length=2000,
        description="what it is about: kind/namespace/name, namespace/pod, an id (C1, F3), a fingerprint, a rule, or a "
        "pasted message",
    ),
]
Name = Annotated[str, msgspec.Meta(max_length=300, description="only names that match, as `gpu-*`")]


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the tools may see: the looks, and the folders whose snapshots may be compared."""

    looks: Looks
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool. `answer` raises DiagError with a sentence and what to try next."""

    name: str
    title: str
    description: str
    asked: type[Asked]
    answers: type[Answer]
    answer: Callable[[Room, Any], dict[str, Any]]


def schema(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of an object, its own fields at the top, as the protocol wants them."""
    document = msgspec.json.schema(shape)
    top = document.get("$ref", "").rpartition("/")[2]
    parts = dict(document.get("$defs", {}))
    own = parts.pop(top) if top else document
    return {**own, **({"$defs": parts} if parts else {})}
