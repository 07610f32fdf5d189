"""What tells of a fault of a node's hardware: its conditions and events, the kernel's log, files beside the dump."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diag.catalog.context import Context
from diag.facts.pods import statuses
from diag.findings import Evidence
from diag.projection import Condition
from diag.snapshot.kinds import Event, Node
from diag.snapshot.sources.part import Reading
from diag.vocab.gpu_health import (
    APPLICATION_XIDS,
    BY_READING,
    BY_WORDS,
    BY_XID,
    KERNEL,
    LOST,
    NONFATAL,
    NOTHING,
    NVLINK5_XIDS,
    OF_GPUS,
    XID,
    is_bad,
)
from diag.vocab.operands import KERNEL_READERS

NUMBER = re.compile(r"([0-9]{1,6})(?:\.[0-9]*)?")  # an Xid; a metric may be written as 79.0
MAX_LINE = 4096
CONDITION = "condition"  # `Reading.what`


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line in which a pod on the node repeats the kernel's words."""

    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One fault of a node and what says so: conditions (by place in status.conditions), lines of side files, the rest.

    What conditions and side files tell is the node's state. Lines of the kernel and events tell of a moment: they count
    beside these, or where something fails for it.
    """

    name: str
    conditions: tuple[tuple[int, Condition], ...] = ()
    readings: tuple[Reading, ...] = ()
    lines: tuple[Line, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def passing(self) -> bool:
        """Whether only moments tell of it."""
        return not self.conditions and not self.readings

    @property
    def tools(self) -> set[str]:
        """The tools whose own words the readings are; a metric only repeats what an agent wrote as a condition."""
        return {one.source for one in self.readings if one.what != CONDITION}


def signs(ctx: Context, node: Node, *, suffers: bool) -> Iterator[Sign]:
    """The faults that anything tells of a node, each once; those that its conditions name come first.

    `suffers`: whether something fails there, so that the kernel's words in its pods' logs are worth a look.
    """
    by_name = {name: Sign(name=name, conditions=found) for name, found in sorted(_by_condition(node).items())}
    for name, readings in sorted(_by_reading(ctx.snap.side(node.name), node).items()):
        by_name[name] = replace(by_name.get(name, Sign(name=name)), readings=readings)
    for name, lines in sorted(_by_line(ctx, node).items()) if suffers else ():
        by_name[name] = replace(by_name.get(name, Sign(name=name)), lines=lines)
    for name, events in sorted(_by_event(ctx, node).items()):
        by_name[name] = replace(by_name.get(name, Sign(name=name)), events=events)
    yield from by_name.values()


def fault_in(text: str) -> str | None:
    """The cause that a text of an agent or of the kernel names; Xids of applications are no fault of the node."""
    found = XID.search(text)
    xid = next((int(value) for value in found.groups() if value), 0) if found else 0
    if xid in BY_XID:
        return BY_XID[xid]
    if xid in NVLINK5_XIDS:
        return None if NONFATAL.search(text) else "nvlink-link-fault"
    if "SXid" in text and NONFATAL.search(text):
        return None
    return next((name for words, name in BY_WORDS if words in text), None)


def unnamed(node: Node) -> list[tuple[int, Condition]]:
    """The conditions by which an agent tells that a GPU is at fault, in words that name no cause known here."""
    return [
        (place, one)
        for place, one in enumerate(node.status.conditions or ())
        if OF_GPUS.search(one.type or "") and _is_bad(one) and _is_unnamed(f"{one.type} {one.reason} {one.message}")
    ]


def _is_unnamed(text: str) -> bool:
    """Whether a text names no cause, and no Xid that leaves the GPU well."""
    found = [int(value) for match in XID.finditer(text) for value in match.groups() if value]
    well = bool(found) and all(xid in APPLICATION_XIDS or xid in NVLINK5_XIDS for xid in found)
    return fault_in(text) is None and not well


def _by_condition(node: Node) -> dict[str, tuple[tuple[int, Condition], ...]]:
    by_name: dict[str, tuple[tuple[int, Condition], ...]] = {}
    for place, one in enumerate(node.status.conditions or ()):
        name = fault_in(f"{one.type} {one.reason} {one.message}") if _is_bad(one) else None
        if name:
            by_name[name] = (*by_name.get(name, ()), (place, one))
    lost = next((name for name in by_name if name in LOST and name != "gpu-count-mismatch"), None)
    if lost and "gpu-count-mismatch" in by_name:  # what was lost says why one is missing
        by_name[lost] = (*by_name[lost], *by_name.pop("gpu-count-mismatch"))
    return by_name


def _is_bad(found: Condition) -> bool:
    reason = found.reason or ""
    # A type that names a defect may be written with a reason that denies it (NeuronHealth=False NeuronHasNoError).
    if reason.endswith(("IsHealthy", "NoError")) or "HasNo" in reason:
        return False
    return is_bad(found.type or "", found.status)


def _by_reading(found: list[Reading], node: Node) -> dict[str, tuple[Reading, ...]]:
    """The lines of side files by the fault that they tell; healthy values and Xids of applications tell none.

    Nor does a metric of a condition that the node has itself, whatever its status there.
    """
    by_name: dict[str, tuple[Reading, ...]] = {}
    for one in found:
        if one.what == "message":
            name = fault_in(one.value)
        elif one.what == "xid":
            number = NUMBER.fullmatch(one.value)
            name = BY_XID.get(int(number[1])) if number else None
        elif one.what == CONDITION:
            kind, _, status = one.value.partition("=")
            stated = any(own.type == kind for own in node.status.conditions or ())
            name = fault_in(kind) if not stated and is_bad(kind, status) else None
        else:
            name = None if one.value in NOTHING and one.what != "off-bus" else BY_READING.get(one.what)
        if name:
            by_name[name] = (*by_name.get(name, ()), one)
    return by_name


def _by_line(ctx: Context, node: Node) -> dict[str, tuple[Line, ...]]:
    """The kernel's words about its devices, where a pod on the node repeats them."""
    by_name: dict[str, tuple[Line, ...]] = {}
    for pod in ctx.snap.pods_on(node.name):
        if not KERNEL_READERS.search(pod.name):
            continue
        for _, status in statuses(pod):
            for previous, number, text in ctx.logs(pod, status.name or ""):
                name = fault_in(text[:MAX_LINE]) if KERNEL.search(text[:MAX_LINE]) else None
                if name:
                    cited = ctx.cite_log(pod, status.name or "", number, previous=previous)
                    by_name[name] = (*by_name.get(name, ()), Line(text=text[:MAX_LINE], evidence=cited))
    return by_name


def _by_event(ctx: Context, node: Node) -> dict[str, tuple[Event, ...]]:
    by_name: dict[str, tuple[Event, ...]] = {}
    for event in ctx.snap.events(node):
        name = fault_in(f"{event.reason} {event.text}") if event.type != "Normal" else None
        if name:
            by_name[name] = (*by_name.get(name, ()), event)
    return by_name
