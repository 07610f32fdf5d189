"""The objects that a server serves, as bytes: encoded once, sorted as etcd sorts them, with a history for watches."""

import bisect
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from diag.testing.apiserver.kinds import Resource, built_in, plural_of
from diag.testing.meta import Object

FIRST_VERSION = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One object: what selectors look at, and its bytes."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    item: Object
    body: bytes
    version: int

    @property
    def key(self) -> str:
        """Where etcd has it, below its kind."""
        return f"/{self.namespace}/{self.name}" if self.namespace else f"/{self.name}"

    def field(self, path: str) -> str:
        """A field that a selector may name (`SELECTABLE`), empty where it is none."""
        value: Any = self.item
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a watch."""

    version: int
    kind: str  # ADDED, MODIFIED, DELETED
    stored: Stored


@dataclass(slots=True)
class _Table:
    keys: list[str] = field(default_factory=list)  # sorted
    objects: dict[str, Stored] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


class Store:
    """All objects of one cluster; safe to read and change from several threads.

    `oldest` is the version that a compaction left as the oldest to go on from.
    """

    def __init__(self, objects: Iterable[Object], *, resources: Iterable[Resource] | None = None) -> None:
        self.lock = threading.Condition()
        self.version = FIRST_VERSION
        self.oldest = 0
        self.resources: dict[tuple[str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        for resource in built_in() if resources is None else resources:
            self._serve(resource)
        self._tables: dict[tuple[str, str], _Table] = defaultdict(_Table)
        for item in objects:
            resource, stored = self._stored(item, self.version)
            self._tables[resource.key].objects[stored.key] = stored
        for table in self._tables.values():
            table.keys = sorted(table.objects)

    def items(self, resource: Resource, namespace: str, after: str = "") -> list[Stored]:
        """All objects of a kind behind a key, of one namespace or of all, in the order of their keys."""
        table = self._tables[resource.key]
        start = bisect.bisect_right(table.keys, after) if after else 0
        if not namespace:
            return [table.objects[key] for key in table.keys[start:]]
        first = bisect.bisect_left(table.keys, f"/{namespace}/")
        last = bisect.bisect_left(table.keys, f"/{namespace}0")  # the character behind "/"
        return [table.objects[key] for key in table.keys[max(start, first) : last]]

    def get(self, resource: Resource, namespace: str, name: str) -> Stored | None:
        """One object."""
        return self._tables[resource.key].objects.get(f"/{namespace}/{name}" if namespace else f"/{name}")

    def put(self, item: Object) -> None:
        """Create or replace an object, and tell the watches."""
        with self.lock:
            self.version += 1
            resource, stored = self._stored(item, self.version)
            table = self._tables[resource.key]
            change = "MODIFIED" if stored.key in table.objects else "ADDED"
            if change == "ADDED":
                bisect.insort(table.keys, stored.key)
            table.objects[stored.key] = stored
            table.changes.append(Change(version=self.version, kind=change, stored=stored))
            self.lock.notify_all()

    def remove(self, item: Object) -> None:
        """Delete an object, and tell the watches. Raises KeyError when it is not there."""
        with self.lock:
            self.version += 1
            resource, stored = self._stored(item, self.version)
            table = self._tables[resource.key]
            del table.objects[stored.key]
            table.keys.remove(stored.key)
            table.changes.append(Change(version=self.version, kind="DELETED", stored=stored))
            self.lock.notify_all()

    def changes(self, resource: Resource, since: int) -> list[Change]:
        """What happened to a kind after a version."""
        changes = self._tables[resource.key].changes
        return changes[bisect.bisect_right(changes, since, key=lambda one: one.version) :]

    def compact(self) -> None:
        """Forget all history: continue tokens and watches of before are answered with 410."""
        with self.lock:
            self.version += 1
            self.oldest = self.version

    def _serve(self, resource: Resource) -> None:
        self.resources[resource.key] = resource
        self._by_kind[resource.group, resource.kind] = resource

    def _stored(self, item: Object, version: int) -> tuple[Resource, Stored]:
        group, _, group_version = str(item["apiVersion"]).rpartition("/")
        kind, meta = str(item["kind"]), item["metadata"]
        resource = self._by_kind.get((group, kind))
        if resource is None:
            resource = Resource(group, (group_version,), kind, plural_of(kind), bool(meta.get("namespace")))
            self._serve(resource)
        elif group_version not in resource.versions:
            resource = Resource(group, (*resource.versions, group_version), kind, resource.plural, resource.namespaced)
            self._serve(resource)
        labels = meta.get("labels")
        return resource, Stored(
            namespace=str(meta.get("namespace") or "") if resource.namespaced else "", name=str(meta["name"]),
            labels=labels if isinstance(labels, dict) else {}, item=item, version=version,
            body=msgspec.json.encode(_as_listed(item, resource)),
        )  # fmt: skip


def _as_listed(item: Object, resource: Resource) -> Object:
    """An item of a typed list: those of Kubernetes' own kinds do not repeat what they are, custom resources do."""
    if "." in resource.group and not resource.group.endswith(".k8s.io"):
        return item
    return {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}


# The fields that field selectors of pods, nodes and events may name.
SELECTABLE = (
    "metadata.name", "metadata.namespace", "spec.nodeName", "status.phase", "type", "reason", "involvedObject.kind",
    "involvedObject.name", "involvedObject.namespace",
)  # fmt: skip
