"""A model server whose start takes three quarters of an hour: weights over one slow stream, then a large image.

The roll-out's deadline passes while the weights still come; nothing has failed, and nothing serves.
"""

from datetime import datetime, timedelta

from diag.demo.cluster import CLOCK, Cluster, kubelet_says, owned_pods, scheduled
from diag.demo.fleet import SERVE
from diag.demo.workloads import model_server
from diag.testing import Object, container, deployment, event, name_of, replica_set, running, service

NAME, NAMESPACE = "atlas-chat-32b", "atlas-serve"
IMAGE = "registry.example.com/serving/vllm-atlas:0.12.0-cu130"
IMAGE_BYTES = 40_268_435_456
FETCHER = "storage-initializer"
FETCHER_IMAGE = "kserve/storage-initializer:v0.17.0"
SOURCE = "s3://model-registry/atlas-chat-32b/r7"
SHARDS, SHARD_BYTES = 14, 4_680_413_184
DEADLINE_S = 1200

# Seconds ago of each step.
CREATED, FETCH, FETCHED, PULLED, STARTED = 2820, 2812, 934, 391, 389


def build(cluster: Cluster) -> None:
    """Adds the Deployment, its one pod, the events and both logs."""
    clock = cluster.clock
    created = clock.ago(seconds=CREATED)
    mount = {"name": "weights", "mountPath": "/mnt/models"}
    spec = model_server(NAME, gpus=4, image=IMAGE)
    fetcher = container(
        FETCHER,
        FETCHER_IMAGE,
        memory="4Gi",
        cpu="1",
        args=[SOURCE, "/mnt/models"],
        env={"S3_MAX_FILE_CONCURRENCY": "1"},
        mounts=[mount],
    )
    server = spec["containers"][0]
    server = {**server, "args": ["--model", "/mnt/models", *server["args"][2:]]}
    server["volumeMounts"] = [*server["volumeMounts"], mount]
    volumes = [*spec["volumes"], {"name": "weights", "emptyDir": {}}]
    spec = {**spec, "volumes": volumes, "initContainers": [fetcher], "containers": [server]}
    top = deployment(
        NAME,
        spec,
        namespace=NAMESPACE,
        ready=0,
        created=created,
        progress_deadline=DEADLINE_S,
        timed_out=clock.ago(seconds=CREATED - DEADLINE_S),
    )
    middle = replica_set(top)
    (bound,) = owned_pods(cluster, middle, SERVE[2:3], minutes=CREATED / 60)
    ended = {"exitCode": 0, "reason": "Completed"}
    ended |= {"startedAt": clock.ago(seconds=FETCH), "finishedAt": clock.ago(seconds=FETCHED)}
    item = running(bound, since=clock.ago(seconds=STARTED), ready=False, init=ended)
    cluster.add(top, middle, item, service(NAME, namespace=NAMESPACE, port=8000, created=created))
    _events(cluster, top, middle, item)
    cluster.log(item, FETCHER, _fetch_log())
    cluster.log(item, "server", _server_log())


def _events(cluster: Cluster, top: Object, middle: Object, item: Object) -> None:
    created = cluster.clock.ago(seconds=CREATED)
    scaled = f"Scaled up replica set {name_of(middle)} from 0 to 1"
    cluster.add(event(top, "ScalingReplicaSet", scaled, last=created, component="deployment-controller"))
    made = f"Created pod: {name_of(item)}"
    cluster.add(event(middle, "SuccessfulCreate", made, last=created, component="replicaset-controller"))
    cluster.add(scheduled(cluster, item, minutes=CREATED / 60))
    small = "in 3.871s (3.871s including waiting). Image size: 182411264 bytes."
    large = f"in 9m2.114s (9m2.114s including waiting). Image size: {IMAGE_BYTES} bytes."
    rows = (
        (FETCH + 5, f"init:{FETCHER}", "Pulling", f'Pulling image "{FETCHER_IMAGE}"'),
        (FETCH + 1, f"init:{FETCHER}", "Pulled", f'Successfully pulled image "{FETCHER_IMAGE}" {small}'),
        (FETCH + 1, f"init:{FETCHER}", "Created", "Container created"),
        (FETCH, f"init:{FETCHER}", "Started", "Container started"),
        (FETCHED - 1, "server", "Pulling", f'Pulling image "{IMAGE}"'),
        (PULLED, "server", "Pulled", f'Successfully pulled image "{IMAGE}" {large}'),
        (PULLED - 1, "server", "Created", "Container created"),
        (STARTED, "server", "Started", "Container started"),
    )
    for seconds, where, reason, words in rows:
        kubelet_says(cluster, item, reason, words, minutes=seconds / 60, container=where)
    address = item["status"]["podIP"]
    closed = f"dial tcp {address}:8000: connect: connection refused"
    refused = f'Startup probe failed: Get "http://{address}:8000/health": {closed}'
    first = (STARTED - 10) / 60
    kubelet_says(
        cluster, item, "Unhealthy", refused, minutes=0.15, first=first, count=38, warning=True, container="server"
    )


