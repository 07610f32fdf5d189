"""QUO121: under StrictFIFO a workload that does not fit keeps all younger ones waiting."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, pieces, said, waiting
from diag.catalog.rule import rule
from diag.facts.quantity import show
from diag.findings import Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.trouble.relations.kueue import needs, part, quotas, text
from diag.trouble.room.cohorts import Pool, pool
from diag.vocab.kueue import CLUSTER_QUEUE


@rule(
    "QUO121",
    name="kueue-strict-fifo-head-blocks",
    question=Question.ADMITTED,
    inputs=INPUTS,
    refines=("cluster-queue-exhausted",),
    visits={CLUSTER_QUEUE: 1},
)
def kueue_strict_fifo_head_blocks(ctx: Context) -> Iterator[Finding]:
    """Under StrictFIFO a workload that does not fit keeps all younger ones waiting.

    ## What it means
    The queue looks only at its oldest workload of the highest priority. That one does not fit, and what would fit
    behind it is never looked at, so it has no condition at all.

    ## Why it happens
    `queueingStrategy: StrictFIFO` keeps the order at all costs, so that large workloads are not overtaken for ever.

    ## Evidence
    The strategy of the ClusterQueue, the head's condition, the request of the blocked workload against the quota that
    is free, and the priorities and creation times that make the order.

    ## What to do
    Shrink or end the head, raise the priority of what waits, or use `BestEffortFIFO`.

    ## Known limits
    A head that was evicted queues by the time of its eviction, which is not compared. What would not fit either is
    not reported here.
    """
    queued = [one for one in waiting(ctx) if one.evaluated and _is_active(one.item)]
    for one in queued:
        queue = one.queue
        if queue is None or text(queue, "spec", "queueingStrategy") != "StrictFIFO":
            continue
        head = min((other for other in queued if other.queue is queue), key=_order)
        if head is one or head.decisive() is None or one.decisive() is not None:
            continue
        free = _free(ctx, one, queue)
        if free:
            yield _finding(ctx, one, head, queue, free)


def _is_active(item: Object) -> bool:
    return part(item, "spec").get("active") is not False


def _order(one: Waiting) -> tuple[int, str, str]:
    """Kueue's order: priority, then age (pkg/cache/queue/cluster_queue.go)."""
    priority = part(one.item, "spec").get("priority")
    return (-(priority if isinstance(priority, int) else 0), one.item.created or "", one.item.name)


def _free(ctx: Context, one: Waiting, queue: Object) -> list[tuple[str, Pool]]:
    """The quotas that would take all that a workload asks for; empty where one would not."""
    found: list[tuple[str, Pool]] = []
    queues = ctx.snap.all(CLUSTER_QUEUE)
    for resource, amount in sorted(needs(one.item).items()):
        pools = [pool(queue, slot, queues) for slot in quotas(queue) if slot[1] == resource]
        roomy = [one for one in pools if one is not None and one.room >= amount]
        if not roomy:
            return []
        found.append((resource, roomy[0]))
    return sorted(found, key=lambda entry: ("gpu" not in entry[0], entry[0]))


def _finding(ctx: Context, one: Waiting, head: Waiting, queue: Object, free: list[tuple[str, Pool]]) -> Finding:
    resource, found = free[0]
    asked = show(needs(one.item)[resource], resource)
    left: Evidence = ctx.compute(
        f"{resource} that ClusterQueue {queue.name} may still use",
        show(found.room, resource),
        [
            ctx.cite(queue, f"{found.own.quota.path}.nominalQuota"),
            ctx.cite(queue, found.own.used_path),
        ],
    )
    who, first = one.group.workload, head.group.workload
    return blocked(
        one, "", head.item.ref,
        f"is the head of ClusterQueue {queue.name} (StrictFIFO) and does not fit; {who.kind} {who.name}, which asks "
        f"for {asked} {resource} of {show(found.room, resource)} free, is not looked at before {first.kind} "
        f"{first.name} is admitted",
        pieces(
            left, ctx.cite(queue, "spec.queueingStrategy"), said(ctx, head.item, "QuotaReserved"),
            *(ctx.cite(item, "metadata.creationTimestamp") for item in (head.item, one.item) if item.created),
        ),
        remedies=(
            Remedy(text=f"shrink or end {first.kind} {first.name}, or wait until it fits"),
            Remedy(text=f"give {who.kind} {who.name} a higher priority (label kueue.x-k8s.io/priority-class)"),
            Remedy(
                text=f"set queueingStrategy of ClusterQueue {queue.name} to BestEffortFIFO",
                who="queue-admin",
                when="large workloads may be overtaken",
            ),
        ),
    )  # fmt: skip
