"""What is decoded of an object: typed projections of the fields that rules read.

A projection is a msgspec Struct whose every field may be absent or null. Parts that only few readers need are `Raw`
slices, decoded when asked for. The whole object stays at hand as the bytes that were read (`Object.whole`), so unknown
fields remain evidence. Kinds without a projection of their own are plain `Object`s.

A raw field is `Raw = Raw()`, never `Raw | None`: msgspec 0.22 then takes only null (a test holds the line).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from diag.findings import Ref

JsonDict = dict[str, Any]
Amounts = dict[str, str | int | float]


class Part(msgspec.Struct, gc=False, rename="camel", kw_only=True):
    """A piece of an object."""


class OwnerReference(Part):
    """Who made the object (metadata.ownerReferences)."""

    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class Meta(Part):
    """The fields of metadata that are read of every object."""

    name: str | None = None
    namespace: str | None = None
    generate_name: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    finalizers: list[str] | None = None
    owner_references: list[OwnerReference] | None = None
    labels: Raw = Raw()
    annotations: Raw = Raw()


class Condition(Part):
    """One entry of status.conditions."""

    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None
    last_heartbeat_time: str | None = None


class Object(msgspec.Struct, gc=False, rename="camel", kw_only=True):
    """Any object: what kind it is, its metadata, and the bytes it came from."""

    api_version: str | None = None
    kind: str | None = None
    metadata: Meta = msgspec.field(default_factory=Meta)
    # Set by the loader, which overwrites whatever an input puts under these names.
    cluster: str = msgspec.field(default="", name="$diag.cluster")
    piece: Any = msgspec.field(default=Raw(), name="$diag.piece")  # Raw, or what has `raw` (a slice of a page)
    decoded: JsonDict | None = msgspec.field(default=None, name="$diag.decoded")
    held: bool = msgspec.field(default=True, name="$diag.held")  # False: known only because events speak of it

    @property
    def raw(self) -> Raw:
        """The bytes that it was read from; getting them may cost unpacking a page, so take them once."""
        found: Raw = self.piece if isinstance(self.piece, Raw) else self.piece.raw
        return found

    @property
    def name(self) -> str:
        """metadata.name, empty when absent."""
        return self.metadata.name or ""

    @property
    def namespace(self) -> str:
        """metadata.namespace, empty for cluster-scoped kinds."""
        return self.metadata.namespace or ""

    @property
    def uid(self) -> str:
        """metadata.uid, empty when absent."""
        return self.metadata.uid or ""

    @property
    def created(self) -> str | None:
        """metadata.creationTimestamp."""
        return self.metadata.creation_timestamp

    @property
    def labels(self) -> dict[str, str]:
        """metadata.labels; do not change it, it is shared by objects with equal labels."""
        return string_map(self.metadata.labels)

    @property
    def annotations(self) -> dict[str, str]:
        """metadata.annotations; do not change it."""
        return string_map(self.metadata.annotations)

    @property
    def owners(self) -> list[OwnerReference]:
        """metadata.ownerReferences."""
        return self.metadata.owner_references or []

    @property
    def ref(self) -> Ref:
        """What the report calls this object."""
        return Ref(self.cluster, self.api_version or "", self.kind or "", self.namespace, self.name, self.held)

    @property
    def kind_id(self) -> str:
        """`Kind` for the core group, `group/Kind` otherwise."""
        return kind_id(self.api_version, self.kind)

    @property
    def whole(self) -> JsonDict:
        """The whole object as it was read, decoded at the first use."""
        if self.decoded is None:
            value = json_value(bytes(self.raw))
            self.decoded = value if isinstance(value, dict) else {}
        return self.decoded


ObjectType = TypeVar("ObjectType", bound=type[Object])
PROJECTIONS: dict[str, type[Object]] = {}


def projection(kind: str) -> Callable[[ObjectType], ObjectType]:
    """Register a projection for a kind (`Pod`, `apps/Deployment`). One kind has one projection."""

    def register(struct: ObjectType) -> ObjectType:
        PROJECTIONS[kind] = struct
        return struct

    return register


@lru_cache(maxsize=4096)
def kind_id(api_version: str | None, kind: str | None) -> str:
    """`Kind` for the core group, `group/Kind` otherwise. Both event APIs name one store, so they are one kind."""
    group = (api_version or "").rpartition("/")[0]
    if kind == "Event" and group == "events.k8s.io":
        group = ""
    return f"{group}/{kind}" if group else kind or ""


@lru_cache(maxsize=65536)
def _string_map(text: bytes) -> dict[str, str]:
    value = json_value(text)
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, str)}


def string_map(raw: Raw) -> dict[str, str]:
    """A raw map of strings; entries of another type are left out, anything but a map is empty."""
    return _string_map(bytes(raw))


def json_value(text: bytes) -> Any:
    """A JSON value, None when it cannot be decoded (numbers beyond 64 bits become floats)."""
    try:
        return msgspec.json.decode(text) if text else None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def dicts(value: Any) -> list[JsonDict]:
    """The maps in a list, whatever else it holds; nothing of what is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
