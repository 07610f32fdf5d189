"""HWX101 to HWX117: hardware faults of a node that its conditions, its kernel or files beside the dump tell of."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.node_faults import Sign, signs
from diag.catalog.joins.room import free_on, waits_for_room
from diag.catalog.rule import Named, rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text, texts
from diag.facts.gpus import is_gpu
from diag.facts.nodes import allocatable, ready
from diag.facts.pods import statuses
from diag.facts.times import seconds
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import operand_of
from diag.trouble.shapes import main_gpu, request_path, shape_of
from diag.vocab.gpu_health import LOST, QUARANTINE, READING_WORDS, TAKEN, VICTIM

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
REFINES = (
    "sticky-unhealthy-after-xid",
    "gpu-device-unhealthy",
    "gpu-request-exceeds-any-node",
    "gpu-capacity-exhausted",
)
VICTIMS = ("node-without-gpus", "container-crashing", "pod-failed", "container-not-ready")
MISCOUNT = "gpu-count-mismatch"
COUNT = re.compile(r"\b(\d{1,2})\b")  # in a message: `expected 8, got 7`
LINKS = ("infiniband-link-down", "nic-driver-fault", "nvlink-link-fault")  # work goes on over them, and suffers
# What a reset of the one GPU does not end, and nothing but a restart does.
LASTING = ("gpu-fell-off-bus", "nvswitch-fatal-error")
RECENT_S = 60 * 60.0
MOST_PODS = 64  # of a node that are looked at: one holds at most 16 GPUs
CUDA_CHECK = "cuda-validation"  # NVIDIA/gpu-operator assets/state-operator-validation
SHOWN = 3  # lines, events
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
Only what an agent, a file beside the dump (kernel log, nvidia-smi), the kernel's log in a pod or an event reports is
seen; the last two count only where something fails for them; an event of a lost GPU or a fatal error of an NVSwitch is
told as information without that, for an hour or until the node restarts. Conditions of an unknown type are left out.
"""


def _named(number: int, name: str) -> Named:
    return Named(id=f"HWX{number}", name=name, page=_page(name), basis=Basis.SAID, refines=REFINES)


