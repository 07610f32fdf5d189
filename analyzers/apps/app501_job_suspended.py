"""APP501: a Job is suspended, and no queue will wake it."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import count_of, listed
from diag.findings import Finding, Question, Remedy, Severity
from diag.snapshot.kinds import Controller
from diag.vocab.kueue import QUEUE_LABEL

YOUNG_S = 5 * 60  # a controller that means to take it over has done so
WORKLOAD = "Workload"  # of Kueue, which may manage Jobs without a label, too


@rule(
    "APP501",
    name="job-suspended",
    question=Question.CREATED,
    severity=Severity.INFO,
    inputs=("batch/Job",),
)
def job_suspended(ctx: Context) -> Iterator[Finding]:
    """A Job is suspended and no queue controller owns that.

    ## What it means
    The Job controller makes no pods for a Job with `spec.suspend: true`. Where a queue holds it, the queue wakes it.
    This Job is in no queue, so it waits until a person sets the field to false.

    ## Why it happens
    Somebody paused it on purpose, or it was made for a queue whose label was left out.

    ## Evidence
    `spec.suspend` of the Job, and that it has neither the label of a queue, nor a Workload, nor an owner.

    ## What to do
    Resume it, or give it the label of a queue.

    ## Known limits
    Who suspended it is not told by the object. Jobs with `spec.managedBy` belong to another controller and are left
    out.
    """
    found: dict[str, list[Controller]] = defaultdict(list)
    for job in ctx.snap.all("batch/Job"):
        if isinstance(job, Controller) and job.spec.suspend and _is_left_alone(ctx, job):
            found[job.namespace].append(job)
    for namespace, jobs in sorted(found.items()):
        yield _finding(ctx, namespace, jobs)


def _is_left_alone(ctx: Context, job: Controller) -> bool:
    """Whether nothing but a person would resume it."""
    if job.owners or QUEUE_LABEL in job.labels or job.metadata.deletion_timestamp:
        return False
    spec = job.whole.get("spec")
    if job.status.completion_time or (isinstance(spec, dict) and spec.get("managedBy")):
        return False
    ended = any(one.type in ("Complete", "Failed") and one.status == "True" for one in job.status.conditions or ())
    return (
        not ended and ctx.older(job.created, YOUNG_S) and all(one.kind != WORKLOAD for one in ctx.snap.children_of(job))
    )


def _finding(ctx: Context, namespace: str, jobs: list[Controller]) -> Finding:
    first = jobs[0]
    return Finding(
        subject=first.ref,
        summary="suspended and in no queue, so without pods until somebody resumes it: "
        f"{listed([job.name for job in jobs])}",
        evidence=(ctx.cite(first, "spec.suspend"), *[ctx.cite(job, "spec.suspend") for job in jobs[1:4]]),
        members=tuple(job.ref for job in jobs[1:]),
        remedies=(
            Remedy(
                text=f"look at {count_of(len(jobs), 'suspended Job')} of {namespace}",
                command=f"kubectl get job {first.name} -n {namespace} -o yaml",
            ),
            Remedy(
                text=f"resume {first.name}",
                command=f"kubectl patch job {first.name} -n {namespace} --type=merge "
                '-p \'{"spec":{"suspend":false}}\'',
                risk="disruptive",
                when="nobody wants it to wait",
            ),
        ),
    )
