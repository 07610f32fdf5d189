"""What a snapshot holds, as rows: the document that `diag snapshot info -o json` prints (additive changes only)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from diag.catalog.registry import Registry
from diag.causes.only_metrics import only_in_metrics
from diag.causes.silence import not_collected
from diag.document import Row, ToolRow
from diag.findings import Gap
from diag.snapshot.snapshot import Snapshot
from diag.snapshot.sources.part import BOOT, Part

SCHEMA = "diag.contents/v1"


class SourceRow(Row, kw_only=True):
    """What was read, and in which layout. `logs` are those at hand and those that are read only when a rule asks.

    `readings` are what tools say of devices: nvidia-smi, DCGM, the kernel's log. `captures` is how many an archive
    holds, of which one was read; null where it is no archive.
    """

    path: str
    layout: str
    objects: int
    logs: int
    captured_at: str | None
    captures: int | None = None
    readings: int = 0


class KindRow(Row, kw_only=True):
    """One kind that is here or that a source claims to have listed.

    `coverage`: complete (a source says that it listed all), partly (in the namespaces `complete_in` only, null for
    all), assumed (a plain file holds it, and nobody says whether that is all), or damaged (one that cannot be read may
    be of it).
    """

    kind: str
    count: int
    namespaces: int
    coverage: str
    complete_in: list[str] | None


class PermissionRow(Row, kw_only=True):
    """A kind that the collecting identity asked for, and where it was given: null for everywhere, none if refused."""

    kind: str
    namespaces: list[str] | None


class MissingRow(Row, kw_only=True):
    """Something that a diagnosis on this snapshot cannot see, and the rules that are blind for it, by id and name."""

    what: str
    why: str
    detail: str
    hides: list[str]
    names: list[str]
    fix: str


class ClusterContents(Row, kw_only=True):
    """One cluster of the snapshot. `now` is the time that a diagnosis takes, and `now_from` where that comes from.

    `permissions` is null where no source says what it could list, `redaction_key` where names are clear.
    """

    cluster: str
    sources: list[SourceRow]
    server_version: str | None
    captured_at: str | None
    permissions: list[PermissionRow] | None
    redaction_key: str | None
    now: str
    now_from: str
    objects: int
    kinds: list[KindRow]
    namespaces: list[str]
    logs: int
    missing: list[MissingRow]
    blind: int
    rules: int


class Contents(Row, kw_only=True):
    """The whole answer."""

    schema: str = SCHEMA
    tool: ToolRow
    clusters: list[ClusterContents]

    def to_dict(self) -> dict[str, Any]:
        """The document as plain dicts and lists."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document


def cluster_contents(snap: Snapshot, parts: Sequence[Part], registry: Registry) -> ClusterContents:
    """What one cluster's parts gave, and what is not among it."""
    names = registry.names
    missing = [_missing(gap, names) for gap in (*snap.gaps, *not_collected(snap, registry), *only_in_metrics(snap))]
    sources = [_source(part) for part in parts if _holds(part) or len(parts) == 1]
    return ClusterContents(
        cluster=snap.cluster,
        sources=sources,
        server_version=snap.server_version,
        captured_at=snap.captured_at,
        permissions=_permissions(parts),
        redaction_key=next((part.redaction_key for part in parts if part.redaction_key), None),
        now=snap.now,
        now_from=snap.now_from,
        objects=sum(map(len, snap.tables.values())),
        kinds=_kinds(snap),
        namespaces=[namespace for namespace in snap.namespaces if namespace],
        logs=sum(row.logs for row in sources),
        missing=missing,
        blind=len({rule for row in missing for rule in row.hides}),
        rules=len(registry.names),
    )


def _permissions(parts: Sequence[Part]) -> list[PermissionRow] | None:
    told = next((part.permissions for part in parts if part.permissions is not None), None)
    if told is None:
        return None
    return [
        PermissionRow(kind=one.kind, namespaces=None if one.namespaces is None else list(one.namespaces))
        for one in told
    ]


def _holds(part: Part) -> bool:
    return bool(part.items or part.logs or part.offered or part.side)


def _source(part: Part) -> SourceRow:
    return SourceRow(
        path=part.path,
        layout=part.layout,
        objects=len(part.items),
        logs=len(part.logs) + part.offered,
        captured_at=part.captured_at,
        captures=part.captures or None,
        readings=sum(one.what != BOOT for one in part.side),
    )


def _kinds(snap: Snapshot) -> list[KindRow]:
    claimed = _claimed(snap)
    return [_kind(kind, snap, claimed) for kind in sorted({*snap.tables, *claimed}, key=_by_group)]


def _kind(kind: str, snap: Snapshot, claimed: Mapping[str, set[str] | None]) -> KindRow:
    spaces = Counter(namespace for namespace, _ in snap.all(kind))
    complete_in = claimed.get(kind, set())
    coverage = "complete" if complete_in is None else "partly" if complete_in else "assumed"
    if snap.coverage(kind) == "damaged":
        coverage = "damaged"
    return KindRow(
        kind=kind,
        count=spaces.total(),
        namespaces=len(spaces.keys() - {""}),
        coverage=coverage,
        complete_in=None if complete_in is None else sorted(complete_in),
    )


def _claimed(snap: Snapshot) -> dict[str, set[str] | None]:
    """The namespaces of which a source says that it listed a kind completely; None for all."""
    found: dict[str, set[str] | None] = {}
    for held in snap.held:
        for kind in held.kinds if held.complete else ():
            known = found.get(kind, set())
            found[kind] = None if known is None or held.namespaces is None else known | held.namespaces
    return found


def _by_group(kind: str) -> tuple[str, str]:
    group, _, name = kind.rpartition("/")
    return group, name


def _missing(gap: Gap, names: Mapping[str, str]) -> MissingRow:
    return MissingRow(
        what=gap.what, why=gap.why, detail=gap.detail or "", hides=list(gap.hides),
        names=[names.get(rule, rule) for rule in gap.hides], fix=gap.fix,
    )  # fmt: skip
