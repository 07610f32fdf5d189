"""A volume that a pod of the node serves as a file system, and the pods that cannot mount it while that one is down."""

import pytest

FLUID = {"role": "juicefs-fuse", "release": "weights"}
UNMOUNTED = 'MountVolume.SetUp failed for volume "ml-weights" : rpc error: code = Unknown desc = fuse pod is not ready'


def server(cluster, *, labels, node="n1", namespace="ml"):
    ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": cluster.LONG_AGO}
    status = {"name": "main", "ready": False, "restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "mount", "namespace": namespace, "creationTimestamp": cluster.LONG_AGO, "labels": labels},
        "spec": {"nodeName": node, "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [status | {"lastState": {"terminated": ended}}]},
    }


def reader(cluster, claim="weights"):
    status = {"name": "main", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}
    volumes = [{"name": "w", "persistentVolumeClaim": {"claimName": claim}}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "reader", "namespace": "ml", "creationTimestamp": cluster.LONG_AGO},
        "spec": {"nodeName": "n1", "containers": [{"name": "main"}], "volumes": volumes},
        "status": {"phase": "Pending", "containerStatuses": [status]},
    }


def volume(handle="vol-1"):
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "weights", "namespace": "ml"}}
    found = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-7"}}
    driver = {"csi": {"driver": "csi.juicefs.com", "volumeHandle": handle}}
    return [claim | {"spec": {"volumeName": "pv-7"}, "status": {"phase": "Bound"}}, found | {"spec": driver}]


def charged(cluster, *items, words=UNMOUNTED):
    """The names of what is charged and to whom, as (source, charged)."""
    found = cluster.trouble(*items, cluster.event("Pod", "reader", "FailedMount", words)).charges
    return [(one.source.first.name, one.because.symptom.first.name) for one in found]


@pytest.mark.parametrize(
    ("labels", "beside"),
    [
        (FLUID, []),
        ({"app.kubernetes.io/name": "juicefs-mount", "volume-id": "vol-1"}, volume()),
        ({"s3.csi.aws.com/volume-name": "pv-7"}, volume()),
    ],
    ids=["a dataset", "a volume by its handle", "a volume by its name"],
)
def test_a_pod_that_cannot_mount_is_charged_to_the_pod_that_serves_its_volume(cluster, labels, beside):
    assert charged(cluster, server(cluster, labels=labels), reader(cluster), *beside) == [("mount", "reader")]


@pytest.mark.parametrize(
    ("change", "claim", "beside", "words"),
    [
        ({"labels": FLUID, "node": "n2"}, "weights", [], UNMOUNTED),
        ({"labels": FLUID | {"release": "other"}}, "weights", [], UNMOUNTED),
        ({"labels": FLUID | {"role": "juicefs-worker"}}, "weights", [], UNMOUNTED),
        ({"labels": FLUID, "namespace": "dev"}, "weights", [], UNMOUNTED),
        ({"labels": FLUID}, "logs", [], UNMOUNTED),
        ({"labels": {"volume-id": "vol-2"}}, "weights", volume(), UNMOUNTED),
        ({"labels": {"volume-id": "vol-1"}}, "weights", [], UNMOUNTED),
        ({"labels": FLUID}, "weights", [], "network plugin is not ready"),
    ],
    ids=["node", "dataset", "role", "namespace", "claim", "handle", "volume not known", "other words"],
)
def test_nobody_else_is_charged(cluster, change, claim, beside, words):
    assert charged(cluster, server(cluster, **change), reader(cluster, claim), *beside, words=words) == []
