"""A driver upgrade that cannot finish: a disruption budget refuses to let the last node be drained."""

from diag.demo.cluster import Cluster, owned_pods
from diag.demo.fleet import SERVE, STUCK_NODE
from diag.demo.workloads import model_server
from diag.testing import deployment, event, name_of, pdb, replica_set, running, service

NAME, NAMESPACE = "query-embedder", "lumen-search"


def build(cluster: Cluster) -> None:
    """Adds the Deployment with a budget of all its replicas, and what the operator says about the node."""
    clock = cluster.clock
    top = deployment(
        NAME,
        model_server(NAME, gpus=2),
        namespace=NAMESPACE,
        replicas=2,
        created=clock.ago(days=45),
        progressed=clock.ago(hours=5),
    )
    middle = replica_set(top)
    held, other = owned_pods(cluster, middle, [STUCK_NODE, SERVE[4]], minutes=300)
    cluster.add(top, middle)
    cluster.add(*(running(item, since=clock.ago(minutes=296)) for item in (held, other)))
    cluster.add(service(NAME, namespace=NAMESPACE, port=8000, created=clock.ago(days=45)))
    # The budget is younger than the upgrade of the other nodes, which went through.
    budget = pdb(NAME, namespace=NAMESPACE, app=NAME, expected=2, min_available=2, created=clock.ago(hours=3))
    cluster.add(budget)
    _node_events(cluster, name_of(held))


def _node_events(cluster: Cluster, held: str) -> None:
    """The operator's steps (vendor NVIDIA/k8s-operator-libs `pkg/upgrade`), and the kubelet's word on the cordon."""
    node = cluster.find("Node", STUCK_NODE)
    refusal = f'error when evicting pods/"{held}" -n "{NAMESPACE}": global timeout reached: 5m0s'
    state = "Successfully updated node state label to"
    rows = (
        (53, "Normal", f"{state} cordon-required"),
        (52, "Normal", f"{state} wait-for-jobs-required"),
        (51, "Normal", f"{state} pod-deletion-required"),
        (46, "Warning", f"Failed to delete workload pods on the node for the driver upgrade, {refusal}"),
        (46, "Warning", "Pod deletion failed but drain is enabled in spec. Will attempt a node drain"),
        (46, "Normal", f"{state} drain-required"),
        (45, "Normal", "Scheduling drain of the node"),
        (40, "Warning", f"Failed to drain the node, {refusal}"),
        (40, "Normal", f"{state} upgrade-failed"),
    )
    for minutes, kind, words in rows:
        at = cluster.clock.ago(minutes=minutes)
        cluster.add(
            event(
                node,
                "GPUDriverUpgrade",
                words,
                last=at,
                warning=kind == "Warning",
                component="nvidia-gpu-operator",
            )
        )
    cordoned = f"Node {STUCK_NODE} status is now: NodeNotSchedulable"
    at = cluster.clock.ago(minutes=52)
    cluster.add(event(node, "NodeNotSchedulable", cordoned, last=at, host=STUCK_NODE))
