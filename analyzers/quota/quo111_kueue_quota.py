"""QUO111: the quota of a ClusterQueue does not leave what a workload asks for."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, page, pieces, said, waiting
from diag.catalog.rule import Named, rule
from diag.facts.kueue_message import Obstacle, Reason
from diag.facts.quantity import show
from diag.findings import Confidence, Evidence, Finding, Question, Remedy, Severity
from diag.projection import Object
from diag.snapshot.cite import key
from diag.trouble.relations.kueue import Holding, cohort, holdings, needs, part
from diag.trouble.room.cohorts import Pool, Share, pool
from diag.vocab.kueue import CLUSTER_QUEUE, WORKLOAD

MAX_NAMED = 4  # holders that a summary names

OTHERS = (
    Named(
        id="QUO112",
        name="cluster-queue-exhausted",
        severity=Severity.INFO,
        page=page(
            "The ClusterQueue's quota is held by other workloads; this one waits its turn.",
            means="Nothing is broken: the workload is admitted when others end, or when it may preempt them.",
            happens="More was submitted than the quota allows at once.",
            evidence="The workload's condition, the ClusterQueue's quota and usage, and the workloads that hold it.",
            todo="Wait, give the workload a higher priority, or ask for more quota.",
        ),
    ),
    Named(
        id="QUO113",
        name="kueue-borrowing-limit-reached",
        page=page(
            "The cohort has idle quota, but the ClusterQueue may borrow no more.",
            means="GPUs stay unused although somebody waits for them, because of `borrowingLimit`.",
            happens="The limit was set to keep one team from using up the cohort.",
            evidence="Quota, usage and `borrowingLimit` of the queue, and what the cohort's other queues leave unused.",
            todo="Raise `borrowingLimit`, or wait for the queue's own workloads to end.",
        ),
    ),
    Named(
        id="QUO114",
        name="kueue-lending-limit-reached",
        page=page(
            "A lendingLimit keeps idle quota of the cohort's other queues to themselves.",
            means="GPUs stay unused although somebody waits for them, because their owners do not lend them.",
            happens="`lendingLimit` was set so that a team finds its quota free at any time.",
            evidence="`lendingLimit`, quota and usage of the other queues.",
            todo="Raise `lendingLimit` of a queue whose quota stays idle, or wait.",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A workload with the reason that keeps it out, and the quota that this is about."""

    one: Waiting
    queue: Object
    reason: Reason
    pool: Pool | None
    need: int  # thousandths that the workload asks for, 0 where it does not say


@rule(
    "QUO111",
    name="kueue-request-exceeds-max-quota",
    question=Question.ADMITTED,
    inputs=INPUTS,
    others=OTHERS,
    visits={CLUSTER_QUEUE: 1},
)
def kueue_quota(ctx: Context) -> Iterator[Finding]:
    """The workload asks for more than the quota could ever give.

    ## What it means
    Nominal quota and all that may be borrowed are together less than the request. Waiting does not help.

    ## Why it happens
    The job was written for a larger cluster, or its parallelism or GPUs per pod were raised beyond what the team has.

    ## Evidence
    The workload's condition (`> maximum capacity`), its request, and nominal quota and borrowing limit of the
    ClusterQueue.

    ## What to do
    Ask for less, or have the quota or the borrowing limit raised.

    ## Known limits
    Cohorts within cohorts are counted as if they stood alone; the sentence of Kueue decides what can never fit.
    """
    for one in waiting(ctx):
        reason = one.decisive()
        if reason is None or one.queue is None or not one.evaluated:
            continue
        found = _short(ctx, one, one.queue, reason)
        if reason.obstacle is Obstacle.EXCEEDS:
            yield _exceeds(ctx, found)
        elif reason.obstacle is Obstacle.WAITS:
            yield _waits(ctx, found)


def _short(ctx: Context, one: Waiting, queue: Object, reason: Reason) -> Short:
    slot = (reason.flavor, reason.resource)
    return Short(
        one=one,
        queue=queue,
        reason=reason,
        pool=pool(queue, slot, ctx.snap.all(CLUSTER_QUEUE)),
        need=needs(one.item).get(reason.resource, 0),
    )


def _exceeds(ctx: Context, short: Short) -> Finding:
    reason = short.reason
    resource = reason.resource
    asked = reason.asked or show(short.need, resource)
    most = f"at most {reason.most}" if reason.most else "less"
    summary = f"can give {most} {resource} in flavor {reason.flavor}, and {_who(short)} asks for {asked}: it never fits"
    return blocked(
        short.one, "", short.queue.ref, summary,
        pieces(said(ctx, short.one.item, "QuotaReserved"), *_request(ctx, short), *_limits(ctx, short)),
        remedies=(
            Remedy(text=f"ask for {most} {resource} in all pods together"),
            Remedy(text=f"raise nominalQuota or borrowingLimit of ClusterQueue {short.queue.name}", who="queue-admin"),
        ),
    )  # fmt: skip


def _waits(ctx: Context, short: Short) -> Finding:
    """Quota that is in use: whose limit keeps idle quota away, if there is any, else who holds it."""
    found = short.pool
    if found is not None and short.need > found.room:
        limit = found.own.quota.borrowing
        if limit is not None and found.lendable >= short.need:  # so it is the limit that is short
            return _borrowing(ctx, short, found, limit)
        lacking = short.need - max(found.own.quota.nominal - found.own.used, 0)
        if short.need <= found.idle and lacking > 0:  # what is idle and not lent is kept
            return _lending(ctx, short, found, [one for one in found.others if one.kept > one.used])
    return _exhausted(ctx, short)


