"""TRN221 to TRN226: what an operator's resource says of its end, where nothing below it says more."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy
from diag.trouble.groups import Group

DEADLINE = """The RayJob passed a deadline, and no deeper cause is visible.

## What it means
KubeRay ended the job when its time was over: `activeDeadlineSeconds` of the whole run, or `preRunningDeadlineSeconds`
of the time until it runs.

## Why it happens
Pods waited long for nodes or images, Ray had too few resources for the entry point, or the work takes longer.

## Evidence
`status.message` of the RayJob.

## What to do
See how long its pods waited, then raise the deadline or make the start faster.

## Known limits
The pods are often gone with the deadline. Named only where nothing else explains it.
"""
HEAD = """The Ray head is gone or not ready, so that all workers wait or restart.

## What it means
The workers of a RayCluster need its head. It is not ready, and no pod in trouble says why.

## Why it happens
The head's pod was deleted or is being made anew.

## Evidence
The condition HeadPodReady of the RayCluster.

## What to do
Look at the head's pod and at the events of the RayCluster.

## Known limits
Where the head's pod tells of its trouble, that is the cause.
"""
RESTARTS = """The JobSet used up its restarts, and no pod shows why.

## What it means
Each failure of a job made the whole JobSet anew, until `maxRestarts` was reached (0 unless set).

## Why it happens
The first failed job is named; its pods are of the last attempt, or gone.

## Evidence
The condition Failed with the reason ReachedMaxRestarts.

## What to do
Read the logs of the first failed job, then raise `spec.failurePolicy.maxRestarts` where failures are expected.

## Known limits
Pods of older attempts are deleted. Named only where nothing else explains it.
"""
TRIALS = """Too many trials of the Experiment failed, and their pods show no deeper cause.

## What it means
`spec.maxFailedTrialCount` was reached, so the search ended.

## Why it happens
The trials fail for a common reason, or some parameters make them fail.

## Evidence
The condition Failed of the Experiment.

## What to do
Read the logs of a failed trial, or keep its pods (`spec.trialTemplate.retain`).

## Known limits
Pods of failed trials are deleted unless they are retained. Named only where nothing else explains it.
"""
SUGGESTION = """The suggestion service is not ready, and its pod shows no deeper cause.

## What it means
The Experiment gets its trials from a Deployment of the algorithm, which is not ready. No trial is made.

## Why it happens
The pod of the algorithm is not there yet, or is not in the snapshot.

## Evidence
The condition DeploymentReady of the Suggestion.

## What to do
Look at the Deployment EXPERIMENT-ALGORITHM and its pods.

## Known limits
Where the pod tells of its trouble, that is the cause.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What a kind of resource says when it ends: `said` is searched in the group's message."""

    name: str
    kind: str
    said: re.Pattern[str]
    summary: str
    remedy: str


ENDS = (
    End(
        name="rayjob-submission-failed", kind="ray.io/RayJob",
        said=re.compile(r"(?P<why>Job submission has failed\.[^\n]{0,300}|Failed to submit[^\n]{0,300}"
                        r"|SubmissionFailed[^\n]{0,300})"),
        summary="its entry point could not be submitted to the Ray head: {why}",
        remedy="look at the submitter's log and at the head's dashboard (its port 8265, its runtime environment)",
    ),
    End(
        name="rayjob-deadline-exceeded", kind="ray.io/RayJob",
        said=re.compile(r"has passed the (?P<why>activeDeadlineSeconds|preRunningDeadlineSeconds)"),
        summary="was ended at its deadline ({why}), and nothing that is still there says what took the time",
        remedy="raise the deadline, or make the start faster: how long its pods waited tells which",
    ),
    End(
        name="ray-head-down", kind="ray.io/RayCluster", said=re.compile(r"^HeadPodReady=(?P<why>[^\n]{0,300})"),
        summary="its head is not ready, so all workers wait: {why}",
        remedy="look at the head's pod and at the events of the RayCluster",
    ),
    End(
        name="jobset-max-restarts-reached", kind="jobset.x-k8s.io/JobSet",
        said=re.compile(r"ReachedMaxRestarts(?:: [^\n]{0,200}first failed job: (?P<why>[^)\s]{1,253}))?"),
        summary="used up its restarts; the first job that failed is {why}",
        remedy="read the logs of the first failed job, then raise spec.failurePolicy.maxRestarts where that helps",
    ),
    End(
        name="katib-max-failed-trials", kind="kubeflow.org/Experiment",
        said=re.compile(r"(?P<why>max failed count has reached)"),
        summary="ended because as many trials failed as may ({why})",
        remedy="read the log of a failed trial, or keep its pods (spec.trialTemplate.retain)",
    ),
    End(
        name="katib-suggestion-not-ready", kind="kubeflow.org/Suggestion",
        said=re.compile(r"^DeploymentReady=(?P<why>[^\n]{0,200})"),
        summary="the service that suggests trials is not ready: {why}",
        remedy="look at the Deployment of the algorithm and its pods",
    ),
)  # fmt: skip


@rule(
    "TRN221",
    name="rayjob-submission-failed",
    question=Question.KEPT,
    basis=Basis.REMAINDER,
    inputs=tuple(sorted({end.kind for end in ENDS})),
    others=(
        Named(id="TRN222", name="rayjob-deadline-exceeded", page=DEADLINE, basis=Basis.REMAINDER),
        Named(id="TRN223", name="ray-head-down", page=HEAD, basis=Basis.REMAINDER),
        Named(id="TRN224", name="jobset-max-restarts-reached", page=RESTARTS, basis=Basis.REMAINDER),
        Named(id="TRN225", name="katib-max-failed-trials", page=TRIALS, basis=Basis.REMAINDER),
        Named(id="TRN226", name="katib-suggestion-not-ready", page=SUGGESTION, basis=Basis.REMAINDER),
    ),
)
def custom_resource_ended(ctx: Context) -> Iterator[Finding]:
    """The entry point could not be submitted to the Ray head.

    ## What it means
    The cluster was there, and its head did not take the job: the submitter could not reach it, or it refused.

    ## Why it happens
    The head's dashboard does not answer, the runtime environment cannot be made, or the head's container ended.

    ## Evidence
    `status.message` of the RayJob.

    ## What to do
    Read the log of the submitter and of the head.

    ## Known limits
    Where a pod of the job tells of its trouble, that is the cause.
    """
    for group in ctx.groups("custom-resource-not-ready"):
        for end in ENDS:
            found = end.said.search(group.message) if group.first.kind_id == end.kind else None
            if found is not None:
                yield _finding(group, end, found["why"] or "not named")
                break


def _finding(group: Group, end: End, why: str) -> Finding:
    evidence: tuple[Evidence, ...] = group.evidence
    item = group.first
    summary = end.summary.replace("{why}", why.strip())
    api, _, kind = end.kind.partition("/")
    look = f"kubectl -n {item.namespace} describe {kind.lower()}.{api} {item.name}"
    return Finding(
        name=end.name,
        subject=item.ref,
        summary=summary,
        evidence=group.evidence,
        accounts_for=(Because(group, summary, evidence),),
        members=tuple(member.ref for member in group.members[1:]),
        since=group.since,
        remedies=(Remedy(text="look at its conditions and events", command=look), Remedy(text=end.remedy)),
    )
