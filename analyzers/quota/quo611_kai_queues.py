"""QUO611, QUO612: a queue of KAI-Scheduler has no room for a workload, or does not exist."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import MISSING, key, value_at
from diag.trouble.groups import Group

KAI_QUEUE = "scheduling.run.ai/Queue"
QUEUE = "kai.scheduler/queue"
# NVIDIA/KAI-Scheduler pkg/scheduler/api/common_info, pkg/scheduler/plugins/proportion/capacity_policy
OVER_LIMIT = re.compile(
    r"(?P<queue>\S{1,253}) quota has reached the allowable limit of (?P<what>\w{1,20})\. "
    r"Limit is (?P<limit>[\d.]{1,20}) \w{1,20}, currently (?P<used>[\d.]{1,20}) \w{1,20} allocated and "
    r"workload requested (?P<asked>[\d.]{1,20})"
)
OVER_QUOTA = re.compile(
    r"Non-preemptible workload is over quota\. Workload requested (?P<asked>[\d.]{1,20}) (?P<what>\w{1,20}), but "
    r"(?P<queue>\S{1,253}) quota is (?P<limit>[\d.]{1,20}) \w{1,20}, while (?P<used>[\d.]{1,20})"
)
NO_QUEUE = re.compile(r"Queue '(?P<queue>[^']{1,253})' does not exist")

MISSING_QUEUE = """The pod's kai.scheduler/queue label names a queue that does not exist.

## What it means
KAI-Scheduler places nothing without a queue. The pod waits until a queue of that name is made.

## Why it happens
The name is misspelt, or the queue was renamed or never made. A queue without its parent counts as missing as well.

## Evidence
The scheduler's sentence, the label, and the queues that exist.

## What to do
Correct the label on the pod's template and create the workload again.

## Known limits
None.
"""


@rule(
    "QUO611",
    name="kai-queue-over-quota",
    question=Question.ADMITTED,
    basis=Basis.SAID,
    inputs=("Pod", KAI_QUEUE),
    others=(Named(id="QUO612", name="kai-queue-missing", page=MISSING_QUEUE, basis=Basis.SAID),),
)
def kai_queues(ctx: Context) -> Iterator[Finding]:
    """The KAI queue (or its parent) is at its limit or may not run above quota.

    ## What it means
    The scheduler names the queue that refuses, which may be a parent of the pod's own. Free GPUs of the cluster do not
    help.

    ## Why it happens
    Workloads of the queue, or of others below the same parent, hold what it may have. What is not preemptible may not
    go above the quota at all.

    ## Evidence
    The scheduler's sentence with its numbers; `spec.resources` and `status.allocated` of the queue that it names.

    ## What to do
    Wait, raise the limit of the queue that is named, or let the workload be preemptible.

    ## Known limits
    The numbers are those of the scheduler at the time of its sentence.
    """
    groups = ctx.groups("pod-unscheduled", "workload-not-admitted")
    there = (
        [one.name for one in ctx.snap.all(KAI_QUEUE)] if any(NO_QUEUE.search(group.message) for group in groups) else []
    )
    for group in groups:
        over = OVER_LIMIT.search(group.message) or OVER_QUOTA.search(group.message)
        if over is not None:
            yield _over(ctx, group, over)
        elif (missing := NO_QUEUE.search(group.message)) is not None and QUEUE in group.first.labels:
            yield _missing(ctx, group, missing["queue"], there)


def _over(ctx: Context, group: Group, said: re.Match[str]) -> Finding:
    queue = ctx.snap.get(KAI_QUEUE, "", said["queue"])
    proof: list[Evidence] = [group.evidence[0]]
    if queue is not None:
        paths = ("limit", "quota")
        proof += [ctx.cite(queue, path) for part in paths if _has(queue, path := f"spec.resources.gpu.{part}")]
        proof += [ctx.cite(queue, path) for path in ('status.allocated["nvidia.com/gpu"]',) if _has(queue, path)]
    own = group.first.labels.get(QUEUE)
    place = f" (above the pods' own queue {own})" if own and own != said["queue"] else ""
    kind = "limit" if said.re is OVER_LIMIT else "quota for workloads that are not preemptible"
    held = f"{said['used']} are allocated and {said['asked']} more are asked for"
    summary = f"queue {said['queue']}{place} is at its {kind} of {said['limit']} {said['what']}: {held}"
    return Finding(
        subject=queue.ref if queue is not None else group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof[:2])),),
        since=group.since,
        remedies=(
            Remedy(
                text=f"raise spec.resources.gpu of queue {said['queue']}, or wait for its workloads", who="queue-admin"
            ),
            Remedy(text="let the workload be preemptible, so that it may go over quota", when="the quota refuses it"),
        ),
    )


def _has(item: Object, path: str) -> bool:
    return value_at(item.whole, path) not in (MISSING, None)


def _missing(ctx: Context, group: Group, name: str, others: list[str]) -> Finding:
    near = get_close_matches(name, others, n=1)
    hint = f"; there is one called {near[0]}" if near else f"; there are {', '.join(others[:5])}" if others else ""
    proof: list[Evidence] = [group.evidence[0], ctx.cite(group.first, f"metadata.labels{key(QUEUE)}")]
    summary = f"its label {QUEUE} names queue {name}, which does not exist{hint}"
    return Finding(
        name="kai-queue-missing",
        subject=group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof)),),
        confidence=Confidence.POSSIBLE if name in others else None,
        since=group.since,
        remedies=(
            Remedy(text=f"correct the label {QUEUE} on the pod template, and create the workload again"),
            Remedy(text=f"or create queue {name}", who="queue-admin"),
        ),
    )
