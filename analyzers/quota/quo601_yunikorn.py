"""QUO601 to QUO605: a YuniKorn queue has no room, does not exist, or a gang does not fit."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.words import listed
from diag.facts.yunikorn import (
    NO_ROOM,
    QUEUE,
    QUEUES,
    SKIPPED,
    TASK_GROUPS,
    TOO_LARGE,
    USER_QUOTA,
    Queues,
    amounts,
    configured,
    queue_path,
    queues,
    short,
    totals,
)  # fmt: skip
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key
from diag.snapshot.kinds import Event, Pod
from diag.trouble.groups import Group

POLICY = "yunikorn.apache.org/schedulingPolicyParameters"
REJECTED, TIMED_OUT = "ApplicationRejected", "ResourceReservationTimeout"  # status.reason of a pod
FAILED, INFORMED = "ApplicationFailed", "Informational"
ON_QUOTA = ("in queue '", "the available user quota")  # that there is none, and that there is some again
NO_QUEUE = ("no placement rule matched", "failed to find queue")
MAX_MEMBERS = 8
USER = """The user or group is at the limit that its queue sets for one.

## What it means
A queue limits what one user or group may hold (`limits` in `queues.yaml`), whatever else is free.

## Why it happens
Other applications of the same user hold the share, or it is smaller than the pod.

## Evidence
The Informational event (of type Normal) with what is asked for and what is left.

## What to do
Wait until an application of the same user ends, or raise the limit.

## Known limits
The event names neither the user nor the queue that limits.
"""
Config = tuple[Object | None, Queues]

MISSING = """The application was rejected because its queue does not exist.

## What it means
No placement rule of the configuration accepts the queue that the pod names, so the application failed at once.

## Why it happens
The queue's name is misspelt, or it is not in `queues.yaml` and the rule `provided` has `create: false`.

## Evidence
The ApplicationFailed event, the pod's queue label, and the queues of the configuration.

## What to do
Correct the label `yunikorn.apache.org/queue` and create the pod again, or add the queue.

## Known limits
The pod's own message is cut: without the event the reason is lost.
"""
TOO_BIG = """The gang asks for more than the queue may ever hold.

## What it means
The sum of the task groups is larger than `resources.max` of the queue or of one above it: the application is rejected.

## Why it happens
The gang grew, or the queue was made for smaller ones.

## Evidence
The ApplicationFailed event with both amounts, and the pod's task groups.

## What to do
Lower minMember, or raise the queue's maximum.

## Known limits
None.
"""
TIMEOUT = """The gang's placeholders did not all fit in time, and its style is Hard.

## What it means
YuniKorn reserves room with placeholder pods. They did not all get a node before the timeout, so all pods failed.

## Why it happens
The gang is larger than what is free, or the timeout is shorter than nodes need to come.

## Evidence
`status.reason` of the pods, their task groups and their scheduling policy.

## What to do
Free or add room, lower minMember, raise placeholderTimeoutInSeconds, or use gangSchedulingStyle=Soft.

