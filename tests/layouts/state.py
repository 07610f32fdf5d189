"""One cluster's state, to be written in the layout of each collector."""

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parents[1]
NOT_PLURAL = {"Endpoints": "endpoints", "NetworkPolicy": "networkpolicies", "CSIDriver": "csidrivers"}


@dataclass(frozen=True)
class State:
    """Objects as the API server gives them, and logs: (namespace/pod, container, previous) -> text; node -> dmesg."""

    objects: list[dict]
    logs: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    kernel: dict[str, str] = field(default_factory=dict)

    def only(self, *kinds):
        """The objects of some kinds, and all logs."""
        return State([one for one in self.objects if one["kind"] in kinds], self.logs, self.kernel)

    @property
    def namespaces(self):
        """Every namespace that an object is in."""
        return sorted({namespace_of(one) for one in self.objects} - {""})

    def by_kind(self, namespace):
        """The objects of a namespace ("" for cluster-scoped ones), by (apiVersion, kind)."""
        found = defaultdict(list)
        for one in self.objects:
            if namespace_of(one) == namespace:
                found[one["apiVersion"], one["kind"]].append(one)
        return found


def namespace_of(item):
    return item["metadata"].get("namespace", "")


def group_of(api_version):
    """The API group as collectors name folders: core for the one without a name."""
    return api_version.rpartition("/")[0] or "core"


def plural(kind):
    """The resource of a kind, as paths have it."""
    if kind in NOT_PLURAL:
        return NOT_PLURAL[kind]
    word = kind.lower()
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return word + ("es" if word.endswith(("s", "x", "ch")) else "s")


def typed_list(items, api_version, kind, *, bare=True):
    """A list as typed clients give it; its items are `bare` (they do not repeat their kind) where Go wrote them."""
    left = ("apiVersion", "kind") if bare else ()
    bodies = [{key: value for key, value in one.items() if key not in left} for one in items]
    return {"kind": f"{kind}List", "apiVersion": api_version, "metadata": {"resourceVersion": "1"}, "items": bodies}


def demo():
    """The built-in example."""
    folder = HERE.parent / "diag" / "demo"
    logs = json.loads(gzip.decompress((folder / "logs.json.gz").read_bytes()))
    texts = {(one["pod"], one["container"], bool(one.get("previous"))): one["text"] for one in logs}
    return State(json.loads(gzip.decompress((folder / "cluster.json.gz").read_bytes()))["items"], texts)


def scenario(name):
    """A scenario that was dumped from a real API server."""
    packed = HERE / "real" / "scenarios" / name / "objects.json.gz"
    return State(json.loads(gzip.decompress(packed.read_bytes()))["items"])


def lost_card():
    """A node whose kernel tells that a GPU has left the bus, and the pod of its driver."""
    since = "2026-11-01T00:00:00+00:00"
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "up", "lastTransitionTime": since}
    gpus = {"nvidia.com/gpu": "8"}
    node = {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-7", "creationTimestamp": since},
        "status": {"capacity": gpus, "allocatable": gpus, "conditions": [ready]},
    }  # fmt: skip
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "driver-x", "namespace": "gpu-operator"},
        "spec": {"nodeName": "gpu-7", "containers": [{"name": "nvidia-driver-ctr"}]}, "status": {"phase": "Running"},
    }  # fmt: skip
    xid = "[12345.678901] NVRM: Xid (PCI:0000:b3:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
    return State([node, pod], kernel={"gpu-7": f"[    0.000000] Linux version 6.8.0\n{xid}\n"})


def case(name):
    """A case with logs."""
    objects = json.loads((HERE / "cases" / f"{name}.json").read_bytes())
    logs = json.loads((HERE / "cases" / f"{name}.logs.json").read_bytes())
    texts = {(one["pod"], one["container"], bool(one.get("previous"))): one["text"] for one in logs}
    return State(objects["items"], texts)


def plain(state):
    """The same state as the files that kubectl makes: path -> bytes."""
    logs = [
        {"pod": pod, "container": container, "previous": previous, "text": text}
        for (pod, container, previous), text in state.logs.items()
    ]
    dump = {"apiVersion": "v1", "kind": "List", "items": state.objects}
    kernel = {f"{node}/dmesg.txt": text.encode() for node, text in state.kernel.items()}
    return {"objects.json": as_json(dump), **({"logs.json": as_json(logs)} if logs else {}), **kernel}


def as_json(value):
    return json.dumps(value, indent=4).encode()
