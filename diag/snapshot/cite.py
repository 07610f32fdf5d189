"""Make evidence by reading it: a citation holds because its value was taken from the place that it names."""

import re
from typing import Any

from diag.findings import (
    AbsentEvidence,
    AbsentPathEvidence,
    ComputedEvidence,
    Evidence,
    FieldEvidence,
    FileEvidence,
    LogEvidence,
    Ref,
)
from diag.projection import Object
from diag.snapshot.sources.part import Reading

STEP = re.compile(r"""\[(?P<index>\d+)\]|\["(?P<quoted>[^"]*)"\]|\.?(?P<word>[^.\[\]"]+)""")
MAX_PARTS = 20
MISSING = object()


class CitationError(LookupError):
    """A rule cited something that is not there. The rule's run becomes a gap."""


def value_at(node: Any, path: str) -> Any:
    """The value at a path of an object, MISSING when there is none."""
    place = 0
    while place < len(path):
        step = STEP.match(path, place)
        if step is None:
            return MISSING
        place = step.end()
        if step["index"] is not None:
            index = int(step["index"])
            if not isinstance(node, list) or index >= len(node):
                return MISSING
            node = node[index]
        else:
            key = step["quoted"] if step["quoted"] is not None else step["word"]
            if not isinstance(node, dict) or key not in node:
                return MISSING
            node = node[key]
    return node


def key(name: str) -> str:
    """A map key as a step of a path: plain words after a dot, others quoted."""
    return f".{name}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) else f'["{name}"]'


def cite(item: Object, path: str) -> FieldEvidence:
    """The scalar at `path` of an object. Raises CitationError where there is none."""
    value = value_at(item.whole, path)
    if isinstance(value, bool | int | float | str):
        return FieldEvidence(object=item.ref, path=path, value=value)
    raise CitationError(f"{item.ref} has no scalar at {path}")


def cite_reading(reading: Reading) -> FileEvidence:
    """The line of a side file."""
    return FileEvidence(file=reading.file, line=reading.line, value=reading.text)


def cite_absent_path(item: Object, path: str) -> AbsentPathEvidence:
    """The fact that an object has no scalar at a path. Raises CitationError where it has one."""
    if isinstance(value_at(item.whole, path), bool | int | float | str):
        raise CitationError(f"{item.ref} has a value at {path}")
    return AbsentPathEvidence(object=item.ref, absent_path=path)


def cite_absent(ref: Ref) -> AbsentEvidence:
    """The fact that an object is not there; the caller has asked `Snapshot.lacks`."""
    return AbsentEvidence(absent=ref._replace(seen=False))


def cite_log(pod: Object, container: str, line: int, text: str, *, previous: bool = False) -> LogEvidence:
    """One whole line of a log, `line` from 1."""
    return LogEvidence(pod=pod.ref, container=container, previous=previous, line=line, value=text)


def compute(what: str, value: str | float, parts: list[Evidence] | tuple[Evidence, ...]) -> ComputedEvidence:
    """Something computed from other evidence; only the first 20 parts are kept, and the rest is counted."""
    if not parts:
        raise CitationError(f"nothing to compute {what} from")
    more = len(parts) - MAX_PARTS
    name = f"{what} (and {more} more parts)" if more > 0 else what
    return ComputedEvidence(computed=name, value=value, parts=tuple(parts[:MAX_PARTS]))
