import csv
import gzip
import json
import re
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import pytest

import diag.catalog
from diag.demo import demo_sources
from diag.demo.build import files
from diag.demo.cluster import CLOCK
from diag.demo.truth import EXPECTED

GPU = "nvidia.com/gpu"
CLUSTER_SCOPED = {"Namespace", "Node", "StorageClass"}
FAILING_PODS = {  # prefix of the name: how many
    "polar-research/contrastive-sweep-": 1,
    "gpu-operator/nvidia-device-plugin-daemonset-": 1,
    "atlas-serve/atlas-chat-32b-": 1,
    "orca-pretrain/orca-moe-stage2-": 4,
    "ferry-vision/dock-detector-": 2,
}


@pytest.fixture(scope="module")
def items():
    with gzip.open(demo_sources()[0]) as packed:
        return json.load(packed)["items"]


@pytest.fixture(scope="module")
def logs():
    with gzip.open(demo_sources()[1]) as packed:
        return json.load(packed)


def of(items, kind, name=None):
    return [i for i in items if i["kind"] == kind and name in (None, i["metadata"]["name"])]


def path_of(item):
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"


def wanted(pod, resource):
    return sum(int(c["resources"]["requests"].get(resource, 0)) for c in pod["spec"]["containers"])


def condition(item, kind):
    return next((c for c in item["status"].get("conditions", []) if c["type"] == kind), {})


def gpus_left(items):
    left = {n["metadata"]["name"]: int(n["status"]["allocatable"].get(GPU, 0)) for n in of(items, "Node")}
    for pod in of(items, "Pod"):
        if pod["spec"].get("nodeName") and pod["status"]["phase"] != "Succeeded":
            left[pod["spec"]["nodeName"]] -= wanted(pod, GPU)
    return left


def said(message):
    """The counts by reason in the first list of a scheduler's message."""
    listed = message.partition("available: ")[2].partition(". ")[0]
    return {reason: int(count) for count, reason in (part.split(" ", 1) for part in listed.split(", "))}


def test_the_shipped_files_are_a_fresh_generation():
    for path in map(Path, demo_sources()):
        assert gzip.decompress(path.read_bytes()) == files()[path.name], "run `python -m diag.demo`"


def test_two_generations_are_equal():
    assert files() == files()


def test_the_gzip_header_carries_no_time():
    for path in map(Path, demo_sources()):
        assert path.read_bytes()[4:8] == b"\0\0\0\0"


def test_there_are_six_expected_causes_of_the_catalogue_with_their_roots_present(items):
    rows = csv.DictReader((Path(diag.catalog.__file__).parent / "causes.csv").read_text(encoding="utf-8").splitlines())
    causes = {row["name"] for row in rows if row["role"] == "cause"}
    assert len({e.cause for e in EXPECTED}) == 6
    for expected in EXPECTED:
        assert expected.cause in causes
        (root,) = of(items, expected.kind, expected.name)
        assert root["metadata"].get("namespace", "") == expected.namespace


def test_objects_are_unique_and_owners_exist(items):
    keys = Counter((i["apiVersion"], i["kind"], path_of(i)) for i in items)
    assert [k for k, n in keys.items() if n > 1] == []
    uids = Counter(i["metadata"]["uid"] for i in items)
    assert [u for u, n in uids.items() if n > 1] == []
    for item in items:
        for owner in item["metadata"].get("ownerReferences", []):
            assert owner["uid"] in uids, (path_of(item), owner)
        assert (item["kind"] in CLUSTER_SCOPED) == ("namespace" not in item["metadata"])


def test_the_subject_of_every_event_exists_with_its_uid(items):
    uids = {i["metadata"]["uid"] for i in items}
    for event in of(items, "Event"):
        assert event["involvedObject"]["uid"] in uids, event["metadata"]["name"]


