"""Queues and quotas with who waits in them, in one vocabulary (`diag queues -o json`, additive changes only)."""

from collections.abc import Collection, Mapping, Sequence

from diag.causes.rows import ref_row
from diag.document import CauseRow, FindingRow, RefRow, Report, Row, ToolRow
from diag.facts.gpus import is_gpu
from diag.facts.quantity import show
from diag.findings import Severity
from diag.projection import Object
from diag.snapshot.snapshot import Snapshot
from diag.trouble.trouble import Trouble
from diag.views.circle import circles
from diag.views.queue_armada import armada_queues
from diag.views.queue_kinds import KINDS, QueueKind, Slot
from diag.views.queue_pods import PodQueue
from diag.views.queue_waiters import Waiter, waiters
from diag.views.queue_yunikorn import doubt, yunikorn_queues
from diag.views.typed import Key, key
from diag.views.wording import seconds_since

SCHEMA = "diag.queues/v1"
_Asking = tuple[str, Key, str]  # of a symptom: its rule, its subject, and what it says


class SlotRow(Row, kw_only=True):
    """One resource of a queue, as Kubernetes writes quantities; null is not stated, and a null limit none.

    `limit_known` is false where a limit is kept where it was not read. `full`: what is used has reached the most that
    the queue may use.
    """

    resource: str
    flavor: str
    nominal: str | None
    used: str | None
    borrowed: str | None
    limit: str | None
    full: bool
    gpu: bool
    limit_known: bool = True


class WaiterRow(Row, kw_only=True):
    """One that waits, in the queue's order; `gpus` that it asks for, null where that is not stated."""

    subject: RefRow
    waits_s: float | None
    gpus: int | None
    reason: str


class QueueRow(Row, kw_only=True):
    """One queue or quota. `system` says whose, `parent` is its cohort or the queue above it.

    `name` is that of a queue which is no object of its own: `ref` is then what configures it, or is not there.
    """

    ref: RefRow
    system: str
    parent: str
    state: str
    slots: list[SlotRow]
    waiting: list[WaiterRow]
    causes: list[str]
    severity: str  # of the worst cause, empty where there is none
    name: str = ""

    @property
    def called(self) -> str:
        """What a person calls it: its own name, behind its namespace where it has one."""
        return self.name or "/".join(part for part in (self.ref.namespace, self.ref.name) if part)


class Queues(Row, kw_only=True):
    """All queues of all clusters that were read, those with waiters first. `doubts`: why sums may be too small."""

    schema: str = SCHEMA
    tool: ToolRow
    queues: list[QueueRow]
    doubts: list[str]


def queues(report: Report, snapshots: Sequence[Snapshot], troubles: Sequence[Trouble] = ()) -> Queues:
    """Every queue object, with what waits in it by its own system's word, or because of it by the report's.

    `troubles` tell what those of the report's word ask for.
    """
    asked = {
        (group.kind.rule, key(ref_row(group.workload)), group.summary): group.gpus
        for trouble in troubles
        for group in trouble.groups
    }
    findings = {row.id: row for row in report.findings}
    causes: dict[Key, list[CauseRow]] = {}
    for cause in report.causes:
        causes.setdefault(key(cause.root), []).append(cause)
    abouts = {circle.cause.id: circle.about for circle in circles(report)}
    rows: list[QueueRow] = []
    doubts: list[str] = []
    for snap in snapshots:
        said: dict[tuple[str, str], list[WaiterRow]] = {}
        for one in waiters(snap):
            said.setdefault((one.kind, one.queue), []).append(_waits(one, snap.now))
        for kind, reader in KINDS.items():
            for _, item in sorted(snap.all(kind).items()):
                own = causes.get(key(ref_row(item.ref)), [])
                waiting = said.pop((kind, item.name), []) if reader.lists else _because(own, findings, asked, snap.now)
                rows.append(_queue(item, reader, waiting, own))
        rows += [_unread(snap.cluster, kind, name, waiting) for (kind, name), waiting in sorted(said.items())]
        rows += [_named(one, snap, report.causes, abouts) for read in _NAMED for one in read(snap)]
        doubts.append(doubt(snap))
    rows.sort(key=lambda row: (not row.causes, not row.waiting))
    return Queues(tool=report.tool, queues=rows, doubts=list(dict.fromkeys(filter(None, doubts))))


