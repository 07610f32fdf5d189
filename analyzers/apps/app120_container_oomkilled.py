"""APP120, IMG130, OBS130, SRV130, STO130: a container exceeded its memory limit and was killed."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.pods import statuses
from diag.findings import Because, Evidence, FieldEvidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import ContainerStatus, Pod
from diag.trouble.groups import Group

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
SYMPTOMS = (*CRASHED, "container-not-started", "container-not-ready")
RECENT_S = 3600
DOWNLOADER = re.compile(
    r"storage-initializer|download|fetch|model-?(?:pull|load|init|sync)|weights|hf-|puller", re.IGNORECASE
)
EXPORTER = re.compile(r"dcgm-exporter", re.IGNORECASE)
FUSE = re.compile(r"fuse|mountpoint-s3|s3fs|juicefs|mount-pod", re.IGNORECASE)
LOADING = re.compile(
    r"Starting to load model|Loading safetensors checkpoint shards|Load weight begin|Waiting for shard to be ready"
    r"|Loading (?:pt|bin) checkpoint shards|loading model tensors"
)
LOADED = re.compile(
    r"Application startup complete|Shard ready in|fired up and ready to roll|Connected$|server is listening"
)

DOWNLOAD = """The container that downloads the model exceeds its memory limit.

## What it means
An init container (KServe's storage-initializer or the like) was killed while it fetched the weights. The server never
starts.

## Why it happens
Downloaders keep several parts of large files in memory, and the page cache of what they write counts against the limit.
Defaults such as KServe's 1Gi are made for small models.

## Evidence
The container's last end (`OOMKilled`, exit code 137) and its `resources.limits.memory`.

## What to do
Raise the limit of that container (for KServe: the ConfigMap inferenceservice-config, or the ClusterStorageContainer),
or lower the number of parallel downloads.

## Known limits
How much it would need is not known: usage is not part of the objects.
"""

ENGINE = """The serving container exceeds its host memory limit while loading weights.

## What it means
The model server was killed while it loaded the weights: not for GPU memory, but for that of its container.

## Why it happens
Weights pass through host memory on their way to the GPU, pinned buffers and caches come on top, and the limit is below
that.

## Evidence
The container's last end (`OOMKilled`, exit code 137), its `resources.limits.memory`, and a log that ends in loading.

## What to do
Raise the memory limit above the size of the largest shard times the number of ranks, or load in a streaming way.

## Known limits
How much it would need is not known: usage is not part of the objects.
"""

FUSE_PAGE = """The FUSE process ran out of memory, and its mount is dead.

## What it means
The sidecar or mount container that serves a bucket as a file system was killed. Reads of the volume fail, and the main
container does not start or dies with it.

## Why it happens
File and metadata caches of the mount grow with the model, and the sidecar's memory limit stays at its small default.

## Evidence
The sidecar's last end (`OOMKilled`), its `resources.limits.memory`, and the kubelet's words about the volume.

## What to do
Raise the sidecar's memory limit (for GKE: the annotation gke-gcsfuse/memory-limit), or limit its caches.

## Known limits
A FUSE process of the node, outside the pod, is not seen.
"""

EXPORTER_PAGE = """DCGM's exporter exceeds its memory limit.

## What it means
The exporter of GPU metrics was killed on a node: dashboards, alerts and scalers miss that node's GPUs. Workloads on the
GPUs are well.

## Why it happens
Each GPU, MIG instance and watched field costs memory, profiling fields most of all, and the limit of 128Mi or 512Mi is
made for fewer.

## Evidence
The exporter's last end (`OOMKilled`, exit code 137) and its `resources.limits.memory`.

## What to do
Raise the exporter's memory limit, or watch fewer fields.

## Known limits
How much it would need is not known: usage is not part of the objects.
"""


@rule(
    "APP120",
    name="container-oomkilled",
    question=Question.STARTED,
    inputs=("Pod",),
    others=(
        Named(id="IMG130", name="model-download-oomkilled", page=DOWNLOAD, refines=("container-oomkilled",)),
        Named(id="OBS130", name="dcgm-exporter-oom", page=EXPORTER_PAGE, refines=("container-oomkilled",)),
        Named(id="SRV130", name="engine-oomkilled", page=ENGINE, refines=("container-oomkilled",)),
        Named(
            id="STO130",
            name="fuse-process-oomkilled",
            page=FUSE_PAGE,
            refines=("container-oomkilled", "volume-mount-failed"),
        ),
    ),
)
def container_oomkilled(ctx: Context) -> Iterator[Finding]:
    """The container exceeded its memory limit and was killed.

    ## What it means
    The kernel ended the container's process because its memory group was full. It will happen again with the same work
    and limit.

    ## Why it happens
    The limit is below what the work needs, or the process leaks. For GPU work: data loaders with many workers,
    checkpoints gathered in host memory, `/dev/shm` (which counts as memory).

    ## Evidence
    `terminated.reason` OOMKilled and the exit code of the container's last end, and its `resources.limits.memory`.

    ## What to do
    Raise the memory limit (and request), or lower what is held in memory: fewer workers, smaller batches, sharded
    checkpoints.

    ## Known limits
    Usage is not part of the objects. A container without a limit is killed when its node or pod runs out of memory.
    """
    for group in ctx.groups(*SYMPTOMS):
        killed = [found for member in group.members if (found := _killed(ctx, group, member))]
        if killed:
            yield _finding(ctx, group, killed)


Killed = tuple[Pod, str, ContainerStatus, str]  # pod, path of the status, the status, path of the end


def _killed(ctx: Context, group: Group, member: object) -> Killed | None:
    """The container of a member whose end for memory explains the group's trouble."""
    if not isinstance(member, Pod):
        return None
    for path, status in statuses(member):
        for name, state in (("state", status.state), ("lastState", status.last_state)):
            ended = state.terminated if state else None
            if ended is None or ended.reason != "OOMKilled":
                continue
            own = status.name == group.container and group.symptom in CRASHED
            again = (status.restart_count or 0) > 1
            if own or ((again or not ctx.older(ended.finished_at, RECENT_S)) and _stands_for(group, status)):
                return member, path, status, f"{path}.{name}.terminated"
    return None


def _stands_for(group: Group, status: ContainerStatus) -> bool:
    """Whether a container beside the one in trouble may be the reason: a mount is, else one that is not ready."""
    if FUSE.search(f"{status.name} {status.image}"):
        return True
    return group.symptom in ("container-not-ready", "container-not-started") and status.ready is False


def _finding(ctx: Context, group: Group, killed: list[Killed]) -> Finding:
    pod, path, status, end = killed[0]
    limit = _limit(ctx, pod, status.name or "")
    limited = f"its memory limit of {limit.value}" if limit else "the memory of its node or pod (it has no limit)"
    restarts = f", {status.restart_count} restarts" if status.restart_count else ""
    count = f" in {len(killed)} pods" if len(killed) > 1 else ""
    name = _name(ctx, pod, path, status)
    summary = f"container {status.name} exceeded {limited} and was killed (OOMKilled{restarts}){count}"
    reason = ctx.cite(pod, f"{end}.reason")
    pieces: list[Evidence] = [ctx.cite_or_lack(pod, f"{end}.exitCode"), *([limit] if limit else [])]
    return Finding(
        name=name,
        subject=group.workload,
        summary=summary,
        evidence=as_proof(list(dict.fromkeys((reason, *pieces, *group.evidence)))),
        accounts_for=(Because(group, summary, (reason, *pieces), members=len(killed)),),
        since=group.since,
        remedies=(
            Remedy(
                text=f"raise resources.limits.memory of container {status.name}"
                + (f" above {limit.value}" if limit else "")
            ),
            Remedy(text="lower what it holds in memory: fewer workers or threads, smaller batches, smaller caches"),
        ),
    )


def _name(ctx: Context, pod: Pod, path: str, status: ContainerStatus) -> str:
    what = f"{status.name} {status.image}"
    if FUSE.search(what):
        return "fuse-process-oomkilled"
    if path.startswith("status.init") and DOWNLOADER.search(what):
        return "model-download-oomkilled"
    if EXPORTER.search(what):
        return "dcgm-exporter-oom"
    lines = ctx.snap.log(pod, status.name or "", previous=True) or ctx.snap.log(pod, status.name or "")
    if any(LOADING.search(line) for line in lines) and not any(LOADED.search(line) for line in lines):
        return "engine-oomkilled"
    return "container-oomkilled"


def _limit(ctx: Context, pod: Pod, container: str) -> FieldEvidence | None:
    """The memory limit of a container as it is written."""
    spec = pod.whole.get("spec")
    for part in ("initContainers", "containers"):
        listed = spec.get(part) if isinstance(spec, dict) else None
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            path = f"spec.{part}[{index}].resources.limits.memory"
            if isinstance(one, dict) and one.get("name") == container:
                return ctx.cite_if(pod, path)
    return None
