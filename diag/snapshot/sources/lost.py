"""What an object is by its head: raw, or, where it cannot be read, as far as its bytes still tell."""

import re

import msgspec

from diag.projection import kind_id
from diag.snapshot.sources.part import Lost, Slice

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_CONTROL = re.compile(rb"[\x00-\x1f]")
_KIND = re.compile(
    r"""\s*(?:---\s+)?\{?\s*["']?(apiVersion|kind)["']?\s*:\s*["']?([\w./-]+)["']?\s*,?\s*"""
    r"""["']?(?:apiVersion|kind)["']?\s*:\s*["']?([\w./-]+)"""
)
_NAME = re.compile(r"[a-z0-9A-Z][\w.:@-]{0,252}", re.ASCII)
_HEAD_BYTES = 1000
_MOST_BYTES = 1024**2  # of one object: etcd takes no more than 1.5 MiB


class _Meta(msgspec.Struct):
    name: str | None = None
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


def lost_in(raw: bytes | memoryview | msgspec.Raw, api_version: str | None = None, kind: str | None = None) -> Lost:
    """What was lost with some bytes; `api_version` and `kind` are what their list says.

    Characters that no JSON may have are looked past: an object with one of them still says what it is.
    """
    view = memoryview(raw)
    head = bytes(view[:_HEAD_BYTES])
    if len(view) <= _MOST_BYTES:
        text = bytes(view).decode(errors="replace").encode()
        try:
            found = _head.decode(_CONTROL.sub(b" ", _SURROGATE.sub(rb"\\ufffd", text)))
        except (ValueError, RecursionError):
            pass
        else:
            own, meta = found.kind or kind, found.metadata or _Meta()
            said = kind_id(found.apiVersion or api_version, own) if own else ""
            namespace = None if meta.namespace and not _NAME.fullmatch(meta.namespace) else meta.namespace or ""
            return Lost(kind=said, namespace=namespace if meta.name else None, name=_name(meta.name))
    begins = _KIND.match(head.decode(errors="replace"))
    if begins:
        version, own = (begins[2], begins[3]) if begins[1] == "apiVersion" else (begins[3], begins[2])
        return Lost(kind=kind_id(version, own))
    return Lost(kind=kind_id(api_version, kind) if kind else "")


def _name(name: str | None) -> str:
    return name if name and _NAME.fullmatch(name) else ""
