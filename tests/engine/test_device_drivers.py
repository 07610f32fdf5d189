"""A driver of claimed devices in trouble, and the pods on its node that wait for it."""

import pytest

IMAGE = "nvcr.io/nvidia/k8s-dra-driver-gpu:v25.8.0"
UNREGISTERED = "Failed to prepare dynamic resources: DRA driver gpu.nvidia.com is not registered"
SHARING = "error preparing devices for claim ml/c: MPS control daemon is not yet ready: context deadline exceeded"


def pod(cluster, name, *, image, node="n1", crashes=False):
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": cluster.LONG_AGO}
    status = {"name": "main", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}
    if crashes:
        waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
        status |= {"restartCount": 9, "state": waiting, "lastState": {"terminated": ended}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": cluster.LONG_AGO},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": image}]},
        "status": {"phase": "Running" if crashes else "Pending", "containerStatuses": [status]},
    }


def charged(cluster, *items):
    """The names of what is charged and to whom, as (source, charged)."""
    found = cluster.trouble(*items).charges
    return [(one.source.workload.name, one.because.symptom.workload.name) for one in found]


def refusal(cluster, words):
    return cluster.event("Pod", "w", "FailedPrepareDynamicResources", words)


def test_a_refused_pod_is_charged_to_the_driver_that_crashes_on_its_node(cluster):
    driver, waits = pod(cluster, "driver", image=IMAGE, crashes=True), pod(cluster, "w", image="app:1")
    assert charged(cluster, driver, waits, refusal(cluster, UNREGISTERED)) == [("driver", "w")]


@pytest.mark.parametrize(
    ("node", "image", "words"),
    [
        ("n2", IMAGE, UNREGISTERED),
        ("n1", "app:2", UNREGISTERED),
        ("n1", IMAGE, "the claim is not allowed"),
    ],
    ids=["on another node", "no driver", "another reason"],
)
def test_nothing_else_is_charged(cluster, node, image, words):
    driver, waits = pod(cluster, "driver", image=image, node=node, crashes=True), pod(cluster, "w", image="app:1")
    assert charged(cluster, driver, waits, refusal(cluster, words)) == []


def test_an_event_without_words_says_nothing(cluster):
    driver, waits = pod(cluster, "driver", image=IMAGE, crashes=True), pod(cluster, "w", image="app:1")
    assert charged(cluster, driver, waits, refusal(cluster, None)) == []


@pytest.mark.parametrize(("name", "expected"), [("mps-control-daemon-7a", True), ("other", False)])
def test_a_claim_that_is_shared_waits_for_its_daemon(cluster, name, expected):
    waits = pod(cluster, "w", image="app:1")
    daemon = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "dra", "uid": "u", "creationTimestamp": cluster.LONG_AGO},
        "spec": {"replicas": 1},
        "status": {"replicas": 0},
    }
    denied = f'Error creating: pods "{name}-x" is forbidden: unable to validate'
    event = cluster.event("ReplicaSet", name, "FailedCreate", denied, namespace="dra", api_version="apps/v1")
    found = charged(cluster, daemon, waits, event, refusal(cluster, SHARING))
    assert found == ([(name, "w")] if expected else [])
