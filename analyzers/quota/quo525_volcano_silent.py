"""QUO525 to QUO528: what keeps a gang from starting under Volcano without a word about it on the job."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.podgroups import NOT_RUNNING, Waiting, waiting
from diag.catalog.rule import Named, rule
from diag.facts.gangs import QUEUE, VOLCANO, membership_path, min_resources, minimum, part, phase
from diag.facts.gpus import is_gpu
from diag.facts.quantity import milli, show
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key
from diag.snapshot.kinds import Event
from diag.trouble.room.gangs import Gang
from diag.trouble.shapes import DEFAULT_SCHEDULER

# volcano-sh/volcano pkg/scheduler/plugins/overcommit: an event of type Normal on the PodGroup.
FULL = "resource in cluster is overused"
ORIGIN = "Origin reason"  # plugins/gang: a member was tried, so the queue was not passed over
LOOK = Remedy(text="look at the queues", command="kubectl get queues.scheduling.volcano.sh -o yaml")

NOT_LEAF = """The job goes to a queue that has children, which takes no tasks.

## What it means
With a hierarchy of queues only those without children take work. Volcano passes the job over and only logs it.

## Why it happens
A queue was given children after jobs were sent to it, or the parent was named by mistake.

## Evidence
`spec.queue` of the PodGroup, and the queues that name that one as their parent.

## What to do
Send the job to a queue without children.

## Known limits
Likely at most: Volcano can be set up without its hierarchy of queues.
"""
OVERUSED = """The queue is above its deserved share, so its jobs are passed over.

## What it means
The queue holds more than it deserves, borrowed while others were idle. Until it is below its share, Volcano tries no
task of it, whatever is free.

## Why it happens
The share is small, or other queues take theirs back.

## Evidence
`status.allocated` against `spec.deserved` of the Queue, and that no member of the gang was tried.

## What to do
Wait for jobs of the queue to end, or raise its deserved share.

## Known limits
Only a share that is stated (`deserved`) is compared; one that follows from weights is not computed.
"""
NO_DEMAND = """The cluster looks full to Volcano, so no autoscaler sees the demand.

## What it means
Volcano lets a gang in when the cluster has room for it, and makes its pods only then. A cluster that could grow stays
as it is: there is no pending pod that would make it grow.

## Why it happens
The overcommit plugin counts the nodes of now, not those that could be made.

## Evidence
The event `resource in cluster is overused`, the PodGroup without pods, and the autoscaler's room to grow.

## What to do
Raise the overcommit factor, leave the plugin out, or keep minResources out of the PodGroup.

