"""MCL151: the management cluster has lost its connection to a workload cluster of Cluster API."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import Told, conditions, told
from diag.facts.words import count_of
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at

# kubernetes-sigs/cluster-api api/core/v1beta2: condition_consts.go, cluster_types.go, common_types.go
CLUSTER, MACHINE = "cluster.x-k8s.io/Cluster", "cluster.x-k8s.io/Machine"
PROBE, DOWN = "RemoteConnectionProbe", "ConnectionDown"
# The look at the node failed: for one Machine by chance, for all of a cluster as for ConnectionDown.
UNSEEN = "InspectionFailed"
OF_THE_NODE = ("NodeReady", "NodeHealthy")
MAX_SHOWN = 3


@rule(
    "MCL151",
    name="workload-cluster-unreachable",
    question=Question.KEPT,
    severity=Severity.WARNING,
    inputs=(CLUSTER, MACHINE),
)
def workload_cluster_unreachable(ctx: Context) -> Iterator[Finding]:
    """The management cluster does not reach the workload cluster.

    ## What it means
    All Machines of the cluster report their node as unknown at once. Nothing is said about the nodes themselves, which
    may be well: only the view of them is lost. Upgrades, repairs and scaling stand still.

    ## Why it happens
    The tunnel, firewall or address between the clusters, an expired kubeconfig, or the API server of the workload
    cluster.

    ## Evidence
    `RemoteConnectionProbe=False` of the Cluster, and the reason `ConnectionDown` of its Machines (or
    `InspectionFailed` of all of them).

    ## What to do
    Try the kubeconfig of the workload cluster from the management cluster. Do not replace the Machines.

    ## Known limits
    Silent for clusters that are being deleted or made, as their API server may not be there by intention.
    """
    machines: dict[tuple[str, str], list[Object]] = {}
    for item in ctx.snap.all(MACHINE):
        name = value_at(item.whole, "spec.clusterName")
        if not item.metadata.deletion_timestamp:
            machines.setdefault((item.namespace, str(name)), []).append(item)
    for cluster in ctx.snap.all(CLUSTER):
        if not cluster.metadata.deletion_timestamp and not _is_young(cluster):
            yield from _judge(ctx, cluster, machines.get((cluster.namespace, cluster.name), []))


def _is_young(cluster: Object) -> bool:
    """Whether its control plane has never answered, so that there is nothing to reach yet."""
    said = told(cluster, "ControlPlaneInitialized")
    return said is not None and said.status != "True"


def _judge(ctx: Context, cluster: Object, machines: list[Object]) -> Iterator[Finding]:
    probe = told(cluster, PROBE)
    lost = [(one, found) for one in machines if (found := _lost(one, DOWN)) is not None]
    unseen = [] if lost else [(one, found) for one in machines if (found := _lost(one, UNSEEN)) is not None]
    word = DOWN
    if len(unseen) == len(machines) > 1:
        lost, word = unseen, UNSEEN
    if any(_status(one, type_) == "True" for one in machines for type_ in OF_THE_NODE):
        return
    proof: list[Evidence] = [ctx.cite(one, said.path) for one, said in lost[:MAX_SHOWN]]
    counted = f"{len(lost)} of {count_of(len(machines), 'Machine')} say {word}"
    if probe is not None:
        if probe.status != "False":
            return
        proof.insert(0, ctx.cite(cluster, probe.path))
        counted += f"; {probe.message or PROBE}"
    elif not lost:
        return
    summary = f"is not reached from the management cluster ({counted}); its nodes may be well"
    mine = {cluster.ref, *(one.ref for one, _ in lost)}
    yield Finding(
        subject=cluster.ref,
        summary=summary,
        evidence=as_proof(proof),
        confidence=None if word == DOWN else Confidence.LIKELY,
        accounts_for=tuple(
            Because(group, "the management cluster cannot see it", tuple(proof), members=hit)
            for group in ctx.groups("custom-resource-not-ready")
            if (hit := sum(member.ref in mine for member in group.members))
        ),
        members=tuple(one.ref for one, _ in lost),
        remedies=(
            Remedy(
                text="try the workload cluster's kubeconfig from here, then its tunnel, address and certificate",
                command=f"kubectl -n {cluster.namespace} get secret {cluster.name}-kubeconfig",
                who="platform",
            ),
            Remedy(text="leave its Machines alone until it answers again", who="platform"),
        ),
    )


def _status(machine: Object, type_: str) -> str:
    said = told(machine, type_)
    return said.status if said is not None else ""


def _lost(machine: Object, reason: str) -> Told | None:
    """The condition of its node that says that the connection is down, or that the node was not seen."""
    for _, found in conditions(machine):
        if found.get("reason") == reason and (reason == DOWN or found.get("type") in OF_THE_NODE):
            return told(machine, found["type"])
    return None
