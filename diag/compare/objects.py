"""Objects of two snapshots of one cluster: what was added, removed and changed, by whom and when."""

from collections.abc import Collection, Iterator
from typing import Any

from diag.causes.rows import ref_row
from diag.compare.document import ObjectChange
from diag.compare.fields import changes
from diag.projection import Object
from diag.snapshot.snapshot import Snapshot

MAX_FIELDS = 12
# What comes and goes by itself, or only repeats what other objects say.
DERIVED = frozenset(
    [
        "Event", "events.k8s.io/Event", "coordination.k8s.io/Lease", "Endpoints", "discovery.k8s.io/EndpointSlice",
        "apps/ControllerRevision", "metrics.k8s.io/PodMetrics", "metrics.k8s.io/NodeMetrics",
        "storage.k8s.io/VolumeAttachment",
    ]
)  # fmt: skip


def object_changes(before: Snapshot, after: Snapshot) -> tuple[list[ObjectChange], list[str]]:
    """Every change between two looks, and the kinds and namespaces that only one holds: of these nothing is said.

    Objects that a controller made (pods of a Deployment) are left out: their owner tells of the change.
    """
    found: list[ObjectChange] = []
    one_sided = []
    for kind in sorted({*before.tables, *after.tables} - DERIVED):
        if before.coverage(kind) == "none" or after.coverage(kind) == "none":
            one_sided.append(kind)
            continue
        old, new = before.all(kind), after.all(kind)
        for place in sorted({*old, *new}):
            found += _change(old.get(place), new.get(place), before, after)
    return found, [
        *one_sided,
        *_namespaces(before, after, one_sided),
        *_namespaces(after, before, one_sided),
    ]


def _namespaces(look: Snapshot, other: Snapshot, one_sided: Collection[str]) -> list[str]:
    """Namespaces of one look of which the other holds no object, though objects may be there."""
    kinds = look.tables.keys() - DERIVED - set(one_sided)
    held = {namespace for kind in kinds for namespace, _ in look.all(kind) if namespace}
    return [
        f"namespace {namespace}"
        for namespace in sorted(held)
        if other.lacks("Namespace", "", namespace) is None
        and not any(part.namespaces is None or namespace in part.namespaces for part in other.held)
    ]


def _change(old: Object | None, new: Object | None, before: Snapshot, after: Snapshot) -> Iterator[ObjectChange]:
    item = new or old
    if item is None or any(owner.controller for owner in item.owners):
        return
    if old is None or new is None:
        # Absent from one look is no proof that it was not there: the other look has to cover its namespace.
        other = before if old is None else after
        if other.lacks(item.kind_id, item.namespace, item.name) is None:
            return
        what = "added" if old is None else "removed"
        manager = _manager(item, before.now if old is None else "")
        yield ObjectChange(object=ref_row(item.ref), what=what, fields=[], **(manager if old is None else {}))
        return
    if bytes(old.raw) == bytes(new.raw):
        return
    recreated = bool(old.uid and new.uid and old.uid != new.uid)
    fields = changes(new.kind or "", old.whole, new.whole)
    if fields or recreated:
        # Whoever wished for something else of an object has not changed what it reports of itself.
        wished = recreated or any(not each.path.startswith("status.") for each in fields)
        yield ObjectChange(
            object=ref_row(new.ref),
            what="recreated" if recreated else "changed",
            fields=fields[:MAX_FIELDS],
            more_fields=max(len(fields) - MAX_FIELDS, 0),
            **(_manager(new, before.now) if wished else {}),
        )


def _manager(item: Object, after: str) -> dict[str, Any]:
    """Who changed an object last, and when, of those who did so after a time; statuses are nobody's wish."""
    meta = item.whole.get("metadata")
    entries = meta.get("managedFields") if isinstance(meta, dict) else None
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    wishes = [
        entry for entry in found
        if isinstance(entry.get("time"), str) and entry["time"] > after and entry.get("subresource") != "status"
    ]  # fmt: skip
    if not wishes:
        return {"time": item.created} if item.created and item.created > after else {}
    newest = max(wishes, key=lambda entry: entry["time"])
    return {
        "manager": _text(newest.get("manager")), "operation": _text(newest.get("operation")), "time": newest["time"]
    }  # fmt: skip


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
