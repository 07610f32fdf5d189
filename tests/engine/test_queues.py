"""What waits in Kueue's queues: which objects are in trouble, and which pods wait for which Workload."""

import json

import pytest

from diag.api import scan

KUEUE = "kueue.x-k8s.io/v1beta2"
LABEL = "kueue.x-k8s.io/queue-name"
OLD, YOUNG = "2026-11-25T11:00:00Z", "2026-11-25T11:59:50Z"


def condition(kind, status, reason="", message=""):
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": OLD}


def workload(name, *conditions, created=OLD, owner=None, queue="q", **spec):
    owners = [{"apiVersion": owner[0], "kind": owner[1], "name": owner[2], "controller": True}] if owner else []
    return {
        "apiVersion": KUEUE,
        "kind": "Workload",
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": created, "ownerReferences": owners},
        "spec": {"queueName": queue, **spec},
        "status": {"conditions": list(conditions)} if conditions else {},
    }


def job(name, *, suspend=True, owners=(), **status):
    labels = {LABEL: "q"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name, "namespace": "ml", "creationTimestamp": OLD, "labels": labels, "ownerReferences": list(owners)
        },
        "spec": {"suspend": suspend},
        "status": status,
    }  # fmt: skip


def gated(name, gate="kueue.x-k8s.io/admission"):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": OLD},
        "spec": {"schedulingGates": [{"name": gate}], "containers": [{"name": "c"}]},
        "status": {"phase": "Pending"},
    }


WAITS = condition("QuotaReserved", "False", "Pending", "insufficient unused quota")


def told(groups):
    return [(group.symptom, str(group.workload), group.severity.value) for group in groups]


def local_queue(name):
    return {"apiVersion": KUEUE, "kind": "LocalQueue", "metadata": {"name": name, "namespace": "ml"}, "spec": {}}


def test_a_suspended_job_of_a_queue_without_a_workload_is_not_admitted(cluster):
    other = workload("other", condition("Admitted", "True"))

    assert told(cluster.groups(job("train"), other)) == [("workload-not-admitted", "Job/ml/train", "error")]


def test_without_any_workload_nobody_knows_what_a_suspended_job_waits_for(cluster):
    (group,) = cluster.groups(job("train"))

    assert (group.severity.value, group.message) == (
        "info", "it is suspended for a queue, and what waits in queues was not read",
    )  # fmt: skip
    assert told(cluster.groups(job("train"), local_queue("q"))) == [("workload-not-admitted", "Job/ml/train", "info")]


def test_a_suspended_job_whose_queue_is_not_among_those_of_its_namespace_is_in_trouble(cluster):
    assert told(cluster.groups(job("train"), local_queue("p"))) == [("workload-not-admitted", "Job/ml/train", "error")]


@pytest.mark.parametrize(
    "quiet",
    [
        job("runs", suspend=False),
        job("ended", conditions=[{"type": "Complete", "status": "True"}]),
        job("of-a-jobset", owners=[{"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "name": "set"}]),
    ],
    ids=lambda item: item["metadata"]["name"],
)
def test_a_job_that_runs_has_ended_or_is_managed_by_another_waits_for_nothing(cluster, quiet):
    assert told(cluster.groups(quiet)) == []


def test_a_job_with_a_workload_is_told_once_by_that(cluster):
    groups = cluster.groups(job("train"), workload("job-train", WAITS, owner=("batch/v1", "Job", "train")))

    assert [(group.first.kind, str(group.workload)) for group in groups] == [("Workload", "Job/ml/train")]


def test_a_workload_that_no_queue_has_looked_at_is_in_trouble_after_a_minute(cluster):
    assert told(cluster.groups(workload("w"))) == [("workload-not-admitted", "Workload/ml/w", "error")]
    assert told(cluster.groups(workload("w", created=YOUNG))) == [("workload-not-admitted", "Workload/ml/w", "info")]


def test_a_workload_with_an_empty_list_of_conditions_is_in_trouble_as_well(cluster):
    empty = {**workload("w"), "status": {"conditions": []}}

    assert told(cluster.groups(empty)) == [("workload-not-admitted", "Workload/ml/w", "error")]


def test_a_reason_that_no_waiting_mends_is_an_error_at_once(cluster):
    young = workload("w", condition("QuotaReserved", "False", "Misconfigured", "x"), created=YOUNG)

    assert told(cluster.groups(young)) == [("workload-not-admitted", "Workload/ml/w", "error")]


def test_a_workload_that_a_user_set_inactive_is_no_error_and_one_that_a_limit_did_is(cluster):
    by_limit = condition("Evicted", "True", "DeactivatedDueToRequeuingLimitExceeded")

    assert told(cluster.groups(workload("w", WAITS, active=False)))[0][2] == "info"
    assert told(cluster.groups(workload("w", WAITS, by_limit, active=False)))[0][2] == "error"


def test_gated_pods_wait_for_the_workload_that_they_own(cluster):
    diagnosis = cluster.diagnose(gated("p"), workload("pod-p", WAITS, owner=("v1", "Pod", "p")))

    assert [(cause.name, str(cause.root)) for cause in diagnosis.causes] == [("workload-not-admitted", "Pod/ml/p")]


def test_a_gate_of_another_controller_does_not_wait_for_kueue(cluster):
    diagnosis = cluster.diagnose(gated("p", "example.com/own"), workload("pod-p", WAITS, owner=("v1", "Pod", "p")))

    assert sorted(cause.name for cause in diagnosis.causes) == ["pod-gated", "workload-not-admitted"]


@pytest.mark.parametrize("queue", [True, False])
def test_a_queued_job_says_that_its_workload_was_not_read(tmp_path, queue):
    labels = {"kueue.x-k8s.io/queue-name": "team"} if queue else {"team": "a"}
    job = {
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "later", "namespace": "ml", "creationTimestamp": "2026-11-25T10:00:00Z", "labels": labels},
        "spec": {"suspend": True}, "status": {},
    }  # fmt: skip
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(job))
    report = scan([path], now="2026-11-25T10:05:00Z")
    gaps = [gap for gap in report.gaps if gap.what == "list kueue.x-k8s.io/Workload"]

    assert [gap.material for gap in gaps] == ([True] if queue else [])
    assert all("kubectl get workloads.kueue.x-k8s.io" in gap.fix for gap in gaps)
