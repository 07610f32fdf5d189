"""TRN231 to TRN234: an operator's job makes no pods: no cluster, a refused child, or an order that does not go on."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts import custom_resources as facts
from diag.facts.entries import entries
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group
from diag.vocab.training import JOBSET, LWS, LWS_NAME, LWS_WORKER, RAY_CLUSTER, RAY_CLUSTER_NAME

RAY_JOB = "ray.io/RayJob"
# kubernetes-sigs/jobset pkg/constants: Warnings whose message is the API server's answer.
REFUSED = ("JobCreationFailed", "HeadlessServiceCreationFailed", "PVCCreationFailed")
IN_ORDER = "StartupPolicyInProgress"
LASTING_S = 30 * 60
RECENT_S = 3600
UNREADY = ("container-not-ready", "pod-start-slow")

REFUSED_PAGE = """The JobSet's jobs are refused by the API server.

## What it means
The controller tries to make the Jobs, the Service or the claims of the JobSet, and the API server refuses them. No pod
exists, and the JobSet's status does not say why.

## Why it happens
A name that is too long for DNS, a quota of Jobs, or an admission webhook.

## Evidence
The Warning event of the JobSet with the API server's words.

## What to do
Correct what the message names; shorten the names of the JobSet and its replicated jobs.

## Known limits
Events live for an hour. Silent once Jobs of the JobSet are there in full.
"""
ORDER = """A replicated job that must be ready first is not, so the next is not made.

## What it means
The JobSet starts its replicated jobs one after the other, and has not got past the one that is named.

## Why it happens
Its pods are up and not ready yet, or wait for the later ones, which do not exist: then the order is wrong.

## Evidence
The condition StartupPolicyInProgress, and the counts of the first replicated job that is not ready.

## What to do
Look at the pods of that job; let jobs that need each other start together (`startupPolicyOrder: AnyOrder`).

## Known limits
Named only where no pod of the JobSet tells of a trouble, and after half an hour.
"""
DEADLOCK = """The leader needs workers to become ready, and workers are only made when it is.

## What it means
With `startupPolicy: LeaderReady` the workers of a group are made when its leader is ready. This leader runs and is not
ready, and no worker exists.

## Why it happens
The server in the leader waits until all workers have joined before it answers its readiness probe.

## Evidence
`spec.startupPolicy`, the leader's readiness, and that the group has no worker.

## What to do
Use `startupPolicy: LeaderCreated`, or let the leader be ready before its workers have joined.

