"""From the parts that were read to one snapshot for each cluster."""

import gc
import hashlib
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import msgspec

import diag.vocab
from diag.findings import Gap
from diag.projection import PROJECTIONS, Object, kind_id
from diag.snapshot import kinds as _kinds  # noqa: F401  registers the projections of Kubernetes' own kinds
from diag.snapshot.clock import Clock, far_behind, in_utc
from diag.snapshot.clusters import assign
from diag.snapshot.lenient import NotAnObject, decode
from diag.snapshot.logs import Logs
from diag.snapshot.paged import keep
from diag.snapshot.side import internal_addresses, placed, since_boot
from diag.snapshot.snapshot import Held, Place, Snapshot
from diag.snapshot.sources.lost import lost_in
from diag.snapshot.sources.part import KUBECTL, LogKey, LogStore, Lost, Part, Problem, Reading, Slice

# Nearly every object begins so; one that does not has its head decoded.
HEAD = re.compile(rb'\s*\{\s*"(apiVersion|kind)"\s*:\s*"([^"\\]*)"\s*,\s*"(?:apiVersion|kind)"\s*:\s*"([^"\\]*)"')
EPOCH = "1970-01-01T00:00:00Z"  # "now" of a snapshot that holds no time at all
MAX_PROBLEMS = 20
MAX_NAME = 1000  # Kubernetes takes 253 characters; a longer one stands in every sentence about its object
MAX_LOST = 100  # objects of one part that are told apart


class Head(msgspec.Struct):
    """What an object says it is."""

    apiVersion: str | None = None  # noqa: N815  as Kubernetes spells it
    kind: str | None = None


HEAD_DECODER = msgspec.json.Decoder(Head)


@dataclass(slots=True)
class Loading:
    """One cluster while it is being put together."""

    cluster: str
    tables: dict[str, dict[Place, Object]] = field(default_factory=lambda: defaultdict(dict))
    captured: dict[tuple[str, Place], str] = field(default_factory=dict)
    logs: dict[LogKey, str] = field(default_factory=dict)
    stores: list[LogStore] = field(default_factory=list)
    logged: frozenset[str] = frozenset()
    side: list[Reading] = field(default_factory=list)
    lost: dict[Lost, None] = field(default_factory=dict)
    refused: list[Problem] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    gaps: list[Gap] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    server_version: str | None = None
    captured_at: str | None = None
    kubectl: str = KUBECTL
    living: bool = False
    unserved: set[str] = field(default_factory=set)


def load(parts: Sequence[Part], *, now: str | None = None) -> list[Snapshot]:
    """One snapshot for each cluster that the parts name, by cluster id.

    `now` (RFC 3339) overrides what the snapshot says. Raises UsageError where it is not clear which cluster a part
    belongs to.
    """
    _register_projections()
    collecting = gc.isenabled()
    gc.disable()  # nothing here makes cycles, and a collection would walk every object made so far
    try:
        loadings = {name: _load_cluster(name, found) for name, found in assign(parts).items()}
    finally:
        if collecting:
            gc.enable()
    gc.freeze()
    return [_finish(loading, now) for _, loading in sorted(loadings.items())]


def gap_of(problem: Problem, cluster: str) -> Gap:
    """What could not be read, as a gap of a cluster."""
    return Gap(
        cluster=cluster, what=problem.what, why=problem.why, fix=problem.fix, detail=problem.detail, pods=problem.pods
    )


def _load_cluster(cluster: str, parts: Sequence[Part]) -> Loading:
    told = [part.permissions is not None for part in parts if part.items]
    loading = Loading(cluster, living=bool(told) and all(told))
    for part in parts:
        _add_part(loading, part)
    return loading


def _add_part(loading: Loading, part: Part) -> None:
    seen_kinds, seen_namespaces = set[str](), set[str]()
    lost: dict[Lost, None] = {}
    captured_at = in_utc(part.captured_at) if part.captured_at else None
    for index, piece in enumerate(part.items):
        item = _decode(loading, part, index, piece)
        if isinstance(item, Lost):
            lost[item if len(lost) < MAX_LOST else Lost(kind=item.kind)] = None
            continue
        if item is None:
            continue
        kind, place = item.kind_id, (item.namespace, item.name)
        seen_kinds.add(kind)
        seen_namespaces.add(item.namespace)
        loading.clock.look(item)
        table = loading.tables[kind]
        if place in table and not _newer(loading, item, table[place], captured_at or ""):
            continue
        table[place] = item
        if captured_at:
            loading.captured[kind, place] = captured_at
    loading.held += _held(part, Held(kinds=frozenset(seen_kinds), namespaces=frozenset(seen_namespaces)), tuple(lost))
    loading.lost |= lost | dict.fromkeys(part.lost)
    loading.side += part.side
    if part.store is not None:
        loading.stores.append(part.store)
        loading.logged |= part.logged
    for log in part.logs:
        key = (log.pod, log.container, log.previous)
        # Of two copies of a log the longer one says more; equal lengths are decided by content, not by order.
        loading.logs[key] = max(loading.logs.get(key, ""), log.text, key=lambda text: (len(text), text))
    loading.gaps += [gap_of(problem, loading.cluster) for problem in part.problems if not problem.kinds]
    loading.refused += [problem for problem in part.problems if problem.kinds]
    loading.captured_at = max(filter(None, (loading.captured_at, captured_at)), default=None)
    loading.server_version = loading.server_version or part.server_version
    loading.kubectl = part.kubectl if loading.kubectl == KUBECTL else loading.kubectl
    loading.unserved |= {*part.unserved}


