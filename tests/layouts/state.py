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
    """Objects as the API server gives them, and logs: (namespace/pod, container, previous) -> text."""

    objects: list[dict]
    logs: dict[tuple[str, str, bool], str] = field(default_factory=dict)

    def only(self, *kinds):
        """The objects of some kinds, and all logs."""
        return State([one for one in self.objects if one["kind"] in kinds], self.logs)

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
    return {"objects.json": as_json(dump), "logs.json": as_json(logs)} if logs else {"objects.json": as_json(dump)}


def as_json(value):
    return json.dumps(value, indent=4).encode()
