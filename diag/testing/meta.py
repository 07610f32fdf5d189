"""Names, uids and times that are the same at every run, and what all objects share."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

Object = dict[str, Any]  # an object as the API server prints it

CREATED = "2026-03-02T08:00:00Z"  # of objects whose age does not matter

# Kubernetes draws generated suffixes from these letters (apimachinery `util/rand`): no vowels, no 0, 1 or 3.
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment at which a cluster is looked at; every other time is told as an age before it."""

    now: datetime

    @classmethod
    def at(cls, text: str) -> Self:
        """A clock from an RFC 3339 time in UTC."""
        return cls(datetime.fromisoformat(text).astimezone(UTC))

    def ago(self, **age: float) -> str:
        """The time `age` before now (the arguments of `timedelta`), in whole seconds as metav1.Time prints it."""
        return (self.now - timedelta(**age)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def micro(self, **age: float) -> str:
        """The same in microseconds, as metav1.MicroTime prints it (Leases, events of the newer dialect)."""
        return (self.now - timedelta(**age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(*parts: str) -> str:
    """64 hex digits that depend on nothing but `parts`."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def uid_for(*parts: str) -> str:
    """A uid that depends on nothing but `parts`: group and version, kind, namespace, name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def suffix(*parts: str, length: int = 5) -> str:
    """A suffix as the API server and the controllers generate it."""
    number = int(digest(*parts)[:24], 16)
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "".join(letters)


def manifest(  # noqa: PLR0913 - the fields of metadata
    api_version: str,
    kind: str,
    name: str,
    *,
    namespace: str = "",
    created: str = CREATED,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owner: Object | None = None,
    generation: int = 0,
    **body: Any,
) -> Object:
    """Any object: its type, its metadata and, as further arguments, its other top-level fields.

    - `owner`: the object that controls this one.
    - `generation`: left out when 0, as kinds without a status subresource have none.
    """
    uid = uid_for(api_version, kind, namespace, name)
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata |= {"uid": uid, "resourceVersion": str(int(uid[:6], 16) + 1000)}
    if generation:
        metadata["generation"] = generation
    metadata["creationTimestamp"] = created
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    if owner is not None:
        metadata["ownerReferences"] = [owner_reference(owner)]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def owner_reference(owner: Object) -> Object:
    """The entry in `metadata.ownerReferences` of what `owner` controls."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def namespace_of(item: Object) -> str:
    """The object's namespace; empty for cluster-scoped kinds."""
    namespace: str = item["metadata"].get("namespace", "")
    return namespace


def name_of(item: Object) -> str:
    """The object's name."""
    name: str = item["metadata"]["name"]
    return name


def listing(items: Iterable[Object]) -> Object:
    """A v1 List as `kubectl get … -o json` prints it."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(items)}
