"""An object in words: whose it is, which causes concern it, what its status says, and its newest events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diag.causes.rows import ref_row
from diag.document import RefRow, Report
from diag.facts.custom_resources import conditions
from diag.facts.gpus import container_requests, gpus_of, pod_requests
from diag.facts.masking import mask
from diag.facts.nodes import allocatable, capacity
from diag.facts.quantity import show
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import ContainerStatus, Node, Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations.owners import lineage
from diag.views.circle import circles
from diag.views.happenings import HappeningRow, family, happenings, subjects
from diag.views.inside import found
from diag.views.typed import Key, key
from diag.views.wording import clock, counted, folded, long_duration, seconds_since, short_duration

_EVENTS = 20  # below a description; `events_of` gives them all
_MOST = 200  # lines of one section


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line: what leads it, what it says, and whether it is a heading or bad news (`title`, `warning`)."""

    text: str
    lead: str = ""
    tone: str = ""


def described(report: Report, snapshots: Sequence[Snapshot], ref: RefRow) -> list[Said]:
    """What a person asks of an object first; that it was not read, where it was not. Secrets are masked."""
    here = found(snapshots, ref)
    if here is None:
        return [Said(text=f"{ref} was not read.", tone="info"), *_causes(report, ref)]
    snap, item = here
    return [
        *_identity(snap, item),
        *_causes(report, ref),
        *_part("Status", _status(snap, item)),
        *_part("Containers", _containers(item)),
        *_part("GPUs", _devices(snap, item)),
        *_part("Events, newest first", _last_events(snap, item)),
    ]


def events_of(snapshots: Sequence[Snapshot], ref: RefRow) -> list[Said]:
    """The events of an object and of what it owns, the newest first."""
    here = found(snapshots, ref)
    if here is None:
        return [Said(text=f"{ref} was not read.", tone="info")]
    snap, item = here
    keys = family(snap, ref)
    return list(_events(snap, _told_of(snap, keys), naming=len(keys) > 1)) or list(_no_events(snap, item))


def _last_events(snap: Snapshot, item: Object) -> Iterator[Said]:
    rows = _told_of(snap, [key(ref_row(item.ref))])
    yield from _events(snap, rows[:_EVENTS])
    if len(rows) > _EVENTS:
        yield Said(text=f"and {len(rows) - _EVENTS} older ones (e)", lead="  ", tone="info")
    if not rows:
        yield from _no_events(snap, item)


def _told_of(snap: Snapshot, keys: Sequence[Key]) -> list[HappeningRow]:
    """The events of some objects, the newest first."""
    rows = [row for row in happenings(subjects([snap], keys)) if row.kind == "event"]
    return sorted(rows, key=lambda row: clock(row.until or row.at), reverse=True)


def _part(title: str, lines: Iterator[Said]) -> list[Said]:
    told = list(lines)
    more = [Said(text=f"and {len(told) - _MOST} more", lead="  ", tone="info")] if len(told) > _MOST else []
    return [Said(text=""), Said(text=title, tone="title"), *told[:_MOST], *more] if told else []


def _identity(snap: Snapshot, item: Object) -> Iterator[Said]:
    where = f"{item.namespace}/{item.name}" if item.namespace else item.name
    yield Said(text=f"{item.ref.kind} {where}", tone="title")
    yield Said(text=item.ref.api_version, lead="  API      ")
    yield Said(text=snap.cluster, lead="  cluster  ")
    if item.created:
        age = seconds_since(item.created, snap.now)
        yield Said(text=f"{clock(item.created)}{f', {long_duration(age)} ago' if age else ''}", lead="  created  ")
    if item.metadata.deletion_timestamp:
        yield Said(text=f"since {clock(item.metadata.deletion_timestamp)}", lead="  leaving  ", tone="warning")
    owners = [f"{one.kind} {one.name}" for one in lineage(snap, item)]
    yield Said(text=" → ".join(owners) or "none that was read", lead="  owner    ")
    labels = [f"{name}={value}" for name, value in sorted(item.labels.items())]
    yield Said(text=folded(labels, 8) or "none", lead="  labels   ")


def _causes(report: Report, ref: RefRow) -> list[Said]:
    own = [circle.cause for circle in circles(report) if circle.is_about(ref)]
    lines = [
        Said(text=f"{cause.rule} {cause.name}: {cause.summary}", lead=f"  {cause.id}  ", tone=cause.severity)
        for cause in own
    ]
    return [
        Said(text=""),
        Said(text="Causes", tone="title"),
        *(lines or [Said(text="  none concerns it", tone="info")]),
    ]


