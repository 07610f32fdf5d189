"""The healthy part of the large cluster, yielded object by object."""  # noqa: INP001 - a folder of scripts

from collections.abc import Iterator, Sequence

from cluster import CLOCK, TEAMS, Cluster
from shapes import agent_spec, batch_spec, server_spec, service_spec, trainer_spec

from diag.testing import (
    Object,
    config_map,
    daemon_set,
    deployment,
    endpoint_slice,
    event,
    job,
    manifest,
    name_of,
    namespace,
    namespace_of,
    pdb,
    pod,
    priority_class,
    replica_set,
    resource_quota,
    running,
    service,
    storage_class,
    succeeded,
    suffix,
)

AGENTS = (  # name, namespace, operand label; without a label on every node
    ("cilium", "kube-system", ""),
    ("kube-proxy", "kube-system", ""),
    ("node-exporter", "monitoring", ""),
    ("node-feature-discovery-worker", "gpu-operator", ""),
    ("gpu-feature-discovery", "gpu-operator", "gpu-feature-discovery"),
    ("nvidia-container-toolkit-daemonset", "gpu-operator", "container-toolkit"),
    ("nvidia-dcgm-exporter", "gpu-operator", "dcgm-exporter"),
    ("nvidia-device-plugin-daemonset", "gpu-operator", "device-plugin"),
    ("nvidia-driver-daemonset", "gpu-operator", "driver"),
    ("nvidia-operator-validator", "gpu-operator", "operator-validator"),
)
NAMESPACES = ("data-eng", "default", "gpu-operator", "kube-node-lease", "kube-system", "monitoring", "platform")
REPLICAS = (12, 20, 30, 3, 2, 4, 24)
PARALLELISM = (4, 8, 10, 6)
GPU_SHARE = (("l40s", 3), ("a10g", 3))  # pool and how many of a node's four GPUs serve


def scenery() -> Iterator[Object]:
    """Namespaces, classes, quotas and configuration."""
    spaces = [*NAMESPACES, *(f"{team}-{kind}" for team in TEAMS for kind in ("prod", "dev", "train"))]
    for space in spaces:
        yield namespace(space, labels={"team": space.partition("-")[0]})
        yield config_map("kube-root-ca.crt", namespace=space, data={"ca.crt": "-----BEGIN CERTIFICATE-----\n" * 40})
        yield config_map("app-config", namespace=space, data={"app.yaml": "cache: {size: 1024}\n" * 20})
        yield manifest("v1", "ServiceAccount", "default", namespace=space)
    for name, value in (("batch-low", -10), ("gpu-batch", 1000), ("gpu-prod", 100000)):
        yield priority_class(name, value)
    yield storage_class("gp3", provisioner="ebs.csi.aws.com")
    rules = [{"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods", "nodes", "events"]}]
    for number in range(70):
        yield manifest("rbac.authorization.k8s.io/v1", "ClusterRole", f"reader-{number:02}", rules=rules)


def quotas(cluster: Cluster) -> Iterator[Object]:
    """A GPU quota with room for each training namespace, once all pods are known."""
    for team in TEAMS:
        used = cluster.gpus_asked[f"{team}-train"]
        key = "requests.nvidia.com/gpu"
        hard, taken = {key: str(2 * used + 64)}, {key: str(used)}
        yield resource_quota("gpus", namespace=f"{team}-train", hard=hard, used=taken)


def agents(cluster: Cluster) -> Iterator[Object]:
    """DaemonSets and their pods: four on each node, six more on each GPU node."""
    for name, space, label in AGENTS:
        nodes = cluster.gpu_names if label else cluster.names
        spec = agent_spec(name, f"registry.example.com/system/{name}:1.19.1", label)
        owner = daemon_set(name, spec, namespace=space, desired=len(nodes))
        yield owner
        labels = {**owner["spec"]["template"]["metadata"]["labels"], "pod-template-generation": "1"}
        labels["controller-revision-hash"] = suffix("revision", name, length=10)
        for node in nodes:
            yield bind(cluster, f"{name}-{suffix(name, node)}", spec, owner, node, labels)


def bind(
    cluster: Cluster, name: str, spec: Object, owner: Object, node: str, labels: dict[str, str], *, done: bool = False
) -> Object:
    """A pod that runs on a node, or ran there."""
    item = pod(name, spec, namespace=namespace_of(owner), node=node, labels=labels, owner=owner)
    if done:
        return succeeded(item, started=CLOCK.ago(hours=9), finished=CLOCK.ago(hours=8))
    cluster.room.take(node, spec)
    cluster.ask(item)
    return running(item, since=CLOCK.ago(days=3))


