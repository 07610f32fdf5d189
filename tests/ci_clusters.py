"""Clusters in the states in which a failed job leaves them; each is a kubeconfig that leads there."""

import json
from contextlib import contextmanager
from pathlib import Path

from scenarios import scenario

from diag.testing.apiserver import EVERYTHING, Access, ApiServer, kubeconfig

BROKEN, _ = scenario("preempted-two-deployments")
NAMESPACE = "labs"  # where pods wait
ROOT = "Deployment live/translate"  # what they wait for
HEALTHY = json.loads((Path(__file__).parent / "healthy" / "gpu_stack.json").read_bytes())["items"]
# What deploy/ci/diagnose.sh leaves in its folder.
WRITTEN = {"snapshot.jsonl.gz"} | {f"report.{end}" for end in ("html", "md", "json", "junit.xml", "gitlab.json")}
_STATES = {
    "broken": (BROKEN, Access()),
    "nothing found": (HEALTHY, Access()),
    "forbidden": (BROKEN, Access(cluster=())),
    "one namespace": (BROKEN, Access(cluster=(), namespaced={NAMESPACE: EVERYTHING})),
}


@contextmanager
def cluster(state, place):
    """Serves a cluster, and writes the kubeconfig to `place`."""
    if state == "gone":
        yield kubeconfig(place, {"ci": "http://127.0.0.1:1"})
        return
    items, access = _STATES[state]
    with ApiServer(items, access=access) as server:
        yield kubeconfig(place, {"ci": server.url})
        assert all(each.method == "GET" or "selfsubject" in each.path for each in server.requests)


def names():
    """What nobody outside may read: the names of workloads and of the nodes that they run on."""
    pods = [
        item["metadata"]["name"] for item in BROKEN
        if item["kind"] == "Pod" and item["metadata"]["namespace"] in (NAMESPACE, "live")
    ]  # fmt: skip
    nodes = [item["metadata"]["name"] for item in BROKEN if item["kind"] == "Node"]
    return {*pods, *nodes, f"{NAMESPACE}/", f"-n {NAMESPACE}", ROOT}
