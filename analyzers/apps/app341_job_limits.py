"""APP341, APP342: a Job was ended by its own limits."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Controller
from diag.trouble.groups import Group

BACKOFF = """The Job failed more often than its backoffLimit and its pods say no more.

## What it means
Kubernetes has given up: no further pod is made for the Job.

## Why it happens
Its pods failed one after the other, for a reason that is no longer to be seen: they are gone, or their logs say
nothing that is known here.

## Evidence
The Job's condition `Failed` with the reason BackoffLimitExceeded, `spec.backoffLimit` and `status.failed`.

## What to do
Read the log of a failed pod, or run the Job once more and keep its pods.

## Known limits
Named only where nothing else explains the failures.
"""


@rule(
    "APP341",
    name="job-deadline-exceeded",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=("batch/Job", "Pod"),
    refines=("job-backoff-limit-exceeded",),
    others=(Named(id="APP342", name="job-backoff-limit-exceeded", page=BACKOFF, basis=Basis.REMAINDER),),
)
def job_limits(ctx: Context) -> Iterator[Finding]:
    """The Job ran longer than activeDeadlineSeconds.

    ## What it means
    Kubernetes ended the Job and its pods when its time was over, whether they worked, waited or failed.

    ## Why it happens
    The deadline counts from the Job's start: time in which its pods wait for a node, for an image or for others counts
    too.

    ## Evidence
    The Job's condition `Failed` with the reason DeadlineExceeded, and `spec.activeDeadlineSeconds`.

    ## What to do
    Raise the deadline, or make the start faster. Resume from a checkpoint.

    ## Known limits
    The pods are removed with the deadline, so that what they waited for is often not to be seen any more.
    """
    for group in ctx.groups("job-failed", "pod-failed"):
        job = _job(ctx, group)
        if job is None:
            continue
        for index, found in enumerate(job.status.conditions or ()):
            if found.type != "Failed" or found.status != "True":
                continue
            where = f"status.conditions[{index}]"
            if found.reason == "DeadlineExceeded":
                yield _deadline(ctx, group, job, where)
            elif found.reason == "BackoffLimitExceeded":
                yield _backoff(ctx, group, job, where)


def _job(ctx: Context, group: Group) -> Controller | None:
    member = group.first
    found: Object | None = member if member.kind_id == "batch/Job" else ctx.snap.owner_of(member)
    return found if isinstance(found, Controller) and found.kind_id == "batch/Job" else None


def _cited(ctx: Context, job: Controller, *paths: str) -> list[Evidence]:
    return [piece for path in paths if (piece := ctx.cite_if(job, path)) is not None]


def _deadline(ctx: Context, group: Group, job: Controller, where: str) -> Finding:
    limit = value_at(job.whole, "spec.activeDeadlineSeconds")
    seconds = f" of {limit} s" if isinstance(limit, int) else ""
    proof = ctx.cite(job, f"{where}.reason")
    more = _cited(ctx, job, f"{where}.message", "spec.activeDeadlineSeconds", "status.startTime", "status.succeeded")
    return Finding(
        name="job-deadline-exceeded",
        subject=group.workload,
        summary=f"Job {job.name} was ended at its deadline{seconds} (activeDeadlineSeconds)",
        evidence=(proof, *more),
        accounts_for=(Because(group, f"Job {job.name} exceeded its deadline{seconds}", (proof, *more[:2])),),
        since=group.since,
        remedies=(Remedy(text=f"raise activeDeadlineSeconds of Job {job.name}, or make its start faster"),),
    )


def _backoff(ctx: Context, group: Group, job: Controller, where: str) -> Finding:
    proof = ctx.cite(job, f"{where}.reason")
    more = _cited(ctx, job, f"{where}.message", "spec.backoffLimit", "status.failed")
    limit = value_at(job.whole, "spec.backoffLimit")
    allowed = f" of {limit}" if isinstance(limit, int) else ""
    ended = f"; its pods {group.kind.title}: {group.message}" if group.symptom == "pod-failed" and group.message else ""
    summary = f"Job {job.name} failed more often than its backoffLimit{allowed} allows{ended}"
    return Finding(
        name="job-backoff-limit-exceeded",
        subject=group.workload,
        summary=summary,
        evidence=(proof, *more),
        accounts_for=(Because(group, summary, (proof, *more[:1])),),
        since=group.since,
        remedies=(
            Remedy(
                text="read the log of a failed pod, or run the Job once more and keep its pods",
                command=f"kubectl -n {job.namespace} logs job/{job.name} --all-containers",
            ),
        ),
    )
