"""QUO122: another workload took a workload's quota."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, has, page, pieces, said, waiting
from diag.catalog.rule import Named, rule
from diag.findings import Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.trouble.relations.kueue import cohort, part
from diag.vocab.kueue import CLUSTER_QUEUE, WORKLOAD

# kubernetes-sigs/kueue pkg/scheduler/preemption/preemption.go
BY = re.compile(r"\(UID: (?P<uid>[0-9a-fA-F-]{8,64})(?:, JobUID: (?P<job>[0-9a-fA-F-]{8,64}))?")
EXHAUSTED = ("cluster-queue-exhausted", "kueue-borrowing-limit-reached", "kueue-lending-limit-reached")

PRIORITY_PAGE = page(
    "A workload of higher priority in the same ClusterQueue took the quota.",
    means="The workload ran and was evicted; it waits until quota is free again.",
    happens="The queue allows preemption by priority, and something more important came.",
    evidence="The workload's `Preempted` condition, which names the preemptor, and the preemptor's admission.",
    todo="Wait, use checkpoints, or give the workload a higher priority.",
)


@rule(
    "QUO122",
    name="kueue-preempted-by-reclaim",
    question=Question.ADMITTED,
    inputs=INPUTS,
    refines=EXHAUSTED,
    others=(Named(id="QUO123", name="kueue-preempted-by-priority", page=PRIORITY_PAGE, refines=EXHAUSTED),),
    visits={WORKLOAD: 1},
)
def kueue_preempted(ctx: Context) -> Iterator[Finding]:
    """The workload ran on borrowed quota, which its owner in the cohort took back.

    ## What it means
    Quota of another ClusterQueue was idle and was lent. A workload of that queue came and reclaimed it, so this one
    was evicted and waits again.

    ## Why it happens
    The workload is larger than the nominal quota of its own queue, so that it runs only while others leave theirs
    idle.

    ## Evidence
    The workload's `Preempted` condition, which names the preemptor by its uid, and the preemptor's admission.

    ## What to do
    Ask for no more than the queue's own quota, have it raised, or use checkpoints and wait.

    ## Known limits
    Where the preemptor has ended since, it is not why the workload still waits, and nothing is reported here.
    """
    by_uid = {item.uid: item for item in ctx.snap.all(WORKLOAD) if item.uid}
    for one in waiting(ctx):
        _, found = one.known.get("Preempted", (0, {}))
        if not has(one.item, "Evicted") or found.get("status") != "True":
            continue
        named = BY.search(str(found.get("message") or ""))
        preemptor = by_uid.get(named["uid"]) if named else None
        if preemptor is not None and not _holds(preemptor):
            continue
        yield _finding(ctx, one, preemptor, str(found.get("reason") or ""))


def _holds(item: Object) -> bool:
    """Whether a workload is admitted and runs."""
    return has(item, "QuotaReserved") and not has(item, "Finished")


def _finding(ctx: Context, one: Waiting, preemptor: Object | None, reason: str) -> Finding:
    own = reason == "InClusterQueue"
    who = one.group.workload
    admission = part(preemptor, "status", "admission").get("clusterQueue") if preemptor else None
    by = ctx.snap.get(CLUSTER_QUEUE, "", admission) if isinstance(admission, str) else None
    name, path = cohort(by) if by else ("", "")
    proof: list[Evidence] = pieces(
        said(ctx, one.item, "Preempted"), said(ctx, one.item, "Preempted", "reason"),
        ctx.cite(preemptor, "status.admission.clusterQueue") if preemptor and isinstance(admission, str) else None,
        ctx.cite(by, path) if by and path else None, said(ctx, one.item, "QuotaReserved"),
    )  # fmt: skip
    if preemptor is None:
        summary = f"was preempted ({reason}) by a workload that is not here"
        subject = one.item.ref
    else:
        job = ctx.workload(preemptor)
        how = "has a higher priority in the same queue" if own else f"took back quota of cohort {name or '?'}"
        summary = (
            f"{how} ({reason}): {job.kind} {job.name} runs in ClusterQueue {admission}, and {who.kind} {who.name} was "
            "evicted for it"
        )
        subject = preemptor.ref
    return blocked(
        one, "kueue-preempted-by-priority" if own else "", subject, summary, proof,
        confidence=None if preemptor else Confidence.LIKELY,
        remedies=(
            Remedy(text="wait until quota is free again; use checkpoints, so that little is lost"),
            Remedy(text="ask for no more than the nominal quota of the queue, or have it raised", who="queue-admin"),
        ),
    )  # fmt: skip
