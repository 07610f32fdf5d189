"""What is told of a shortage beside its name: who holds the GPUs, which move would help, where the counts differ."""

import msgspec
import pytest

from diag.catalog.registry import load as load_rules
from diag.causes.diagnose import diagnose
from diag.findings import Confidence
from diag.snapshot.load import load
from diag.snapshot.sources.part import Part, Slice

REGISTRY = load_rules(third_party=False)
SINCE = "2026-11-25T10:00:00Z"


def node(name, gpus=8):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"allocatable": {"nvidia.com/gpu": str(gpus)}},
    }


def pod(name, gpus, on=None, message=""):
    status = {"phase": "Running"}
    if not on:
        refused = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastTransitionTime": SINCE,
        }
        status = {"phase": "Pending", "conditions": [refused]}
    container = {"name": "c", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}
    spec = {"containers": [container], **({"nodeName": on} if on else {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": SINCE},
        "spec": spec,
        "status": status,
    }


def shortage(*items):
    parts = [Part(path="x", items=[Slice(raw=msgspec.Raw(msgspec.json.encode(item))) for item in items])]
    return diagnose(load(parts)[0], REGISTRY, lambda rule, _: rule.startswith("SCH13"))


def message(nodes):
    return f"0/{nodes} nodes are available: {nodes} Insufficient nvidia.com/gpu."


def test_the_smallest_move_that_would_help_is_named():
    # n1 lacks three GPUs, which the pod of three frees; n2 lacks five, and n1 has no room for its pods.
    items = [
        node("n1"),
        node("n2"),
        pod("a", 3, "n1"),
        pod("b", 3, "n2"),
        pod("c", 2, "n2"),
        pod("big", 8, message=message(2)),
    ]

    cause = shortage(*items).causes[0]

    assert cause.name == "gpu-fragmentation"
    assert cause.node.found.finding.remedies[1].text == "free n1: by requests, ml/a to n2 would have room"


def test_no_move_is_named_where_none_would_help():
    # Four GPUs are free on each node, and neither has room for the other's pod of five.
    items = [node("n1", 9), node("n2", 9), pod("a", 5, "n1"), pod("b", 5, "n2"), pod("big", 8, message=message(2))]

    text = shortage(*items).causes[0].node.found.finding.remedies[0].text

    assert "free n" not in text


def test_the_largest_holders_are_named_first():
    items = [node("n1"), pod("small", 2, "n1"), pod("large", 6, "n1"), pod("late", 4, message=message(1))]

    summary = shortage(*items).causes[0].node.found.finding.summary

    assert "held by ml/large 6, ml/small 2" in summary


@pytest.mark.parametrize(("said", "differs"), [(1, False), (3, True)])
def test_a_count_that_differs_from_the_scheduler_s_is_a_gap_and_lowers_the_confidence(said, differs):
    words = f"0/3 nodes are available: {said} Insufficient nvidia.com/gpu, {3 - said} node(s) had untolerated taint(s)."
    taint = [{"key": "k", "value": "", "effect": "NoSchedule"}]
    barred = [{**node(name), "spec": {"taints": taint}} for name in ("n2", "n3")]

    found = shortage(node("n1", 2), *barred, pod("a", 2, "n1"), pod("late", 2, message=words))

    assert [gap.why for gap in found.gaps if gap.why == "disagrees"] == ["disagrees"] * differs
    assert (found.causes[0].node.found.finding.confidence is Confidence.POSSIBLE) is differs


def test_daemon_pods_of_one_shape_are_counted_on_the_node_that_each_is_made_for():
    def daemon(name, target):
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [target]}]}
        affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
        made = pod(
            name,
            0,
            message="0/3 nodes are available: 1 Too many pods, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
        )
        made["metadata"]["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "exporter", "uid": "d", "controller": True}
        ]
        made["spec"] = {"containers": [{"name": "c"}], "affinity": affinity}
        return made

    full = [{**node(name), "status": {"allocatable": {"pods": "1"}}} for name in ("n1", "n2")]
    idle = {**node("n0"), "status": {"allocatable": {"pods": "9"}}}
    items = [idle, *full, pod("x", 0, "n1"), pod("y", 0, "n2"), daemon("d1", "n1"), daemon("d2", "n2")]

    cause = shortage(*items).causes[0]

    assert (cause.name, cause.root.name) == ("pod-limit-of-node-reached", "n1")
    assert [ref.name for ref in cause.node.found.finding.members] == ["n2"]
