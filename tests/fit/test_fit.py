"""What `diag.api.fit` answers: where, how many, why not, after which mending, and how surely."""

import pytest

from diag.api import fit
from diag.demo import demo_sources
from diag.errors import SnapshotError, UsageError

from .conftest import SYSTEM, budget, node, pod

TAINT = {"key": "team", "value": "blue", "effect": "NoSchedule"}


def why(row):
    return {refusal.why: refusal.nodes for refusal in row.refusals}


def test_the_node_that_is_filled_most_closely_comes_first(ask):
    row = ask(node("a"), node("b"), pod("holder", "b", gpus=5), SYSTEM, gpus=3)

    assert row.fits
    assert [(one.node, one.pods, one.free["nvidia.com/gpu"]) for one in row.rooms] == [("b", 1, "3"), ("a", 1, "8")]


def test_as_many_pods_are_counted_as_have_room_at_the_same_time(ask):
    row = ask(node("a"), node("b"), pod("holder", "b", gpus=5), SYSTEM, gpus=3, pods=4)

    assert (row.fit, row.fits) == (3, False)
    assert ask(node("a"), node("b"), SYSTEM, gpus=3, pods=4).fits


def test_every_node_has_one_reason_in_the_scheduler_s_order(ask):
    row = ask(
        node("cordoned", unschedulable=True, taints=[TAINT]), node("tainted", taints=[TAINT]),
        node("other", labels={"pool": "b"}), node("small", gpus=4, labels={"pool": "a"}),
        node("busy", labels={"pool": "a"}), pod("holder", "busy", gpus=1), SYSTEM,
        gpus=8, node_selector={"pool": "a"},
    )  # fmt: skip

    assert [one.why for one in row.refusals] == ["cordoned", "taint", "selector", "too-small", "short"]
    assert [one.nodes for one in row.refusals] == [["cordoned"], ["tainted"], ["other"], ["small"], ["busy"]]
    assert row.refusals[1].words == "taint not tolerated: team=blue:NoSchedule"
    assert row.refusals[2].words == "not selected: pool=a"
    assert row.refusals[3].words == "too small even when empty: nvidia.com/gpu 8 asked, offers 4"
    assert row.refusals[4].words == "short now: nvidia.com/gpu 8 asked, has 7"


def test_a_toleration_opens_the_tainted_nodes(ask):
    tainted = node("a", taints=[TAINT])

    assert not ask(tainted, SYSTEM, gpus=1).fits
    assert "--toleration team" in ask(tainted, SYSTEM, gpus=1).notes[0]
    assert ask(tainted, SYSTEM, gpus=1, tolerations=[{"key": "team", "operator": "Exists"}]).fits
    assert not ask(tainted, SYSTEM, gpus=1, tolerations=[{"key": "team", "value": "red"}]).fits


def test_a_model_is_found_in_the_spelling_of_the_nodes(ask):
    nodes = [
        node("a", labels={"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}),
        node("b", labels={"nvidia.com/gpu.product": "NVIDIA-L40S"}),
    ]

    assert [one.node for one in ask(*nodes, SYSTEM, gpus=1, model="h100").rooms] == ["a"]
    absent = ask(*nodes, SYSTEM, gpus=1, model="b200")
    assert not absent.fits
    assert absent.notes == ["no node carries the GPU model b200; they carry NVIDIA-H100-80GB-HBM3, NVIDIA-L40S"]


def test_a_pod_is_asked_like_another_with_what_is_said_instead(ask):
    like = pod("trainer", gpus=8, nodeSelector={"pool": "a"})
    nodes = [node("a", labels={"pool": "a"}), node("b"), pod("holder", "a", gpus=4)]

    assert not ask(*nodes, like, SYSTEM, like="pod/ml/trainer").fits
    assert [one.node for one in ask(*nodes, like, SYSTEM, like="pod/ml/trainer", gpus=4).rooms] == ["a"]


def test_a_controller_is_asked_by_its_template(ask):
    template = {"spec": {"containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": "9"}}}]}}
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "chat", "namespace": "serve"},
        "spec": {"template": template},
    }  # fmt: skip
    row = ask(node("a"), deployment, SYSTEM, like="deploy/serve/chat")

    assert row.asked.requests == {"nvidia.com/gpu": "9"}
    assert why(row) == {"too-small": ["a"]}


