"""Sorts the documents of one file: objects, lists of objects, logs, and what is none of these."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from diag.projection import kind_id
from diag.snapshot.sources import log_list
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.lost import lost_in
from diag.snapshot.sources.part import LogText, Lost, Part, Problem, Slice
from diag.snapshot.sources.words import counted

MAX_PROBLEMS = 20  # named one by one; the rest is counted
MAX_LOST = 100
KUBECTL_JSON = "save the objects with `kubectl get … -o json`"

# The kind where the API server writes it, at the front. Anything else is decoded to be sure.
_KIND_IN_FRONT = re.compile(rb'\s*\{\s*(?:"apiVersion"\s*:\s*"[^"\\]*"\s*,\s*)?"kind"\s*:\s*"([^"\\]+)"')


class _Head(msgspec.Struct, gc=False):
    kind: msgspec.Raw = msgspec.Raw()
    apiVersion: msgspec.Raw = msgspec.Raw()  # noqa: N815 (the field's name in JSON)
    metadata: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()


class _ListHead(_Head, gc=False):
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


class _ListMeta(msgspec.Struct, gc=False):
    continue_: str | None = msgspec.field(name="continue", default=None)


_head = msgspec.json.Decoder(_Head)
_list_head = msgspec.json.Decoder(_ListHead)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_list_meta = msgspec.json.Decoder(_ListMeta)
_string = msgspec.json.Decoder(str)


class TypedList(NamedTuple):
    """A list that says of what it is one, and which of the items are its own: from `first` up to `end`."""

    api_version: str
    kind: str
    first: int
    end: int


class Documents:
    """Collects what the documents of one file hold."""

    def __init__(self, path: str, budget: Budget) -> None:
        self.path = path
        self.budget = budget
        self.recognised = False  # whether anything was an object, a log, or a list of these, be it an empty one
        self.items: list[Slice] = []
        self.logs: list[LogText] = []
        self.lists: list[TypedList] = []
        self.lost: dict[Lost, None] = {}
        self.secrets = False  # whether there was one; it is not kept
        self.listed = False  # whether a list was among the documents, typed or not
        self._problems: list[Problem] = []
        self._problems_more = 0
        self._strangers = 0

    def add(self, document: bytes | memoryview) -> None:
        """Sort one JSON document; raises `msgspec.DecodeError` or RecursionError if it is not well-formed."""
        if _first_byte(document) == b"[":
            self.add_array(_array.decode(document))
            return
        try:
            head: _Head = _list_head.decode(document)
        except msgspec.ValidationError:  # not an object, or one whose `items` is something else
            head = _head.decode(document) if _first_byte(document) == b"{" else _Head()
        kind = _text(head.kind)
        items = head.items if isinstance(head, _ListHead) else msgspec.UNSET
        if items is not msgspec.UNSET and (kind is None or kind.endswith("List")):
            self.add_list(items or [], kind=kind, api_version=_text(head.apiVersion))
            self._look_for_more_pages(head.metadata, of_list(_text(head.apiVersion), kind))
        else:
            self._add_single(document, kind, head)

    def add_array(self, elements: Sequence[msgspec.Raw]) -> None:
        """Sort a JSON array: a log list, or a list of objects. An empty one is a log list without logs."""
        entry = next((raw for raw in elements if _first_byte(raw) == b"{"), None)
        if not elements or (entry is not None and log_list.is_entry(entry)):
            self.recognised = True
            for number, raw in enumerate(elements, 1):
                self._add_log(raw, f"log {number} of {self.path}")
        else:
            self.add_list(elements, kind=None, api_version=None)

    def add_list(
        self, items: Sequence[msgspec.Raw], *, kind: str | None, api_version: str | None, nested: bool = False
    ) -> None:
        """Sort the items of a list. A typed one (`PodList`) says what they are; a list among them is opened once."""
        if kind is None and not any(map(kind_in_front, items)):
            self._strangers += 1
            return
        self.recognised = self.listed = True
        if kind == "SecretList":
            self.secrets = self.secrets or bool(items)
            return
        self.budget.spend_objects(len(items), self.path)
        typed = kind is not None and kind != "List"
        first = len(self.items)
        item_kind = kind.removesuffix("List") if kind is not None and typed else None
        item_version = api_version if typed else None
        for number, raw in enumerate(items, 1):
            own_kind = kind_in_front(raw)
            if own_kind == "Secret":
                self.secrets = True
                continue
            if own_kind is None and not (typed and _first_byte(raw) == b"{"):
                self._add_odd_item(raw, number, api_version, item_kind)
            elif own_kind is not None and own_kind.endswith("List") and self._add_nested(raw, nested=nested):
                continue
            else:
                self.items.append(Slice(raw=raw, api_version=item_version, kind=item_kind))
        if item_kind is not None:
            self.lists.append(TypedList(api_version or "v1", item_kind, first, len(self.items)))

    def problem(self, problem: Problem) -> None:
        """Note a problem: the first twenty by name, the rest by number."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(problem)
        else:
            self._problems_more += 1

    def unreadable(self, what: str, detail: str, lost: Lost | None = None) -> None:
        """Note that a piece of the file cannot be used, and the object that is lost with it."""
        if lost is not None:
            self.lose(lost)
        self.problem(Problem(what=f"{what} of {self.path}", why="unreadable", detail=detail, fix=KUBECTL_JSON))

    def lose(self, lost: Lost) -> None:
        """Note an object that cannot be read. Beyond a hundred they are no longer told apart."""
        self.lost[lost if len(self.lost) < MAX_LOST else Lost()] = None

    def chatter(self, lines: bytes) -> None:
        """Note what kubectl could not fetch, from its words on stderr."""
        for line in lines.decode(errors="replace").splitlines():
            if line.startswith(("Error", "error")):
                what = f"something that {self.path} was meant to hold"
                self.problem(Problem(what=what, why="error", detail=line[:200], fix=KUBECTL_JSON))

    def truncated(self, detail: str, lost: Lost = Lost()) -> None:  # noqa: B008  # immutable
        """Note, once, that the file breaks off, and what of it may be missing."""
        if not any(problem.why == "truncated" for problem in self._problems):
            self.lose(lost)
            what = f"the rest of {self.path}, after {self.count}"
            self._problems.insert(0, Problem(what=what, why="truncated", detail=detail, fix="save the file again"))

    @property
    def foreign(self) -> bool:
        """Whether the file is readable and simply holds something else than objects and logs."""
        return not self.recognised and (self._strangers > 0 or not self._problems)

    @property
    def count(self) -> str:
        """What was read so far, in words."""
        logs = f" and {counted(len(self.logs), 'log')}" if self.logs else ""
        return f"{counted(len(self.items), 'object')}{logs}"

    def part(self, name: str | None) -> Part:
        """All that was collected."""
        problems = list(self._problems)
        if self.recognised and self._strangers:
            what = f"{counted(self._strangers, 'document')} of {self.path}"
            detail = "neither a Kubernetes object (no kind) nor a log"
            problems.append(Problem(what=what, why="unreadable", detail=detail, fix=KUBECTL_JSON))
        if self._problems_more:
            what = f"{counted(self._problems_more, 'more piece')} of {self.path}"
            problems.append(Problem(what=what, why="unreadable", detail="not named one by one", fix=KUBECTL_JSON))
        return Part(
            path=self.path,
            name=name,
            items=self.items,
            logs=self.logs,
            problems=problems,
            lost=tuple(self.lost),
            secrets=self.secrets,
        )

    def _add_single(self, document: bytes | memoryview, kind: str | None, head: _Head) -> None:
        raw = msgspec.Raw(document)
        if kind is None:
            if log_list.is_entry(raw):
                self.recognised = True
                self._add_log(raw, f"a log of {self.path}")
            else:
                self._strangers += 1
            return
        self.recognised = True
        match kind:
            case "Secret":
                self.secrets = True
            case "Table":
                detail = "a Table holds what kubectl prints, not the objects"
                self.unreadable("a table", detail)
            case "Status":
                # The API server's answer to a request that failed (apimachinery metav1.Status).
                said = _text(head.message) or "no message"
                what = f"the objects that {self.path} was meant to hold"
                self.problem(Problem(what=what, why="error", detail=f"the API server said: {said}", fix=KUBECTL_JSON))
            case _:
                self.budget.spend_objects(1, self.path)
                self.items.append(Slice(raw=raw))

    def _add_log(self, raw: msgspec.Raw, what: str) -> None:
        self.budget.spend_objects(1, self.path)
        try:
            log = log_list.read_entry(raw)
        except ValueError as error:
            fix = 'write each log as {"pod": "namespace/name", "container", "previous", "text"}'
            self.problem(Problem(what=what, why="unreadable", detail=str(error), fix=fix))
            return
        self.budget.spend_bytes(len(log.text), self.path)  # held beside the text that it was decoded from
        self.logs.append(log)

    def _add_nested(self, raw: msgspec.Raw, *, nested: bool) -> bool:
        """Open a list that stands as an item; False for an object whose kind only ends in "List"."""
        try:
            head = _list_head.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return False
        if not isinstance(head.items, list):
            return False
        if nested:
            self.unreadable("a list in a list in a list", "lists are opened once", Lost())
        else:
            self.add_list(head.items, kind=_text(head.kind), api_version=_text(head.apiVersion), nested=True)
        return True

    def _add_odd_item(self, raw: msgspec.Raw, number: int, api_version: str | None, kind: str | None) -> None:
        first = _first_byte(raw)
        detail = "null" if first == b"n" else "an object without kind" if first == b"{" else "not an object"
        self.unreadable(f"item {number:,}", detail, lost_in(raw, api_version, kind) if first == b"{" else None)

    def _look_for_more_pages(self, metadata: msgspec.Raw, lost: Lost) -> None:
        """A list with a `continue` token is one page of several (apimachinery metav1.ListMeta)."""
        try:
            more = bool(bytes(metadata)) and bool(_list_meta.decode(metadata).continue_)
        except (ValueError, RecursionError):
            return
        if more:
            self.truncated("the list holds a `continue` token: it is the first page of several", lost)


def of_list(api_version: str | None, kind: str | None) -> Lost:
    """What is lost with a part of a list: objects of its kind, or of any where it does not say."""
    return Lost(kind=kind_id(api_version, kind.removesuffix("List")) if kind and kind != "List" else "")


def _first_byte(raw: bytes | memoryview | msgspec.Raw) -> bytes:
    """The byte that says what a value is; raw values and documents begin without white space."""
    return bytes(memoryview(raw)[:1])


def kind_in_front(raw: msgspec.Raw) -> str | None:
    """An item's own kind; None where it has none, or is no object."""
    in_front = _KIND_IN_FRONT.match(raw)
    if in_front is not None:
        return in_front[1].decode(errors="replace")
    try:
        return _text(_head.decode(raw).kind)
    except (msgspec.DecodeError, RecursionError):
        return None


def _text(raw: msgspec.Raw) -> str | None:
    """A JSON string; None for anything else, the empty string included."""
    try:
        return _string.decode(raw) or None
    except (ValueError, RecursionError):
        return None
