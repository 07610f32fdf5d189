"""An operand whose pods are refused, and the nodes and pods that lack it."""

import pytest

NAME = "nvidia-device-plugin-daemonset"
SAID = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
REFUSED = f'Error creating: pods "{NAME}-x" is forbidden: violates PodSecurity "baseline:latest": privileged'


def daemon_set(cluster, name=NAME, selector=None):
    template = {"spec": {"containers": [{"name": "c"}], "nodeSelector": selector or {}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "ml", "uid": "d", "creationTimestamp": cluster.LONG_AGO},
        "spec": {"template": template},
        "status": {"desiredNumberScheduled": 1, "currentNumberScheduled": 0, "numberReady": 0},
    }


def machine(cluster, labels):
    node = cluster.node("n1", gpus=0, labels=labels)
    for part in ("capacity", "allocatable"):
        del node["status"][part]["nvidia.com/gpu"]
    return node


def charged(cluster, name, *items):
    event = cluster.event("DaemonSet", name, "FailedCreate", REFUSED)
    found = cluster.trouble(*items, event).charges
    return sorted(one.because.symptom.workload.name for one in found if one.source.workload.name == name)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"nvidia.com/gpu.present": "true"}, ["n1"]),
        ({"node.kubernetes.io/instance-type": "g6e.12xlarge"}, ["w"]),
        ({"node.kubernetes.io/instance-type": "m7i.4xlarge"}, []),
    ],
    ids=["a node labelled for GPUs", "a machine with GPUs", "a machine without"],
)
def test_what_lacks_the_plugin_is_charged_to_its_daemon_set(cluster, labels, expected):
    waits = cluster.pod("w", 16, message=SAID)
    assert charged(cluster, NAME, machine(cluster, labels), daemon_set(cluster), waits) == expected


@pytest.mark.parametrize(
    ("name", "selector"),
    [("billing", None), (NAME, {"pool": "other"})],
    ids=["no operand", "not meant for the node"],
)
def test_nothing_else_is_charged(cluster, name, selector):
    node = machine(cluster, {"nvidia.com/gpu.present": "true"})
    assert charged(cluster, name, node, daemon_set(cluster, name, selector)) == []
