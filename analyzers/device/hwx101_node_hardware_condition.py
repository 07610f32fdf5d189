"""HWX101 to HWX115: hardware faults that an agent on the node has written into its conditions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Condition
from diag.snapshot.cite import key
from diag.snapshot.kinds import Event, Node, Pod
from diag.snapshot.sources.part import Reading
from diag.trouble.groups import Group
from diag.vocab.gpu_health import (
    BY_READING,
    BY_WORDS,
    BY_XID,
    DEFECT,
    GOOD,
    KUBELET,
    LOST,
    NOTHING,
    QUARANTINE,
    VICTIM,
    XID,
)

PAGES = {
    "gpu-fell-off-bus": ("A GPU no longer answers on the PCI bus.", "a broken card, riser, power or a hot machine"),
    "ecc-memory-failure": ("A GPU's memory has uncorrectable errors.", "worn or defective memory of the card"),
    "row-remap-pending": ("A GPU waits for a reset to replace a bad memory row.", "an uncorrectable memory error"),
    "row-remap-failure": ("A GPU has no spare memory rows left.", "many memory errors over its life"),
    "nvlink-link-fault": ("An NVLink of the node is down or has errors.", "a bad link, or a peer GPU that failed"),
    "gpu-hang-context-switch": ("A GPU hangs at a context switch.", "a fault of driver or card"),
    "gsp-firmware-fault": ("A GPU's system processor does not answer.", "a fault of firmware or driver"),
    "gpu-init-failure": ("A GPU cannot be initialised.", "a fault of card, firmware or driver"),
    "inforom-corrupted": ("A GPU's infoROM is corrupt.", "a broken or half-flashed card"),
    "fabric-manager-not-running": ("The node has NVSwitches and no running fabric manager.", "a stopped service"),
    "nvswitch-fatal-error": ("An NVSwitch of the node reports a fatal error.", "a broken switch or link"),
    "infiniband-link-down": ("An InfiniBand or RoCE port of the node is down or flaps.", "a cable, port or switch"),
    "pcie-link-degraded": ("A GPU's PCIe link is degraded.", "a bad slot, riser or card"),
    "gpu-thermal-slowdown": ("A GPU throttles for heat or power.", "cooling or power supply"),
    "nic-driver-fault": ("The node's network card reports a fault of firmware or driver.", "firmware or hardware"),
    "neuron-device-error": ("A Neuron device reports a hardware error.", "a broken accelerator"),
    "gpu-count-mismatch": ("The node shows fewer GPUs than its machine has.", "a GPU that did not start or was lost"),
}
SHOWN = 3  # lines of side files
NUMBER = re.compile(r"([0-9]{1,6})(?:\.[0-9]*)?")  # an Xid; a metric may be written as 79.0
RESTART = Remedy(
    text="drain the node and restart it (or reset the GPU); have the hardware replaced if the fault comes back",
    who="platform",
    risk="disruptive",
)
REMEDIES = {
    "row-remap-pending": Remedy(
        text="drain the node and reset the GPU (nvidia-smi --gpu-reset) or restart the node, so that the row is "
        "remapped",
        who="platform",
        risk="disruptive",
    ),
    "fabric-manager-not-running": Remedy(
        text="start the nvidia-fabricmanager service on the node, in the driver's version", who="platform"
    ),
    "infiniband-link-down": Remedy(
        text="keep multi-node work off the node, and have cable, port and switch looked at", who="platform"
    ),
}


def _page(name: str) -> str:
    title, reason = PAGES[name]
    return f"""{title}

## What it means
An agent that watches the node's hardware says so in the node's conditions. Work on that device fails or slows down.

## Why it happens
{reason.capitalize()}.

## Evidence
The node's condition with its reason and message, events of the node, and the annotation of an agent that cordoned it.

## What to do
{REMEDIES.get(name, RESTART).text.capitalize()}.

