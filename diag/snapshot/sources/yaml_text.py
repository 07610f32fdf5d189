"""YAML text, read with JSON's types and turned into JSON bytes once.

Built from the parser's events and not from its object graph: no recursion, so nesting is counted and not suffered;
aliases are weighed before anything is copied; and only what JSON calls null, a boolean or a number is one, so that
`on`, `1_000` and `2026-01-01T00:00:00Z` stay the strings that kubectl meant.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from diag.snapshot.sources.documents import Documents, of_list
from diag.snapshot.sources.lost import lost_in
from diag.snapshot.sources.part import Lost

if TYPE_CHECKING:
    from yaml.events import CollectionStartEvent, ScalarEvent

# A line `---` begins a document wherever it stands, in a block of text too (YAML 1.1, 9.2: document markers).
_MARKER = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_HOLDS_NOTHING = re.compile(rb"\A(?:---)?(?:[ \t]*(?:[#%][^\n]*)?(?:\r?\n|\Z))*\Z")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: value for value in (True, False) for word in (str(value), str(value).lower(), str(value).upper())
}
_JSON_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))

# Aliases may repeat what they name; beyond this the document is a bomb, not a dump.
_GROWTH = 10
_GROWTH_FREE_BYTES = 1024**2

_NO_KEY: Any = object()


class _DocumentError(Exception):
    """One document cannot be read; `saved` is its list as far as it could be."""

    def __init__(self, detail: str, saved: dict[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.saved = saved


def read_yaml(text: bytes, documents: Documents) -> None:
    """Sort every document of a YAML text: each good one is kept, each bad one named."""
    starts = [0, *(marker.start() for marker in _MARKER.finditer(text) if marker.start())]
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True), 1):
        chunk = text[start:end] if len(starts) > 1 else text
        if _HOLDS_NOTHING.match(chunk):
            continue
        try:
            for value in _values(chunk, documents.budget.limits.depth):
                if value is not None:  # a document of comments only
                    _hand_over(value, documents)
        except _DocumentError as error:
            if error.saved is None:
                documents.unreadable(f"document {number:,}", str(error), lost_in(chunk))
            else:
                _add(error.saved, documents)
                documents.truncated(str(error), _of_list(error.saved))


def yaml_value(text: str, *, depth: int = 50) -> Any:
    """The first document of a YAML text inside an object (a ConfigMap's), None where it cannot be read.

    The same guards hold as for files: depth, and what aliases may make of it.
    """
    try:
        value = next(_values(text.encode(errors="replace"), depth), None)
        return msgspec.json.decode(msgspec.json.encode(value))
    except (_DocumentError, ValueError, RecursionError):
        return None


def _hand_over(value: Any, documents: Documents) -> None:
    """Sort one value. kubectl writes `kind: List` below the items: a list without it was cut inside its last item."""
    if isinstance(value, dict) and isinstance(value.get("items"), list) and "kind" not in value and value["items"]:
        value["items"].pop()
        _add(value, documents)
        documents.truncated("the list ends without its `kind`, so its last item may be cut and was left out")
    else:
        _add(value, documents)


def _of_list(value: dict[str, Any]) -> Lost:
    version, kind = value.get("apiVersion"), value.get("kind")
    return of_list(version if isinstance(version, str) else None, kind if isinstance(kind, str) else None)


def _add(value: Any, documents: Documents) -> None:
    try:
        documents.add(msgspec.json.encode(value))
    except (ValueError, RecursionError) as error:
        raise _DocumentError(f"it has no form in JSON: {error}") from error


def _values(text: bytes, max_depth: int) -> Iterator[Any]:
    """The documents of a chunk; raises `_DocumentError` at the first that is none."""
    import yaml  # noqa: PLC0415 (reading JSON does not pay for it)

    builder = _Builder(max_depth, len(text) * _GROWTH + _GROWTH_FREE_BYTES)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.ScalarEvent):
                builder.scalar(event)
            elif isinstance(event, yaml.AliasEvent):
                builder.alias(str(event.anchor))
            elif isinstance(event, yaml.CollectionStartEvent):
                builder.open(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
            elif isinstance(event, yaml.CollectionEndEvent):
                builder.close()
            elif isinstance(event, yaml.DocumentEndEvent):
                yield builder.finish()
    except (yaml.YAMLError, UnicodeError) as error:
        raise _DocumentError(" ".join(str(error).split()), builder.saved()) from error


class _Frame:
    """A mapping or sequence that is still open."""

    __slots__ = ("anchor", "container", "key", "merged", "weight_before")

    def __init__(self, container: Any, anchor: str | None, weight_before: int) -> None:
        self.container = container
        self.anchor = anchor
        self.weight_before = weight_before
        self.key = _NO_KEY
        self.merged: list[dict[str, Any]] = []


class _Builder:
    """Builds one document after another from the parser's events; weight is nodes plus characters, aliases repeated."""

    def __init__(self, max_depth: int, max_weight: int) -> None:
        self.max_depth = max_depth
        self.max_weight = max_weight
        self.weight = 0
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.root: Any = None

    def scalar(self, event: "ScalarEvent") -> None:
        """Place a scalar; as a key it is always its text."""
        weight = 1 + len(event.value)
        self.weight += weight
        top = self.stack[-1] if self.stack else None
        is_key = top is not None and top.key is _NO_KEY and isinstance(top.container, dict)
        value = event.value if is_key else _resolve(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, weight)
        self._place(value)

    def alias(self, anchor: str) -> None:
        """Place what an alias names, once its weight is known to be bearable."""
        if anchor not in self.anchors:
            raise _DocumentError(f"the alias *{anchor} names nothing that is complete before it")
        value, weight = self.anchors[anchor]
        self.weight += weight
        if self.weight > self.max_weight:
            raise _DocumentError(f"its aliases expand it to more than {_GROWTH} times its size")
        self._place(value)

    def open(self, event: "CollectionStartEvent", container: dict[str, Any] | list[Any]) -> None:
        """Begin a mapping or sequence."""
        if len(self.stack) >= self.max_depth:
            raise _DocumentError(f"nested deeper than {self.max_depth} levels")
        self.stack.append(_Frame(container, event.anchor, self.weight))
        self.weight += 1

    def close(self) -> None:
        """End the innermost mapping or sequence and place it."""
        frame = self.stack.pop()
        for one in frame.merged:  # its own keys win, then those of the first (YAML's merge key, type repository 1.1)
            frame.container.update({key: value for key, value in one.items() if key not in frame.container})
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.container, self.weight - frame.weight_before)
        self._place(frame.container)

    def finish(self) -> Any:
        """The document that just ended."""
        document, self.root = self.root, None
        return document

    def saved(self) -> dict[str, Any] | None:
        """The list that is being built, with its whole items; None if it is no list."""
        root = self.stack[0].container if self.stack else None
        if not isinstance(root, dict):
            return None
        if self.stack[0].key == "items" and len(self.stack) > 1:
            root["items"] = self.stack[1].container
        return root if isinstance(root.get("items"), list) and root["items"] else None

    def _place(self, value: Any) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.container, list):
            # An item of a list is written at once: a dump in YAML is never held as Python objects as a whole.
            is_item = len(self.stack) == 2 and self.stack[0].key == "items"  # noqa: PLR2004 (the list's own depth)
            top.container.append(_encode(value) if is_item else value)
        elif top.key is _NO_KEY:
            top.key = value if isinstance(value, str) else bytes(_encode(value)).decode()
        elif top.key == "<<" and (merged := _mappings(value)):
            top.merged += merged
            top.key = _NO_KEY
        else:
            top.container[top.key] = value
            top.key = _NO_KEY


def _mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings that a merge key names: one, or a list of them; none where it names anything else."""
    several = value if isinstance(value, list) else [value]
    return several if all(isinstance(one, dict) for one in several) else []


def _encode(value: Any) -> msgspec.Raw:
    try:
        return msgspec.Raw(msgspec.json.encode(value))
    except (ValueError, RecursionError) as error:
        raise _DocumentError(f"it has no form in JSON: {error}") from error


def _resolve(event: "ScalarEvent") -> Any:
    """A scalar in JSON's types. Numbers keep their digits: they are copied into the JSON as they stand."""
    text: str = event.value
    if event.implicit[0] or event.tag in _JSON_TAGS:
        if text in _WORDS:
            return _WORDS[text]
        if _NUMBER.fullmatch(text):
            return msgspec.Raw(text.encode())
    return text
