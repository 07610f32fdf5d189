"""QUO521 to QUO524: a Volcano queue lets a gang in not at all, or not now."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from diag.catalog.context import Context
from diag.catalog.joins.podgroups import Waiting, waiting
from diag.catalog.rule import Named, rule
from diag.facts.gangs import QUEUE, VOLCANO, min_resources, part, phase, queue_of
from diag.facts.gpus import Amounts
from diag.facts.nodes import allocatable
from diag.facts.quantity import milli, show
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import key
from diag.snapshot.kinds import Event
from diag.trouble.groups import Group

# volcano-sh/volcano pkg/scheduler/plugins/{capacity,proportion}: written as events of type Normal.
REFUSED = "queue resource quota insufficient"
MAX_PARENTS = 8
# plugins/overcommit: an event of type Normal, and the default of `overcommit-factor`.
# What the webhook of PodGroups says to who makes one (pkg/webhooks/admission/podgroups/validate).
NO_QUEUE = re.compile(r"unable to find (?:job )?queue: (?:\S{1,100} )?\"?(?P<queue>[a-z0-9][a-z0-9.-]{0,252})")
SHUT = re.compile(r"queue with state `Open`, queue `(?P<queue>[^`\s]{1,253})` status is `(?P<state>\w{1,20})`")
OVERUSED, OVERCOMMIT = "resource in cluster is overused", 1.2

NOT_OPEN = """The Volcano queue is closed or closing, so nothing is let in.

## What it means
Jobs that are in the queue already stay Pending. Nothing on the job says so: the scheduler only logs it.

## Why it happens
Somebody closed the queue, for maintenance or before deleting it.

## Evidence
`status.state` of the Queue, and the PodGroup that names it.

## What to do
Open the queue again, or submit the job to another one.

## Known limits
None.
"""

QUOTA = """The queue's capability does not leave as much as the gang asks for.

## What it means
What the queue's jobs hold plus what this gang needs is more than the queue (or a queue above it) may have.

## Why it happens
The queue is in use, or its `capability` is smaller than the job.

## Evidence
`spec.capability` and `status.allocated` of the Queue, `spec.minResources` of the PodGroup, and the scheduler's event
`queue resource quota insufficient` (of type Normal).

## What to do
Wait for jobs of the queue to end, shrink the job, or raise the capability.

## Known limits
Guarantees of other queues lower what a queue may have, and are not counted: then only the event speaks.
"""

RESERVED = """Another PodGroup that can never start was let in and reserves its minResources.

## What it means
The queue has room for the gang, were it not for a PodGroup in phase Inqueue whose reservation counts although it runs
nothing.

## Why it happens
A gang that is too large for the nodes, or one that was left behind, is let in and keeps its place.

## Evidence
The Inqueue PodGroup's `spec.minResources`, the queue's capability and use, and the event of the gang that waits.

## What to do
Delete or repair the PodGroup that holds the reservation.

