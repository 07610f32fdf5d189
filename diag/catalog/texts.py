"""The texts that signatures look at, each with the evidence that cites it."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.relayed import relayed
from diag.catalog.signature import On
from diag.facts.pods import runs_well, statuses
from diag.facts.times import age_s
from diag.findings import Evidence
from diag.projection import Object, dicts
from diag.snapshot.kinds import ContainerStatus, Event, Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import on_node, operand_of
from diag.vocab.operands import KERNEL_READERS

MAX_MEMBERS = 8  # of a group whose texts are read: siblings in the same trouble say the same
MAX_LINE = 8_000  # characters of a text that patterns are run on
RECENT_S = 3600.0
UNREADY = "container-not-ready"
OFTEN = 3  # restarts that make a habit
# NVIDIA/KAI-Scheduler pkg/common/constants: what a pod says of its gang
KAI_PODGROUP, KAI_GANG = "scheduling.run.ai/PodGroup", "pod-group-name"


class Text(NamedTuple):
    """A text that somebody wrote: by which member, under which reason, in which container, and how to cite it."""

    member: Object
    reason: str
    container: str  # "name image" of the container it is about, empty where it is about none
    text: str
    cite: Callable[[], Evidence]


class Log(NamedTuple):
    """A whole log, as `Text`. Its lines are made when somebody asks: there may be tens of thousands of them."""

    member: Object
    container: str
    text: str
    cite: Callable[[int], Evidence]

    def lines(self) -> Iterator[Text]:
        """Each line."""
        for number, line in enumerate(self.text.split("\n"), 1):
            yield self._line(number, line)

    def holding(self, literal: str) -> Iterator[tuple[int, Text]]:
        """The lines in which a literal stands, with their numbers from 1."""
        number, counted, start = 1, 0, 0
        while (at := self.text.find(literal, start)) >= 0:
            begin, end = self.text.rfind("\n", 0, at) + 1, self.text.find("\n", at)
            end = len(self.text) if end < 0 else end
            number, counted = number + self.text.count("\n", counted, begin), begin
            yield number, self._line(number, self.text[begin:end])
            start = end + 1
            if start > len(self.text):
                return

    def first(self, pattern: re.Pattern[str]) -> tuple[Text, re.Match[str]] | None:
        """The first line that a pattern recognises."""
        for number, line in enumerate(self.text.split("\n"), 1):
            if found := pattern.search(line[:MAX_LINE]):
                return self._line(number, line), found
        return None

    def _line(self, number: int, line: str) -> Text:
        return Text(self.member, "", self.container, line, lambda: self.cite(number))


def texts(ctx: Context, group: Group, on: On) -> Iterator[Text]:
    """The texts of a group at one place, the most telling first."""
    for piece in pieces(ctx, group, on):
        if isinstance(piece, Log):
            yield from piece.lines()
        else:
            yield piece


def pieces(ctx: Context, group: Group, on: On) -> Iterator[Text | Log]:
    """The same, logs as wholes."""
    members = group.members[:MAX_MEMBERS]
    match on:
        case On.MESSAGE:
            if group.message:
                yield Text(group.first, group.reason, "", group.message, lambda: group.evidence[0])
        case On.EVENT:
            for member in members:
                yield from _events(ctx, group, member)
        case On.WAITING | On.ENDED:
            for member in members:
                yield from _states(ctx, member, on) if isinstance(member, Pod) else _relayed(ctx, member, on)
        case On.CONDITION:
            yield from _conditions(ctx, group)
        case On.LOG:
            for member in members:
                yield from _member_logs(ctx, group, member)


def _member_logs(ctx: Context, group: Group, member: Object) -> Iterator[Text | Log]:
    """A pod's logs; of an operand also the kernel's words about its node; of a node those of its operands."""
    if isinstance(member, Pod):
        operand = operand_of(member)
        # What runs and is not ready is told by what it says now; a driver's every run is as long as it takes to build.
        now = group.symptom == UNREADY and operand is None
        yield from _logs(ctx, member, group.container, group, now=now)
        if operand is not None:
            yield from _kernel_logs(ctx, member.spec.node_name)
    elif isinstance(member, Node):
        yield from _operand_logs(ctx, member)
    else:
        yield from _relayed(ctx, member, On.LOG)


def _relayed(ctx: Context, member: Object, on: On) -> Iterator[Text]:
    """What an owner repeats of a container."""
    for one in relayed(member):
        if one.on is on:
            yield Text(member, one.reason, one.container, one.text, _citer(ctx, member, one.path))


def _operand_logs(ctx: Context, node: Node) -> Iterator[Text | Log]:
    """What the operands of a node say that run; one in trouble speaks in a group of its own."""
    troubled = {one.pod.name for one in ctx.failing_operands(node.name)}
    for _, pod in on_node(ctx.snap.pods_on(node.name)):
        if pod.name not in troubled:
            yield from _logs(ctx, pod, "")
    yield from _kernel_logs(ctx, node.name)


def _kernel_logs(ctx: Context, node: str | None) -> Iterator[Text | Log]:
    """The kernel's words, where a pod on the node prints them."""
    for pod in ctx.snap.pods_on(node or ""):
        if KERNEL_READERS.search(pod.name):
            # The words are the kernel's, whatever the container that prints them is called.
            yield from (text._replace(container="") for text in _logs(ctx, pod, ""))