def _moment(seconds_ago: float) -> datetime:
    return CLOCK.now - timedelta(seconds=seconds_ago)


def _fetch_log() -> list[str]:
    """Lines of KServe's storage initializer; one file after the other, since one is fetched at a time."""

    def line(seconds_ago: float, words: str) -> str:
        return f"{_moment(seconds_ago):%Y-%m-%d %H:%M:%S}.204 1 kserve INFO {words}"

    begin = FETCH - 1
    per_shard = (begin - FETCHED) / SHARDS
    arguments = f"(src_uri, dest_path): [('{SOURCE}', '/mnt/models')]"
    lines = [
        line(begin, f"[initializer-entrypoint:<module>():16] Initializing, args: {arguments}"),
        line(begin, f"[kserve_storage.py:download():123] Copying contents of {SOURCE} to local"),
    ]
    for number in range(1, SHARDS + 1):
        shard = f"model-{number:05}-of-{SHARDS:05}.safetensors"
        path = f"{SOURCE.removeprefix('s3://model-registry/')}/{shard}"
        found = f"[kserve_storage.py:_download_s3():301] Found S3 object: {path} ({SHARD_BYTES} bytes)"
        done = f"[kserve_storage.py:_download_s3():322] Downloaded object {path} to /mnt/models/{shard}"
        lines.append(line(begin - per_shard * (number - 1), found))
        lines.append(line(begin - per_shard * number, done))
    lines.append(line(FETCHED, f"[kserve_storage.py:download():171] Successfully copied {SOURCE} to /mnt/models"))
    total = f"{begin - FETCHED}.127402"
    lines.append(line(FETCHED, f"[kserve_storage.py:download():172] Model downloaded in {total} seconds."))
    return lines


def _server_log() -> list[str]:
    """Lines of vLLM up to the compilation under way."""

    def line(seconds_ago: float, who: str, words: str) -> str:
        return f"({who}) INFO {_moment(seconds_ago):%m-%d %H:%M:%S} {words}"

    worker = "Worker_TP0 pid=231"
    lines = [
        line(376, "APIServer pid=1", "[api_server.py:1820] vLLM API server version 0.12.0"),
        line(
            362,
            "EngineCore pid=140",
            "[core.py:77] Initializing a V1 LLM engine (v0.12.0) with config: model='/mnt/models'",
        ),
        line(347, worker, "[gpu_model_runner.py:2392] Starting to load model /mnt/models..."),
    ]
    for shard in (0, 3, 7, 10, SHARDS):
        gone = shard * 14
        clock, left = f"{gone // 60:02}:{gone % 60:02}", (SHARDS - shard) * 14
        rest = f"{left // 60:02}:{left % 60:02}, 14.02s/it"
        percent = 100 * shard // SHARDS
        lines.append(
            f"Loading safetensors checkpoint shards: {percent:3}% Completed | {shard}/{SHARDS} [{clock}<{rest}]"
        )
    return [
        *lines,
        line(148, worker, "[default_loader.py:268] Loading weights took 196.31 seconds"),
        line(147, worker, "[gpu_model_runner.py:2453] Model loading took 15.3174 GiB and 199.480216 seconds"),
        line(
            139,
            worker,
            "[backends.py:548] Using cache directory: /root/.cache/vllm/torch_compile_cache for vLLM's torch.compile",
        ),
        line(112, worker, "[backends.py:559] Dynamo bytecode transform time: 26.84 s"),
    ]
