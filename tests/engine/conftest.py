"""Partial objects and a way to diagnose them: the engine's tests read like the clusters that they describe."""

import msgspec
import pytest

from diag.catalog.registry import Registry
from diag.causes.diagnose import diagnose
from diag.causes.report import make_report
from diag.snapshot.load import load
from diag.snapshot.sources.part import LogText, Part, Slice
from diag.trouble.trouble import Trouble

NOW = "2026-11-25T12:00:00Z"
LONG_AGO = "2026-11-25T11:00:00Z"


def part(items, *, path="objects.json", logs=(), **fields):
    slices = [Slice(raw=msgspec.Raw(item if isinstance(item, bytes) else msgspec.json.encode(item))) for item in items]
    return Part(path=path, items=slices, logs=[LogText(**log) for log in logs], **fields)


class Cluster:
    """What tests ask of a cluster made of plain objects."""

    NOW, LONG_AGO = NOW, LONG_AGO
    part = staticmethod(part)

    def snap(self, *items, now=NOW, **fields):
        return load([part(items, **fields)], now=now)[0]

    def groups(self, *items, **fields):
        return Trouble(self.snap(*items, **fields)).groups

    def trouble(self, *items, **fields):
        return Trouble(self.snap(*items, **fields))

    def diagnose(self, *items, rules=(), **fields):
        return diagnose(self.snap(*items, **fields), Registry(functions=list(rules)), lambda *_: True)

    def report(self, *items, rules=(), **fields):
        registry = Registry(functions=list(rules))
        return make_report([diagnose(self.snap(*items, **fields), registry, lambda *_: True)], registry)

    @staticmethod
    def node(name, gpus=8, *, offers=None, ready=True, taints=(), labels=None, unschedulable=False, **status):
        others = {"cpu": "64", "memory": "512Gi", "pods": "110"}
        told = {"status": "True" if ready else "Unknown", "reason": "NodeStatusUnknown", "lastTransitionTime": LONG_AGO}
        return {
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": labels or {}, "creationTimestamp": "2026-11-01T00:00:00Z"},
            "spec": {"taints": list(taints), **({"unschedulable": True} if unschedulable else {})},
            "status": {
                "capacity": {"nvidia.com/gpu": str(gpus), **others},
                "allocatable": {"nvidia.com/gpu": str(gpus if offers is None else offers), **others},
                "conditions": [{"type": "Ready", **told}],
                **status,
            },
        }  # fmt: skip

    @staticmethod
    def pod(  # noqa: PLR0913  one keyword for each part of a pod that tests vary
        name,
        gpus=0,
        *,
        node=None,
        message=None,
        owner=None,
        namespace="ml",
        created=LONG_AGO,
        phase=None,
        spec=None,
        meta=None,
        **status,
    ):
        limits = {"limits": {"nvidia.com/gpu": str(gpus)}} if gpus else {}
        conditions = []
        if message is not None:
            conditions.append(
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": message,
                    "lastTransitionTime": created,
                }
            )
        if node and phase is None:
            conditions.append({"type": "Ready", "status": "True", "lastTransitionTime": created})
        owners = (
            [
                {
                    "apiVersion": owner["apiVersion"],
                    "kind": owner["kind"],
                    "name": owner["metadata"]["name"],
                    "uid": owner["metadata"].get("uid", ""),
                    "controller": True,
                }
            ]
            if owner
            else []
        )
        named = {"name": name, "namespace": namespace, "creationTimestamp": created, "ownerReferences": owners}
        bound = {"nodeName": node} if node else {}
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {**named, **(meta or {})},
            "spec": {"containers": [{"name": "main", "resources": limits}], **bound, **(spec or {})},
            "status": {"phase": phase or ("Running" if node else "Pending"), "conditions": conditions, **status},
        }  # fmt: skip

    @staticmethod
    def job(name, *, namespace="ml", **spec):
        return {
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "creationTimestamp": LONG_AGO},
            "spec": spec or {"suspend": True}, "status": {},
        }  # fmt: skip

    @staticmethod
    def event(kind, name, reason, message, *, namespace="ml", warning=True, at=NOW, api_version="v1"):
        return {
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"{name}.{reason}", "namespace": namespace},
            "involvedObject": {"apiVersion": api_version, "kind": kind, "name": name, "namespace": namespace},
            "reason": reason, "message": message, "type": "Warning" if warning else "Normal",
            "firstTimestamp": at, "lastTimestamp": at,
        }  # fmt: skip

    @staticmethod
    def lacking(count, resource="nvidia.com/gpu"):
        return f"0/{count} nodes are available: {count} Insufficient {resource}."


@pytest.fixture
def cluster():
    return Cluster()