## Known limits
Placeholders are deleted: which of them found no node is not told any more.
"""


@rule(
    "QUO601",
    name="yunikorn-queue-quota-exceeded",
    question=Question.ADMITTED,
    basis=Basis.SAID,
    inputs=("Pod", "Event", "ConfigMap"),
    others=(
        Named(id="QUO602", name="yunikorn-queue-missing", page=MISSING, basis=Basis.SAID),
        Named(id="QUO603", name="yunikorn-gang-exceeds-queue-max", page=TOO_BIG, basis=Basis.SAID),
        Named(
            id="QUO604", name="yunikorn-gang-timeout", page=TIMEOUT, basis=Basis.SAID,
            refines=("job-backoff-limit-exceeded",),
        ),
        Named(id="QUO605", name="yunikorn-user-quota-exceeded", page=USER, basis=Basis.SAID),
    ),
)  # fmt: skip
def yunikorn(ctx: Context) -> Iterator[Finding]:
    """The YuniKorn queue is at its max.

    ## What it means
    What the queue's applications hold plus what this pod asks for is more than the queue may have. The pod waits, and
    gets no PodScheduled condition, on purpose: no autoscaler should react.

    ## Why it happens
    The queue is in use, or its maximum is small.

    ## Evidence
    The Informational event (of type Normal) with what is asked for and what is left; `resources.max` in `queues.yaml`.

    ## What to do
    Wait for other applications of the queue to end, or raise its maximum.

    ## Known limits
    The event's numbers are those of the time at which it was written.
    """
    told_of = [(group, _refusal(ctx, group)) for group in ctx.groups("pod-unscheduled")]
    failed = [(group, pod) for group in ctx.groups("pod-failed", "job-failed") if (pod := _failed_pod(ctx, group))]
    config = _config(ctx) if failed or any(told is not None for _, told in told_of) else (None, Queues())
    for group, told in told_of:
        if told is None:
            continue
        if (said := NO_ROOM.search(told.text)) is not None:
            yield _no_room(ctx, group, told, said, config)
        elif (said := USER_QUOTA.search(told.text)) is not None:
            yield _user(ctx, group, told, said, config)
        elif SKIPPED in told.text:
            yield _skipped(ctx, group, told, config)
    for group, pod in failed:
        if pod.status.reason == TIMED_OUT:
            yield _timed_out(ctx, group, pod)
        else:
            yield from _rejected(ctx, group, pod, config)


def _failed_pod(ctx: Context, group: Group) -> Pod | None:
    """A pod of the group that YuniKorn failed."""
    pods = [one for one in group.members if isinstance(one, Pod)]
    pods += [pod for one in group.members[:MAX_MEMBERS] for pod in ctx.snap.pods_of(one)]  # where the members are Jobs
    return next((one for one in pods if one.status.reason in (REJECTED, TIMED_OUT)), None)


def _refusal(ctx: Context, group: Group) -> Event | None:
    """The newest word on quota about the first members, where it is not that there is room again."""
    events = [event for one in group.members[:MAX_MEMBERS] for event in ctx.snap.events(one)]
    found = [
        event for event in events
        if (event.reason == INFORMED and any(words in event.text for words in ON_QUOTA)) or SKIPPED in event.text
    ]  # fmt: skip
    return max(found, key=lambda event: event.last_seen or "", default=None)


def _rejection(ctx: Context, group: Group) -> Event | None:
    """The newest event of the first members that tells of a rejection."""
    events = [event for one in group.members[:MAX_MEMBERS] for event in ctx.snap.events(one)]
    found = [event for event in events if event.reason == FAILED and REJECTED in event.text]
    return max(found, key=lambda event: event.last_seen or "", default=None)


def _config(ctx: Context) -> Config:
    """The configuration and its queues; nothing where it is not here."""
    item, text = configured(ctx.snap.all("ConfigMap"))
    return item, queues(text) if item is not None else Queues()


def _text_of(ctx: Context, config: Object) -> Evidence:
    return ctx.cite(config, f"data{key(QUEUES)}")


def _no_room(ctx: Context, group: Group, told: Event, said: re.Match[str], found: Config) -> Finding:
    config, known = found
    queue, asked, left = said["queue"], amounts(said["asked"]), amounts(said["left"])
    names = short(asked, left)
    proof: list[Evidence] = [ctx.cite_event(told)]
    words = [f"{name}: {asked[name]} asked for, {left[name]} left" for name in names]
    limit = known.limit(queue, names[0]) if names else None
    if config is not None and limit is not None:
        what = f"{names[0]} that queue {limit[0]} may hold at most"
        proof.append(ctx.compute(what, limit[1], [_text_of(ctx, config)]))
        words[0] += f" of {limit[1]}" + (f" (limit of {limit[0]})" if limit[0] != queue else "")
    summary = f"queue {queue} is at its max, and the pod does not fit in queue: {listed(words, 3) or told.text}"
    return _full(group, config, queue, summary, proof)


def _user(ctx: Context, group: Group, told: Event, said: re.Match[str], found: Config) -> Finding:
    config, _ = found
    asked, left = amounts(said["asked"]), amounts(said["left"])
    words = [f"{name}: {asked[name]} asked for, {left[name]} left" for name in short(asked, left)]
    proof: list[Evidence] = [ctx.cite_event(told)]
    if config is not None:
        proof.append(_text_of(ctx, config))
    summary = "the user or group of the pod is at the limit that a queue sets for one (user quota): " + (
        listed(words, 3) or told.text
    )
    return Finding(
        name="yunikorn-user-quota-exceeded",
        subject=config.ref if config is not None else group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof[:1])),),
        since=group.since,
        remedies=(
            Remedy(
                text="see which applications of the same user hold the share, and wait until they end",
                command="kubectl get pods -A -l applicationId -o wide",
            ),
            Remedy(text="raise the limit of the user or group in queues.yaml", who="queue-admin"),
        ),
    )


def _skipped(ctx: Context, group: Group, told: Event, found: Config) -> Finding:
    """As releases before 1.5 say it, without amounts."""
    config, known = found
    queue, path = queue_path(group.first)
    proof: list[Evidence] = [ctx.cite_event(told), *([ctx.cite(group.first, path)] if queue else [])]
    gpus = group.shape.gpus if group.shape is not None else ()
    limit = next((most for name in gpus if (most := known.limit(queue, name)) is not None), None)
    if config is not None and limit is not None:
        proof.append(ctx.compute(f"GPUs that queue {limit[0]} may hold at most", limit[1], [_text_of(ctx, config)]))
    words = f" ({limit[0]} may hold {limit[1]} GPUs)" if limit is not None else ""
    summary = f"queue {queue or '(none named)'} is at its max{words}: {told.text}"
    return _full(group, config, queue or "the queue", summary, proof)


def _full(group: Group, config: Object | None, queue: str, summary: str, proof: list[Evidence]) -> Finding:
    return Finding(
        subject=config.ref if config is not None else group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof)),),
        since=group.since,
        remedies=(
            Remedy(text=f"wait until other applications of {queue} end, or submit to another queue"),
            Remedy(text=f"raise resources.max of {queue} in queues.yaml", who="queue-admin"),
        ),
    )


def _rejected(ctx: Context, group: Group, pod: Pod, found: Config) -> Iterator[Finding]:
    told = _rejection(ctx, group)
    told = told or next((event for event in ctx.snap.events(pod) if event.reason == FAILED), None)
    if told is None:
        return
    config, known = found
    proof: list[Evidence] = [ctx.cite_event(told), ctx.cite(pod, "status.reason")]
    if (said := TOO_LARGE.search(told.text)) is not None:
        asked, most = amounts(said["asked"]), amounts(said["left"])
        over = [f"{asked[name]} {name} of at most {most[name]}" for name in short(asked, most)]
        summary = f"its gang asks for {listed(over, 3) or 'more'} in queue {said['queue']}, so it was rejected at once"
        if TASK_GROUPS in pod.annotations:
            proof.append(ctx.cite(pod, f"metadata.annotations{key(TASK_GROUPS)}"))
        remedy = Remedy(text=f"lower minMember, or raise resources.max of {said['queue']}")
        yield _failed(group, "yunikorn-gang-exceeds-queue-max", summary, proof, remedy)
    elif any(words in told.text for words in NO_QUEUE):
        label = f"metadata.labels{key(QUEUE)}" if QUEUE in pod.labels else f"metadata.annotations{key(QUEUE)}"
        queue = pod.labels.get(QUEUE) or pod.annotations.get(QUEUE)
        proof += [ctx.cite(pod, label)] if queue else []
        proof += [_text_of(ctx, config)] if config is not None else []
        there = f"; there are {listed(sorted(known.most), 6)}" if known.most and queue not in known.most else ""
        why = next(words for words in NO_QUEUE if words in told.text)
        summary = f"its queue {queue or '(none named)'} was not accepted: {why}{there}"
        remedy = Remedy(text=f"correct the label {QUEUE} and create the pod again, or add the queue to queues.yaml")
        yield _failed(group, "yunikorn-queue-missing", summary, proof, remedy)


def _timed_out(ctx: Context, group: Group, pod: Pod) -> Finding:
    proof: list[Evidence] = [ctx.cite(pod, "status.reason")]
    text = pod.annotations.get(TASK_GROUPS, "")
    sums = totals(text)
    words = ""
    if sums:
        cited = ctx.cite(pod, f"metadata.annotations{key(TASK_GROUPS)}")
        proof += [ctx.compute(f"{name} that all task groups ask for together", sum_, [cited]) for name, sum_ in sums]
        words = f" of a gang that asks for {listed([f'{sum_} {name}' for name, sum_ in sums], 3)} together"
    if POLICY in pod.annotations:
        proof.append(ctx.cite(pod, f"metadata.annotations{key(POLICY)}"))
    policy = f" ({pod.annotations[POLICY]})" if POLICY in pod.annotations else ""
    summary = f"the placeholders{words} did not all find a node in time{policy}, so the application failed: {TIMED_OUT}"
    remedy = Remedy(
        text="lower minMember, add room, raise placeholderTimeoutInSeconds, or use gangSchedulingStyle=Soft"
    )
    return _failed(group, "yunikorn-gang-timeout", summary, proof, remedy)


def _failed(group: Group, name: str, summary: str, proof: list[Evidence], remedy: Remedy) -> Finding:
    return Finding(
        name=name,
        subject=group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof[:2])),),
        since=group.since,
        remedies=(remedy,),
    )
