"""QUO101: a queue of Kueue that a workload waits in is missing, stopped or not for it."""

from collections.abc import Iterator
from difflib import get_close_matches

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, is_stopped, page, pieces, said, waiting
from diag.catalog.rule import Named, rule
from diag.findings import Finding, Question, Remedy, Severity
from diag.projection import Object
from diag.trouble.relations.kueue import conditions, part, text
from diag.vocab.kueue import CLUSTER_QUEUE, LOCAL_QUEUE

NOT_SELECTED = "namespace doesn't match ClusterQueue selector"


OTHERS = (
    Named(
        id="QUO102",
        name="kueue-localqueue-stopped",
        severity=Severity.INFO,
        page=page(
            "Somebody stopped the LocalQueue.",
            means="Nothing that waits in it is admitted until it is opened again.",
            happens="`spec.stopPolicy` was set, for maintenance or to hold a team back.",
            evidence="`spec.stopPolicy` of the LocalQueue.",
            todo="Set it to `None`.",
        ),
    ),
    Named(
        id="QUO103",
        name="kueue-clusterqueue-missing",
        page=page(
            "The LocalQueue points at a ClusterQueue that does not exist.",
            means="No quota is behind the LocalQueue, so nothing is ever admitted.",
            happens="A typing error in `spec.clusterQueue`, or the ClusterQueue was removed or renamed.",
            evidence="`spec.clusterQueue`, the LocalQueue's condition, and that no such ClusterQueue is there.",
            todo="Name a ClusterQueue that exists, or create it.",
        ),
    ),
    Named(
        id="QUO104",
        name="kueue-clusterqueue-stopped",
        severity=Severity.INFO,
        page=page(
            "Somebody stopped the ClusterQueue.",
            means="Nothing is admitted from it; with `HoldAndDrain` what ran was evicted too.",
            happens="`spec.stopPolicy` was set, for maintenance of the nodes or of the queue.",
            evidence="`spec.stopPolicy` of the ClusterQueue.",
            todo="Set it to `None`; what waits is queued again by itself.",
        ),
    ),
    Named(
        id="QUO109",
        name="kueue-namespace-not-selected",
        page=page(
            "The ClusterQueue does not select the workload's namespace.",
            means="Workloads of this namespace are never admitted by it.",
            happens="`spec.namespaceSelector` asks for a label that the namespace lacks; none selects nothing.",
            evidence="The workload's condition and the selector.",
            todo="Label the namespace, or widen the selector.",
        ),
    ),
)


@rule(
    "QUO101",
    name="kueue-localqueue-missing",
    question=Question.ADMITTED,
    inputs=INPUTS,
    others=OTHERS,
)
def kueue_queue_broken(ctx: Context) -> Iterator[Finding]:
    """The job names a LocalQueue that does not exist.

    ## What it means
    The queue label names no LocalQueue of the namespace, so Kueue never looks at the workload, and says so by no
    event.

    ## Why it happens
    A typing error in the label, or the job was made in a namespace that has no such queue.

    ## Evidence
    The workload's condition, the queue's name on it, and the LocalQueues that the namespace has.

    ## What to do
    Correct the label `kueue.x-k8s.io/queue-name`, or create the LocalQueue.

    ## Known limits
    Of queues that were not collected only the workload's own condition tells.
    """
    for one in waiting(ctx):
        finding = _local(ctx, one) or _cluster(ctx, one)
        if finding is not None:
            yield finding


def _local(ctx: Context, one: Waiting) -> Finding | None:
    """The LocalQueue: missing or stopped."""
    namespace, name = one.item.namespace, one.queue_name
    if one.local is None:
        stated = f"LocalQueue {name} doesn't exist" in one.message
        absent = ctx.snap.lacks(LOCAL_QUEUE, namespace, name)
        if not stated and (absent is None or one.decisive() is not None):  # who was evaluated has a queue
            return None
        others = [item.name for item in ctx.snap.all(LOCAL_QUEUE) if item.namespace == namespace]
        near = get_close_matches(name, others, n=1)
        hint = f"; did it mean {near[0]}?" if near else f"; the namespace has {', '.join(others[:4])}" if others else ""
        proof = pieces(
            said(ctx, one.item, "QuotaReserved") if stated else None,
            ctx.cite(one.item, one.queue_path),
            ctx.absent("kueue.x-k8s.io/v1beta2", "LocalQueue", namespace, name) if absent is not None else None,
        )
        return blocked(
            one, "", one.group.workload, f"names LocalQueue {name}, which doesn't exist in namespace {namespace}{hint}",
            proof, confidence=None if stated else absent,
            remedies=(
                Remedy(
                    text=f"correct the label kueue.x-k8s.io/queue-name{f' to {near[0]}' if near else ''}",
                    command=f"kubectl get localqueues -n {namespace}",
                ),
                Remedy(text=f"or create LocalQueue {name} in namespace {namespace}", who="queue-admin"),
            ),
        )  # fmt: skip
    if is_stopped(one.local):
        return _stopped(ctx, one, one.local, "kueue-localqueue-stopped")
    return None


def _stopped(ctx: Context, one: Waiting, queue: Object, name: str) -> Finding:
    policy = text(queue, "spec", "stopPolicy")
    return blocked(
        one, name, queue.ref, f"is stopped (spec.stopPolicy {policy})",
        pieces(ctx.cite(queue, "spec.stopPolicy"), said(ctx, queue, "Active"), said(ctx, one.item, "QuotaReserved")),
        remedies=(Remedy(text=f"set spec.stopPolicy of {queue.kind} {queue.name} to None", who="queue-admin"),),
    )  # fmt: skip


def _cluster(ctx: Context, one: Waiting) -> Finding | None:
    """The ClusterQueue: missing or stopped, or not for this namespace."""
    if one.local is None:
        return None
    name = text(one.local, "spec", "clusterQueue")
    if one.queue is None:
        stated = conditions(one.local).get("Active", (0, {}))[1].get("reason") == "ClusterQueueDoesNotExist"
        absent = ctx.snap.lacks(CLUSTER_QUEUE, "", name)
        if not name or (not stated and (absent is None or one.decisive() is not None)):
            return None
        proof = pieces(
            said(ctx, one.local, "Active", "reason") if stated else None,
            ctx.cite(one.local, "spec.clusterQueue"),
            ctx.absent("kueue.x-k8s.io/v1beta2", "ClusterQueue", "", name) if absent is not None else None,
        )
        return blocked(
            one, "kueue-clusterqueue-missing", one.local.ref, f"points at ClusterQueue {name}, which does not exist",
            proof, confidence=None if stated else absent,
            remedies=(Remedy(text="name a ClusterQueue that exists, or create it", who="queue-admin"),),
        )  # fmt: skip
    if is_stopped(one.queue):
        return _stopped(ctx, one, one.queue, "kueue-clusterqueue-stopped")
    if NOT_SELECTED in one.message:
        labels = part(one.queue, "spec", "namespaceSelector", "matchLabels")
        wanted = ", ".join(f"{label}={value}" for label, value in sorted(labels.items()))
        return blocked(
            one, "kueue-namespace-not-selected", one.queue.ref,
            f"does not select namespace {one.item.namespace}{f' (it wants {wanted})' if wanted else ''}",
            pieces(said(ctx, one.item, "QuotaReserved"), ctx.cite(one.local, "spec.clusterQueue")),
            remedies=(Remedy(text="label the namespace, or widen spec.namespaceSelector", who="queue-admin"),),
        )  # fmt: skip
    return None
