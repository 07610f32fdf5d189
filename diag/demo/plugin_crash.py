"""A node out of inotify instances: its device plugin cannot start, and a Job waits for the GPUs it no longer offers."""

from datetime import timedelta

from diag.demo.cluster import CLOCK, Cluster, kubelet_says, scheduled
from diag.demo.fleet import DEAF_NODE
from diag.demo.operators import PLUGIN, PLUGIN_IMAGE, operand_pod
from diag.demo.workloads import trainer
from diag.testing import Object, crashing, event, job, name_of, pod, suffix
from diag.testing.meta import digest

CONTAINER = "nvidia-device-plugin"
# The kubelet waits 10, 20, 40, 80 and then 160 s between attempts: seconds ago at which each began.
ATTEMPTS_S = (277, 266, 245, 204, 123)


def build(cluster: Cluster) -> None:
    """Adds the crashing plugin with its log, and the Job that only this node could take."""
    clock = cluster.clock
    owner = cluster.find("DaemonSet", PLUGIN)
    young = operand_pod(cluster, owner, DEAF_NODE, minutes=280 / 60)
    ended = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": clock.ago(seconds=ATTEMPTS_S[-1]),
        "finishedAt": clock.ago(seconds=ATTEMPTS_S[-1]),
        "containerID": f"containerd://{digest('attempt', DEAF_NODE)}",
    }
    restarts = len(ATTEMPTS_S) - 1
    item = crashing(young, since=clock.ago(seconds=276), restarts=restarts, back_off="2m40s", terminated=ended)
    cluster.add(item)
    for previous, attempt in ((True, ATTEMPTS_S[-2]), (False, ATTEMPTS_S[-1])):
        cluster.log(item, CONTAINER, _log(attempt), previous=previous)
    _events(cluster, owner, item)
    _waiting_job(cluster)


def _log(seconds_ago: float) -> list[str]:
    """What the plugin prints before it exits (NVIDIA/k8s-device-plugin `cmd/nvidia-device-plugin/main.go`)."""
    moment = CLOCK.now - timedelta(seconds=seconds_ago)

    def stamp(level: str, micros: int) -> str:
        return f"{level}{moment:%m%d %H:%M:%S}.{micros:06}       1"

    folder = "/var/lib/kubelet/device-plugins"
    return [
        f'{stamp("I", 412870)} main.go:238] "Starting NVIDIA Device Plugin" version="v0.18.1"',
        f"{stamp('I', 413102)} main.go:241] Starting FS watcher for {folder}",
        f"{stamp('E', 413377)} main.go:175] failed to create FS watcher for {folder}/: too many open files",
    ]


def _events(cluster: Cluster, owner: Object, item: Object) -> None:
    first, last = ATTEMPTS_S[0] / 60, ATTEMPTS_S[-1] / 60
    uid, name = item["metadata"]["uid"], name_of(item)
    made = event(
        owner,
        "SuccessfulCreate",
        f"Created pod: {name}",
        last=cluster.clock.ago(seconds=280),
        component="daemonset-controller",
    )
    cluster.add(made, scheduled(cluster, item, minutes=280 / 60))
    present = f'Container image "{PLUGIN_IMAGE}" already present on machine and can be accessed by the pod'
    attempts = len(ATTEMPTS_S)
    for reason, words in (("Pulled", present), ("Created", "Container created"), ("Started", "Container started")):
        kubelet_says(cluster, item, reason, words, minutes=last, first=first, count=attempts, container=CONTAINER)
    back_off = f"Back-off restarting failed container {CONTAINER} in pod {name}_gpu-operator({uid})"
    kubelet_says(cluster, item, "BackOff", back_off, minutes=0.4, first=4.4, count=14, warning=True)


def _waiting_job(cluster: Cluster) -> None:
    name, namespace, minutes = "contrastive-sweep", "polar-research", 4.2
    created = cluster.clock.ago(minutes=minutes)
    top = job(name, trainer(pool="research-h100"), namespace=namespace, ready=0, created=created)
    template = top["spec"]["template"]
    item = pod(
        f"{name}-{suffix('pod', name)}",
        template["spec"],
        namespace=namespace,
        created=created,
        labels=template["metadata"]["labels"],
        owner=top,
    )
    cluster.add(top)
    cluster.wait(item, minutes=minutes, words=lambda room: room.sentence(item["spec"]))
