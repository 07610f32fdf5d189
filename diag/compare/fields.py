"""Which fields of an object somebody changed: what its controllers write anew all the time is left out."""

from collections.abc import Iterator, Mapping
from typing import Any

from diag.compare.document import FieldChange
from diag.facts.masking import mask, names_secret
from diag.snapshot.cite import key

MAX_CHARS = 200
Leaf = str | int | float | bool | None
# Written by the API server or by controllers with every change of anything else.
_META = frozenset(
    [
        "resourceVersion", "generation", "managedFields", "uid", "creationTimestamp", "selfLink", "ownerReferences",
        "finalizers", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName", "name", "namespace",
    ]
)  # fmt: skip
_NOISE = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "control-plane.alpha.kubernetes.io/leader",
    "controller-uid",  # of a Job's selector, beside the next
    "batch.kubernetes.io/controller-uid",
)
# Of a status only what says that the object itself has changed.
_STATUS = {"Node": ("capacity", "allocatable", "nodeInfo")}
_NODE_NOISE = ("status.nodeInfo.bootID", "status.nodeInfo.systemUUID", "status.nodeInfo.machineID")


def leaves(kind: str, whole: Mapping[str, Any]) -> dict[str, Leaf]:
    """The scalar fields that count, by path. Lists of named entries are told by name, so that an order is no change."""
    found: dict[str, Leaf] = {}
    for name, value in whole.items():
        if name not in ("apiVersion", "kind"):
            found.update(_walk(name, _counting(kind, name, value)))
    return {path: value for path, value in found.items() if not path.startswith(_NODE_NOISE)}


def _counting(kind: str, name: str, value: Any) -> Any:
    """What of a top-level field counts: of metadata and status only a part."""
    if name not in ("metadata", "status"):
        return value
    fields = value if isinstance(value, dict) else {}
    kept = _STATUS.get(kind, ())
    return {part: each for part, each in fields.items() if (part in kept if name == "status" else part not in _META)}


def changes(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """The fields that differ, in the order of their paths."""
    old, new = leaves(kind, before), leaves(kind, after)
    return [
        FieldChange(path=path, before=_shown(path, old.get(path)), after=_shown(path, new.get(path)))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path) or (path in old) != (path in new)
    ]


def _walk(path: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Leaf]]:
    if depth > 40:  # noqa: PLR2004  no object of Kubernetes is nested deeper
        return
    if isinstance(value, dict):
        for name, each in value.items():
            if not str(name).startswith(_NOISE):
                yield from _walk(f"{path}{key(str(name))}", each, depth + 1)
    elif isinstance(value, list):
        names = [each.get("name") if isinstance(each, dict) else None for each in value]
        named = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
        for index, each in enumerate(value):
            yield from _walk(f'{path}["{names[index]}"]' if named else f"{path}[{index}]", each, depth + 1)
    elif value is None or isinstance(value, str | int | float | bool):
        yield path, value


def _shown(path: str, value: Leaf) -> Leaf:
    """A value for a report: secrets masked, long texts cut."""
    if not isinstance(value, str):
        return value
    if names_secret(path.rpartition(".")[2]):
        return "***"
    text = mask(value)
    return text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS - 1]}…"