## Known limits
Only what an agent or a file beside the dump (kernel log, nvidia-smi) reports is seen. Conditions of an unknown
type, whose good value nobody can tell, are left out.
"""


def _named(number: int, name: str) -> Named:
    return Named(id=f"HWX{number}", name=name, page=_page(name), basis=Basis.SAID)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sign:
    """One fault of a node, the conditions that say so (by place in status.conditions), and the lines of side files."""

    name: str
    conditions: tuple[tuple[int, Condition], ...]
    readings: tuple[Reading, ...] = ()


@rule(
    "HWX101",
    name="gpu-fell-off-bus",
    question=Question.STARTED,
    inputs=("Node", "Pod", "Event"),
    basis=Basis.SAID,
    refines=("sticky-unhealthy-after-xid", "gpu-device-unhealthy"),
    others=tuple(_named(102 + place, name) for place, name in enumerate(list(PAGES)[1:])),
    visits={"Node": 1},
)
def node_hardware_condition(ctx: Context) -> Iterator[Finding]:
    """A GPU no longer answers on the PCI bus.

    ## What it means
    An agent that watches the hardware of the node says so in the node's conditions. The GPU is lost until the machine
    restarts; the others mostly go on.

    ## Why it happens
    A broken card, riser, power or a hot machine.

    ## Evidence
    The node's condition with its reason and message (Xid 79), events of the node, and the annotation of an agent that
    cordoned it.

    ## What to do
    Drain the node and restart it; have the hardware replaced if the fault comes back.

    ## Known limits
    Only what an agent or a file beside the dump (kernel log, nvidia-smi) reports is seen. Conditions of an unknown
    type, whose good value nobody can tell, are left out.
    """
    for node in ctx.snap.nodes():
        readings = _read(ctx.snap.side(node.name))
        for sign in _signs(node):
            yield _finding(ctx, node, replace(sign, readings=readings.pop(sign.name, ())))
        for name, lines in sorted(readings.items()):
            yield _finding_beside(ctx, node, _Sign(name=name, conditions=(), readings=lines))


def _signs(node: Node) -> Iterator[_Sign]:
    """The faults that a node's conditions name, each once."""
    bad = [(place, one) for place, one in enumerate(node.status.conditions or ()) if _is_bad(one)]
    by_name: dict[str, list[tuple[int, Condition]]] = {}
    for place, one in bad:
        name = _cause(f"{one.type} {one.reason} {one.message}")
        if name:
            by_name.setdefault(name, []).append((place, one))
    missing = by_name.pop("gpu-count-mismatch", [])
    lost = next((name for name in by_name if name in LOST), None)
    if missing and lost:  # what was lost says why one is missing
        by_name[lost] = [*by_name[lost], *missing]
    elif missing:
        by_name["gpu-count-mismatch"] = missing
    for name, conditions in sorted(by_name.items()):
        yield _Sign(name=name, conditions=tuple(conditions))


def _read(found: list[Reading]) -> dict[str, tuple[Reading, ...]]:
    """The lines of side files by the fault that they tell; healthy values and Xids of applications tell none."""
    by_name: dict[str, tuple[Reading, ...]] = {}
    for one in found:
        if one.what == "message":
            name = _cause(one.value)
        elif one.what == "xid":
            number = NUMBER.fullmatch(one.value)
            name = BY_XID.get(int(number[1])) if number else None
        else:
            name = None if one.value in NOTHING and one.what != "off-bus" else BY_READING.get(one.what)
        if name:
            by_name[name] = (*by_name.get(name, ()), one)
    return by_name


def _is_bad(found: Condition) -> bool:
    if not found.type or found.type in KUBELET:
        return False
    reason = found.reason or ""
    # A type that names a defect may be written with a reason that denies it (NeuronHealth=False NeuronHasNoError).
    if reason.endswith(("IsHealthy", "NoError")) or "HasNo" in reason:
        return False
    if GOOD.search(found.type) and not found.type.endswith("Unhealthy"):
        return found.status == "False"
    return bool(DEFECT.search(found.type)) and found.status == "True"


def _cause(text: str) -> str | None:
    found = XID.search(text)
    xid = next((int(value) for value in found.groups() if value), 0) if found else 0
    if xid in BY_XID:
        return BY_XID[xid]
    return next((name for words, name in BY_WORDS if words in text), None)


