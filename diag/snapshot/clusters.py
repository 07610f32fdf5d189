"""Which part belongs to which cluster.

A cluster is called what the user named it (`--from NAME=PATH`), else what the source calls it, else `default`. The uid
of the namespace kube-system tells clusters apart: equal uids are one cluster, differing uids never are. A part that
tells nothing, such as a list of logs, joins the only cluster that the others name.
"""

import re
from collections.abc import Sequence

import msgspec

from diag.errors import UsageError
from diag.snapshot.sources.part import Part

DEFAULT = "default"
NAMESPACE = re.compile(rb'"kind"\s*:\s*"Namespace"')
HEAD_BYTES = 160


class _NamespaceMeta(msgspec.Struct):
    name: str | None = None
    uid: str | None = None


class _Namespace(msgspec.Struct):
    kind: str | None = None
    metadata: _NamespaceMeta = msgspec.field(default_factory=_NamespaceMeta)


def assign(parts: Sequence[Part]) -> dict[str, list[Part]]:
    """Parts by cluster id. Raises UsageError where names and uids contradict each other or a part fits several."""
    for part in parts:
        if part.name and not part.name.isprintable():
            raise UsageError(f"{part.path} cannot be called so: a cluster's name is made of printable characters")
    uids = [_kube_system_uid(part) for part in parts]
    names: dict[str, str] = {}  # uid -> name
    for part, uid in zip(parts, uids, strict=True):
        if not uid or not part.name:
            continue
        if names.setdefault(uid, part.name) != part.name:
            raise UsageError(
                f"{part.path} is called {part.name}, but is the same cluster as {names[uid]} (kube-system uid)",
                hint=f"give both the same name: --from {names[uid]}={part.path}",
            )
    if len(set(names.values())) < len(names):
        twice = next(name for name in sorted(set(names.values())) if list(names.values()).count(name) > 1)
        raise UsageError(
            f"two different clusters are called {twice} (their kube-system namespaces have different uids)",
            hint="give each its own name: --from one=PATH --from other=PATH",
        )
    unnamed = sorted({uid for uid in uids if uid and uid not in names})
    own = [part.name or _own_name(part) for part in parts]
    for uid in unnamed:
        said = next((name for name, its in zip(own, uids, strict=True) if name and its == uid), None)
        called = said or (DEFAULT if len(unnamed) == 1 else "")
        names[uid] = called if called and called not in names.values() else f"cluster-{uid[:8]}"
    known = sorted({*names.values(), *(name for name, uid in zip(own, uids, strict=True) if name and not uid)})
    found: dict[str, list[Part]] = {}
    for part, name, uid in zip(parts, own, uids, strict=True):
        cluster = names.get(uid) or name
        if not cluster and len(known) > 1:
            raise UsageError(
                f"{part.path} does not say which of the clusters {', '.join(known)} it belongs to",
                hint=f"name it: --from {known[0]}={part.path}",
            )
        found.setdefault(cluster or (known[0] if known else DEFAULT), []).append(part)
    return found


def _own_name(part: Part) -> str | None:
    """What the source calls the cluster; a name that cannot be printed is none."""
    return part.cluster if part.cluster and part.cluster.isprintable() else None


def _kube_system_uid(part: Part) -> str:
    """The uid of the namespace kube-system, empty where the part does not hold it."""
    for piece in part.items:
        if piece.kind != "Namespace" and not NAMESPACE.search(memoryview(piece.raw)[:HEAD_BYTES]):
            continue
        try:
            item = msgspec.json.decode(piece.raw, type=_Namespace)
        except (msgspec.MsgspecError, RecursionError):
            continue
        if (item.kind or piece.kind) == "Namespace" and item.metadata.name == "kube-system":
            return item.metadata.uid or ""
    return ""
