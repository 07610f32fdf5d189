"""Counting as the scheduler counts, and charging waiters to what is out of use."""

import pytest

from diag.trouble.room.agreement import agreement
from diag.trouble.room.placement import Barrier
from diag.trouble.shapes import shape_of


def waiter(cluster, name="p", gpus=4, count=1, **fields):
    return cluster.pod(name, gpus, message=cluster.lacking(count), **fields)


def shape(cluster, pod):
    return shape_of(cluster.snap(pod).pods[0])


def test_a_node_is_counted_once_for_the_first_thing_in_its_way(cluster):
    taint = {"key": "team", "value": "a", "effect": "NoSchedule"}
    nodes = [
        cluster.node("cordoned", taints=[taint], unschedulable=True, labels={"pool": "x"}),
        cluster.node("tainted", taints=[taint], labels={"pool": "y"}),
        cluster.node("elsewhere", labels={"pool": "y"}),
        cluster.node("open", 2, labels={"pool": "x"}),
    ]
    pod = waiter(
        cluster,
        spec={
            "nodeSelector": {"pool": "x"},
            "containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": 4, "cpu": 99}}}],
        },
    )
    trouble = cluster.trouble(pod, *nodes)
    counts = trouble.place.count(trouble.of("pod-unscheduled")[0].shape)

    assert dict(counts.barred) == {Barrier.CORDONED: 1, Barrier.TAINT: 1, Barrier.SELECTOR: 1}
    assert dict(counts.short) == {"nvidia.com/gpu": 1, "cpu": 1}
    assert [node.name for node in counts.open] == ["open"]


@pytest.mark.parametrize(
    ("toleration", "stopped"),
    [
        ({"key": "team", "operator": "Exists"}, None),
        ({"key": "team", "value": "a", "effect": "NoSchedule"}, None),
        ({"key": "team", "value": "b"}, Barrier.TAINT),
        ({"operator": "Exists"}, None),
        ({"key": "team", "value": "a", "effect": "NoExecute"}, Barrier.TAINT),
    ],
)
def test_tolerations_are_matched_as_the_scheduler_does(cluster, toleration, stopped):
    pod = waiter(cluster, spec={"tolerations": [toleration], "containers": []})
    trouble = cluster.trouble(pod, cluster.node("n", taints=[{"key": "team", "value": "a", "effect": "NoSchedule"}]))

    assert trouble.place.verdict(trouble.groups[0].shape, trouble.snap.nodes[0]).barrier == stopped


def test_terms_of_an_affinity_are_alternatives_and_a_selector_always_holds(cluster):
    def term(value):
        return {"matchExpressions": [{"key": "pool", "operator": "In", "values": [value]}]}

    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term("a"), term("b")]}
        }
    }
    pod = waiter(cluster, spec={"affinity": affinity, "nodeSelector": {"zone": "z"}, "containers": []})
    nodes = [cluster.node(f"{pool}{zone}", labels={"pool": pool, "zone": zone}) for pool in "abc" for zone in "zy"]
    trouble = cluster.trouble(pod, *nodes)

    assert [node.name for node in trouble.place.selected(trouble.of("pod-unscheduled")[0].shape)] == ["az", "bz"]


def test_pods_that_have_ended_hold_nothing_and_terminating_ones_still_do(cluster):
    held = cluster.pod("t", 3, node="n", meta={"deletionTimestamp": "2026-11-25T11:59:00Z"})
    trouble = cluster.trouble(cluster.node("n"), held, cluster.pod("done", 5, node="n", phase="Succeeded"))

    assert trouble.place.free["n"]["nvidia.com/gpu"] == 5000


def test_init_containers_count_by_their_maximum_and_sidecars_by_their_sum(cluster):
    def limits(cpu):
        return {"resources": {"requests": {"cpu": cpu}}}

    spec = {
        "containers": [{"name": "main", **limits("2")}],
        "initContainers": [
            {"name": "side", "restartPolicy": "Always", **limits("1")},
            {"name": "setup", **limits("4")},
        ],
        "overhead": {"cpu": "250m"},
    }
    assert shape(cluster, waiter(cluster, spec=spec)).requests["cpu"] == 5250


