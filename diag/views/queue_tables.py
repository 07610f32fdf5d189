"""Queues as tables: a line for each queue and resource, and a line for each that waits."""

from collections.abc import Iterator

from diag.facts.quantity import milli
from diag.views.queues import QueueRow, Queues, SlotRow
from diag.views.table import Column, Line, Table
from diag.views.wording import listed

_BAR = 8
_UNKNOWN = "?"
_WHY_UNKNOWN = f"a {_UNKNOWN} stands for what nothing that was read states"
_NOTHING = SlotRow(
    resource="-",
    flavor="",
    nominal=None,
    used=None,
    borrowed=None,
    limit=None,
    full=False,
    gpu=False,
    limit_known=False,
)  # of a queue that states none


def queue_tables(found: Queues) -> list[Table]:
    """First the queues, then who waits, queue by queue."""
    several = len({row.ref.cluster for row in found.queues}) > 1
    return [_queues(found, several=several), _waiting(found)]


def _queues(found: Queues, *, several: bool) -> Table:
    columns = (
        *((Column(title="CLUSTER", least=7),) if several else ()),
        Column(title="QUEUE", least=14),
        Column(title="RESOURCE", least=10),
        Column(title="USE", named="bar", picture=True, spare=True),
        Column(title="USED"),
        Column(title="NOMINAL", spare=True),
        Column(title="BORROWED", spare=True),
        Column(title="LIMIT"),
        Column(title="WAITING", kind="count"),
        Column(title="KIND", least=8, named="system", spare=True),
        Column(title="NOTES", least=6),
    )
    lines = [line for row in found.queues for line in _lines(row, several=several)]
    unknown = (_WHY_UNKNOWN,) if any(_UNKNOWN in line.values for line in lines) else ()
    notes = (*found.doubts, *unknown)
    return Table(columns=columns, lines=lines, empty="No queue and no quota was read.", notes=notes)


def _lines(row: QueueRow, *, several: bool) -> Iterator[Line]:
    # What is not about GPUs is worth a line only where nothing is, or where it is used up.
    shown = [slot for slot in row.slots if slot.gpu or slot.full] or row.slots or [_NOTHING]
    state = row.state if row.state != "open" else ""
    for slot in shown:
        resource = f"{slot.resource} ({slot.flavor})" if slot.flavor else slot.resource
        yield Line(
            key=f"{row.ref.cluster}/{row.ref}/{row.name}/{resource}",
            values=(
                *((row.ref.cluster,) if several else ()),
                row.called, resource, bar(slot), _said(slot.used), _said(slot.nominal),
                _said(slot.borrowed), slot.limit or ("none" if slot.limit_known else _UNKNOWN), len(row.waiting),
                f"{row.system} {'queue' if row.name else row.ref.kind}",
                listed((" ".join(row.causes), f"in {row.parent}" if row.parent else "", state)),
            ),
            severity=row.severity or ("warning" if row.waiting and slot.full else ""),
            ref=row.ref,
            causes=tuple(row.causes),
        )  # fmt: skip


def _said(amount: str | None) -> str:
    return amount if amount is not None else _UNKNOWN


def bar(slot: SlotRow) -> str:
    """How much of what it may use is used, as a bar; empty where that is not known."""
    used, most = _number(slot.used), _number(slot.limit) or _number(slot.nominal)
    if used is None or not most:
        return ""
    full = min(round(_BAR * used / most), _BAR) or (1 if used else 0)
    return "█" * full + "░" * (_BAR - full)


def _number(written: str | None) -> float | None:
    found = milli(written)
    return None if found is None else float(found)


def _waiting(found: Queues) -> Table:
    columns = (
        Column(title="QUEUE", least=10),
        Column(title="PLACE", kind="count"),
        Column(title="WAITS", kind="age"),
        Column(title="GPUS", kind="count"),
        Column(title="WAITING", least=14, named="workload"),
        Column(title="REASON", least=20),
    )
    lines = [
        Line(
            key=f"{row.ref.cluster}/{row.ref}/{row.name}/{one.subject}",
            values=(row.name or row.ref.name, place, one.waits_s, one.gpus, str(one.subject), one.reason),
            ref=one.subject,
            causes=tuple(row.causes),
        )
        for row in found.queues
        for place, one in enumerate(row.waiting, start=1)
    ]
    silent = any(one.gpus is None for row in found.queues for one in row.waiting)
    title, notes = "Waiting" if lines else "", (_WHY_UNKNOWN,) if silent else ()
    return Table(columns=columns, lines=lines, title=title, empty="", notes=notes)