def _held(part: Part, seen: Held, lost: tuple[Lost, ...]) -> Iterator[Held]:
    """What a part claims to hold; without a claim what was `seen` in it. `lost` are objects that were not decoded."""
    listed = defaultdict[frozenset[str] | None, set[str]](set)
    for one in part.listed:
        listed[one.namespaces].add(one.kind)
    for namespaces, kinds in listed.items():
        yield Held(kinds=frozenset(kinds), namespaces=namespaces, complete=True, lost=lost)
    if part.assumed is None:
        yield seen
    for one in part.assumed or ():
        yield Held(kinds=frozenset([one.kind]), namespaces=one.namespaces)


def _decode(loading: Loading, part: Part, index: int, piece: Slice) -> Object | Lost | None:
    """One object; what is lost where it cannot be one (which is a gap); None where it must not be kept (a Secret)."""
    raw = piece.raw
    version, kind = _head(piece, raw)
    if not kind:
        loading.problems[f"an item without a kind in {part.path}"].append(f"item {index}")
        return lost_in(raw)
    if kind in ("Secret", "SecretList"):
        return None
    try:
        item, dropped = decode(raw, PROJECTIONS.get(kind_id(version, kind), Object))
    except NotAnObject as error:
        loading.problems[f"{kind} in {part.path}"].append(f"item {index}: {error}")
        return lost_in(raw, version, kind)
    item.api_version, item.kind = version or item.api_version, kind
    item.cluster, item.decoded, item.held = loading.cluster, None, True
    keep(item, piece)
    if not item.name:
        loading.problems[f"{kind} without a name in {part.path}"].append(f"item {index}")
        return lost_in(raw, version, kind)
    if max(len(item.name), len(item.namespace)) > MAX_NAME:
        loading.problems[f"{kind} with a name of more than {MAX_NAME:,} characters in {part.path}"].append(
            f"item {index}"
        )
        return Lost(kind=kind_id(version, kind))
    for path in dropped:
        loading.problems[f"{path} of {item.ref}: a value of the wrong type"].append(f"item {index} of {part.path}")
    return item


def _head(piece: Slice, raw: msgspec.Raw) -> tuple[str | None, str | None]:
    """The apiVersion and kind of an object, from its first bytes where they stand there."""
    found = HEAD.match(raw)
    if found:
        first, second = found[2].decode(errors="replace"), found[3].decode(errors="replace")
        return (first, second) if found[1] == b"apiVersion" else (second, first)
    try:
        head = HEAD_DECODER.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return piece.api_version, piece.kind
    return head.apiVersion or piece.api_version, head.kind or piece.kind


def _newer(loading: Loading, new: Object, old: Object, captured_at: str) -> bool:
    """Of two copies: the newer capture, else the higher generation, then resourceVersion, then content hash."""
    key = (old.kind_id, (old.namespace, old.name))
    return _age(new, captured_at) > _age(old, loading.captured.get(key, ""))


def _clocks(cluster: str, told: str, newest: str) -> Gap:
    """Ages that are told by a clock behind that of the objects are too small, and hide what waits in silence."""
    detail = f"the newest time of an object is {newest}, that of the server or the capture {told}"
    fix = "compare the clocks of the server and the nodes (date -u); --now TIME tells ages by another"
    return Gap(cluster=cluster, what="how old things are", why="disagrees", fix=fix, detail=detail, material=True)


def _age(item: Object, captured_at: str) -> tuple[str, int, int, str]:
    version = item.metadata.resource_version or ""
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 25 else 0  # noqa: PLR2004  64 bits have 20 digits
    return captured_at, item.metadata.generation or 0, number, hashlib.sha256(bytes(item.raw)).hexdigest()


def _finish(loading: Loading, now: str | None) -> Snapshot:
    fix = "look at the object where it came from: kubectl get … -o yaml"
    for what, details in sorted(loading.problems.items())[:MAX_PROBLEMS]:
        count = f" ({len(details)} times)" if len(details) > 1 else ""
        loading.gaps.append(
            Gap(
                cluster=loading.cluster,
                what=what + count,
                why="unreadable",
                fix=fix,
                detail="\n".join(details[:MAX_PROBLEMS]),
            )
        )
    if len(loading.problems) > MAX_PROBLEMS:
        rest = len(loading.problems) - MAX_PROBLEMS
        loading.gaps.append(
            Gap(cluster=loading.cluster, what=f"{rest} more unreadable parts", why="unreadable", fix=fix)
        )
    told = now or loading.captured_at
    if told and not now and far_behind(told, loading.clock.newest):
        loading.gaps.append(_clocks(loading.cluster, told, loading.clock.newest))
    nodes = list(loading.tables.get("Node", {}).values())
    side = since_boot(loading.side)
    return Snapshot(
        cluster=loading.cluster,
        tables={kind: table for kind, table in sorted(loading.tables.items()) if table},
        now=told or loading.clock.newest or EPOCH,
        now_from="option" if now else "manifest" if told else "newest time" if loading.clock.newest else "unknown",
        logs=Logs(loading.logs, loading.stores, loading.logged),
        side=tuple(placed(side, [node.name for node in nodes], internal_addresses(side, nodes))),
        lost=tuple(loading.lost),
        refused=tuple(sorted(loading.refused, key=lambda problem: (problem.what, problem.why, problem.namespace))),
        held=tuple(loading.held),
        gaps=tuple(sorted(loading.gaps, key=lambda gap: (gap.what, gap.why))),
        server_version=loading.server_version,
        captured_at=loading.captured_at,
        kubectl=loading.kubectl,
        living=loading.living,
        unserved=frozenset(loading.unserved),
    )


@cache
def _register_projections() -> None:
    """Import every vocabulary, so that the projections that stand beside them are known."""
    for module in pkgutil.iter_modules(diag.vocab.__path__, "diag.vocab."):
        importlib.import_module(module.name)