## Known limits
Whether the machines that could be made would fit is not known.
"""


@rule(
    "QUO525",
    name="volcano-scheduler-name-missing",
    question=Question.ADMITTED,
    inputs=("Pod", VOLCANO, QUEUE, "Event", "ConfigMap", scale_ups.POOL),
    others=(
        Named(id="QUO526", name="volcano-queue-not-leaf", page=NOT_LEAF),
        Named(id="QUO527", name="volcano-queue-overused", page=OVERUSED),
        Named(id="QUO528", name="volcano-enqueue-blocks-autoscaling", page=NO_DEMAND),
    ),
)
def volcano_silent(ctx: Context) -> Iterator[Finding]:
    """Pods carry the gang annotation but not schedulerName volcano.

    ## What it means
    Another scheduler places those pods by itself. Volcano counts only its own, which are fewer than the gang needs, so
    the rest waits for ever.

    ## Why it happens
    A template names the gang and not the scheduler, or a part of the job was written by hand.

    ## Evidence
    `spec.schedulerName` of members of the gang, and how many of them Volcano sees.

    ## What to do
    Set `schedulerName: volcano` in every template of the job, and make the pods anew.

    ## Known limits
    Silent where no member has another scheduler than the default one: then there is no gang at all.
    """
    for gang in ctx.gangs():
        if gang.kind == VOLCANO and gang.item is not None:
            yield from _misnamed(ctx, gang, gang.item)
    stopped = list(waiting(ctx, NOT_RUNNING))
    queues = ctx.snap.all(QUEUE)
    grows: list[Evidence] | None = None
    for one in stopped:
        queue = next((item for item in queues if item.name == one.queue), None)
        children = [item for item in queues if part(item, "spec").get("parent") == one.queue]
        said = next((event for event in ctx.snap.events(one.item) if FULL in event.text), None)
        if queue is not None and children:
            yield _not_leaf(ctx, one, queue, children)
        elif queue is not None and phase(one.item) == "Inqueue" and (over := _over(one, queue)):
            yield _overused(ctx, one, queue, over)
        elif said is not None and one.group.symptom == "workload-not-admitted":
            grows = _can_grow(ctx) if grows is None else grows
            if grows:
                yield _no_demand(ctx, one, said, grows)


def _misnamed(ctx: Context, gang: Gang, item: Object) -> Iterator[Finding]:
    foreign = [pod for pod in gang.pods if (pod.spec.scheduler_name or DEFAULT_SCHEDULER) == DEFAULT_SCHEDULER]
    wanted, seen = minimum(item), len(gang.pods) - len(foreign)
    held_back = {pod.name for pod, shape, _ in gang.waiting if shape.scheduler != DEFAULT_SCHEDULER}
    if not foreign or not held_back or wanted is None or seen >= wanted:
        return
    first = foreign[0]
    least = ctx.cite(item, "spec.minMember")
    proof: list[Evidence] = [ctx.cite_or_lack(first, "spec.schedulerName"), ctx.cite(first, membership_path(VOLCANO))]
    count = ctx.compute(f"members of {gang.name} that Volcano sees", seen, [ctx.cite(pod, "metadata.name")
                        for pod in gang.pods if pod not in foreign])  # fmt: skip
    names = listed([pod.name for pod in foreign], 3)
    summary = (
        f"{names} of gang {gang.name} leaves schedulerName out: Volcano sees {seen} of {wanted} members (minMember)"
    )
    yield Finding(
        subject=first.ref,
        summary=summary,
        evidence=as_proof([*proof, least, count]),
        accounts_for=tuple(
            Because(group, summary, (*proof, least), members=gang.share(group)) for group in gang.groups
        ),
        members=tuple(pod.ref for pod in foreign[1:]),
        since=min((group.since for group in gang.groups if group.since), default=None),
        remedies=(
            Remedy(text="see which scheduler each member names", command=f"kubectl -n {gang.namespace} get pods -o "
                   "custom-columns=NAME:.metadata.name,SCHEDULER:.spec.schedulerName"),
            Remedy(text="set schedulerName: volcano in every template of the job, and make its pods anew"),
        ),
    )  # fmt: skip


def _not_leaf(ctx: Context, one: Waiting, queue: Object, children: list[Object]) -> Finding:
    names = listed([item.name for item in children], 3)
    proof: list[Evidence] = [*(ctx.cite(item, "spec.parent") for item in children[:3])]
    named = ctx.cite_or_lack(one.item, "spec.queue")
    summary = f"has children ({names}), so it takes no tasks itself, and {one.item.name} is sent to it"
    return Finding(
        name="volcano-queue-not-leaf",
        subject=queue.ref,
        summary=summary,
        evidence=as_proof([*proof, named]),
        accounts_for=(one.because(f"queue {queue.name} {summary}", (proof[0], named)),),
        confidence=Confidence.LIKELY,
        since=one.group.since,
        remedies=(LOOK, Remedy(text=f"send the job to a queue without children, such as {children[0].name}")),
    )


def _over(one: Waiting, queue: Object) -> list[str]:
    """GPUs of which the queue holds more than it deserves and the gang asks for more, where no member was tried."""
    words = [str(piece) for piece in part(one.item, "status").get("conditions") or ()]
    if any(ORIGIN in text or "Insufficient" in text for text in (one.group.message, *words)):
        return []
    deserved, held = part(queue, "spec", "deserved"), part(queue, "status", "allocated")
    asked = [name for name in min_resources(one.item) if is_gpu(name) and name in deserved and name in held]
    return [name for name in asked if (milli(held[name]) or 0) > (milli(deserved[name]) or 0)]


def _overused(ctx: Context, one: Waiting, queue: Object, over: list[str]) -> Finding:
    name = over[0]
    held, share = ctx.cite(queue, f"status.allocated{key(name)}"), ctx.cite(queue, f"spec.deserved{key(name)}")
    amounts = [show(milli(piece.value) or 0, name) for piece in (held, share)]
    summary = f"holds {amounts[0]} {name}, more than the {amounts[1]} that it deserves, so its jobs are passed over"
    return Finding(
        name="volcano-queue-overused",
        subject=queue.ref,
        summary=summary,
        evidence=(held, share, ctx.cite(one.item, "status.phase")),
        accounts_for=(one.because(f"queue {queue.name} {summary}", (held, share)),),
        confidence=Confidence.LIKELY,
        since=one.group.since,
        remedies=(
            LOOK,
            Remedy(text=f"wait until jobs of {queue.name} end, or raise its deserved {name}", who="queue-admin"),
        ),
    )


def _can_grow(ctx: Context) -> list[Evidence]:
    """That an autoscaler is there and may add machines."""
    _, status = scale_ups.status(ctx)
    room = [one for one in scale_ups.node_groups(status) if one.most is not None and (one.target or 0) < one.most]
    found: list[Evidence] = [ctx.cite(status, "data.status")] if status is not None and room else []
    return found + [ctx.cite(pool, "metadata.name") for pool in ctx.snap.all(scale_ups.POOL)[:3]]


def _no_demand(ctx: Context, one: Waiting, said: Event, grows: list[Evidence]) -> Finding:
    event = ctx.cite_event(said)
    summary = "is not let in as the cluster looks full, and it has no pods that would make an autoscaler add nodes"
    return Finding(
        name="volcano-enqueue-blocks-autoscaling",
        subject=one.item.ref,
        summary=f"{summary}: {said.text}",
        evidence=as_proof([event, *grows]),
        accounts_for=(one.because(f"its PodGroup {summary}", (event,)),),
        confidence=Confidence.LIKELY,
        since=one.group.since,
        remedies=(
            Remedy(
                text="look at the PodGroup and its events",
                command=f"kubectl -n {one.item.namespace} describe podgroups.scheduling.volcano.sh {one.item.name}",
            ),
            Remedy(text="raise overcommit-factor of the plugin overcommit, or leave the plugin out", who="platform"),
        ),
    )
