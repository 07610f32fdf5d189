"""What happened to objects, in the order of time: creations, conditions, containers and events."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from diag.causes.rows import ref_row
from diag.document import RefRow, Row
from diag.facts.masking import mask
from diag.projection import Object, dicts, kind_id
from diag.snapshot.kinds import ContainerStatus, Event, Pod
from diag.snapshot.snapshot import Snapshot
from diag.views.typed import Key
from diag.views.wording import moment

MOST_OBJECTS = 500  # a longer list of objects is read to nobody's use


class HappeningRow(Row, kw_only=True):
    """Something at a time. `until` and `count` are of what was repeated; `severity` is info or warning.

    `kind`: created, deleted, condition, container or event.
    """

    at: str
    until: str | None
    ref: RefRow
    kind: str
    what: str
    text: str
    count: int
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """Objects to tell of; `left_out` counts those beyond the most that are told of."""

    items: tuple[tuple[Snapshot, Object], ...]
    left_out: int = 0


def subjects(snapshots: Sequence[Snapshot], keys: Iterable[Key], *, most: int = MOST_OBJECTS) -> Subjects:
    """The objects with these keys that were read."""
    by_cluster = {snap.cluster: snap for snap in snapshots}
    found: list[tuple[Snapshot, Object]] = []
    for cluster, group, kind, namespace, name in sorted(set(keys)):
        snap = by_cluster.get(cluster)
        item = snap.get(f"{group}/{kind}" if group else kind, namespace, name) if snap else None
        if snap is not None and item is not None and not isinstance(item, Event):
            found.append((snap, item))
    return Subjects(items=tuple(found[:most]), left_out=max(len(found) - most, 0))


def happenings(found: Subjects) -> list[HappeningRow]:
    """Everything with a time, the earliest first. Secrets in sentences are masked."""
    rows = [row for snap, item in found.items for row in (*_own(item), *_events(snap, item))]
    return sorted(rows, key=lambda row: (_order(row.at), str(row.ref), row.kind, row.what))


def _order(at: str) -> float:
    found = moment(at)
    return found.timestamp() if found else 0.0


def _own(item: Object) -> Iterator[HappeningRow]:
    ref = ref_row(item.ref)
    if item.created:
        yield _row(item.created, ref, "created", "created")
    if item.metadata.deletion_timestamp:
        yield _row(item.metadata.deletion_timestamp, ref, "deleted", "is to be deleted", severity="warning")
    yield from _conditions(item, ref)
    if isinstance(item, Pod):
        for status in (*(item.status.init_container_statuses or ()), *(item.status.container_statuses or ())):
            yield from _container(status, ref)


def _conditions(item: Object, ref: RefRow) -> Iterator[HappeningRow]:
    status = item.whole.get("status")
    for one in dicts(status.get("conditions")) if isinstance(status, dict) else []:
        at = one.get("lastTransitionTime")
        if isinstance(at, str) and moment(at):
            said = ": ".join(str(one[part]) for part in ("reason", "message") if one.get(part))
            yield _row(at, ref, "condition", f"{one.get('type')}={one.get('status')}", said)


def _container(status: ContainerStatus, ref: RefRow) -> Iterator[HappeningRow]:
    name = status.name or "?"
    for state in (status.last_state, status.state):
        if state is None:
            continue
        if state.running and state.running.started_at:
            yield _row(state.running.started_at, ref, "container", f"{name} started")
        ended = state.terminated
        if ended and ended.started_at:
            yield _row(ended.started_at, ref, "container", f"{name} started")
        if ended and ended.finished_at:
            bad = bool(ended.exit_code)
            said = ": ".join(each for each in (ended.reason, ended.message) if each)
            what = f"{name} ended with {ended.exit_code}"
            yield _row(ended.finished_at, ref, "container", what, said, severity="warning" if bad else "info")


def _events(snap: Snapshot, item: Object) -> Iterator[HappeningRow]:
    ref = ref_row(item.ref)
    for event in snap.events(item):
        first, last = event.first_seen, event.last_seen
        if first is None:
            continue
        yield _row(
            first, ref, "event", event.reason or "event", event.text, until=last if last != first else None,
            count=event.times, severity="warning" if event.type == "Warning" else "info",
        )  # fmt: skip


def _row(
    at: str, ref: RefRow, kind: str, what: str, text: str = "", *, until: str | None = None, count: int = 1,
    severity: str = "info",
) -> HappeningRow:  # fmt: skip
    return HappeningRow(
        at=at, until=until, ref=ref, kind=kind, what=what, text=mask(text), count=count, severity=severity
    )


def family(snap: Snapshot, ref: RefRow) -> list[Key]:
    """An object that was read, with what it owns, down to its pods."""
    item = snap.get(kind_id(ref.apiVersion, ref.kind), ref.namespace, ref.name)
    found: dict[Key, None] = {}
    waiting = [item] if item is not None else []
    while waiting and len(found) < MOST_OBJECTS:
        one = waiting.pop()
        where = (snap.cluster, one.ref.api_version.rpartition("/")[0], one.ref.kind, one.namespace, one.name)
        if where not in found:
            found[where] = None
            waiting += snap.children_of(one)
    return list(found)
