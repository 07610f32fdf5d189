"""Watches: the changes since a version, one JSON document a line, then those to come, with bookmarks."""

import time
from collections.abc import Callable, Iterator, Mapping

import msgspec

from diag.testing.apiserver.kinds import Resource
from diag.testing.apiserver.lists import query_filter
from diag.testing.apiserver.status import status
from diag.testing.apiserver.store import Store, Stored

_WAIT_S = 0.05


def watch_lines(
    store: Store,
    resource: Resource,
    version: str,
    namespace: str,
    query: Mapping[str, str],
    open_: Callable[[], bool],
) -> Iterator[bytes]:
    """The lines of a watch, until its time is over or the server stops."""
    since = int(query.get("resourceVersion") or store.version)
    wanted = query_filter(query)
    end = time.monotonic() + float(query.get("timeoutSeconds") or 3600)
    if since < store.oldest:
        refusal = status(410, "Expired", f"too old resource version: {since} ({store.oldest})")
        yield b'{"type":"ERROR","object":' + refusal.rstrip() + b"}\n"
        return
    while open_() and time.monotonic() < end:
        with store.lock:
            changes = store.changes(resource, since)
            if not changes:
                store.lock.wait(_WAIT_S)
        for change in changes:
            since = change.version
            one = change.stored
            if (not namespace or one.namespace == namespace) and wanted(one):
                yield _line(change.kind, typed(one, resource, version))
    if query.get("allowWatchBookmarks") == "true":
        mark = {
            "kind": resource.kind, "apiVersion": resource.group_version(version),
            "metadata": {"resourceVersion": str(since)},
        }  # fmt: skip
        yield _line("BOOKMARK", msgspec.json.encode(mark))


def typed(one: Stored, resource: Resource, version: str) -> bytes:
    """An object with its kind and its version, which is what a watch or a get gives, unlike a list."""
    fields = msgspec.json.decode(one.body, type=dict[str, msgspec.Raw])
    meta = msgspec.json.decode(fields["metadata"], type=dict[str, object])
    meta["resourceVersion"] = str(one.version)
    head = {"kind": resource.kind, "apiVersion": resource.group_version(version)}
    rest = {key: value for key, value in fields.items() if key not in head}
    return msgspec.json.encode(head | rest | {"metadata": meta})


def _line(kind: str, body: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"