# Queues that are no objects of their own.
_NAMED = (yunikorn_queues, armada_queues)


def _waits(one: Waiter, now: str) -> WaiterRow:
    return WaiterRow(
        subject=ref_row(one.item.ref), waits_s=seconds_since(one.since, now), gpus=one.gpus, reason=one.reason
    )


def _named(
    one: PodQueue, snap: Snapshot, causes: Sequence[CauseRow], abouts: Mapping[str, Collection[Key]]
) -> QueueRow:
    """A queue that pods name. Its causes are those that are about one that waits in it."""
    waiting = [_waits(each, snap.now) for each in one.waiting]
    keys = {key(each.subject) for each in waiting}
    own = [cause for cause in causes if not keys.isdisjoint(abouts[cause.id])]
    nowhere = RefRow(cluster=snap.cluster, apiVersion="", kind="Queue", name=one.name, seen=False)
    return QueueRow(
        ref=ref_row(one.item.ref) if one.item is not None else nowhere, name=one.name, system=one.system,
        parent=one.parent, state=one.state, slots=[_slot(each) for each in one.slots], waiting=waiting,
        causes=[cause.id for cause in own], severity=_worst(own),
    )  # fmt: skip


def _worst(causes: Sequence[CauseRow]) -> str:
    return max((cause.severity for cause in causes), key=lambda word: Severity(word).weight, default="")


def _queue(item: Object, kind: QueueKind, waiting: list[WaiterRow], causes: Sequence[CauseRow]) -> QueueRow:
    return QueueRow(
        ref=ref_row(item.ref),
        system=kind.system,
        parent=kind.parent(item),
        state=kind.state(item),
        slots=[_slot(one) for one in kind.slots(item)],
        waiting=waiting,
        causes=[cause.id for cause in causes],
        severity=_worst(causes),
    )


def _unread(cluster: str, kind: str, name: str, waiting: list[WaiterRow]) -> QueueRow:
    """A queue that workloads wait in, and that was not read or is not there."""
    group, _, word = kind.rpartition("/")
    ref = RefRow(cluster=cluster, apiVersion=group, kind=word, name=name or "(none that was read)", seen=False)
    return QueueRow(
        ref=ref, system=KINDS[kind].system, parent="", state="not read", slots=[], waiting=waiting, causes=[],
        severity="",
    )  # fmt: skip


def _because(
    causes: Sequence[CauseRow], findings: Mapping[str, FindingRow], asked: Mapping[_Asking, int], now: str
) -> list[WaiterRow]:
    """The symptoms of causes that are rooted at the queue."""
    found = (findings[each] for cause in causes for each in cause.symptoms if each != cause.finding if each in findings)
    return [
        WaiterRow(
            subject=row.subject,
            waits_s=seconds_since(row.since, now),
            reason=row.summary,
            gpus=asked.get((row.rule, key(row.subject), row.summary)),
        )
        for row in found
        if row.role == "symptom"
    ]


def _slot(one: Slot) -> SlotRow:
    name = one.resource.removeprefix("requests.").removeprefix("limits.")
    borrowed = None if one.used is None or one.nominal is None else max(one.used - one.nominal, 0)

    def shown(amount: int | None) -> str | None:
        return None if amount is None else show(amount, name)

    return SlotRow(
        resource=one.resource,
        flavor=one.flavor,
        nominal=shown(one.nominal),
        used=shown(one.used),
        borrowed=shown(borrowed),
        limit=shown(one.limit),
        full=one.used is not None and one.limit is not None and one.used >= one.limit,
        gpu=is_gpu(name) or name == "gpu",
        limit_known=one.limit_known,
    )
