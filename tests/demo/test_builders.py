import gzip
import json
from pathlib import Path

import pytest

from diag import testing as make

SCENARIOS = Path(__file__).parents[1] / "real" / "scenarios"
FREE_FORM = {"labels", "annotations", "matchLabels", "nodeSelector", "capacity", "allocatable", "hard", "used"}
FREE_FORM |= {"limits", "requests", "allocatedResources", "data", "selector"}
NOW = "2026-03-02T09:00:00Z"


def paths(value, prefix=""):
    """Every field path of an object, indices and free-form keys left out."""
    found = {prefix}
    if isinstance(value, dict) and prefix.rpartition(".")[2] not in FREE_FORM:
        for key, child in value.items():
            found |= paths(child, f"{prefix}.{key}")
    if isinstance(value, list):
        for child in value:
            found |= paths(child, prefix)
    return found


@pytest.fixture(scope="module")
def known():
    """The field paths by kind that real API servers printed."""
    fields = {}
    for name in (
        "healthy-busy-rollout",
        "quota-partial-job-and-deployment",
        "upgrade-failed-pdb-cordon",
        "image-arch-and-cuda-driver",
        "statefulset-rollout-stuck",
        "wffc-provisioner-scaled-to-zero",
        "taint-value-mismatch",
    ):
        with gzip.open(SCENARIOS / name / "objects.json.gz") as packed:
            for item in json.load(packed)["items"]:
                fields.setdefault(item["kind"], set()).update(paths(item))
    return fields


def spec(**more):
    return make.pod_spec(make.container("main", "registry.example.com/a:1", gpus=1, env={"A": "b"}, **more))


def bound(owner=None):
    return make.pod("web-0", spec(), namespace="shop", node="gpu-1", labels={"a": "b"}, owner=owner)


ENDED = {"exitCode": 1, "reason": "Error", "startedAt": NOW, "finishedAt": NOW, "containerID": "containerd://0"}


@pytest.mark.parametrize(
    "item",
    [
        make.running(bound(), since=NOW),
        make.succeeded(bound(), started=NOW, finished=NOW),
        make.unschedulable(make.pod("web-0", spec(), namespace="shop"), "0/1 nodes are available", since=NOW),
        make.waiting(bound(), "ImagePullBackOff", "Back-off", since=NOW),
        make.crashing(bound(), since=NOW, restarts=3, back_off="40s", terminated=ENDED),
        make.node("cpu-1"),
        make.cordoned(make.gpu_node("gpu-1"), since=NOW),
        make.lease(make.node("cpu-1"), renewed="2026-03-02T09:00:00.000000Z"),
        make.deployment("web", spec(readinessProbe=make.http_probe("/", 80)), namespace="shop", replicas=2),
        make.deployment("web", spec(), namespace="shop", replicas=6, existing=4, failure=(NOW, "exceeded quota")),
        make.replica_set(make.deployment("web", spec(), namespace="shop", replicas=6, existing=4, failure=(NOW, "no"))),
        make.stateful_set("db", spec(), namespace="shop"),
        make.daemon_set("agent", make.pod_spec(make.container("main", "a:1")), namespace="shop", desired=3),
        make.job("fit", spec(), namespace="shop", parallelism=2),
        make.job("fit", spec(), namespace="shop", succeeded=1, completed=NOW),
        make.resource_quota("gpus", namespace="shop", hard={"pods": "1"}, used={"pods": "0"}),
        make.pdb("web", namespace="shop", app="web", expected=2, max_unavailable=0),
        make.pvc("data", namespace="shop", storage_class="fast", bound=False),
        make.storage_class("fast", provisioner="csi.example.com"),
        make.priority_class("high", 1000),
        make.namespace("shop"),
        make.event(bound(), "Pulled", "done", last=NOW, host="gpu-1", container="main"),
        make.service("web", namespace="shop", port=80),
    ],
    ids=lambda item: item["kind"],
)
def test_builders_print_only_fields_that_a_real_api_server_prints(known, item):
    assert paths(item) <= known[item["kind"]]