def test_no_time_lies_after_the_moment_of_the_snapshot_and_leases_are_fresh(items):
    now = CLOCK.ago()
    for stamp in re.findall(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", json.dumps(items)):
        assert stamp <= now.rstrip("Z")
    for lease in of(items, "Lease"):
        assert lease["spec"]["renewTime"] >= CLOCK.micro(seconds=40)


def test_events_are_of_the_last_hour(items):
    for event in of(items, "Event"):
        last = event.get("series", {}).get("lastObservedTime") or event["lastTimestamp"] or event["eventTime"]
        assert last >= CLOCK.ago(hours=1)


def test_nodes_are_never_overbooked_but_for_the_one_that_lost_its_gpus(items):
    left = gpus_left(items)
    assert min(left.values()) >= 0
    assert left["research-h100-02"] == 0


def test_there_are_fourteen_gpu_nodes_of_two_types_and_all_nodes_are_ready(items):
    nodes = of(items, "Node")
    assert all(condition(n, "Ready")["status"] == "True" for n in nodes)
    products = Counter(n["metadata"]["labels"].get("nvidia.com/gpu.product") for n in nodes)
    assert products == {"NVIDIA-H100-80GB-HBM3": 8, "NVIDIA-L40S": 6, None: 4}
    assert all(n["status"]["capacity"][GPU] == "8" for n in nodes if GPU in n["status"]["capacity"])


def test_every_other_pod_is_ready_or_completed(items):
    unhealthy = Counter()
    for pod in of(items, "Pod"):
        if pod["status"]["phase"] == "Succeeded" or condition(pod, "Ready").get("status") == "True":
            continue
        unhealthy[next((p for p in FAILING_PODS if path_of(pod).startswith(p)), path_of(pod))] += 1
    assert unhealthy == FAILING_PODS


def test_every_other_controller_has_what_it_wants(items):
    short = set()
    for item in items:
        spec, status = item.get("spec", {}), item.get("status", {})
        if (
            item["kind"] in ("Deployment", "ReplicaSet", "StatefulSet")
            and status.get("readyReplicas", 0) != spec["replicas"]
        ):
            short.add(path_of(item).removesuffix(item["metadata"].get("labels", {}).get("pod-template-hash", "")))
        if item["kind"] == "DaemonSet" and status["numberReady"] != status["desiredNumberScheduled"]:
            short.add(path_of(item))
        if item["kind"] == "Job" and not status.get("succeeded") and status["ready"] != spec["parallelism"]:
            short.add(path_of(item))
    assert short == {
        "atlas-serve/atlas-chat-32b",
        "atlas-serve/atlas-chat-32b-",
        "ferry-vision/dock-detector",
        "ferry-vision/dock-detector-",
        "gpu-operator/nvidia-device-plugin-daemonset",
        "orca-pretrain/orca-moe-stage2",
        "polar-research/contrastive-sweep",
        "tidal-forecast/demand-forecast",
        "tidal-forecast/demand-forecast-",
        "tidal-forecast/weekly-refit",
    }


def test_controllers_count_the_pods_that_they_own(items):
    owned = defaultdict(list)
    for pod in of(items, "Pod"):
        owned[pod["metadata"]["ownerReferences"][0]["uid"]].append(pod)
    for item in items:
        pods, status = owned[item["metadata"]["uid"]], item.get("status", {})
        ready = sum(condition(p, "Ready").get("status") == "True" for p in pods)
        if item["kind"] in ("ReplicaSet", "StatefulSet"):
            assert (status["replicas"], status.get("readyReplicas", 0)) == (len(pods), ready), path_of(item)
        if item["kind"] == "DaemonSet":
            assert (status["currentNumberScheduled"], status["numberReady"]) == (len(pods), ready), path_of(item)
        if item["kind"] == "Job":
            assert (status.get("active", 0) + status.get("succeeded", 0), status["ready"]) == (len(pods), ready)


def test_quotas_count_what_the_pods_of_the_namespace_request(items):
    for quota in of(items, "ResourceQuota"):
        pods = [p for p in of(items, "Pod") if p["metadata"]["namespace"] == quota["metadata"]["namespace"]]
        used = sum(wanted(p, GPU) for p in pods if p["status"]["phase"] != "Succeeded")
        assert quota["status"]["used"] == {"requests.nvidia.com/gpu": str(used)}


def test_the_full_quota_refuses_by_its_own_arithmetic(items):
    refusals = [e["message"] for e in of(items, "Event") if e["reason"] == "FailedCreate"]
    assert len(refusals) == 2
    for message in refusals:
        asked, used, limit = (int(n) for n in re.findall(r"gpu=(\d+)", message))
        assert used == limit == 8
        assert used + asked > limit
    # Room on the nodes is not what they lack.
    left = gpus_left(items)
    assert sum(n for node, n in left.items() if node.startswith("serve") and node != "serve-l40s-04") >= 8


def filtered(node, pod):
    """The first filter before resources that refuses the pod; every pod here tolerates the GPU taint or selects."""
    if node["spec"].get("unschedulable"):
        return "node(s) were unschedulable"
    labels = node["metadata"]["labels"]
    if any(labels.get(k) != v for k, v in pod["spec"].get("nodeSelector", {}).items()):
        return "node(s) didn't match Pod's node affinity/selector"
    return None


def recount(items, pod, left):
    reasons = Counter()
    cpu = defaultdict(Fraction)
    for other in of(items, "Pod"):
        if other["spec"].get("nodeName") and other["status"]["phase"] != "Succeeded":
            for c in other["spec"]["containers"]:
                text = c["resources"]["requests"]["cpu"]
                cpu[other["spec"]["nodeName"]] += Fraction(text[:-1]) / 1000 if text.endswith("m") else Fraction(text)
    for node in of(items, "Node"):
        name = node["metadata"]["name"]
        reason = filtered(node, pod)
        if reason:
            reasons[reason] += 1
            continue
        if wanted(pod, GPU) > left[name]:
            reasons[f"Insufficient {GPU}"] += 1
        allocatable = Fraction(node["status"]["allocatable"]["cpu"][:-1]) / 1000
        if wanted(pod, "cpu") > allocatable - cpu[name]:
            reasons["Insufficient cpu"] += 1
    return reasons


def test_the_job_beside_the_deaf_plugin_is_refused_as_the_nodes_say(items):
    (job_pod,) = [p for p in of(items, "Pod") if path_of(p).startswith("polar-research/contrastive-sweep-")]
    message = condition(job_pod, "PodScheduled")["message"]
    assert said(message) == recount(items, job_pod, gpus_left(items))
    assert said(message)[f"Insufficient {GPU}"] == 2


def test_only_the_lost_node_would_take_that_job(items):
    (job_pod,) = [p for p in of(items, "Pod") if path_of(p).startswith("polar-research/contrastive-sweep-")]
    healed = {**gpus_left(items), "research-h100-02": 8}
    fits = [
        n["metadata"]["name"]
        for n in of(items, "Node")
        if not filtered(n, job_pod) and healed[n["metadata"]["name"]] >= 8
    ]
    assert fits == ["research-h100-02"]


def test_the_gang_fits_in_part_and_the_message_counts_what_its_members_hold(items):
    gang = [p for p in of(items, "Pod") if path_of(p).startswith("orca-pretrain/orca-moe-stage2-")]
    left = gpus_left(items)
    places = [n for n in of(items, "Node") if not filtered(n, gang[0]) and left[n["metadata"]["name"]] >= 8]
    (group,) = of(items, "PodGroup", "orca-moe-stage2")
    assert len(places) == 2 < group["spec"]["minMember"] == len(gang)
    for place in places:
        left[place["metadata"]["name"]] = 0
    (culprit,) = [p for p in gang if "gets rejected due to Pod" in condition(p, "PodScheduled")["message"]]
    message = condition(culprit, "PodScheduled")["message"]
    assert said(message) == recount(items, culprit, left)
    assert f"due to Pod {culprit['metadata']['name']} is" in message


def test_the_drain_is_refused_by_the_budget_of_a_pod_on_the_cordoned_node(items):
    (node,) = [n for n in of(items, "Node") if n["spec"].get("unschedulable")]
    (budget,) = of(items, "PodDisruptionBudget", "query-embedder")
    held = [p for p in of(items, "Pod") if p["spec"].get("nodeName") == node["metadata"]["name"] and wanted(p, GPU)]
    assert [p["metadata"]["labels"]["app.kubernetes.io/name"] for p in held] == ["query-embedder"]
    assert budget["status"]["disruptionsAllowed"] == 0
    assert node["metadata"]["labels"]["nvidia.com/gpu-driver-upgrade-state"] == "upgrade-failed"
    drains = [e["message"] for e in of(items, "Event") if "Failed to drain" in e["message"]]
    assert len(drains) == 1
    assert held[0]["metadata"]["name"] in drains[0]


def test_gpu_pods_are_younger_than_the_driver_below_them(items):
    drivers = {
        p["spec"]["nodeName"]: p["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
        for p in of(items, "Pod")
        if path_of(p).startswith("gpu-operator/nvidia-driver-daemonset-")
    }
    assert len(drivers) == 14
    for pod in of(items, "Pod"):
        if wanted(pod, GPU) and pod["spec"].get("nodeName"):
            assert pod["metadata"]["creationTimestamp"] > drivers[pod["spec"]["nodeName"]], path_of(pod)


def test_logs_belong_to_containers_of_the_cluster(items, logs):
    pods = {path_of(p): p for p in of(items, "Pod")}
    assert {log["container"] for log in logs} == {"nvidia-device-plugin", "storage-initializer", "server"}
    for log in logs:
        spec = pods[log["pod"]]["spec"]
        assert log["container"] in {c["name"] for c in (*spec.get("initContainers", []), *spec["containers"])}
        assert log["text"].endswith("\n")


def test_the_download_takes_most_of_the_slow_start_and_runs_at_the_rate_it_logs(items, logs):
    (log,) = [entry for entry in logs if entry["container"] == "storage-initializer"]
    seconds = float(re.search(r"Model downloaded in ([\d.]+) seconds", log["text"])[1])
    size = sum(map(int, re.findall(r"\((\d+) bytes\)", log["text"])))
    assert 30 < size / seconds / 1e6 < 40
    (pull,) = [e["message"] for e in of(items, "Event") if "40268435456 bytes" in e["message"]]
    pulled = 9 * 60 + 2.114
    assert "in 9m2.114s" in pull
    assert seconds > 3 * pulled
