"""A device plugin that found GPUs and fails, on a node of which nothing else tells that it has any."""

import pytest

FOUND = "Starting to serve 'nvidia.com/gpu' on /var/lib/kubelet/device-plugins/nvidia-gpu.sock"
BLIND = "Incompatible strategy detected auto"
PLUGIN = "nvidia-device-plugin-daemonset-x"


def plugin(cluster):
    pod = cluster.pod(PLUGIN, 0, node="n1")
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": cluster.LONG_AGO}
    status = {"name": "main", "restartCount": 9, "lastState": {"terminated": ended}}
    status["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    pod["status"] |= {"phase": "Running", "containerStatuses": [status]}
    return pod


@pytest.mark.parametrize(
    ("gpus", "line", "charged"),
    [(0, FOUND, ["w"]), (0, BLIND, []), (8, FOUND, [])],
    ids=["GPUs found", "none found", "a node offers GPUs"],
)
def test_the_plugin_is_charged_with_the_pods_that_wait_for_gpus(cluster, gpus, line, charged):
    said = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
    waits, node = cluster.pod("w", 16, message=said), cluster.node("n1", gpus=gpus)
    if not gpus:
        for part in ("capacity", "allocatable"):
            del node["status"][part]["nvidia.com/gpu"]
    log = {"pod": f"ml/{PLUGIN}", "container": "main", "previous": True, "text": line}
    found = cluster.trouble(node, plugin(cluster), waits, logs=[log]).charges
    assert [one.because.symptom.workload.name for one in found if one.source.workload.name == PLUGIN] == charged