def test_uids_depend_on_the_whole_name_and_on_nothing_else():
    assert bound()["metadata"]["uid"] == bound()["metadata"]["uid"]
    one, two = make.pod("a", spec(), namespace="x"), make.pod("a", spec(), namespace="y")
    assert one["metadata"]["uid"] != two["metadata"]["uid"]
    batch, volcano = make.manifest("batch/v1", "Job", "a"), make.manifest("batch.volcano.sh/v1alpha1", "Job", "a")
    assert batch["metadata"]["uid"] != volcano["metadata"]["uid"]


def test_a_state_leaves_the_pod_it_was_made_from_alone():
    before = bound()
    text = json.dumps(before)
    make.running(before, since=NOW)
    assert json.dumps(before) == text


def test_the_pod_of_a_daemon_set_tolerates_a_cordon_and_others_do_not():
    owner = make.daemon_set("agent", spec(), namespace="shop", desired=1)
    keys = {t["key"] for t in bound(owner)["spec"]["tolerations"]}
    assert "node.kubernetes.io/unschedulable" in keys
    assert "node.kubernetes.io/unschedulable" not in {t["key"] for t in bound()["spec"]["tolerations"]}


def test_a_budget_computes_what_it_allows():
    def allowed(**limit):
        return make.pdb("web", namespace="shop", app="web", expected=3, **limit)["status"]["disruptionsAllowed"]

    assert [allowed(max_unavailable=0), allowed(max_unavailable=1), allowed(min_available=3)] == [0, 1, 0]
    assert allowed(min_available=2, healthy=2) == 0


def test_the_newer_dialect_has_no_count_and_no_timestamps():
    event = make.series_event(bound(), "FailedScheduling", "no", first="2026-03-02T09:00:00.000000Z", count=4)
    assert (event["firstTimestamp"], event["lastTimestamp"], event["source"]) == (None, None, {})
    assert "count" not in event
    assert event["series"]["count"] == 4


def test_an_event_keeps_its_words_in_the_other_api_group():
    old = make.event(bound(), "Pulled", "done", last=NOW, count=2, host="gpu-1", container="init:fetch")
    new = make.as_events_v1(old)
    assert (new["note"], new["deprecatedCount"], new["reportingController"]) == ("done", 2, "kubelet")
    assert new["regarding"]["fieldPath"] == "spec.initContainers{fetch}"


def test_the_scheduler_stops_at_the_first_filter_and_lists_every_short_resource():
    nodes = [
        make.cordoned(make.gpu_node("a"), since=NOW),
        make.gpu_node("b"),
        make.node("c", cpu=4, labels={"pool": "x"}),
        make.gpu_node("d", taints=(), gpus=4, labels={"pool": "x"}),
    ]
    wants = make.pod_spec(make.container("m", "i", cpu="8", gpus=8), node_selector={"pool": "x"})
    reasons, preemption = make.Room(nodes).refusals(wants)
    assert reasons == {
        "node(s) were unschedulable": 1,
        "node(s) had untolerated taint(s)": 1,
        "Insufficient cpu": 1,
        "Insufficient nvidia.com/gpu": 2,
    }
    assert preemption == {"Preemption is not helpful for scheduling": 4}


def test_a_full_node_of_the_right_size_offers_no_victims():
    room = make.Room([make.gpu_node("a", taints=())])
    room.take("a", spec())
    wants = make.pod_spec(make.container("m", "i", gpus=8))
    assert room.left("a", make.GPU) == 7
    assert room.sentence(wants) == (
        "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. no new claims to deallocate, "
        "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    )


def test_a_pod_that_fits_exactly_is_not_refused():
    room = make.Room([make.gpu_node("a", taints=())])
    wants = make.pod_spec(make.container("m", "i", gpus=8))
    assert room.refusals(wants) == ({}, {})
    with pytest.raises(ValueError, match="has room"):
        room.sentence(wants)


def test_times_are_told_as_ages():
    clock = make.Clock.at("2026-03-02T10:00:00+01:00")
    assert clock.ago(hours=1) == "2026-03-02T08:00:00Z"
    assert clock.micro(seconds=0.5) == "2026-03-02T08:59:59.500000Z"