@pytest.mark.parametrize(
    ("lost", "fault"),
    [
        (node("lost", offers=0), "without-gpus"),
        (node("lost", unschedulable=True), "cordoned"),
        (
            node("lost", ready=False, taints=[{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]),
            "not-ready",
        ),
    ],
)
def test_a_faulty_node_would_take_it_once_mended(ask, lost, fault):
    row = ask(lost, node("full"), pod("holder", "full", gpus=8), SYSTEM, gpus=8)

    assert not row.fits
    assert [(one.node, one.fault, one.pods) for one in row.mended] == [("lost", fault, 1)]


def test_a_mended_node_serves_those_first_who_wait_already(ask):
    waiter = pod("waiter", gpus=8)
    waiter["status"]["conditions"] = [
        {
            "type": "PodScheduled",
            "status": "False",
            "message": "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
        }
    ]
    row = ask(node("lost", offers=0), waiter, SYSTEM, gpus=8)

    assert [(one.node, one.pods, one.waiting) for one in row.mended] == [("lost", 0, 1)]


def test_nothing_is_certain_where_other_namespaces_were_not_read(ask):
    partial = ask(node("a"), pod("holder", "a", gpus=1), gpus=7)
    whole = ask(node("a"), pod("holder", "a", gpus=1), SYSTEM, gpus=7)
    none = ask(node("a"), gpus=7)

    assert (partial.confidence, whole.confidence, none.confidence) == ("possible", "likely", "possible")
    assert "only pods of ml were read" in partial.doubts[0]
    assert "no pods were read" in none.doubts[0]


def test_a_scheduler_that_counted_otherwise_is_said(ask):
    waiter = pod("waiter", gpus=8)
    waiter["status"]["conditions"] = [
        {
            "type": "PodScheduled",
            "status": "False",
            "message": "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
        }
    ]
    row = ask(node("a"), node("b"), waiter, SYSTEM, gpus=8)

    assert any("scheduler counted other nodes short of nvidia.com/gpu" in doubt for doubt in row.doubts)


def test_what_is_not_worked_out_is_named(ask):
    spread = {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    like = pod(
        "spread", gpus=1, topologySpreadConstraints=[spread], volumes=[{"persistentVolumeClaim": {"claimName": "c"}}]
    )
    row = ask(node("a"), like, SYSTEM, like="ml/spread")

    assert (row.unasked, row.confidence) == (["topology spread", "volumes"], "possible")


def test_a_node_overdrawn_of_what_is_not_asked_for_fits(ask):
    row = ask(node("a", cpu="4"), pod("greedy", "a", cpu="6"), SYSTEM, gpus=1, cpu="0")

    assert row.fits


@pytest.mark.parametrize(
    "question",
    [{}, {"cpu": "much"}, {"gpus": 1, "memory": "-1"}, {"like": "deploy/ml/none"}, {"like": "node/a"}],
)
def test_nonsense_is_refused_with_a_hint(ask, question):
    with pytest.raises(UsageError) as refused:
        ask(node("a"), SYSTEM, **question)

    assert refused.value.hint


def test_without_nodes_there_is_no_answer(ask):
    with pytest.raises(SnapshotError):
        ask(SYSTEM, gpus=1)


def test_one_cluster_with_room_is_enough(tmp_path):
    import json  # noqa: PLC0415

    for name, items in (("full", [node("a", gpus=1)]), ("free", [node("a")])):
        (tmp_path / f"{name}.json").write_text(json.dumps({"kind": "List", "items": items}))
    found = fit([f"x={tmp_path}/full.json", f"y={tmp_path}/free.json"], gpus=8)

    assert found.fits
    assert [(row.cluster, row.fits) for row in found.clusters] == [("x", False), ("y", True)]


def test_the_demo_has_two_whole_nodes():
    tolerations = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    row = fit([f"demo={path}" for path in demo_sources()], gpus=8, model="h100", tolerations=tolerations).clusters[0]

    assert [one.node for one in row.rooms] == ["train-h100-05", "train-h100-06"]
    assert [(one.node, one.waiting) for one in row.mended] == [("research-h100-02", 1)]


def test_hostile_objects_never_crash(ask):
    broken = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "b\x1b[2J"},
        "spec": {"taints": [7, None]},
        "status": 3,
    }
    odd = {**pod("odd", "a"), "spec": {"nodeName": "a", "containers": [None, {"resources": {"requests": [1]}}]}}

    assert ask(node("a"), broken, odd, budget("b", {"x": 1}, allowed="many"), SYSTEM, gpus=1).fits
    assert not ask(node("a"), broken, odd, SYSTEM, like="pod/ml/odd", gpus=10**15, pods=100_000).fits


def quota(name, resource, hard, used, namespace="ml"):
    return {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name, "namespace": namespace},
        "spec": {"hard": {resource: hard}}, "status": {"hard": {resource: hard}, "used": {resource: used}},
    }  # fmt: skip


def test_a_quota_of_the_namespace_that_would_refuse_the_pods_is_told_first(ask):
    gpus = quota("gpu-budget", "requests.nvidia.com/gpu", "8", "5")
    like = pod("holder", "a", gpus=2)
    one, three = (ask(node("a"), node("b"), like, SYSTEM, gpus, like="ml/holder", pods=pods) for pods in (1, 3))

    assert (one.fits, one.notes) == (True, [])
    assert three.fits
    said = "5 of 8 requests.nvidia.com/gpu used, 2 asked for each pod"
    assert three.notes == [
        f"this is about nodes; ResourceQuota ml/gpu-budget ({said}) would refuse all but 1 of the 3 pods"
    ]


def test_quotas_of_others_and_those_that_count_the_pod_already_say_nothing(ask):
    full = [quota("full", "requests.nvidia.com/gpu", "8", "8", namespace) for namespace in ("ml", "other")]
    waiting = pod("waiting", gpus=2)

    assert ask(node("a"), waiting, SYSTEM, *full, like="ml/waiting").notes == []
    assert ask(node("a"), SYSTEM, *full, gpus=2).notes == []
    assert len(ask(node("a"), pod("holder", "a", gpus=2), SYSTEM, *full, like="ml/holder").notes) == 1


def test_a_model_that_no_node_carries_is_told_without_a_hint_at_tolerations(ask):
    row = ask(node("a", taints=[TAINT], labels={"nvidia.com/gpu.product": "NVIDIA-L40S"}), SYSTEM, gpus=3, model="a100")

    assert row.lacking == "no node carries the GPU model a100; they carry NVIDIA-L40S"
    assert row.notes == [row.lacking]
