"""MCL108: Karmada placed replicas where no GPU is free for them."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import told
from diag.facts.entries import entries
from diag.facts.gpus import is_gpu
from diag.facts.karmada import BINDINGS, CLUSTER
from diag.facts.quantity import milli, show
from diag.findings import Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import key, value_at

BINDING = BINDINGS[0]
SUMMARY = "status.resourceSummary"
LASTING_S = 10 * 60


@rule(
    "MCL108",
    name="multicluster-placement-ignores-gpu",
    question=Question.PLACED,
    inputs=(BINDING, CLUSTER),
)
def karmada_gpu_placement(ctx: Context) -> Iterator[Finding]:
    """The placement counts as scheduled although the chosen cluster has no free GPU.

    ## What it means
    "Scheduled" of a ResourceBinding says that clusters were chosen, not that anything fits there. The pods wait in the
    member cluster.

    ## Why it happens
    The policy names the cluster or divides by fixed weights, so nobody asks what is free; or the estimator is off, and
    the sum over a cluster hides that no single node has room.

    ## Evidence
    `Scheduled=True` of the binding, the replicas that are not available, and what the Cluster's `resourceSummary` says
    of the GPUs: none at all, or fewer free than one replica asks for while pods wait for them (`allocating`).

    ## What to do
    Divide by what is free (`dynamicWeight: AvailableReplicas`) with the estimator of each member, or choose clusters
    that have the GPUs.

    ## Known limits
    The summary is some minutes old, and sums up whole clusters.
    """
    for binding in ctx.snap.all(BINDING):
        said = told(binding, "Scheduled")
        asked = value_at(binding.whole, "spec.replicaRequirements.resourceRequest")
        resource = next((name for name in asked if is_gpu(name)), "") if isinstance(asked, dict) else ""
        if said is None or said.status != "True" or not resource or not _is_settled(ctx, binding):
            continue
        for target in dicts(value_at(binding.whole, "spec.clusters")):
            cluster = ctx.snap.get(CLUSTER, "", str(target.get("name")))
            if cluster is not None:
                yield from _judge(ctx, binding, said.path, target, cluster, resource)


def _is_settled(ctx: Context, binding: Object) -> bool:
    since = next(
        (one.get("lastTransitionTime") for one in dicts(value_at(binding.whole, "status.conditions"))
         if one.get("type") == "Scheduled"), None,
    )  # fmt: skip
    return ctx.older(since if isinstance(since, str) else None, LASTING_S)


def _judge(
    ctx: Context, binding: Object, scheduled: str, target: JsonDict, cluster: Object, resource: str
) -> Iterator[Finding]:
    missing, seen = _missing(binding, target)
    offered, used, waiting = (
        milli(value_at(cluster.whole, f"{SUMMARY}.{part}{key(resource)}")) or 0
        for part in ("allocatable", "allocated", "allocating")
    )
    asked = milli(value_at(binding.whole, f"spec.replicaRequirements.resourceRequest{key(resource)}")) or 0
    summed = value_at(cluster.whole, f"{SUMMARY}.allocatable")
    known = isinstance(summed, dict) and not isinstance(summed.get(resource), dict | list)
    full = waiting >= asked and offered - used < asked
    if missing <= 0 or not known or not asked or not (offered == 0 or full):
        return
    proof: list[Evidence] = [
        ctx.cite(binding, scheduled),
        ctx.cite(binding, f"spec.replicaRequirements.resourceRequest{key(resource)}"),
        ctx.cite_or_lack(cluster, f"{SUMMARY}.allocatable{key(resource)}"),
    ]
    proof += [
        piece
        for part in ("allocated", "allocating")
        if (piece := ctx.cite_if(cluster, f"{SUMMARY}.{part}{key(resource)}")) is not None
    ]
    proof += [ctx.cite_or_lack(binding, f"{seen}.availableReplicas")]
    room = (
        f"it has {show(offered - used, resource)} of {show(offered, resource)} {resource} left"
        if offered
        else f"it has no {resource} at all"
    )
    summary = (
        f"counts as scheduled, and {missing} of {target.get('replicas')} replicas wait in cluster {cluster.name}: "
        f"{room}, and one asks for {show(asked, resource)}"
    )
    yield Finding(
        subject=binding.ref,
        summary=summary,
        evidence=as_proof(proof),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(
                text="divide replicas by what is free (dynamicWeight: AvailableReplicas, with the estimator of each "
                "member), or choose clusters that have the GPUs"
            ),
            Remedy(text=f"look at the waiting pods in {cluster.name}", who="platform"),
        ),
    )


def _missing(binding: Object, target: JsonDict) -> tuple[int, str]:
    """How many of the replicas of a cluster are not available there, and where that is told; 0 where nothing is."""
    for path, one in entries(binding, "status.aggregatedStatus"):
        state, wanted = one.get("status"), target.get("replicas")
        if one.get("clusterName") == target.get("name") and isinstance(state, dict) and isinstance(wanted, int):
            have = state.get("availableReplicas", 0)
            if isinstance(have, int) and "replicas" in state:
                return wanted - have, f"{path}.status"
    return 0, ""