## Known limits
Counted for the queue itself, or for the whole cluster with the default overcommit factor.
"""


@rule(
    "QUO521",
    name="volcano-queue-missing",
    question=Question.ADMITTED,
    inputs=(VOLCANO, QUEUE, "batch.volcano.sh/Job", "Pod", "Event", "Node"),
    refines=("admission-webhook-denied",),
    others=(
        Named(id="QUO522", name="volcano-queue-not-open", page=NOT_OPEN, refines=("admission-webhook-denied",)),
        Named(id="QUO523", name="volcano-queue-quota-insufficient", page=QUOTA),
        Named(id="QUO524", name="volcano-inqueue-reservation-blocks", page=RESERVED),
    ),
)
def volcano_queues(ctx: Context) -> Iterator[Finding]:
    """The PodGroup names a Volcano queue that does not exist.

    ## What it means
    The gang is never let in, and nothing says why: no condition, no event.

    ## Why it happens
    A misspelt name, a queue that was deleted later, or an admission webhook that is switched off.

    ## Evidence
    `spec.queue` of the PodGroup, and the queues that exist.

    ## What to do
    Name a queue that exists, or create the queue.

    ## Known limits
    Nothing is said where no Queue was collected.
    """
    for one in waiting(ctx):
        queue = ctx.snap.get(QUEUE, "", one.queue)
        if queue is None:
            yield from _missing(ctx, one)
        elif part(queue, "status").get("state") in ("Closed", "Closing"):
            yield _not_open(ctx, one, queue)
        else:
            yield from _quota(ctx, one, queue)
    for group in ctx.groups("pod-not-created"):
        absent, shut = NO_QUEUE.search(group.message), SHUT.search(group.message)
        queue = ctx.snap.get(QUEUE, "", (absent or shut or {"queue": ""})["queue"])
        if absent is not None and queue is None:
            yield _refused(ctx, group, absent["queue"])
        elif shut is not None and (queue is None or part(queue, "status").get("state") != "Open"):
            yield _shut(ctx, group, shut["queue"], shut["state"])


def _refused(ctx: Context, group: Group, queue: str) -> Finding:
    """No PodGroup could be made, as its queue is not there."""
    known = [item.name for item in ctx.snap.all(QUEUE)]
    near = get_close_matches(queue, known, n=1)
    hint = f" (did it mean {near[0]}?)" if near else f" (there are {', '.join(known[:8])})" if known else ""
    absent = ctx.snap.lacks(QUEUE, "", queue)
    named = ctx.cite_if(group.first, "spec.queue")
    proof: list[Evidence] = [*group.evidence[:1], *([named] if named is not None else [])]
    if absent is not None:
        proof.append(ctx.absent("scheduling.volcano.sh/v1beta1", "Queue", "", queue))
    summary = f"names the queue {queue}, which does not exist{hint}, so its PodGroup is refused"
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, as_proof(proof)),),
        since=group.since,
        remedies=(
            Remedy(text="name a queue that exists", command="kubectl get queues.scheduling.volcano.sh"),
            Remedy(text=f"create the queue {queue}", who="queue-admin"),
        ),
    )


def _shut(ctx: Context, group: Group, name: str, state: str) -> Finding:
    """No PodGroup could be made, as its queue takes none."""
    queue = ctx.snap.get(QUEUE, "", name)
    now = ctx.cite_if(queue, "status.state") if queue is not None else None
    proof = as_proof([*group.evidence[:1], *([now] if now is not None else [])])
    summary = f"is {state}, so the PodGroup of {group.workload.kind} {group.workload.name} is refused"
    return Finding(
        name="volcano-queue-not-open",
        subject=queue.ref
        if queue
        else Ref(ctx.cluster, "scheduling.volcano.sh/v1beta1", "Queue", "", name, seen=False),
        summary=summary,
        evidence=proof,
        accounts_for=(Because(group, f"queue {name} {summary}", proof),),
        since=group.since,
        remedies=_reopen(name),
    )


def _reopen(queue: str) -> tuple[Remedy, ...]:
    return (
        Remedy(text=f"open the queue {queue} again", who="queue-admin"),
        Remedy(text="submit the job to an open queue", command="kubectl get queues.scheduling.volcano.sh"),
    )


def _missing(ctx: Context, one: Waiting) -> Iterator[Finding]:
    lacking = ctx.snap.lacks(QUEUE, "", one.queue)
    if lacking is None:
        return
    known = ", ".join(queue.name for queue in ctx.snap.all(QUEUE)[:8])
    named = ctx.cite_or_lack(one.item, "spec.queue")
    absent = ctx.absent("scheduling.volcano.sh/v1beta1", "Queue", "", one.queue)
    summary = f"names the queue {one.queue}, which does not exist (there are {known})"
    yield Finding(
        subject=one.item.ref,
        summary=summary,
        evidence=(absent, named),
        accounts_for=(one.because(f"its PodGroup {summary}", (named, absent)),),
        confidence=lacking,
        since=one.group.since,
        remedies=(
            Remedy(
                text="name a queue that exists (annotation scheduling.volcano.sh/queue-name, or spec.queue of the job)",
                command="kubectl get queues.scheduling.volcano.sh",
            ),
            Remedy(text=f"create the queue {one.queue}", who="queue-admin"),
        ),
    )


def _not_open(ctx: Context, one: Waiting, queue: Object) -> Finding:
    state, named = ctx.cite(queue, "status.state"), ctx.cite_or_lack(one.item, "spec.queue")
    return Finding(
        name="volcano-queue-not-open",
        subject=queue.ref,
        summary=f"is {state.value}, so nothing is let in",
        evidence=(state, named),
        accounts_for=(one.because(f"its PodGroup waits in {queue.name}, which is {state.value}", (state, named)),),
        since=one.group.since,
        remedies=_reopen(queue.name),
    )


def _quota(ctx: Context, one: Waiting, queue: Object) -> Iterator[Finding]:
    said = next((event for event in ctx.snap.events(one.item) if REFUSED in event.text), None)
    needs = min_resources(one.item)
    for above in _with_parents(ctx, queue):
        short = _short(above, needs)
        if short:
            yield _over(ctx, one, above, short, said)
            return
    if said is None:
        yield from _whole_cluster(ctx, one)
        return
    reserved = _reservations(ctx, one, queue)
    if reserved:
        yield _blocked(ctx, one, queue, reserved, said)
    else:
        yield _only_said(ctx, one, queue, said)


def _with_parents(ctx: Context, queue: Object) -> Iterator[Object]:
    found: Object | None = queue
    for _ in range(MAX_PARENTS):
        if found is None:
            return
        yield found
        parent = part(found, "spec").get("parent")
        found = ctx.snap.get(QUEUE, "", parent) if isinstance(parent, str) else None


def _amounts(queue: Object, *path: str) -> Amounts:
    found = {name: milli(amount) for name, amount in part(queue, *path).items()}
    return {name: amount for name, amount in found.items() if amount is not None}


def _short(queue: Object, needs: Amounts, reserved: Amounts | None = None) -> list[str]:
    """Resources of which the queue's limit does not leave as much as is needed, GPUs first."""
    limit, used = _amounts(queue, "spec", "capability"), _amounts(queue, "status", "allocated")
    return sorted(
        (
            name
            for name, amount in needs.items()
            if name in limit and amount + used.get(name, 0) + (reserved or {}).get(name, 0) > limit[name]
        ),
        key=lambda name: ("/" not in name, name),
    )


