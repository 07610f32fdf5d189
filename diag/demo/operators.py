"""What every node runs: the GPU operator's operands, the network, the monitors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from diag.demo.cluster import Cluster, keep, serve
from diag.demo.fleet import (
    DEAF_NODE,
    GENERAL,
    NEW_DRIVER,
    OLD_DRIVER,
    RESEARCH,
    SERVE,
    STUCK_NODE,
    TRAIN,
    UPGRADED_HOURS,
)
from diag.testing import GPU_TOLERATION, Object, container, daemon_set, http_probe, pod, pod_spec, running, suffix

GPU_NODES = TRAIN + RESEARCH + SERVE
OPERATOR = "nvcr.io/nvidia/gpu-operator:v25.10.1"
PLUGIN_IMAGE = "nvcr.io/nvidia/k8s-device-plugin:v0.18.1"
DRIVER = "nvidia-driver-daemonset"
PLUGIN = "nvidia-device-plugin-daemonset"
ANY_TAINT: Object = {"operator": "Exists"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """A DaemonSet of the GPU operator; `label` is the node label that asks for it, `after` minutes after the driver."""

    name: str
    label: str
    container: str
    image: str
    after: int
    waits: str = "toolkit-validation"
    fields: Object = field(default_factory=dict)


OPERANDS = (
    Operand(
        name=DRIVER,
        label="driver",
        container="nvidia-driver-ctr",
        image=f"nvcr.io/nvidia/driver:{NEW_DRIVER}-ubuntu24.04",
        after=0,
        waits="k8s-driver-manager",
        fields={"securityContext": {"privileged": True}},
    ),
    Operand(
        name="nvidia-container-toolkit-daemonset",
        label="container-toolkit",
        container="nvidia-container-toolkit-ctr",
        image="nvcr.io/nvidia/k8s/container-toolkit:v1.18.1",
        after=6,
        waits="driver-validation",
        fields={"securityContext": {"privileged": True}},
    ),
    Operand(name=PLUGIN, label="device-plugin", container="nvidia-device-plugin", image=PLUGIN_IMAGE, after=7),
    Operand(
        name="gpu-feature-discovery",
        label="gpu-feature-discovery",
        container="gpu-feature-discovery",
        image=PLUGIN_IMAGE,
        after=7,
    ),
    Operand(
        name="nvidia-dcgm-exporter",
        label="dcgm-exporter",
        container="nvidia-dcgm-exporter",
        image="nvcr.io/nvidia/k8s/dcgm-exporter:4.4.2-4.7.0-ubuntu22.04",
        after=7,
    ),
    Operand(
        name="nvidia-operator-validator",
        label="operator-validator",
        container="nvidia-operator-validator",
        image=OPERATOR,
        after=8,
        waits="plugin-validation",
    ),
)


def build(cluster: Cluster) -> None:
    """Adds the operands and the agents; the device plugin's pod of one node is left to `plugin_crash`."""
    for operand in OPERANDS:
        _operand(cluster, operand)
    everywhere = GENERAL + GPU_NODES
    _agent(
        cluster, "node-feature-discovery-worker", "gpu-operator", "registry.k8s.io/nfd/node-feature-discovery:v0.18.3"
    )
    _agent(cluster, "kube-proxy", "kube-system", "registry.k8s.io/kube-proxy:v1.36.2", nodes=everywhere)
    _agent(cluster, "cilium", "kube-system", "quay.io/cilium/cilium:v1.19.1", nodes=everywhere)
    _agent(cluster, "node-exporter", "monitoring", "quay.io/prometheus/node-exporter:v1.10.2", nodes=everywhere)
    _singles(cluster)


def operand_pod(cluster: Cluster, owner: Object, node: str, *, minutes: float) -> Object:
    """A DaemonSet's pod on a node, not started yet."""
    name, namespace = owner["metadata"]["name"], owner["metadata"]["namespace"]
    template = owner["spec"]["template"]
    generation = owner["metadata"]["annotations"]["deprecated.daemonset.template.generation"]
    labels = {**template["metadata"]["labels"], "controller-revision-hash": suffix(name, generation, length=10)}
    labels["pod-template-generation"] = generation
    own = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_only(node)]}}}
    return pod(
        f"{name}-{suffix('daemon', name, node)}",
        {**template["spec"], "affinity": own},
        namespace=namespace,
        created=cluster.clock.ago(minutes=minutes),
        node=node,
        labels=labels,
        owner=owner,
    )


def _only(node: str) -> Object:
    return {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}