def _status(snap: Snapshot, item: Object) -> Iterator[Said]:
    for name in ("phase", "state", "reason", "message"):
        said = value_at(item.whole, f"status.{name}")
        if isinstance(said, str) and said:
            yield Said(text=mask(said), lead=f"  {name}: ")
    if isinstance(item, Pod):
        node = item.spec.node_name
        yield Said(text=node or "none yet", lead="  node: ", tone="" if node else "warning")
    for _, one in conditions(item):
        at = one.get("lastTransitionTime")
        age = seconds_since(at, snap.now) if isinstance(at, str) else None
        words = ": ".join(mask(str(one[part])) for part in ("reason", "message") if one.get(part))
        since = f" for {short_duration(age)}" if age is not None else ""
        yield Said(text=words, lead=f"  {one['type']}={one.get('status')}{since}  ")


def _containers(item: Object) -> Iterator[Said]:
    if not isinstance(item, Pod):
        return
    states = {
        one.name: one for one in (*(item.status.init_container_statuses or ()), *(item.status.container_statuses or ()))
    }
    for is_init, listed in ((True, item.spec.init_containers), (False, item.spec.containers)):
        for one in listed or ():
            asked = ", ".join(
                f"{name} {show(amount, name)}" for name, amount in sorted(container_requests(one).items())
            )
            state, is_bad = _state(states.get(one.name))
            lead = f"  {one.name or '?'}{' (init)' if is_init else ''}: "
            yield Said(text=f"{state}; asks for {asked or 'nothing'}", lead=lead, tone="warning" if is_bad else "")


def _state(status: ContainerStatus | None) -> tuple[str, bool]:
    """What a container does, and whether that is bad news."""
    if status is None or status.state is None:
        return "no state was written", False
    restarts = f", {counted(status.restart_count, 'restart')}" if status.restart_count else ""
    state = status.state
    if state.running:
        return f"{'ready' if status.ready else 'runs, not ready'}{restarts}", not status.ready
    ended, waits = state.terminated, state.waiting
    if ended:
        said = ": ".join(mask(each) for each in (ended.reason, ended.message) if each)
        return f"ended with {ended.exit_code} {said}{restarts}", bool(ended.exit_code)
    said = ": ".join(mask(each) for each in (waits.reason, waits.message) if each) if waits else ""
    return f"waits {said}{restarts}", True


def _devices(snap: Snapshot, item: Object) -> Iterator[Said]:
    if isinstance(item, Pod):
        for name, count in gpus_of(pod_requests(item)).items():
            yield Said(text=f"{count} × {name}", lead="  asks for ")
    if not isinstance(item, Node):
        return
    has, offers = gpus_of(capacity(item)), gpus_of(allocatable(item))
    for name in sorted({*has, *offers}):
        yield Said(text=f"{offers.get(name, 0)} of {has.get(name, 0)} offered", lead=f"  {name}: ")
    for taint in item.spec.taints or ():
        yield Said(text=f"{taint.key}={taint.value or ''}:{taint.effect}", lead="  taint: ")
    for pod in snap.pods_by_node.get(item.name, ()):
        held = gpus_of(pod_requests(pod))
        if held and pod.status.phase not in ("Succeeded", "Failed"):
            yield Said(text=f"{pod.namespace}/{pod.name}", lead=f"  {sum(held.values()):>3} × held by ")


def _events(snap: Snapshot, rows: Sequence[HappeningRow], *, naming: bool = False) -> Iterator[Said]:
    for row in rows:
        times = f" ×{row.count:,}" if row.count > 1 else ""
        whose = f"{row.ref.kind} {row.ref.name}: " if naming else ""
        age = short_duration(seconds_since(row.until or row.at, snap.now))
        tone = "warning" if row.severity == "warning" else ""
        yield Said(text=f"{whose}{row.what}{times}: {row.text}", lead=f"  {age:>4} ago  ", tone=tone)


def _no_events(snap: Snapshot, item: Object) -> Iterator[Said]:
    if snap.holds("Event", item.namespace):
        yield Said(text="No event speaks of it; most clusters keep events for an hour.", tone="info")
    else:
        yield Said(text="Events were not read.", tone="info")