def deployments(cluster: Cluster, pods: int) -> Iterator[Object]:
    """Deployments with `pods` pods in all: model servers first, then services of every size."""
    number = 0
    for pool, per_node in GPU_SHARE:
        gpus = per_node * len(cluster.pools[pool])
        while gpus > 0 and pods > 0:
            replicas = min(REPLICAS[number % len(REPLICAS)], gpus, pods)
            name = f"{TEAMS[number % len(TEAMS)]}-llm-{number:03}"
            spec = server_spec(name, pool)
            nodes = [cluster.next_node(pool) for _ in range(replicas)]
            yield from rollout(cluster, name, spec, nodes, space=f"{TEAMS[number % len(TEAMS)]}-dev", port=8000)
            gpus, pods, number = gpus - replicas, pods - replicas, number + 1
    while pods > 0:
        replicas = min(REPLICAS[number % len(REPLICAS)], pods)
        team = TEAMS[number % len(TEAMS)]
        name = f"{team}-svc-{number:03}"
        spec = service_spec(name, cluster.pick(("2.7.1", "3.0.4", "4.12.0")))
        nodes = [cluster.next_node("general") for _ in range(replicas)]
        yield from rollout(cluster, name, spec, nodes, space=f"{team}-prod", port=8080)
        pods, number = pods - replicas, number + 1


def rollout(
    cluster: Cluster, name: str, spec: Object, nodes: Sequence[str], *, space: str, port: int
) -> Iterator[Object]:
    """A healthy Deployment with its ReplicaSet and pods; often a Service, sometimes a disruption budget."""
    extra = {
        "app.kubernetes.io/managed-by": "argocd",
        "app.kubernetes.io/part-of": space.partition("-")[0],
        "app.kubernetes.io/version": "2.7.1",
        "cost-center": f"cc-{cluster.choose.randrange(10, 99)}",
        "team": space.partition("-")[0],
        "topology.kubernetes.io/region": "north-1",
    }
    top = deployment(name, spec, namespace=space, replicas=len(nodes), labels=extra)
    middle = replica_set(top)
    labels = middle["spec"]["template"]["metadata"]["labels"]
    pods = [
        bind(cluster, f"{name_of(middle)}-{suffix(name, str(i))}", spec, middle, node, labels)
        for i, node in enumerate(nodes)
    ]
    yield top
    yield middle
    yield from pods
    if cluster.choose.random() < 0.57:  # noqa: PLR2004 - 231 of 405
        front = service(name, namespace=space, port=port)
        yield front
        yield endpoint_slice(front, pods, port=port)
    if cluster.choose.random() < 0.27:  # noqa: PLR2004 - 110 of 405
        yield pdb(name, namespace=space, app=name, expected=len(pods), max_unavailable=1)


def jobs(cluster: Cluster, pods: int) -> Iterator[Object]:
    """Jobs with `pods` pods in all: training on seven of ten H100 nodes, then pipelines, a third of them done."""
    number = 0
    for _ in range(min(len(cluster.pools["h100"]) * 7 // 10, pods)):
        space = f"{TEAMS[number % len(TEAMS)]}-train"
        top = job(f"pretrain-{number:03}", trainer_spec(), namespace=space)
        yield from _work(cluster, top, [cluster.next_node_with("h100", 8)])
        pods, number = pods - 1, number + 1
    while pods > 0:
        size = min(PARALLELISM[number % len(PARALLELISM)], pods)
        done = number % 3 == 0
        name = f"etl-{number:04}"
        top = job(
            name,
            batch_spec(name),
            namespace="data-eng",
            parallelism=size,
            succeeded=size if done else 0,
            completed=CLOCK.ago(hours=8) if done else "",
        )
        yield from _work(cluster, top, [cluster.next_node("general") for _ in range(size)], done=done)
        pods, number = pods - size, number + 1


def _work(cluster: Cluster, top: Object, nodes: Sequence[str], *, done: bool = False) -> Iterator[Object]:
    yield top
    template = top["spec"]["template"]
    name = name_of(top)
    for index, node in enumerate(nodes):
        pod_name = f"{name}-{suffix(name, str(index))}"
        yield bind(cluster, pod_name, template["spec"], top, node, template["metadata"]["labels"], done=done)


def history(item: Object) -> Iterator[Object]:
    """The events of a pod's start within the last hour."""
    node, image = item["spec"]["nodeName"], item["spec"]["containers"][0]["image"]
    where, main = f"{namespace_of(item)}/{name_of(item)}", item["spec"]["containers"][0]["name"]
    at = CLOCK.ago(minutes=20)
    yield event(item, "Scheduled", f"Successfully assigned {where} to {node}", last=at, component="default-scheduler")
    size = "Image size: 2532784039 bytes."
    for reason, words in (
        ("Pulling", f'Pulling image "{image}"'),
        ("Pulled", f'Successfully pulled image "{image}" in 10.531s (10.531s including waiting). {size}'),
        ("Created", "Container created"),
        ("Started", "Container started"),
    ):
        yield event(item, reason, words, last=at, host=node, container=main)