## Known limits
Possible at most: a leader that only loads for long, or fails its probe for another reason, looks the same.
"""


@rule(
    "TRN231",
    name="ray-cluster-missing",
    question=Question.CREATED,
    inputs=(RAY_JOB, RAY_CLUSTER, JOBSET, "batch/Job", LWS, "Pod", "Event"),
    others=(
        Named(id="TRN232", name="jobset-job-creation-failed", page=REFUSED_PAGE, basis=Basis.SAID),
        Named(id="TRN233", name="jobset-startup-order-blocked", page=ORDER, severity=Severity.WARNING),
        Named(
            id="TRN234",
            name="lws-leader-ready-deadlock",
            page=DEADLOCK,
            basis=Basis.REMAINDER,
            refines=("readiness-probe-failing",),
        ),
    ),
)
def operator_makes_nothing(ctx: Context) -> Iterator[Finding]:
    """The RayJob's clusterSelector names a cluster that does not exist.

    ## What it means
    A RayJob with a clusterSelector uses a RayCluster that is there already, and makes none. It waits for ever.

    ## Why it happens
    The cluster was deleted or renamed, or is in another namespace.

    ## Evidence
    `spec.clusterSelector` of the RayJob, the cluster's absence, and the controller's event.

    ## What to do
    Name a cluster of the same namespace, or leave clusterSelector out so that the RayJob makes one.

    ## Known limits
    Only the selector `ray.io/cluster` is read, as KubeRay does.
    """
    for item in ctx.snap.all(RAY_JOB):
        if not facts.is_held(item) and not facts.has_ended_well(item) and not item.metadata.deletion_timestamp:
            yield from _no_cluster(ctx, item)
    for item in ctx.snap.all(JOBSET):
        if not facts.is_held(item) and not facts.is_true(item, "Completed", "Failed", "Suspended"):
            yield from _refused(ctx, item)
            yield from _order(ctx, item)
    for group in ctx.groups(*UNREADY):
        yield from _deadlock(ctx, group)


def _groups(ctx: Context, item: Object) -> list[Group]:
    return [group for group in ctx.groups() if item.ref in group.workloads]


def _no_cluster(ctx: Context, item: Object) -> Iterator[Finding]:
    path = f'spec.clusterSelector["{RAY_CLUSTER_NAME}"]'
    name = facts.text_at(item, path)
    if not name:
        return
    lacking = ctx.snap.lacks(RAY_CLUSTER, item.namespace, name)
    said = ctx.warnings(item, "RayClusterNotFound", within_s=RECENT_S)
    if ctx.snap.get(RAY_CLUSTER, item.namespace, name) is not None or not (said or lacking):
        return
    proof: list[Evidence] = [ctx.cite(item, path), *(ctx.cite_event(event) for event in said[:1])]
    proof += [ctx.absent("ray.io/v1", "RayCluster", item.namespace, name)] if lacking else []
    summary = f"is to run on RayCluster {name}, which does not exist in namespace {item.namespace}"
    yield Finding(
        subject=item.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(Because(group, summary, tuple(proof)) for group in _groups(ctx, item)),
        confidence=lacking or Confidence.LIKELY,
        since=item.created,
        remedies=(
            Remedy(text="see which clusters there are", command=f"kubectl -n {item.namespace} get rayclusters.ray.io"),
            Remedy(text="name one of them, or leave spec.clusterSelector out so that the RayJob makes its own"),
        ),
    )


def _refused(ctx: Context, item: Object) -> Iterator[Finding]:
    said = ctx.warnings(item, *REFUSED, within_s=RECENT_S)
    jobs = [one for one in ctx.snap.children_of(item) if one.kind_id == "batch/Job"]
    wanted = sum(_replicas(one) for one in dicts(value_at(item.whole, "spec.replicatedJobs")))
    if not said or len(jobs) >= wanted:
        return
    event = ctx.cite_event(said[0])
    summary = (
        f"has {len(jobs)} of its {wanted} Jobs: the API server refuses the rest ({said[0].reason}: {said[0].text})"
    )
    yield Finding(
        name="jobset-job-creation-failed",
        subject=item.ref,
        summary=summary,
        evidence=(event,),
        accounts_for=tuple(Because(group, summary, (event,)) for group in _groups(ctx, item)),
        since=said[0].first_seen,
        remedies=(
            Remedy(
                text="read its events",
                command=f"kubectl -n {item.namespace} describe jobsets.jobset.x-k8s.io {item.name}",
            ),
            Remedy(text="correct what the message names, and make the JobSet anew"),
        ),
    )


def _replicas(one: dict[str, object]) -> int:
    value = one.get("replicas", 1)
    return value if isinstance(value, int) else 1


def _order(ctx: Context, item: Object) -> Iterator[Finding]:
    found = next(((index, one) for index, one in facts.conditions(item) if one["type"] == IN_ORDER), None)
    if found is None or found[1].get("status") != "True" or _groups(ctx, item):
        return
    since = facts.text_at(item, f"status.conditions[{found[0]}].lastTransitionTime") or None
    if not ctx.older(since, LASTING_S):
        return
    counts = {one.get("name"): (path, one) for path, one in entries(item, "status.replicatedJobsStatus")}
    for one in dicts(value_at(item.whole, "spec.replicatedJobs")):
        path, count = counts.get(one.get("name"), ("", {}))
        ready, wanted = sum(_count(count, part) for part in ("ready", "succeeded")), _replicas(one)
        if ready < wanted:
            proof: list[Evidence] = [ctx.cite(item, f"status.conditions[{found[0]}].status")]
            proof += [piece] if path and (piece := ctx.cite_if(item, f"{path}.ready")) is not None else []
            yield Finding(
                name="jobset-startup-order-blocked",
                subject=item.ref,
                summary=f"waits until replicated job {one.get('name')} is ready ({ready} of {wanted}) before it makes "
                "the next",
                evidence=as_proof(proof),
                confidence=Confidence.LIKELY,
                since=since,
                remedies=(
                    Remedy(text="look at the pods of that job", command=f"kubectl -n {item.namespace} get pods -l "
                           f"jobset.sigs.k8s.io/jobset-name={item.name}"),
                    Remedy(text="let jobs that need each other start together (startupPolicyOrder: AnyOrder)"),
                ),
            )  # fmt: skip
            return


def _count(count: dict[str, object], part: str) -> int:
    value = count.get(part)
    return value if isinstance(value, int) else 0


def _deadlock(ctx: Context, group: Group) -> Iterator[Finding]:
    leader = group.first
    item = ctx.snap.get(LWS, leader.namespace, leader.labels.get(LWS_NAME, ""))
    if item is None:
        return
    size = value_at(item.whole, "spec.leaderWorkerTemplate.size")
    policy = facts.text_at(item, "spec.startupPolicy")
    pods = [pod for pod in ctx.snap.pods_in(leader.namespace) if pod.labels.get(LWS_NAME) == item.name]
    if policy != "LeaderReady" or not isinstance(size, int) or size <= 1 or any(
        pod.labels.get(LWS_WORKER) != "0" for pod in pods
    ):  # fmt: skip
        return
    proof = (ctx.cite(item, "spec.startupPolicy"), ctx.cite(item, "spec.leaderWorkerTemplate.size"))
    summary = f"its leader runs and is not ready, and its {size - 1} workers are only made when it is (LeaderReady)"
    yield Finding(
        name="lws-leader-ready-deadlock",
        subject=item.ref,
        summary=summary,
        evidence=(*proof, group.evidence[0]),
        accounts_for=(Because(group, summary, proof),),
        confidence=Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(
                text="see whether the leader waits for its workers",
                command=f"kubectl -n {leader.namespace} logs {leader.name} --all-containers",
            ),
            Remedy(text="use startupPolicy LeaderCreated, or let the leader be ready before its workers have joined"),
        ),
    )
