"""TRN101: a member of a job gave up on another one that was not there yet, and is there now."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client, client_of
from diag.catalog.rule import rule
from diag.facts.pods import condition, condition_path, statuses
from diag.facts.times import seconds
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import MISSING, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.peers import GAVE_UP, answers_to

CREATION = "spec.launcherCreationPolicy"  # kubeflow/mpi-operator pkg/apis/kubeflow/v2beta1: AtStartup unless set
LIMITS = ("spec.runPolicy.backoffLimit", "spec.backoffLimit")


@rule(
    "TRN101",
    name="launcher-started-before-workers",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=("Pod", "kubeflow.org/MPIJob", "batch/Job"),
    refines=("dependency-host-unresolved", "dependency-unreachable"),
)
def launcher_before_workers(ctx: Context) -> Iterator[Finding]:
    """The launcher (or a worker) starts before its peers exist and gives up.

    ## What it means
    A pod ended because it could not resolve or reach another pod of its own job, and that pod runs and is ready now.

    ## Why it happens
    All pods are made at once. A peer that pulls its image longer, or whose DNS record is not there yet, is missed, and
    with a backoffLimit of 0 there is no second try.

    ## Evidence
    The line that names the peer, the peer's Ready condition, and the policy and limit of the job where they are set.

    ## What to do
    Let the launcher wait for the workers (`launcherCreationPolicy: WaitForWorkersReady` of an MPIJob, an init container
    elsewhere), and allow a few retries.

    ## Known limits
    Likely at most, and possible where the peer was ready before the other started: then DNS itself may be at fault.
    """
    for group in ctx.groups(*GAVE_UP):
        client = client_of(ctx, group)
        peer = _peer(ctx, client) if client is not None else None
        if client is not None and peer is not None and (found := _finding(ctx, client, peer)) is not None:
            yield found


def _peer(ctx: Context, client: Client) -> Pod | None:
    """The pod of the same workload that the client asked for."""
    for pod in ctx.snap.pods_in(client.pod.namespace):
        if answers_to(pod, client.to.host) and pod is not client.pod and ctx.workload(pod).ref == client.group.workload:
            return pod
    return None


def _finding(ctx: Context, client: Client, peer: Pod) -> Finding | None:
    ready = condition(peer, "Ready")
    if ready is None or ready.status != "True":
        return None
    since, begun, ended = seconds(ready.last_transition_time), *_life(client)
    was_late = since is not None and ended is not None and since >= ended
    early = since is not None and begun is not None and since <= begun
    if client.to.how != "unresolved" and not was_late:
        return None
    item = ctx.snap.find(client.group.workload)
    proof: list[Evidence] = [client.said, ctx.cite(peer, condition_path(peer, "Ready", "status"))]
    proof += [ctx.cite(item, path) for path in (CREATION, *LIMITS) if item is not None and _has(item, path)]
    verb = "resolve" if client.to.how == "unresolved" else "reach"
    tense = "is ready now" if early else "became ready later"
    summary = f"{client.pod.name} gave up because it could not {verb} {client.address}; its peer {peer.name} {tense}"
    remedy = (
        Remedy(text="set spec.launcherCreationPolicy to WaitForWorkersReady, so that the launcher comes last")
        if client.group.workload.kind == "MPIJob"
        else Remedy(text="let it wait for its peers before it connects, for example in an init container")
    )
    return Finding(
        subject=client.group.workload,
        summary=summary,
        evidence=(proof[0], *proof[1:]),
        accounts_for=(Because(client.group, summary, tuple(proof[:2])),),
        confidence=Confidence.POSSIBLE if early else Confidence.LIKELY,
        since=client.group.since,
        remedies=(remedy, Remedy(text="allow a few retries: raise backoffLimit")),
    )


def _has(item: Object, path: str) -> bool:
    return value_at(item.whole, path) not in (MISSING, None)


def _life(client: Client) -> tuple[float | None, float | None]:
    """When the container that gave up last began and ended."""
    for _, status in statuses(client.pod):
        for state in (status.state, status.last_state):
            ended = state.terminated if state and status.name == client.container else None
            if ended is not None:
                return seconds(ended.started_at), seconds(ended.finished_at)
    return None, None
