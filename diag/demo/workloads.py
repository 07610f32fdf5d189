"""Healthy work, some of it with the scars that healthy work has."""

from typing import Any

from diag.demo.cluster import POOL, Cluster, keep, kubelet_says, owned_pods, scheduled, serve, train
from diag.demo.fleet import GENERAL, RESEARCH, SERVE, TRAIN
from diag.testing import (
    GPU_TOLERATION,
    Object,
    container,
    event,
    http_probe,
    job,
    pdb,
    pod_group,
    pod_spec,
    resource_quota,
    series_event,
    storage_class,
    succeeded,
)
from diag.testing.queues import POD_GROUP_LABEL
from diag.testing.specs import SHARED_MEMORY, SHARED_MEMORY_MOUNT

GANG_SCHEDULER = "scheduler-plugins-scheduler"
VLLM = "registry.example.com/serving/vllm-openai:v0.12.0"
TRAINER = "registry.example.com/training/torch:2.9.1-cu130"


def model_server(name: str, *, gpus: int = 1, image: str = VLLM, port: int = 8000, **fields: Any) -> Object:
    """The pod spec of a model server on the serving pool."""
    probe = http_probe("/health", port)
    server = container(
        "server",
        image,
        cpu=str(4 * gpus),
        memory=f"{32 * gpus}Gi",
        gpus=gpus,
        args=["--model", f"/models/{name}", "--tensor-parallel-size", str(gpus), "--port", str(port)],
        env={"HF_HOME": "/cache/hf", "VLLM_LOGGING_LEVEL": "INFO"},
        port=port,
        mounts=[SHARED_MEMORY_MOUNT],
        readinessProbe=probe,
        startupProbe=http_probe("/health", port, failures=120),
        **fields,
    )
    return pod_spec(server, volumes=[SHARED_MEMORY], node_selector={POOL: "serve-l40s"}, tolerations=[GPU_TOLERATION])


def trainer(*, pool: str, gpus: int = 8, scheduler: str = "default-scheduler") -> Object:
    """The pod spec of a training process on a pool."""
    process = container(
        "trainer",
        TRAINER,
        cpu="64",
        memory="512Gi",
        gpus=gpus,
        args=["torchrun", "--nproc-per-node", str(gpus), "train.py"],
        env={"NCCL_DEBUG": "WARN", "NCCL_IB_HCA": "mlx5", "OMP_NUM_THREADS": "8"},
        mounts=[SHARED_MEMORY_MOUNT],
    )
    return pod_spec(
        process,
        volumes=[SHARED_MEMORY],
        node_selector={POOL: pool},
        tolerations=[GPU_TOLERATION],
        restart_policy="Never",
        scheduler=scheduler,
    )


def build(cluster: Cluster) -> None:
    """Adds all healthy work."""
    _serving(cluster)
    _training(cluster)
    _data(cluster)
    _scars(cluster)


def _serving(cluster: Cluster) -> None:
    gateway = container(
        "gateway",
        "registry.example.com/serving/gateway:3.4.0",
        cpu="500m",
        memory="512Mi",
        port=8080,
        readinessProbe=http_probe("/ready", 8080),
    )
    nodes = GENERAL[:3]
    serve(
        cluster,
        "chat-gateway",
        pod_spec(gateway),
        namespace="atlas-serve",
        nodes=nodes,
        days=80,
        minutes=9000,
        port=8080,
    )
    created = cluster.clock.ago(days=80)
    cluster.add(
        pdb("chat-gateway", namespace="atlas-serve", app="chat-gateway", expected=3, min_available=2, created=created)
    )
    for name, minutes in (("atlas-chat-8b", 290), ("atlas-rerank", 240)):
        serve(
            cluster,
            name,
            model_server(name),
            namespace="atlas-serve",
            nodes=SERVE[:2],
            days=60,
            minutes=minutes,
            port=8000,
        )