def _operand(cluster: Cluster, operand: Operand) -> None:
    driver, plugin = operand.name == DRIVER, operand.name == PLUGIN
    spec = pod_spec(
        container(operand.container, operand.image, cpu="50m", memory="256Mi", **operand.fields),
        init=[container(operand.waits, OPERATOR, cpu="10m", memory="64Mi")],
        node_selector={f"nvidia.com/gpu.deploy.{operand.label}": "true"},
        tolerations=[GPU_TOLERATION],
        priority_class="system-node-critical",
        serviceAccountName=operand.name.removesuffix("-daemonset"),
    )
    desired = len(GPU_NODES)
    owner = daemon_set(
        operand.name,
        spec,
        namespace="gpu-operator",
        desired=desired,
        ready=desired - plugin,
        updated=desired - driver,
        created=cluster.clock.ago(days=120),
        on_delete=driver,
        generation=2 if driver else 1,
    )
    cluster.add(owner)
    for node in GPU_NODES:
        if plugin and node == DEAF_NODE:
            continue
        upgraded = UPGRADED_HOURS.get(node, 61 * 24) * 60 - operand.after
        item = operand_pod(cluster, owner, node, minutes=upgraded)
        if driver and node == STUCK_NODE:
            item = _older_driver(item)
        cluster.add(running(item, since=cluster.clock.ago(minutes=upgraded - (5 if driver else 1))))


def _older_driver(item: Object) -> Object:
    """The driver's pod of the revision before: strategy OnDelete leaves it until the node is drained."""
    labels = {**item["metadata"]["labels"], "controller-revision-hash": suffix(DRIVER, "1", length=10)}
    labels["pod-template-generation"] = "1"
    first, *rest = item["spec"]["containers"]
    older = {**first, "image": f"nvcr.io/nvidia/driver:{OLD_DRIVER}-ubuntu24.04"}
    return {
        **item,
        "metadata": {**item["metadata"], "labels": labels},
        "spec": {**item["spec"], "containers": [older, *rest]},
    }


def _agent(cluster: Cluster, name: str, namespace: str, image: str, *, nodes: Sequence[str] = ()) -> None:
    nodes = nodes or GENERAL + GPU_NODES
    spec = pod_spec(
        container(name, image, cpu="100m", memory="256Mi"),
        tolerations=[ANY_TAINT],
        priority_class="system-node-critical",
        hostNetwork=namespace == "kube-system",
    )
    created = cluster.clock.ago(days=118)
    owner = daemon_set(name, spec, namespace=namespace, desired=len(nodes), created=created)
    pods = [operand_pod(cluster, owner, node, minutes=118 * 1440 - 4) for node in nodes]
    cluster.add(owner, *(running(item, since=cluster.clock.ago(days=117.99)) for item in pods))


def _singles(cluster: Cluster) -> None:
    """Controllers that run once or twice, on the general pool."""
    rows = (
        ("gpu-operator", "gpu-operator", OPERATOR, 1),
        ("node-feature-discovery-master", "gpu-operator", "registry.k8s.io/nfd/node-feature-discovery:v0.18.3", 1),
        ("coredns", "kube-system", "registry.k8s.io/coredns/coredns:v1.13.1", 2),
        ("metrics-server", "kube-system", "registry.k8s.io/metrics-server/metrics-server:v0.8.0", 2),
        ("kube-state-metrics", "monitoring", "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.17.0", 1),
        (
            "scheduler-plugins-scheduler",
            "scheduler-plugins",
            "registry.k8s.io/scheduler-plugins/kube-scheduler:v0.34.7",
            1,
        ),
        (
            "scheduler-plugins-controller",
            "scheduler-plugins",
            "registry.k8s.io/scheduler-plugins/controller:v0.34.7",
            1,
        ),
    )
    for index, (name, namespace, image, replicas) in enumerate(rows):
        probe = http_probe("/healthz", 8081)
        spec = pod_spec(
            container(name, image, cpu="200m", memory="512Mi", readinessProbe=probe),
            priority_class="system-cluster-critical",
        )
        nodes = [GENERAL[(index + i) % len(GENERAL)] for i in range(replicas)]
        serve(cluster, name, spec, namespace=namespace, nodes=nodes, days=118, minutes=40 * 1440)
    prometheus = container("prometheus", "quay.io/prometheus/prometheus:v3.8.0", cpu="4", memory="24Gi")
    keep(cluster, "prometheus", pod_spec(prometheus), namespace="monitoring", nodes=GENERAL[:2], days=90)