@rule(
    "HWX101",
    name="gpu-fell-off-bus",
    question=Question.STARTED,
    inputs=("Node", "Pod", "Event"),
    basis=Basis.SAID,
    refines=REFINES,
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
    Only what an agent, a file beside the dump (kernel log, nvidia-smi), the kernel's log in a pod or an event reports
    is seen; the last two count only where something fails for them; an event of a lost GPU or a fatal error of an
    NVSwitch is told as information without that, for an hour or until the node restarts. Conditions of an unknown type
    are left out.
    """
    suffering = {name for group in ctx.groups(*VICTIMS) for name in _nodes_of(group)}
    for node in ctx.snap.nodes():
        found = list(signs(ctx, node, suffers=node.name in suffering))
        takes = LOST if any(sign.name in LOST for sign in found) else TAKEN
        for sign in found:
            consequences = tuple(_consequences(ctx, node, sign, takes=sign.name in takes))
            if sign.conditions:
                yield _finding(ctx, node, sign, consequences)
            elif sign.readings:
                yield _finding_beside(ctx, node, sign, consequences)
            elif consequences or _lasts(ctx, node, sign):
                # a moment's words count where something fails for them, or where only a restart ends what they tell
                yield _finding_of_moment(ctx, node, sign, consequences)


def _nodes_of(group: Group) -> Iterator[str]:
    for member in group.members:
        name = member.spec.node_name if isinstance(member, Pod) else member.name
        yield name or ""


def _finding(ctx: Context, node: Node, sign: Sign, accounts_for: tuple[Because, ...]) -> Finding:
    place, first = sign.conditions[0]
    evidence = list(_condition(ctx, node, sign))
    evidence += [ctx.cite_event(event) for event in sign.events[:SHOWN]]
    quarantined = QUARANTINE in node.annotations
    if quarantined:
        evidence.append(ctx.cite(node, f"metadata.annotations{key(QUARANTINE)}"))
    evidence += [ctx.cite_reading(one) for one in sign.readings[:SHOWN]]
    evidence += [line.evidence for line in sign.lines[:SHOWN]]
    felt = list(_felt(ctx, node)) if sign.name in LINKS and not accounts_for else []
    evidence += [one.cite for one in felt]
    words = "".join(f"; {one.pod.name} there goes on and says: {one.said}" for one in felt[:1])
    said = first.message or first.reason or first.type or ""
    cordoned = "; a health agent cordoned the node for it" if quarantined and node.spec.unschedulable else ""
    return Finding(
        name=sign.name,
        subject=node.ref,
        summary=f"reports {first.type}: {said[:300]}{cordoned}{words}",
        evidence=(ctx.cite(node, f"status.conditions[{place}].status"), *evidence),
        accounts_for=accounts_for,
        severity=Severity.ERROR if sign.name in LOST else Severity.WARNING,
        since=first.last_transition_time,
        second_sign=bool(sign.tools or sign.lines),
        remedies=(REMEDIES.get(sign.name, RESTART),),
    )


class _Felt(NamedTuple):
    """A pod with GPUs that runs on, and the line in which it meets the fault."""

    pod: Pod
    said: str
    cite: Evidence


def _felt(ctx: Context, node: Node) -> Iterator[_Felt]:
    """Running pods of the node whose logs tell of a link that fails under them; they are no trouble of their own."""
    for pod in ctx.snap.pods_on(node.name)[:MOST_PODS]:
        if pod.status.phase != "Running" or not main_gpu(shape_of(pod).requests):
            continue
        for name in [status.name or "" for _, status in statuses(pod)]:
            lines = ctx.snap.log(pod, name)
            for number in range(len(lines), 0, -1):
                if found := VICTIM.search(lines[number - 1][:2_000]):
                    yield _Felt(pod, lines[number - 1][found.start() :][:160].strip(), ctx.cite_log(pod, name, number))
                    break


def _condition(ctx: Context, node: Node, sign: Sign) -> Iterator[Evidence]:
    for index, one in sign.conditions:
        parts = [part for part, value in (("message", one.message), ("reason", one.reason)) if value]
        for part in (*parts, "type"):
            yield ctx.cite(node, f"status.conditions[{index}].{part}")


def _finding_beside(ctx: Context, node: Node, sign: Sign, accounts_for: tuple[Because, ...]) -> Finding:
    """A fault that only files beside the objects tell of: two tools that agree are two signs."""
    first = sign.readings[0]
    device = f" (device {first.device})" if first.device else ""
    what = READING_WORDS.get(first.what, "{what} {value}")
    told = what.format(what=first.what, value=first.value.removesuffix(".0")).rstrip()
    return Finding(
        name=sign.name,
        subject=node.ref,
        summary=f"its {first.source.replace('-log', ' log')} says: {told}{device}"[:300],
        evidence=as_proof(ctx.cite_reading(one) for one in sign.readings[:SHOWN]),
        accounts_for=accounts_for,
        severity=Severity.WARNING,
        second_sign=len(sign.tools) > 1,
        remedies=(REMEDIES.get(sign.name, RESTART),),
    )


def _finding_of_moment(ctx: Context, node: Node, sign: Sign, accounts_for: tuple[Because, ...]) -> Finding:
    """A fault that the kernel or an event told of, and what fails for it."""
    lines = [line.evidence for line in sign.lines[:SHOWN]]
    said = sign.lines[0].text if sign.lines else f"{sign.events[0].reason}: {sign.events[0].text}"
    return Finding(
        name=sign.name,
        subject=node.ref,
        summary=f"{'its kernel says' if lines else 'an agent says'} {said.strip()[:300]}",
        evidence=as_proof([*lines, *(ctx.cite_event(event) for event in sign.events[:SHOWN])]),
        accounts_for=accounts_for,
        severity=Severity.WARNING if accounts_for else Severity.INFO,
        confidence=Confidence.LIKELY,
        second_sign=bool(accounts_for),  # beside it stands what failed for it
        since=min((event.created for event in sign.events if event.created), default=None),
        remedies=(REMEDIES.get(sign.name, RESTART),),
    )


def _lasts(ctx: Context, node: Node, sign: Sign) -> bool:
    """Whether an event of the last hour tells of what a restart only ends, and the node has not restarted since."""
    if sign.name not in LASTING or not sign.events:
        return False
    told = max((event.last_seen for event in sign.events if event.last_seen), default=None)
    if told is None or ctx.older(told, RECENT_S):
        return False
    since = [state.last_transition_time] if (state := ready(node)) is not None else []
    since += [event.last_seen for event in ctx.snap.events(node) if event.reason == "Rebooted"]
    at = seconds(told)
    return at is not None and all((seconds(time) or 0.0) < at for time in since)


def _consequences(ctx: Context, node: Node, sign: Sign, *, takes: bool) -> Iterator[Because]:
    """What fails for it. `takes`: whether for this fault, the worst of the node, a device is no longer offered."""
    proof = next(iter(_proofs(ctx, node, sign)))
    short = [group for group in ctx.groups("node-without-gpus") if group.first.name == node.name]
    for group in short:
        if takes:
            yield Because(group, "the device that is at fault is no longer offered", (proof,))
    if not short and QUARANTINE in node.annotations and node.spec.unschedulable:
        for charged in ctx.pools.charged_to([node.name]):
            why = f"{charged.pods} of {charged.group.size} pods would fit on {node.name} were it not cordoned for this"
            yield Because(charged.group, why, (proof,), members=charged.pods)
    if sign.name == MISCOUNT and not short:
        yield from _too_large(ctx, node, sign, proof)
    for group in ctx.groups("init-container-failing", "container-crashing") if sign.name in LOST else ():
        validator = _validator(group, node)
        if validator is not None:
            words = f"{validator.name} starts a CUDA program on {node.name}, which fails"
            yield Because(group, words, (proof, ctx.cite(validator, "spec.nodeName")), weak=True)
    for group in ctx.groups(*VICTIMS[1:]):
        victims = _victims(ctx, group, node, sign)
        if victims is not None:
            yield victims


def _validator(group: Group, node: Node) -> Pod | None:
    """The GPU operator's validator on the node, where its CUDA program fails after the driver was found well."""
    for pod in group.members if group.container == CUDA_CHECK else ():
        if isinstance(pod, Pod) and pod.spec.node_name == node.name and operand_of(pod) is not None:
            return pod
    return None


def _too_large(ctx: Context, node: Node, sign: Sign, proof: Evidence) -> Iterator[Because]:
    """Pods that ask for as many GPUs as the node should have, which no node offers."""
    told = " ".join(one.message or "" for _, one in sign.conditions)
    for group in ctx.groups("pod-unscheduled"):
        for resource, asked in (group.shape.requests if group.shape else {}).items():
            most = max((allocatable(other).get(resource, 0) for other in ctx.snap.nodes()), default=0)
            shown = allocatable(node).get(resource, 0)
            should = max((int(number) * 1000 for number in COUNT.findall(told)), default=0)
            if not is_gpu(resource) or not asked:
                continue
            if most < asked and (should <= shown or asked <= should):
                why = f"asks for {asked // 1000} on one node; {node.name} shows {shown // 1000} and should have more"
                yield Because(group, why, (proof, ctx.cite(node, f"status.allocatable{key(resource)}")))
            elif _would_fit(ctx, group, node, resource, should - shown):
                why = f"asks for {asked // 1000} {resource}, which {node.name} would have free with all its GPUs"
                yield Because(group, why, (proof, free_on(ctx, node, resource)))


def _would_fit(ctx: Context, group: Group, node: Node, resource: str, lost: int) -> bool:
    """Whether a group that waits for room would find it on the node, had that what it lost."""
    shape = group.shape
    if shape is None or not waits_for_room(ctx, group):
        return False
    if ctx.place.verdict(shape, node).barrier is not None:
        return False
    free = dict(ctx.place.free.get(node.name, {}))
    if free.get(resource, 0) >= shape.requests[resource]:
        return False
    free[resource] = free.get(resource, 0) + lost
    return all(free.get(name, 0) >= amount for name, amount in shape.requests.items() if amount)


def _proofs(ctx: Context, node: Node, sign: Sign) -> Iterator[Evidence]:
    yield from _condition(ctx, node, sign)
    yield from (ctx.cite_reading(one) for one in sign.readings)
    yield from (line.evidence for line in sign.lines)
    yield from (ctx.cite_event(event) for event in sign.events)


def _victims(ctx: Context, group: Group, node: Node, sign: Sign) -> Because | None:
    """Pods of the node whose own words tell that their device failed under them; of the mute ones it is a guess."""
    there = [pod for pod in group.members if isinstance(pod, Pod) and pod.spec.node_name == node.name]
    if not there:
        return None
    members = None if len(there) == len(group.members) else len(there)
    hit = first_text(ctx, group, VICTIM, On.LOG)
    if hit is not None and isinstance(hit[0].member, Pod) and hit[0].member.spec.node_name == node.name:
        evidence = (hit[0].cite(), ctx.cite(hit[0].member, "spec.nodeName"))
        return Because(
            group, f"{hit[0].member.name} ran on {node.name} and says: {hit[1][0]}", evidence, members=members
        )
    return _guess(ctx, group, there[0], sign, members)


def _guess(ctx: Context, group: Group, pod: Pod, sign: Sign, members: int | None) -> Because | None:
    """A pod with GPUs of a node that has lost one, whose log nobody has: nothing else is known of why it ends."""
    path = request_path(pod, resource) if (resource := main_gpu(shape_of(pod).requests)) else None
    if sign.name not in LOST or sign.passing or not path or next(texts(ctx, group, On.LOG), None) is not None:
        return None
    evidence = (ctx.cite(pod, "spec.nodeName"), ctx.cite(pod, path))
    why = f"{pod.name} has GPUs of {pod.spec.node_name}, and no log tells of another reason"
    return Because(group, why, evidence, members=members, weak=True)
