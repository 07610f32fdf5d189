"""What failed and was made good is history; what fails in turn is not; a pod may wait for its own predecessor."""

import pytest

from diag.findings import Severity

# The cluster's clock says 12:00.
TEMPLATE = {"spec": {"containers": [{"name": "main"}]}}


def owned(kind, name, uid):
    return [{"apiVersion": "batch/v1" if "Job" in kind else "apps/v1", "kind": kind, "name": name, "uid": uid,
             "controller": True}]  # fmt: skip


def job(name, created, condition, owner=None):
    ended = {"type": condition, "status": "True", "reason": "BackoffLimitExceeded" if condition == "Failed" else ""}
    metadata = {"name": name, "namespace": "ml", "uid": name, "creationTimestamp": created}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata | ({"ownerReferences": owned("CronJob", owner, "c")} if owner else {}),
        "spec": {"parallelism": 1, "completions": 1, "template": TEMPLATE},
        "status": {"conditions": [ended | {"lastTransitionTime": created}]},
    }


@pytest.mark.parametrize(
    ("later", "owner", "expected"),
    [
        ("Complete", "nightly", Severity.INFO),
        ("Failed", "nightly", Severity.ERROR),  # it still fails
        ("Complete", "weekly", Severity.ERROR),  # another's success
        ("Complete", None, Severity.ERROR),
    ],
)
def test_a_failed_job_is_history_once_a_later_one_of_its_cron_job_succeeded(cluster, later, owner, expected):
    first = job("nightly-1", "2026-11-25T02:00:00Z", "Failed", "nightly")
    second = job("nightly-2", "2026-11-25T03:00:00Z", later, owner)
    found = cluster.groups(first, second)
    assert max(group.severity for group in found if group.first.name == "nightly-1") is expected


def test_the_success_of_an_earlier_job_does_not_make_good(cluster):
    first = job("nightly-1", "2026-11-25T03:00:00Z", "Failed", "nightly")
    (group,) = cluster.groups(first, job("nightly-0", "2026-11-25T02:00:00Z", "Complete", "nightly"))
    assert group.severity is Severity.ERROR


def replica_set(ready, owner=None):
    metadata = {"name": "web-1", "namespace": "ml", "uid": "rs", "creationTimestamp": "2026-11-25T06:00:00Z"}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata | ({"ownerReferences": owned("Deployment", "web", "d")} if owner else {}),
        "spec": {"replicas": 1, "template": TEMPLATE},
        "status": {"replicas": 1, "readyReplicas": ready},
    }


def pod(name, created, status, set_name="web-1", **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": created,
                     "ownerReferences": owned("ReplicaSet", set_name, "rs" if set_name == "web-1" else "old"),
                     **metadata},
        "spec": {"nodeName": "n1", "containers": [{"name": "main"}]},
        "status": status,
    }  # fmt: skip


EVICTED = {
    "phase": "Failed",
    "reason": "Evicted",
    "message": 'Usage of EmptyDir volume "shm" exceeds the limit "1Gi". ',
}
RUNS = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [{"name": "main", "ready": True, "restartCount": 0, "state": {"running": {}}}],
}


@pytest.mark.parametrize(
    ("minutes", "lives_since", "reason", "expected"),
    [
        ((5, 20, 35), 55, "Evicted", ["pod-evicted"]),  # one after the other, and the latest is young
        ((5, 20, 35), 25, "Evicted", []),  # the latest has outlived them
        ((5, 5, 5), 55, "Evicted", []),  # all at once
        ((5, 35), 55, "Evicted", []),  # twice only
        ((5, 20, 35), 55, "UnexpectedAdmissionError", []),  # turned away, not worn out
    ],
)
def test_pods_that_are_evicted_in_turn_are_not_made_good_by_the_latest(cluster, minutes, lives_since, reason, expected):
    gone = [
        pod(f"web-1-{place}", f"2026-11-25T11:{minute:02d}:00Z", EVICTED | {"reason": reason})
        for place, minute in enumerate(minutes)
    ]
    lives = pod("web-1-z", f"2026-11-25T11:{lives_since:02d}:00Z", RUNS)
    found = [one for one in cluster.groups(replica_set(1), *gone, lives) if one.severity is not Severity.INFO]
    assert [(group.symptom, group.severity) for group in found] == [(one, Severity.WARNING) for one in expected]


@pytest.mark.parametrize(
    ("due", "expected"), [("2026-11-25T12:00:20Z", Severity.INFO), ("2026-11-25T11:50:00Z", Severity.ERROR)]
)
def test_a_pod_whose_predecessor_is_within_its_grace_period_is_on_its_way(cluster, due, expected):
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "ml", "uid": "d", "creationTimestamp": "2026-11-25T06:00:00Z"},
        "spec": {"replicas": 1, "template": TEMPLATE},
        "status": {},
    }
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes available."}
    refused["lastTransitionTime"] = "2026-11-25T11:59:00Z"
    new = pod("web-2-a", "2026-11-25T11:59:00Z", {"phase": "Pending", "conditions": [refused]})
    new["spec"].pop("nodeName")
    before = replica_set(0, owner=True)
    before["metadata"] |= {"name": "web-0", "uid": "old"}
    old = pod("web-0-a", "2026-11-25T06:00:00Z", RUNS, "web-0", deletionTimestamp=due, deletionGracePeriodSeconds=30)
    found = cluster.groups(cluster.node("n1"), deployment, replica_set(0, owner=True), before, new, old)
    assert [group.severity for group in found if group.symptom == "pod-unscheduled"] == [expected]


@pytest.mark.parametrize(
    ("since", "ready", "expected"),
    [
        ("11:30", True, ["container-not-ready"]),
        ("11:59", True, []),  # the gate may still open
        ("11:58", False, []),  # a container that starts has its own time
    ],
)
def test_a_pod_behind_a_readiness_gate_is_in_trouble_though_its_containers_are_ready(cluster, since, ready, expected):
    gate = 'the status of pod readiness gate "elb" is not "True", but False'
    state = {"running": {"startedAt": f"2026-11-25T{since}:00Z"}}
    unready = {"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady", "message": gate,
               "lastTransitionTime": f"2026-11-25T{since}:00Z"}  # fmt: skip
    status = {
        "phase": "Running",
        "conditions": [unready],
        "containerStatuses": [{"name": "main", "ready": ready, "restartCount": 0, "state": state}],
    }
    found = cluster.groups(cluster.node("n1"), pod("web", "2026-11-25T11:00:00Z", status))
    assert [group.symptom for group in found if group.severity is not Severity.INFO] == expected
    assert all(group.message == gate for group in found if ready)


@pytest.mark.parametrize(
    ("created", "phase", "expected"),
    [
        ("11:30", RUNS, []),
        ("11:30", {"phase": "Succeeded"}, []),
        ("11:30", {"phase": "Running"}, ["pod-failed"]),  # nothing says yet that it does better
        ("11:00", RUNS, ["pod-failed"]),  # of the same moment: another replica
    ],
)
def test_a_later_sibling_makes_good_for_a_failed_pod_whose_controller_was_not_collected(
    cluster, created, phase, expected
):
    failed = pod("web-1-a", "2026-11-25T11:00:00Z", {"phase": "Failed", "message": "out of luck"})
    later = pod("web-1-b", f"2026-11-25T{created}:00Z", phase)
    assert [group.symptom for group in cluster.groups(failed, later)] == expected