def _borrowing(ctx: Context, short: Short, found: Pool, limit: int) -> Finding:
    resource = short.reason.resource
    name, path = cohort(short.queue)
    borrowed = max(found.own.used - found.own.quota.nominal, 0)
    idle = _idle(ctx, found, resource)
    summary = (
        f"borrows {show(borrowed, resource)} of the {show(limit, resource)} {resource} that its borrowingLimit allows "
        f"in flavor {short.reason.flavor}; {show(found.idle, resource)} are idle in cohort {name}, and "
        f"{_who(short)} asks for {show(short.need, resource)}"
    )
    return blocked(
        short.one, "kueue-borrowing-limit-reached", short.queue.ref, summary,
        pieces(
            ctx.cite(short.queue, f"{found.own.quota.path}.borrowingLimit"),
            ctx.cite(short.queue, found.own.used_path), ctx.cite(short.queue, path), idle, *_limits(ctx, short),
            *_request(ctx, short), said(ctx, short.one.item, "QuotaReserved"),
        ),
        remedies=(
            Remedy(text=f"raise borrowingLimit of ClusterQueue {short.queue.name} for {resource}", who="queue-admin"),
            Remedy(text="or wait until workloads of the same queue end"),
        ),
    )  # fmt: skip


def _lending(ctx: Context, short: Short, found: Pool, keeping: list[Share]) -> Finding:
    resource = short.reason.resource
    name = cohort(short.queue)[0]
    words = ", ".join(
        f"{one.queue.name} keeps {show(one.kept - one.used, resource)} idle "
        f"(lendingLimit {show(one.quota.lending or 0, resource)})"
        for one in keeping[:MAX_NAMED]
    )
    limits = [ctx.cite(one.queue, f"{one.quota.path}.lendingLimit") for one in keeping[:MAX_NAMED]]
    return blocked(
        short.one, "kueue-lending-limit-reached", short.queue.ref,
        f"finds no quota of {resource} in cohort {name} although {show(found.idle, resource)} are idle: {words}; "
        f"{_who(short)} asks for {show(short.need, resource)}",
        pieces(
            *limits, _idle(ctx, found, resource), *_limits(ctx, short), *_request(ctx, short),
            said(ctx, short.one.item, "QuotaReserved"),
        ),
        members=tuple(one.queue.ref for one in keeping),
        remedies=(Remedy(text="raise lendingLimit of the queues that keep idle quota", who="queue-admin"),),
    )  # fmt: skip


def _exhausted(ctx: Context, short: Short) -> Finding:
    resource, flavor = short.reason.resource, short.reason.flavor
    found = short.pool
    queues = [short.queue.name, *(one.queue.name for one in (found.others if found else ()))]
    held = holdings(ctx.snap.all(WORKLOAD), (flavor, resource), queues)
    state = "its quota is in use"
    if found is not None:
        state = f"{show(found.own.used, resource)} of {show(found.own.quota.nominal, resource)} {resource} are in use"
    asked = f"asks for {show(short.need, resource)}" if short.need else "asks for more"
    more = f" ({short.reason.more} more needed)" if short.reason.more else ""
    by = f"; held by {_holders(held, resource)}" if held else ""
    agrees = found is None or not short.need or short.need > found.room
    return blocked(
        short.one, "cluster-queue-exhausted", short.queue.ref,
        f"{state} in flavor {flavor}; {_who(short)} {asked}{more} and waits its turn{by}",
        pieces(
            said(ctx, short.one.item, "QuotaReserved"), *_limits(ctx, short), *_request(ctx, short),
            *(ctx.cite(one.item, one.path) for one in held[:MAX_NAMED]),
        ),
        confidence=None if agrees else Confidence.LIKELY,
        remedies=(
            Remedy(text="wait until one of the holders ends"),
            Remedy(text="give the workload a higher priority, if the queue preempts by priority"),
            Remedy(text=f"raise the quota of ClusterQueue {short.queue.name}", who="queue-admin"),
        ),
    )  # fmt: skip


def _who(short: Short) -> str:
    who = short.one.group.workload
    return f"{who.kind} {who.name}"


def _holders(held: list[Holding], resource: str) -> str:
    words = [f"{one.item.name} ({show(one.amount, resource)})" for one in held[:MAX_NAMED]]
    more = len(held) - MAX_NAMED
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")


def _request(ctx: Context, short: Short) -> list[Evidence]:
    """What the pod sets ask for, where the workload's status says it."""
    item = short.one.item
    entries = part(item, "status").get("resourceRequests")
    found: list[Evidence] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        resources = entry.get("resources") if isinstance(entry, dict) else None
        if isinstance(resources, dict) and isinstance(resources.get(short.reason.resource), str | int):
            path = f"status.resourceRequests[{index}].resources{key(short.reason.resource)}"
            found.append(ctx.cite(item, path))
    return found


def _limits(ctx: Context, short: Short) -> list[Evidence]:
    """Quota and use of the ClusterQueue."""
    if short.pool is None:
        return [ctx.cite(short.queue, "metadata.name")]
    own = short.pool.own
    found: list[Evidence] = [
        ctx.cite(short.queue, f"{own.quota.path}.nominalQuota"),
        ctx.cite(short.queue, own.used_path),
    ]
    if own.quota.borrowing is not None:
        found.append(ctx.cite(short.queue, f"{own.quota.path}.borrowingLimit"))
    return found


def _idle(ctx: Context, found: Pool, resource: str) -> Evidence:
    parts = [
        ctx.cite(one.queue, path)
        for one in (found.own, *found.others)
        for path in (f"{one.quota.path}.nominalQuota", one.used_path)
    ]
    return ctx.compute(f"idle {resource} in the cohort", show(found.idle, resource), parts)