def test_a_node_that_does_not_list_cpu_is_not_taken_to_have_none(cluster):
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n"},
        "status": {"allocatable": {"nvidia.com/gpu": "8"}},
    }
    pod = waiter(
        cluster, spec={"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": 8, "cpu": 4}}}]}
    )
    trouble = cluster.trouble(pod, node)

    assert trouble.place.short(trouble.groups[0].shape, trouble.snap.nodes[0]) == []


@pytest.mark.parametrize(
    ("said", "nodes", "sums"),
    [
        ("0/2 nodes are available: 2 Insufficient nvidia.com/gpu.", True, True),
        ("0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) were unschedulable.", True, False),
        ("0/9 nodes are available: 2 Insufficient nvidia.com/gpu.", False, True),
        ("0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.", True, None),
        ("something else", None, None),
    ],
)
def test_agreement_with_the_scheduler_has_two_levels(cluster, said, nodes, sums):
    trouble = cluster.trouble(cluster.pod("p", 9, message=said), cluster.node("a"), cluster.node("b"))
    found = agreement(trouble.place, trouble.groups[0], "nvidia.com/gpu")

    assert (found.nodes, found.sums) == (nodes, sums)


def test_lost_capacity_is_charged_up_to_what_it_frees_and_the_rest_stays_with_the_pool(cluster):
    waiters = [waiter(cluster, f"p{n}") for n in range(5)]
    trouble = cluster.trouble(cluster.node("sick", 8, offers=0), *waiters)

    assert sum(charged.pods for charged in trouble.pools.charged_to(["sick"])) == 2
    assert sum(trouble.pools.remaining(group) for group in trouble.of("pod-unscheduled")) == 3


def test_waiters_are_charged_by_priority_then_age(cluster):
    young = waiter(cluster, "young", 8, created="2026-11-25T11:30:00Z")
    old = waiter(cluster, "old", 8, created="2026-11-25T11:00:00Z")
    urgent = waiter(
        cluster,
        "urgent",
        8,
        created="2026-11-25T11:45:00Z",
        spec={"priority": 10, "containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": 8}}}]},
    )

    def first(*pods):
        return [
            str(charged.group.workload)
            for charged in cluster.trouble(cluster.node("sick", 8, offers=0), *pods).pools.charged_to(["sick"])
        ]

    assert first(young, old) == ["Pod/ml/old"]
    assert first(young, old, urgent) == ["Pod/ml/urgent"]


def test_a_lost_node_offers_its_capacity_minus_its_pods_for_all_resources(cluster):
    holder = cluster.pod("holder", 3, node="sick")
    assert cluster.trouble(cluster.node("sick", 8, offers=0), holder, waiter(cluster, gpus=6)).pools.placed == {}

    hungry = waiter(
        cluster, spec={"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": 4, "memory": "1Ti"}}}]}
    )
    assert cluster.trouble(cluster.node("sick", 8, offers=0), hungry).pools.placed == {}


def test_only_the_faults_own_taint_is_looked_past(cluster):
    own = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}
    other = {"key": "team", "value": "a", "effect": "NoSchedule"}

    assert cluster.trouble(cluster.node("n", ready=False, taints=[own]), waiter(cluster)).pools.placed
    assert not cluster.trouble(cluster.node("n", ready=False, taints=[own, other]), waiter(cluster)).pools.placed
    assert cluster.trouble(cluster.node("n", unschedulable=True), waiter(cluster)).pools.placed
    assert not cluster.trouble(cluster.node("n", ready=True, taints=[own]), waiter(cluster)).pools.placed


def test_a_pod_that_waits_for_a_claim_is_not_charged_to_a_node(cluster):
    pod = cluster.pod("p", 4, message="0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")

    assert cluster.trouble(cluster.node("sick", 8, offers=0), pod).pools.placed == {}


def test_a_node_that_publishes_devices_offers_them_through_claims(cluster):
    node = cluster.node("n", 0, labels={"nvidia.com/gpu.present": "true"})
    piece = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "s"},
        "spec": {"nodeName": "n", "devices": [{"name": "gpu-0"}]},
    }

    assert [group.symptom for group in cluster.groups(node)] == ["node-without-gpus"]
    assert cluster.groups(node, piece) == []