def _training(cluster: Cluster) -> None:
    created = cluster.clock.ago(hours=17)
    cluster.add(pod_group("orca-dense-7b", namespace="orca-pretrain", min_member=4, members=4, created=created))
    train(
        cluster,
        "orca-dense-7b",
        trainer(pool="train-h100", scheduler=GANG_SCHEDULER),
        namespace="orca-pretrain",
        nodes=TRAIN[:4],
        minutes=17 * 60,
        labels={POD_GROUP_LABEL: "orca-dense-7b"},
    )
    train(
        cluster,
        "protein-folds",
        trainer(pool="research-h100"),
        namespace="polar-research",
        nodes=RESEARCH[:1],
        minutes=15 * 60,
    )
    hard, used = {"requests.nvidia.com/gpu": "24"}, {"requests.nvidia.com/gpu": "16"}
    cluster.add(
        resource_quota(
            "research-gpus", namespace="polar-research", hard=hard, used=used, created=cluster.clock.ago(days=100)
        )
    )


def _data(cluster: Cluster) -> None:
    clock = cluster.clock
    cluster.add(storage_class("block-ssd", provisioner="csi.block.example.com", created=clock.ago(days=200)))
    index = container("index", "registry.example.com/search/vector-index:1.18.2", cpu="8", memory="48Gi")
    spec = pod_spec(index)
    keep(cluster, "vector-index", spec, namespace="lumen-search", nodes=GENERAL[1:], days=70, claim="block-ssd")
    evaluation = container("eval", "registry.example.com/eval/harness:0.9.3", cpu="8", memory="32Gi")
    spec = pod_spec(evaluation, restart_policy="Never")
    started, ended = clock.ago(hours=7), clock.ago(hours=6)
    done = job(
        "nightly-eval-29823",
        spec,
        namespace="atlas-serve",
        parallelism=2,
        succeeded=2,
        completed=ended,
        created=started,
    )
    pods = owned_pods(cluster, done, GENERAL[2:], minutes=420)
    cluster.add(done, *(succeeded(item, started=started, finished=ended) for item in pods))


def _scars(cluster: Cluster) -> None:
    """A young pod with a full history: refused at first, then a probe that failed once; it has been fine since."""
    minutes = 26.0
    detector = container(
        "worker",
        "registry.example.com/data/dedup:5.2.0",
        cpu="6",
        memory="16Gi",
        readinessProbe=http_probe("/up", 9000),
    )
    (item,) = serve(
        cluster,
        "crawl-dedup",
        pod_spec(detector, node_selector={POOL: "general"}),
        namespace="lumen-search",
        nodes=GENERAL[:1],
        days=1,
        minutes=minutes,
    )
    tainted = "1 node(s) were unschedulable, 13 node(s) had untolerated taint(s)"
    stale = f"0/18 nodes are available: {tainted}, 4 Insufficient cpu."
    times = {"first": cluster.clock.micro(minutes=minutes), "last": cluster.clock.micro(minutes=minutes - 1)}
    cluster.add(series_event(item, "FailedScheduling", stale, **times, count=2, warning=True))
    cluster.add(scheduled(cluster, item, minutes=minutes - 0.5))
    image = detector["image"]
    pulled = f'Successfully pulled image "{image}" in 9.214s (9.214s including waiting). Image size: 1402341120 bytes.'
    kubelet_says(cluster, item, "Pulling", f'Pulling image "{image}"', minutes=minutes - 0.5)
    kubelet_says(cluster, item, "Pulled", pulled, minutes=minutes - 0.7)
    kubelet_says(cluster, item, "Created", "Container created", minutes=minutes - 0.8)
    kubelet_says(cluster, item, "Started", "Container started", minutes=minutes - 0.8)
    address = item["status"]["podIP"]
    refused = (
        f'Readiness probe failed: Get "http://{address}:9000/up": dial tcp {address}:9000: connect: connection refused'
    )
    kubelet_says(cluster, item, "Unhealthy", refused, minutes=minutes - 0.9, warning=True)
    owner = {**item["metadata"]["ownerReferences"][0], "metadata": {}}
    owner["metadata"] = {
        "name": owner["name"],
        "namespace": "lumen-search",
        "uid": owner["uid"],
        "resourceVersion": "7",
    }
    cluster.add(
        event(
            owner,
            "SuccessfulCreate",
            f"Created pod: {item['metadata']['name']}",
            last=cluster.clock.ago(minutes=minutes),
            component="replicaset-controller",
        )
    )