def _over(ctx: Context, one: Waiting, queue: Object, short: list[str], said: Event | None) -> Finding:
    limit, used, needs = (
        _amounts(queue, "spec", "capability"),
        _amounts(queue, "status", "allocated"),
        min_resources(one.item),
    )
    words = "; ".join(
        f"{show(needs[name], name)} {name} asked for, "
        f"{show(used.get(name, 0), name)} of {show(limit[name], name)} in use"
        for name in short
    )
    proof: list[Evidence] = []
    for name in short:
        proof += [
            ctx.cite(queue, f"spec.capability{key(name)}"),
            ctx.cite_or_lack(queue, f"status.allocated{key(name)}"),
            ctx.cite(one.item, f"spec.minResources{key(name)}"),
        ]
    first, *others = proof
    return Finding(
        name="volcano-queue-quota-insufficient",
        subject=queue.ref,
        summary=f"does not leave what {one.item.namespace}/{one.item.name} needs: {words}",
        evidence=(first, *[*others, *_events(ctx, said)]),
        accounts_for=(one.because(f"queue {queue.name} does not leave what it needs: {words}", tuple(proof)),),
        confidence=None if said else Confidence.LIKELY,
        since=one.group.since,
        remedies=(
            Remedy(text=f"wait for other jobs of {queue.name} to end, or shrink the job"),
            Remedy(text=f"raise spec.capability of the queue {queue.name}", who="queue-admin"),
        ),
    )


def _reservations(ctx: Context, one: Waiting, queue: Object) -> list[Object]:
    """Inqueue PodGroups of the same queue without which the gang would be let in, the largest reservation first."""
    needs = min_resources(one.item)
    holding = [item for item in ctx.snap.all(VOLCANO) if phase(item) == "Inqueue" and queue_of(item) == queue.name]
    total: Amounts = {}
    for item in holding:
        for name, amount in min_resources(item).items():
            total[name] = total.get(name, 0) + amount
    short = _short(queue, needs, total)
    ordered = sorted(holding, key=lambda item: [-min_resources(item).get(name, 0) for name in short[:1]])
    return [item for item in ordered if any(min_resources(item).get(name, 0) for name in short)]


