"""What each layout says it holds completely, from when it is, and what its collector could not have."""

import pytest
from layouts import collectors
from layouts.packing import pack
from layouts.state import State, as_json, demo
from layouts.test_same_causes import COLLECTORS

from diag.api import contents, scan
from diag.snapshot.load import load
from diag.snapshot.sources import read

LAYOUTS = {
    "must-gather": "OpenShift must-gather",
    "kind": "logs of nodes",
    "cluster-info": "kubectl cluster-info dump",
    "cluster-info stream": "kubectl cluster-info dump (one stream)",
    "support bundle": "troubleshoot support bundle",
    "old support bundle": "troubleshoot support bundle",
    "GPU operator": "GPU Operator must-gather",
}


@pytest.fixture
def opened(tmp_path):
    """The snapshot and the part of what a collector wrote."""

    def open_(files, form="tar"):
        parts = read(str(pack(files, form, tmp_path)))
        (snapshot,) = load(parts)
        return snapshot, parts[0]

    return open_


@pytest.mark.parametrize("collector", COLLECTORS)
def test_each_layout_is_recognised_by_what_is_in_it(collector, opened):
    _, part = opened(COLLECTORS[collector][0](demo()))
    assert part.layout == LAYOUTS[collector]


@pytest.mark.parametrize("collector", COLLECTORS)
def test_every_object_and_log_that_a_collector_carries_is_read(collector, opened):
    write, carried = COLLECTORS[collector]
    snapshot, part = opened(write(demo()))
    expected = carried(demo())
    assert sum(map(len, snapshot.tables.values())) == len(expected.objects)
    assert all(part.store.offers(key) for key in expected.logs)
    assert {one.text for one in part.store.fetch(list(expected.logs))} == set(expected.logs.values())
    assert part.problems == [] or collector == "GPU operator"


@pytest.mark.parametrize(
    ("collector", "kind", "namespace", "coverage"),
    [
        ("must-gather", "Pod", "gpu-operator", "complete"),
        ("must-gather", "ResourceQuota", "gpu-operator", "none"),
        ("must-gather", "ResourceQuota", "tidal-forecast", "complete"),
        ("must-gather", "Node", "", "assumed"),
        ("cluster-info", "Node", "", "complete"),
        ("cluster-info", "Event", "kube-node-lease", "none"),
        ("cluster-info", "ReplicationController", "default", "complete"),
        ("cluster-info", "PersistentVolumeClaim", "", "none"),
        ("cluster-info stream", "Pod", "orca-pretrain", "complete"),
        ("cluster-info stream", "Pod", "nowhere", "none"),
        ("support bundle", "Node", "", "complete"),
        ("support bundle", "PersistentVolume", "", "complete"),
        ("support bundle", "Namespace", "", "assumed"),
        ("support bundle", "scheduling.x-k8s.io/PodGroup", "orca-pretrain", "complete"),
        ("old support bundle", "apps/Deployment", "lumen-search", "complete"),
        ("GPU operator", "Pod", "gpu-operator", "complete"),
        ("GPU operator", "Pod", "orca-pretrain", "none"),
        ("kind", "Pod", "gpu-operator", "assumed"),
    ],
)
def test_completeness_is_what_the_collector_lists(collector, kind, namespace, coverage, opened):
    state = demo()
    if collector.startswith("cluster-info"):
        state = State(
            [one for one in state.objects if one["metadata"].get("namespace") != "kube-node-lease"], state.logs
        )
    snapshot, _ = opened(COLLECTORS[collector][0](state))
    assert snapshot.coverage(kind, namespace) == coverage


def test_a_list_that_breaks_off_is_not_complete(opened):
    files = collectors.cluster_info(demo())
    files["nodes.json"] = files["nodes.json"][:-2000]
    snapshot, part = opened(files)
    assert snapshot.coverage("Node") == "damaged"
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_one_object_at_the_place_of_a_list_is_not_all(opened):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ml"}}
    snapshot, _ = opened({"img/namespaces/ml/core/pods.yaml": as_json(pod)})
    assert snapshot.coverage("Pod", "ml") == "assumed"


def test_an_empty_list_says_that_there_is_none(opened):
    files = collectors.must_gather(demo())
    empty = b"apiVersion: v1\nitems: []\nkind: PersistentVolumeClaimList\n"
    files["img/namespaces/tidal-forecast/core/persistentvolumeclaims.yaml"] = empty
    snapshot, _ = opened(files)
    assert snapshot.coverage("PersistentVolumeClaim", "tidal-forecast") == "complete"


def test_kinds_that_a_layout_lacks_are_gaps_of_the_report(tmp_path):
    report = scan([pack(collectors.cluster_info(demo()), "tar", tmp_path)])
    missing = {gap.what for gap in report.gaps if gap.why == "not-collected"}
    assert {"list ResourceQuota", "list batch/Job", "list apps/StatefulSet", "list PersistentVolumeClaim"} <= missing


def test_the_gpu_operator_says_that_its_nodes_are_only_texts(tmp_path):
    report = scan([pack(collectors.gpu_operator(demo()), "tar", tmp_path)])
    (gap,) = [gap for gap in report.gaps if gap.what == "list Node"]
    assert gap.hides


def test_must_gather_was_captured_when_it_ended(opened):
    snapshot, _ = opened(collectors.must_gather(demo()))
    assert snapshot.captured_at == "2026-11-25T11:00:07.123456Z"
    assert snapshot.now_from == "manifest"


@pytest.mark.parametrize("collector", ["support bundle", "kind"])
def test_the_server_version_is_read_where_it_is_stated(collector, opened):
    snapshot, _ = opened(COLLECTORS[collector][0](demo()))
    assert snapshot.server_version == "v1.34.2"


@pytest.mark.parametrize(
    ("errors", "why", "namespace"),
    [
        ({"ml": 'pods is forbidden: User "x" cannot list resource'}, "forbidden", "ml"),
        (["context deadline exceeded"], "timeout", ""),
        (["etcdserver: no leader"], "error", ""),
    ],
)
def test_what_a_collector_could_not_list_is_a_gap_with_its_kind(tmp_path, errors, why, namespace):
    files = collectors.support_bundle(demo())
    root = next(iter(files)).partition("/")[0]
    files[f"{root}/cluster-resources/resource-quota-errors.json"] = as_json(errors)
    path = pack(files, "tar", tmp_path)
    (part,) = read(str(path))
    (problem,) = part.problems
    assert (problem.kinds, problem.why, problem.namespace) == (("ResourceQuota",), why, namespace)
    (gap,) = [gap for gap in scan([path]).gaps if gap.what.startswith("list ResourceQuota")]
    assert "QUO001" in gap.hides


def test_the_contents_say_what_was_found_and_which_rules_are_blind(tmp_path):
    (cluster,) = contents([pack(collectors.cluster_info(demo()), "tar", tmp_path)]).clusters
    (source,) = cluster.sources
    pods = next(kind for kind in cluster.kinds if kind.kind == "Pod")
    assert source.layout == "kubectl cluster-info dump"
    assert (source.objects, pods.count, pods.coverage) == (317, 199, "partly")
    assert cluster.logs == 199
    assert 0 < cluster.blind < cluster.rules
    assert any("QUO001" in one.hides for one in cluster.missing)


def test_two_bundles_of_two_clusters_stay_apart(tmp_path):
    def system(uid):
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": uid}}

    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    paths = []
    for uid in ("one-11111", "two-22222"):
        (tmp_path / uid).mkdir()
        files = collectors.must_gather(State([system(uid), node]))
        paths.append(pack(files, "tar", tmp_path / uid))
    assert len(contents(paths).clusters) == 2
