"""APP341 to APP343: a Job was ended by its own limits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Finding, Question, Remedy
from diag.projection import Condition, Object
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

# Reasons of the Failed condition (kubernetes/kubernetes staging/src/k8s.io/api/batch/v1/types.go).
TOO_OFTEN = ("BackoffLimitExceeded", "MaxFailedIndexesExceeded", "FailedIndexes")
BY_POLICY = "PodFailurePolicy"
LIMITS = ("spec.backoffLimitPerIndex", "spec.backoffLimit")
# pkg/controller/job/pod_failure_policy.go
MATCHED = re.compile(r"matching (?P<action>Fail\w{1,20}) rule at index (?P<index>[0-9]{1,3})")

POLICY = """A rule of the Job's podFailurePolicy ended it at the first such failure.

## What it means
The Job says which exit codes or disruptions are not worth another attempt. A pod ended in such a way, so the whole Job
counts as failed although its backoffLimit is not used up.

## Why it happens
The exit code tells of a fault that a retry does not mend, as the rule means it; or the rule is too wide, and counts a
disruption (an eviction, a preemption, a lost node) as such a fault.

## Evidence
The Job's condition `Failed` with the reason PodFailurePolicy, whose message names the pod and the rule, and the rule.

## What to do
Mend what the pod failed for. Give disruptions a rule with the action Ignore, before the others.

## Known limits
Named only where nothing else explains the failure.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What ended a Job, beside its condition: the fields that tell of the limit, and what to do."""

    name: str
    summary: str
    paths: tuple[str, ...]
    remedy: Remedy


@rule(
    "APP341",
    name="job-deadline-exceeded",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=("batch/Job", "Pod"),
    refines=("job-backoff-limit-exceeded",),
    others=(
        Named(id="APP342", name="job-backoff-limit-exceeded", page=BACKOFF, basis=Basis.REMAINDER),
        Named(id="APP343", name="job-pod-failure-policy", page=POLICY, basis=Basis.REMAINDER),
    ),
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
            ended = _ended(group, job, found)
            if ended is not None:
                yield _finding(ctx, group, job, f"status.conditions[{index}]", ended)


def _job(ctx: Context, group: Group) -> Controller | None:
    member = group.first
    found: Object | None = member if member.kind_id == "batch/Job" else ctx.snap.owner_of(member)
    return found if isinstance(found, Controller) and found.kind_id == "batch/Job" else None


def _ended(group: Group, job: Controller, found: Condition) -> Ended | None:
    if found.reason == "DeadlineExceeded":
        return _by_deadline(job)
    if found.reason in TOO_OFTEN:
        return _by_backoff(group, job)
    return _by_policy(job, found.message or "") if found.reason == BY_POLICY else None


def _by_deadline(job: Controller) -> Ended:
    limit = value_at(job.whole, "spec.activeDeadlineSeconds")
    seconds = f" of {limit} s" if isinstance(limit, int) else ""
    return Ended(
        name="job-deadline-exceeded",
        summary=f"Job {job.name} was ended at its deadline{seconds} (activeDeadlineSeconds)",
        paths=("spec.activeDeadlineSeconds", "status.startTime", "status.succeeded"),
        remedy=Remedy(text=f"raise activeDeadlineSeconds of Job {job.name}, or make its start faster"),
    )


def _by_backoff(group: Group, job: Controller) -> Ended:
    # An Indexed Job may count the failures of each index for itself.
    path = next((one for one in LIMITS if isinstance(value_at(job.whole, one), int)), LIMITS[-1])
    limit = value_at(job.whole, path)
    allowed = f" of {limit}" if isinstance(limit, int) else ""
    how = f"; its pods {group.kind.title}: {group.message}" if group.symptom == "pod-failed" and group.message else ""
    return Ended(
        name="job-backoff-limit-exceeded",
        summary=f"Job {job.name} failed more often than its backoffLimit{allowed} allows{how}",
        paths=(path, "spec.maxFailedIndexes", "status.failed"),
        remedy=Remedy(
            text="read the log of a failed pod, or run the Job once more and keep its pods",
            command=f"kubectl -n {job.namespace} logs job/{job.name} --all-containers",
        ),
    )


def _by_policy(job: Controller, message: str) -> Ended:
    matched = MATCHED.search(message)
    rule_path = f"spec.podFailurePolicy.rules[{matched['index']}]" if matched else ""
    which = f" ({rule_path})" if rule_path else ""
    return Ended(
        name="job-pod-failure-policy",
        summary=f"a rule of Job {job.name}'s podFailurePolicy{which} ended it: {message.strip()[:300]}",
        paths=(f"{rule_path}.action",) if rule_path else (),
        remedy=Remedy(
            text="mend what the pod failed for, or have the rule ignore it where a retry would help",
            command=f"kubectl -n {job.namespace} get job {job.name} -o yaml",
        ),
    )


def _finding(ctx: Context, group: Group, job: Controller, where: str, ended: Ended) -> Finding:
    proof = ctx.cite(job, f"{where}.reason")
    more = [piece for path in (f"{where}.message", *ended.paths) if (piece := ctx.cite_if(job, path)) is not None]
    return Finding(
        name=ended.name,
        subject=group.workload,
        summary=ended.summary,
        evidence=(proof, *more),
        accounts_for=(Because(group, ended.summary, (proof, *more[:2])),),
        since=group.since,
        remedies=(ended.remedy,),
    )
