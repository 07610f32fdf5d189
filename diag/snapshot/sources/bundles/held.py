"""The kind and namespace of an object that is still raw."""

import msgspec

from diag.projection import kind_id
from diag.snapshot.sources.part import Slice


class _Meta(msgspec.Struct):
    namespace: str | None = None


class _Head(msgspec.Struct):
    apiVersion: str | None = None  # noqa: N815  as Kubernetes spells it
    kind: str | None = None
    metadata: _Meta | None = None


_head = msgspec.json.Decoder(_Head)


def kind_and_namespace(piece: Slice) -> tuple[str, str]:
    """Kind (`apps/Deployment`) and namespace, each empty where the object does not say it in the right type."""
    try:
        head = _head.decode(piece.raw)
    except (ValueError, RecursionError):
        return "", ""
    kind = head.kind or piece.kind
    namespace = (head.metadata.namespace if head.metadata else None) or ""
    return (kind_id(head.apiVersion or piece.api_version, kind) if kind else ""), namespace