def _finding(ctx: Context, node: Node, sign: _Sign) -> Finding:
    place, first = sign.conditions[0]
    evidence: list[Evidence] = []
    for index, one in sign.conditions:
        parts = [part for part, value in (("message", one.message), ("reason", one.reason)) if value]
        evidence += [ctx.cite(node, f"status.conditions[{index}].{part}") for part in (*parts, "type")]
    events = list(_events(ctx, node, sign))
    evidence += [ctx.cite_event(event) for event in events[:3]]
    quarantined = QUARANTINE in node.annotations
    if quarantined:
        evidence.append(ctx.cite(node, f"metadata.annotations{key(QUARANTINE)}"))
    evidence += [ctx.cite_reading(one) for one in sign.readings[:SHOWN]]
    said = first.message or first.reason or first.type or ""
    cordoned = "; a health agent cordoned the node for it" if quarantined and node.spec.unschedulable else ""
    accounts_for = tuple(_consequences(ctx, node, sign, (evidence[0],)))
    return Finding(
        name=sign.name,
        subject=node.ref,
        summary=f"reports {first.type}: {said[:300]}{cordoned}",
        evidence=(ctx.cite(node, f"status.conditions[{place}].status"), *evidence),
        accounts_for=accounts_for,
        severity=Severity.ERROR if sign.name in LOST else Severity.WARNING,
        since=first.last_transition_time,
        second_sign=bool(sign.readings),
        remedies=(REMEDIES.get(sign.name, RESTART),),
    )


def _finding_beside(ctx: Context, node: Node, sign: _Sign) -> Finding:
    """A fault that only files beside the objects tell of: two tools that agree are two signs."""
    first = sign.readings[0]
    evidence = as_proof(ctx.cite_reading(one) for one in sign.readings[:SHOWN])
    accounts_for = tuple(_consequences(ctx, node, sign, (evidence[0],)))
    device = f" of {first.device}" if first.device else ""
    return Finding(
        name=sign.name,
        subject=node.ref,
        summary=f"its {first.source} tells {first.what} {first.value}{device}".rstrip()[:300],
        evidence=evidence,
        accounts_for=accounts_for,
        severity=Severity.WARNING,
        second_sign=len({one.source for one in sign.readings}) > 1,
        remedies=(REMEDIES.get(sign.name, RESTART),),
    )


def _events(ctx: Context, node: Node, sign: _Sign) -> Iterator[Event]:
    for event in ctx.snap.events(node):
        if event.type == "Normal":
            continue
        if _cause(f"{event.reason} {event.text}") == sign.name:
            yield event


def _consequences(ctx: Context, node: Node, sign: _Sign, proof: tuple[Evidence, ...]) -> Iterator[Because]:
    short = [group for group in ctx.groups("node-without-gpus") if group.first.name == node.name]
    for group in short:
        if sign.name in LOST:
            yield Because(group, "the device that is at fault is no longer offered", proof)
    if not short and QUARANTINE in node.annotations and node.spec.unschedulable:
        for charged in ctx.pools.charged_to([node.name]):
            why = f"{charged.pods} of {charged.group.size} pods would fit on {node.name} were it not cordoned for this"
            yield Because(charged.group, why, proof, members=charged.pods)
    for group in ctx.groups("container-crashing", "pod-failed", "container-not-ready"):
        victims = _victims(ctx, group, node)
        if victims is not None:
            yield victims


def _victims(ctx: Context, group: Group, node: Node) -> Because | None:
    """Pods of the node whose own words tell that their device failed under them."""
    there = [pod for pod in group.members if isinstance(pod, Pod) and pod.spec.node_name == node.name]
    hit = first_text(ctx, group, VICTIM, On.LOG) if there else None
    if hit is None or not isinstance(hit[0].member, Pod) or hit[0].member.spec.node_name != node.name:
        return None
    evidence = (hit[0].cite(), ctx.cite(hit[0].member, "spec.nodeName"))
    members = None if len(there) == len(group.members) else len(there)
    return Because(group, f"{hit[0].member.name} ran on {node.name} and says: {hit[1][0]}", evidence, members=members)
