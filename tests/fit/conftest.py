"""Small clusters as files, asked through the library."""

import json

import pytest

from diag.api import fit


def node(  # noqa: PLR0913  what tells one node from another
    name, *, gpus=8, cpu="64", memory="512Gi", taints=(), labels=None, unschedulable=False, ready=True, offers=None
):
    offered = gpus if offers is None else offers
    has = {"nvidia.com/gpu": str(gpus), "cpu": cpu, "memory": memory, "pods": "110"}
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": list(taints), **({"unschedulable": True} if unschedulable else {})},
        "status": {
            "capacity": has, "allocatable": {**has, "nvidia.com/gpu": str(offered)},
            "conditions": [{"type": "Ready", "status": "True" if ready else "Unknown"}],
        },
    }  # fmt: skip


def pod(  # noqa: PLR0913  what tells one pod from another
    name, on=None, *, gpus=0, cpu="0", namespace="ml", owner="Job", labels=None, priority=0, meta=None, **spec
):
    asked = {"cpu": cpu, **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    owners = [{"apiVersion": "batch/v1", "kind": owner, "name": f"{name}-owner", "controller": True}] if owner else []
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "labels": labels or {}, "ownerReferences": owners, **(meta or {})
        },
        "spec": {
            "containers": [{"name": "main", "resources": {"requests": asked}}], "priority": priority,
            **({"nodeName": on} if on else {}), **spec,
        },
        "status": {"phase": "Running" if on else "Pending"},
    }  # fmt: skip


def budget(name, labels, *, allowed, namespace="ml"):
    return {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": namespace},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1},
    }  # fmt: skip


SYSTEM = pod("coredns", "system", namespace="kube-system")


@pytest.fixture
def ask(tmp_path):
    """Asks a cluster of these objects, and gives the row of its answer."""

    def asked(*items, **question):
        path = tmp_path / "cluster.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        return fit([path], **question).clusters[0]

    return asked
