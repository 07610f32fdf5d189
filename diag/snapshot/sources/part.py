"""What reading a path gives: raw objects, logs, and what could not be read.

Nothing is decoded here beyond what tells one object from the next; the snapshot decodes each slice on its own, so that
one bad object is one gap.
"""

from dataclasses import dataclass, field
from typing import Literal

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one source may hold before it is refused: sizes are bytes after decompression, depth is YAML nesting.

    JSON nesting needs no limit of its own: the decoder stops at the interpreter's recursion limit.
    """

    bytes: int = 2 * 1024**3
    objects: int = 2_000_000
    files: int = 10_000
    depth: int = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a file that could not be used; the snapshot makes a gap of it."""

    what: str
    why: Literal["unreadable", "truncated", "error"]
    detail: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogText:
    """The log of one container; `pod` is "namespace/name", `previous` the run before the last restart."""

    pod: str
    container: str
    previous: bool
    text: str


class Slice(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The JSON of one object, as it stands in the file's buffer.

    `api_version` and `kind` are what the enclosing typed list says (`PodList`: "v1" and "Pod"), because its items need
    not repeat it; both are None elsewhere. Where the object has its own, that holds.
    """

    raw: msgspec.Raw
    api_version: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one file gave. `complete` says that it claims to hold everything of what it lists; a plain file does not.

    `name` is the cluster's name as the user gave it (`NAME=PATH`).
    """

    path: str
    name: str | None = None
    items: list[Slice] = field(default_factory=list)
    logs: list[LogText] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    captured_at: str | None = None
    server_version: str | None = None
    complete: bool = False
