"""Small clusters that once were counted otherwise than by the scheduler, one behaviour each."""

import pytest

from diag.catalog.registry import load as load_rules

REGISTRY = load_rules(third_party=False)
PORT = {"containers": [{"name": "main", "ports": [{"containerPort": 80, "hostPort": 8080}], "resources": {}}]}


@pytest.fixture
def blamed(cluster):
    """Names and confidences of what is blamed for pods that find no node, their own symptom left out."""

    def asked(*items):
        report = cluster.report(*items, rules=REGISTRY.functions)
        assert not [gap.what for gap in report.gaps if gap.why in ("rule-crashed", "error")]
        waiting = {row.id for row in report.findings if row.name == "pod-unscheduled"}
        causes = [row for row in report.causes if waiting & set(row.symptoms) and row.finding not in waiting]
        return {row.name: row.confidence for row in causes}

    return asked


def unschedulable(counts, nodes):
    return f"0/{nodes} nodes are available: {counts}."


def test_a_cordoned_node_whose_host_port_is_taken_is_not_blamed(cluster, blamed):
    waiter = cluster.pod("waiter", spec=PORT, message=unschedulable("1 node(s) were unschedulable", 1))
    closed = cluster.node("a", unschedulable=True)

    assert "nodes-cordoned" in blamed(closed, waiter)
    assert blamed(closed, waiter, cluster.pod("holder", node="a", spec={**PORT, "nodeName": "a"})) == {}


def test_free_gpus_of_a_node_with_too_little_memory_are_not_called_scattered(cluster, blamed):
    small = {"nvidia.com/gpu": "1", "cpu": "64", "memory": "16Gi", "pods": "110"}
    asks = {"requests": {"nvidia.com/gpu": "1", "memory": "32Gi"}}
    waiter = cluster.pod(
        "waiter",
        spec={"containers": [{"name": "main", "resources": asks}]},
        message=unschedulable("1 Insufficient memory, 1 Insufficient nvidia.com/gpu", 2),
    )
    nodes = [cluster.node("small", 1, capacity=small, allocatable=small), cluster.node("full", 1)]

    assert set(blamed(*nodes, cluster.pod("holder", 1, node="full"), waiter)) == {"gpu-capacity-exhausted"}


def test_two_taints_of_one_key_of_which_one_has_no_value_are_both_told(cluster, blamed):
    taints = [{"key": "spot", "effect": "NoSchedule"}, {"key": "spot", "value": "x", "effect": "NoSchedule"}]
    waiter = cluster.pod("waiter", 1, message=unschedulable("1 node(s) had untolerated taint(s)", 1))

    assert set(blamed(cluster.node("a", taints=taints), waiter)) == {"untolerated-taint"}


def test_a_request_for_nothing_is_not_short_on_an_overdrawn_node(cluster):
    greedy = {"containers": [{"name": "main", "resources": {"requests": {"cpu": "65"}}}]}
    waiter = cluster.pod(
        "waiter", spec={"containers": [{"name": "main", "resources": {"requests": {"cpu": "0", "memory": "1Gi"}}}]},
        message=unschedulable("1 Insufficient cpu", 1),
    )  # fmt: skip
    items = [cluster.node("a"), cluster.pod("greedy", node="a", spec={**greedy, "nodeName": "a"}), waiter]
    (group,) = cluster.groups(*items)

    assert [node.name for node in cluster.trouble(*items).place.count(group.shape).fitting] == ["a"]


def test_a_request_beyond_every_node_is_never_certain_while_the_scheduler_is_silent(cluster, blamed):
    node = cluster.node("a", 4)

    assert blamed(node, cluster.pod("waiter", 8))["gpu-request-exceeds-any-node"] != "certain"
    heard = blamed(node, cluster.pod("waiter", 8, message=cluster.lacking(1)))
    assert heard["gpu-request-exceeds-any-node"] == "certain"


def test_fragmentation_is_sure_only_where_the_scheduler_counted_the_same(cluster, blamed):
    nodes = [cluster.node("a"), cluster.node("b"), cluster.node("c")]
    held = [cluster.pod(f"holder-{name}", 5, node=name) for name in "abc"]
    agreed = cluster.pod("waiter", 8, message=cluster.lacking(3))
    older = cluster.pod("waiter", 8, message=unschedulable("2 Insufficient nvidia.com/gpu", 3))

    assert blamed(*nodes, *held, agreed)["gpu-fragmentation"] == "certain"
    assert blamed(*nodes, *held, older)["gpu-fragmentation"] != "certain"


def test_sums_are_not_certain_where_the_scheduler_turned_nodes_down_for_a_port(cluster, blamed):
    asks = {"requests": {"nvidia.com/gpu": "8"}}
    spec = {"containers": [{**PORT["containers"][0], "resources": asks}]}
    nodes = [cluster.node("taken", 4), cluster.node("a", 4), cluster.node("b", 8)]
    holders = [cluster.pod("port", node="taken", spec={**PORT, "nodeName": "taken"}), cluster.pod("gpu", 1, node="b")]

    def told(counts):
        return blamed(*nodes, *holders, cluster.pod("waiter", spec=spec, message=unschedulable(counts, 3)))

    assert told("3 Insufficient nvidia.com/gpu") == {"gpu-fragmentation": "certain"}
    ports = "node(s) didn't have free ports for the requested pod ports"
    assert told(f"1 {ports}, 3 Insufficient nvidia.com/gpu") == {"gpu-fragmentation": "possible"}