def _blocked(ctx: Context, one: Waiting, queue: Object | None, reserved: list[Object], said: Event) -> Finding:
    blocker = reserved[0]
    held = ", ".join(f"{show(amount, name)} {name}" for name, amount in sorted(min_resources(blocker).items()))
    state, event = ctx.cite(blocker, "status.phase"), ctx.cite_event(said)
    place = f"the queue {queue.name}" if queue is not None else "the cluster"
    kept = [ctx.cite(blocker, f"spec.minResources{key(name)}") for name in min_resources(blocker)]
    return Finding(
        name="volcano-inqueue-reservation-blocks",
        subject=blocker.ref,
        members=tuple(item.ref for item in reserved[1:]),
        summary=f"is Inqueue and reserves {held} of {place}",
        evidence=(state, *[*kept, event]),
        accounts_for=(one.because(f"PodGroup {blocker.name} reserves {held} of {place}", (state, event)),),
        confidence=Confidence.LIKELY,
        since=one.group.since,
        remedies=(Remedy(text=f"repair or delete what made the PodGroup {blocker.name}", risk="disruptive"),),
    )


def _whole_cluster(ctx: Context, one: Waiting) -> Iterator[Finding]:
    """The plugin overcommit keeps the gang out, and would not, were it not for what PodGroups that run nothing hold."""
    said = next((event for event in ctx.snap.events(one.item) if OVERUSED in event.text), None)
    if said is None:
        return
    needs = min_resources(one.item)
    room = {name: _room(ctx, name) for name in needs}
    # Others that were let in start soon: only what those that cannot start hold is told, where it makes the difference.
    holding = [item for item in ctx.snap.all(VOLCANO) if phase(item) == "Inqueue" and _cannot_start(item)]
    held = {name: sum(min_resources(item).get(name, 0) for item in holding) for name in needs}
    if any(room[name] < needs[name] for name in needs):
        return
    tight = [name for name in needs if room[name] < needs[name] + held[name]]
    reserved = [item for item in holding if any(name in min_resources(item) for name in tight)]
    if reserved:
        most = sorted(reserved, key=lambda item: -min_resources(item).get(tight[0], 0))
        yield _blocked(ctx, one, None, most, said)


def _room(ctx: Context, resource: str) -> int:
    """What the overcommit plugin lets in beside what runs, by its default factor."""
    total = sum(allocatable(node).get(resource, 0) for node in ctx.snap.nodes())
    free = sum(ctx.place.free[node.name].get(resource, 0) for node in ctx.snap.nodes())
    return int(total * OVERCOMMIT) - (total - free)


def _cannot_start(item: Object) -> bool:
    """Whether the scheduler says of a gang that was let in that it has no place."""
    found = dicts(part(item, "status").get("conditions"))
    return any(one.get("type") == "Unschedulable" and one.get("status") == "True" for one in found)


def _only_said(ctx: Context, one: Waiting, queue: Object, said: Event) -> Finding:
    """The scheduler refuses, and the queue's own limit does not show why: guarantees of others, or an older event."""
    event = ctx.cite_event(said)
    return Finding(
        name="volcano-queue-quota-insufficient",
        subject=queue.ref,
        summary=f"refuses {one.item.namespace}/{one.item.name}: {said.text}",
        evidence=(event, ctx.cite_or_lack(one.item, "spec.queue")),
        accounts_for=(one.because(f"queue {queue.name} refuses it: {said.text}", (event,)),),
        confidence=Confidence.LIKELY,
        since=one.group.since,
        remedies=(
            Remedy(text=f"compare capability, deserved and guarantees with what {queue.name} holds", who="queue-admin"),
        ),
    )


def _events(ctx: Context, said: Event | None) -> list[Evidence]:
    return [ctx.cite_event(said)] if said else []
