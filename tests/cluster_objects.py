"""Nodes and pods as the API server gives them, for small clusters."""


def node(name, *, gpus=8, offers=None, labels=None, ready="True", **spec):
    has = {"nvidia.com/gpu": str(gpus), "cpu": "64", "memory": "512Gi", "pods": "110"}
    offered = {**has, "nvidia.com/gpu": str(gpus if offers is None else offers)}
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"nvidia.com/gpu.product": "H100", **(labels or {})}},
        "spec": spec,
        "status": {
            "capacity": has, "allocatable": offered,
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2026-11-26T09:00:00Z"}],
        },
    }  # fmt: skip


def pod(name, on=None, *, gpus=0, namespace="ml", phase="Running", **status):
    asked = {"cpu": "1", **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": "2026-11-26T09:00:00Z"},
        "spec": {
            "containers": [{"name": "main", "resources": {"requests": asked}}], **({"nodeName": on} if on else {}),
        },
        "status": {"phase": phase, **status},
    }  # fmt: skip


def waiting(name, *, gpus):
    """A pod that the scheduler has refused."""
    said = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu."
    refused = {
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said,
        "lastTransitionTime": "2026-11-26T09:10:00Z",
    }  # fmt: skip
    return pod(name, gpus=gpus, phase="Pending", conditions=[refused])