def first_text(ctx: Context, group: Group, pattern: re.Pattern[str], *places: On) -> tuple[Text, re.Match[str]] | None:
    """The first text of a group at the first of these places that a pattern recognises."""
    for on in places:
        for piece in pieces(ctx, group, on):
            if isinstance(piece, Log):
                if hit := piece.first(pattern):
                    return hit
            elif found := pattern.search(piece.text[:MAX_LINE]):
                return piece, found
    return None


def _events(ctx: Context, group: Group, member: Object) -> Iterator[Text]:
    """Events of a member and its workload, and those that KAI-Scheduler writes about its gang as a whole."""
    seen: set[int] = set()
    subjects = [member]
    workload = ctx.snap.find(group.workload)
    if workload is not None and workload is not member:
        subjects.append(workload)
    named = member.annotations.get(KAI_GANG)
    gang = ctx.snap.get(KAI_PODGROUP, member.namespace, named) if named else None
    if gang is not None:
        subjects.append(gang)
    for subject in subjects:
        events = ctx.snap.events(subject)
        for event in events:
            if id(event) not in seen and _is_recent(event, events[0]):
                seen.add(id(event))
                yield _event_text(ctx, member, event)


def _is_recent(event: Event, newest: Event) -> bool:
    """Whether an event belongs to what its subject went through last.

    The trouble itself is stated by status, so what counts is not the event's age but whether others came long after it.
    """
    age = age_s(event.last_seen, newest.last_seen) if event.last_seen and newest.last_seen else None
    return age is None or age <= RECENT_S


def _event_text(ctx: Context, member: Object, event: Event) -> Text:
    return Text(member, event.reason or "", event.subject.field_path or "", event.text, lambda: ctx.cite_event(event))


def _states(ctx: Context, pod: Pod, on: On) -> Iterator[Text]:
    for path, status in statuses(pod):
        container = f"{status.name} {status.image or ''}"
        if on is On.WAITING:
            waiting = status.state.waiting if status.state else None
            if waiting and (waiting.reason or waiting.message):
                part = "message" if waiting.message else "reason"
                where = f"{path}.state.waiting.{part}"
                text = waiting.message or waiting.reason or ""
                yield Text(pod, waiting.reason or "", container, text, _citer(ctx, pod, where))
        else:
            yield from _ends(ctx, pod, path, status)


def _ends(ctx: Context, pod: Pod, path: str, status: ContainerStatus) -> Iterator[Text]:
    container = f"{status.name} {status.image or ''}"
    for name, state in (("state", status.state), ("lastState", status.last_state)):
        ended = state.terminated if state else None
        if ended is None or (not ended.exit_code and not ended.message and ended.reason in (None, "Completed")):
            continue
        where = f"{path}.{name}.terminated"
        part = "message" if ended.message else "reason" if ended.reason else "exitCode"
        text = f"exitCode={ended.exit_code} reason={ended.reason or ''} {ended.message or ''}"
        yield Text(pod, ended.reason or "", container, text, _citer(ctx, pod, f"{where}.{part}"))


def _conditions(ctx: Context, group: Group) -> Iterator[Text]:
    workload = ctx.snap.find(group.workload)
    members = group.members[:MAX_MEMBERS]
    above = [workload] if workload is not None and all(workload is not member for member in members) else []
    for subject in (*members, *above):
        status = subject.whole.get("status")
        entries = status.get("conditions") if isinstance(status, dict) else None
        for index, found in enumerate(entries if isinstance(entries, list) else ()):
            if not dicts([found]):
                continue
            message = found.get("message")
            part = "message" if isinstance(message, str) and message else "status"
            if not isinstance(found.get(part), str):
                continue
            reason = str(found.get("reason") or "")
            text = f"{found.get('type')}={found.get('status')} {reason}: {message or ''}"
            yield Text(subject, reason, "", text, _citer(ctx, subject, f"status.conditions[{index}].{part}"))


def tells(group: Group, status: ContainerStatus) -> bool:
    """Whether the log of a container can tell of a group's trouble.

    One that runs and is ready does not keep its pod from being ready, whatever errors it has logged.
    """
    return group.symptom != UNREADY or not runs_well(status)


def _logs(ctx: Context, pod: Pod, only: str, group: Group | None = None, *, now: bool = False) -> Iterator[Text | Log]:
    """The logs of its containers, and what its status repeats of them.

    `now` leaves out what a container that runs said before it was started again.
    """
    for path, status in statuses(pod):
        if group is not None and not tells(group, status):
            continue
        if only and status.name != only and not path.startswith("status.init"):
            continue
        container = f"{status.name} {status.image or ''}"
        runs = now and _holds(status)
        for previous in (False,) if runs else (True, False):
            text = ctx.snap.log_text(pod, status.name or "", previous=previous)
            if text:
                yield Log(pod, container, text, _log_citer(ctx, pod, status.name or "", previous=previous))
        for name, state in () if runs else (("state", status.state), ("lastState", status.last_state)):
            ended = state.terminated if state else None
            if ended and ended.message:  # the last lines of the log, or what the process wrote to its message file
                yield Text(pod, "", container, ended.message, _citer(ctx, pod, f"{path}.{name}.terminated.message"))


def _holds(status: ContainerStatus) -> bool:
    """Whether a container runs and is not one that is started again and again, whose next run ends like the last."""
    runs = status.state is not None and status.state.running is not None
    return runs and (status.restart_count or 0) < OFTEN


def _citer(ctx: Context, item: Object, path: str) -> Callable[[], Evidence]:
    return lambda: ctx.cite(item, path)


def _log_citer(ctx: Context, pod: Pod, container: str, *, previous: bool) -> Callable[[int], Evidence]:
    return lambda line: ctx.cite_log(pod, container, line, previous=previous)
