"""Groups: what opens one, what shares one, and what opens none."""

import pytest

from diag.findings import Severity


def only(groups):
    assert len(groups) == 1, [group.key for group in groups]
    return groups[0]


def owned(cluster, name, owner, number, **fields):
    return cluster.pod(f"{name}-{number}", 1, owner=owner, message=cluster.lacking(1), **fields)


def test_rejected_pods_of_one_job_are_one_group_with_all_members(cluster):
    job = cluster.job("train")
    group = only(cluster.groups(job, *(owned(cluster, "train", job, n) for n in range(550))))

    assert (group.symptom, str(group.workload), len(group.members), group.gpus) == (
        "pod-unscheduled",
        "Job/ml/train",
        550,
        550,
    )


def test_the_message_is_not_part_of_the_key_and_the_newest_one_speaks(cluster):
    job = cluster.job("train")
    old, new = owned(cluster, "train", job, 1), owned(cluster, "train", job, 2, created="2026-11-25T11:30:00Z")
    old["status"]["conditions"][0]["message"] = cluster.lacking(7)
    group = only(cluster.groups(job, old, new))

    assert group.message == cluster.lacking(1)


def test_whether_the_scheduler_has_looked_at_all_is_part_of_the_key(cluster):
    job = cluster.job("train")
    groups = cluster.groups(job, owned(cluster, "train", job, 1), cluster.pod("train-2", 1, owner=job))

    assert sorted(group.state for group in groups) == ["not looked at", "refused"]


def test_shapes_keep_siblings_apart_and_what_differs_by_nature_does_not(cluster):
    job = cluster.job("train")
    big = cluster.pod("train-9", 8, owner=job, message=cluster.lacking(1))
    assert len(cluster.groups(job, owned(cluster, "train", job, 1), big)) == 2

    def pinned(number):
        terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [f"n{number}"]}]}]
        affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
        volumes = [
            {"name": "data", "persistentVolumeClaim": {"claimName": f"data-train-{number}"}},
            {"name": f"kube-api-access-{number}"},
        ]
        return cluster.pod(
            f"train-{number}", owner=job, message=cluster.lacking(1), spec={"affinity": affinity, "volumes": volumes}
        )

    only(cluster.groups(job, pinned(1), pinned(2)))


def test_the_workload_is_the_topmost_namespaced_owner_and_a_cluster_scoped_one_is_lineage(cluster):
    policy = {"apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy", "metadata": {"name": "policy", "uid": "up"}}
    owners = [
        {"apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy", "name": "policy", "uid": "up", "controller": True}
    ]
    job = cluster.job("driver")
    job["metadata"]["ownerReferences"] = owners
    report = cluster.report(policy, job, owned(cluster, "driver", job, 1))

    assert str(report.causes[0].root) == "Job/ml/driver"
    assert [str(ref) for ref in report.causes[0].lineage] == ["Job/ml/driver", "ClusterPolicy/policy"]


def test_an_owner_that_is_not_collected_still_groups_its_pods(cluster):
    absent = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "gone"}}
    group = only(cluster.groups(*(owned(cluster, "x", absent, n) for n in range(3))))

    assert len(group.members) == 3
    assert str(group.workload) == "Pod/ml/x-0"


def test_a_deployment_is_found_without_its_replica_set(cluster):
    replica_set = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-7d4f9c6b5"}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "ml"}}
    pod = owned(cluster, "web-7d4f9c6b5", replica_set, 1)
    pod["metadata"]["labels"] = {"pod-template-hash": "7d4f9c6b5"}

    assert str(only(cluster.groups(deployment, pod)).workload) == "Deployment/ml/web"


def replica_set(wanted, have, **meta):
    limits = {"limits": {"nvidia.com/gpu": 2}}
    return {
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "web", "namespace": "ml", "uid": "u", "creationTimestamp": "2026-11-25T11:00:00Z", **meta},
        "spec": {"replicas": wanted, "template": {"spec": {"containers": [{"name": "c", "resources": limits}]}}},
        "status": {"replicas": have},
    }  # fmt: skip


def test_a_replica_set_short_of_pods_has_not_got_them_and_its_demand_counts(cluster):
    group = only(cluster.groups(replica_set(3, 1)))

    assert (group.symptom, group.missing, group.gpus) == ("pod-not-created", 2, 4)


def test_a_shortage_that_nothing_states_is_given_a_minute_and_a_stated_one_none(cluster):
    young = replica_set(3, 1, creationTimestamp="2026-11-25T11:59:30Z")
    assert cluster.groups(young) == []

    said = cluster.event("ReplicaSet", "web", "FailedCreate", "Error creating: exceeded quota", api_version="apps/v1")
    only(cluster.groups(young, said))


@pytest.mark.parametrize(
    "spec",
    [{"parallelism": 2, "suspend": True}, {"parallelism": 0}],
)
def test_a_job_that_wants_no_pods_is_not_short_of_any(cluster, spec):
    assert cluster.groups(cluster.job("j", **spec)) == []


def test_a_job_is_short_by_what_its_completions_still_need(cluster):
    job = cluster.job("j", parallelism=4, completions=5)
    job["status"] = {"active": 1, "succeeded": 3}

    assert only(cluster.groups(job)).missing == 1


def test_a_sentence_of_long_ago_still_tells_why_the_pods_are_missing_until_one_was_made(cluster):
    said = cluster.event("ReplicaSet", "web", "FailedCreate", "exceeded quota", api_version="apps/v1",
                         at="2026-11-25T10:00:00Z")  # fmt: skip
    owner = replica_set(3, 1)
    before, since = (
        cluster.pod("web-1", node="n", owner=owner, created=f"2026-11-25T{hour}:00:00Z") for hour in ("09", "11")
    )

    assert only(cluster.groups(owner, said, before)).message == "exceeded quota"
    assert "exceeded quota" not in only(cluster.groups(owner, said, since)).message


def test_a_pod_alone_that_failed_long_ago_is_worth_knowing_until_something_comes_after_it(cluster):
    failed = cluster.pod("batch", phase="Failed", created="2026-11-20T10:00:00Z", reason="NotFound")
    later = cluster.pod("other", node="n", created="2026-11-23T10:00:00Z")

    assert only(cluster.groups(failed)).severity is Severity.INFO
    assert cluster.groups(failed, later) == []


def test_failed_pods_account_for_a_replica_set_that_does_not_count_them(cluster):
    owner = replica_set(1, 0)
    failed = cluster.pod("web-1", owner=owner, phase="Failed", reason="Evicted", message=None)

    assert "pod-not-created" not in {group.symptom for group in cluster.groups(owner, failed)}


def test_an_ordered_stateful_set_waits_for_the_pod_in_trouble(cluster):
    owner = {**replica_set(3, 1), "kind": "StatefulSet"}
    pod = cluster.pod("web-0", 1, owner=owner, message=cluster.lacking(1))

    assert [group.symptom for group in cluster.groups(owner, pod)] == ["pod-unscheduled"]


def test_events_stand_in_for_a_subject_whose_kind_is_not_held(cluster):
    said = cluster.event("Job", "train", "FailedCreate", "Error creating: exceeded quota", api_version="batch/v1")
    group = only(cluster.groups(said))

    assert (group.symptom, str(group.workload), group.workload.seen) == ("pod-not-created", "Job/ml/train", False)


def test_events_do_not_stand_in_when_old_or_when_the_kind_is_held_or_the_pod_has_come(cluster):
    said = cluster.event("Job", "train", "FailedCreate", "no", api_version="batch/v1", at="2026-11-25T11:20:00Z")
    assert cluster.groups(said) == []

    said = cluster.event("Job", "train", "FailedCreate", "no", api_version="batch/v1", at="2026-11-25T11:50:00Z")
    assert cluster.groups(said, cluster.job("other")) == []
    owner = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}}
    assert cluster.groups(said, cluster.pod("train-1", node="n", owner=owner, created="2026-11-25T11:51:00Z")) == []


def scaled_up(cluster, at):
    return cluster.event("Pod", "p", "TriggeredScaleUp", "pod triggered scale-up", warning=False, at=at)


@pytest.mark.parametrize(
    ("events", "severity"),
    [
        ([("TriggeredScaleUp", "2026-11-25T11:50:00Z")], Severity.INFO),
        ([("TriggeredScaleUp", "2026-11-25T11:40:00Z")], Severity.ERROR),
        ([("TriggeredScaleUp", "2026-11-25T11:50:00Z"), ("NotTriggerScaleUp", "2026-11-25T11:55:00Z")], Severity.ERROR),
        ([("TriggeredScaleUp", "2026-11-25T11:55:00Z"), ("NotTriggerScaleUp", "2026-11-25T11:50:00Z")], Severity.INFO),
    ],
)
def test_a_waiter_that_a_scale_up_serves_within_its_budget_is_on_its_way(cluster, events, severity):
    said = [cluster.event("Pod", "p", reason, "x", warning=False, at=at) for reason, at in events]

    assert only(cluster.groups(cluster.pod("p", 1, message=cluster.lacking(1)), *said)).severity is severity


def test_a_new_node_without_its_gpus_and_the_pod_that_waits_for_it_are_on_their_way(cluster):
    node = cluster.node("new", 0, labels={"nvidia.com/gpu.present": "true"})
    node["metadata"]["creationTimestamp"] = "2026-11-25T11:50:00Z"
    groups = cluster.groups(node, cluster.pod("p", 8, message=cluster.lacking(1)))

    assert {group.severity for group in groups} == {Severity.INFO}
    node["metadata"]["creationTimestamp"] = "2026-11-25T11:00:00Z"
    assert Severity.ERROR in {group.severity for group in cluster.groups(node)}


def test_a_node_in_an_upgrade_of_its_driver_is_on_its_way(cluster):
    node = cluster.node("n", 8, offers=0, labels={"nvidia.com/gpu-driver-upgrade-state": "pod-restart-required"})

    assert only(cluster.groups(node)).severity is Severity.INFO


def test_unready_pods_on_lost_nodes_are_one_group_across_owners(cluster):
    def lost(name, node, owner):
        pod = cluster.pod(name, 1, node=node, owner=owner)
        pod["status"]["conditions"] = [
            {"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-25T11:30:00Z"}
        ]
        return pod

    one, other = cluster.job("a"), cluster.job("b")
    nodes = [cluster.node("n1", ready=False), cluster.node("n2", ready=False)]
    group = only(
        [
            g
            for g in cluster.groups(one, other, *nodes, lost("a-1", "n1", one), lost("b-1", "n2", other))
            if g.state == "node"
        ]
    )

    assert [str(ref) for ref in group.workloads] == ["Job/ml/a", "Job/ml/b"]
    assert group.gpus == 2


def test_a_lost_node_does_not_count_as_one_without_gpus(cluster):
    assert cluster.groups(cluster.node("n", 8, offers=0, ready=False)) == []


def test_a_mig_node_that_keeps_a_zero_of_the_whole_resource_offers_what_it_has(cluster):
    node = cluster.node("n", 0)
    for part in ("capacity", "allocatable"):
        node["status"][part]["nvidia.com/mig-1g.10gb"] = "7"
    node["metadata"]["labels"] = {"nvidia.com/gpu.present": "true", "nvidia.com/gpu.count": "1"}

    assert cluster.groups(node) == []


def test_stale_trouble_of_what_is_well_by_now_opens_nothing(cluster):
    fine = cluster.pod("fine", 1, node="n")
    fine["status"]["containerStatuses"] = [
        {
            "name": "main",
            "ready": True,
            "restartCount": 9,
            "state": {"running": {}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
        }
    ]
    said = cluster.event("Pod", "fine", "FailedScheduling", cluster.lacking(1), at="2026-11-25T11:10:00Z")
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "b", "namespace": "ml"},
        "status": {"disruptionsAllowed": 0},
    }
    suspended = cluster.job("queued", suspend=True, parallelism=3)

    assert cluster.groups(cluster.node("n"), fine, said, budget, suspended) == []


def test_a_claim_that_no_pod_waits_for_is_no_trouble(cluster):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "ml"},
        "status": {"phase": "Pending"},
    }
    assert cluster.groups(claim) == []

    volumes = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]}
    pod = cluster.pod(
        "p", message="0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", spec=volumes
    )
    assert {group.symptom for group in cluster.groups(claim, pod)} == {"pvc-pending", "pod-unscheduled"}


def test_a_model_server_within_its_start_up_budget_is_on_its_way(cluster):
    def serving(started_at):
        probe = {"startupProbe": {"periodSeconds": 10, "failureThreshold": 60}}
        pod = cluster.pod("llm", 1, node="n", spec={"containers": [{"name": "main", **probe}], "nodeName": "n"})
        pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": started_at}]
        pod["status"]["containerStatuses"] = [
            {
                "name": "main",
                "ready": False,
                "started": False,
                "restartCount": 0,
                "state": {"running": {"startedAt": started_at}},
            }
        ]
        return pod

    assert cluster.groups(serving("2026-11-25T11:51:00Z")) == []
    assert only(cluster.groups(serving("2026-11-25T11:49:00Z"))).symptom in ("container-not-ready", "pod-start-slow")


def test_an_object_that_a_detector_stumbles_over_is_a_gap_and_its_neighbours_are_found(cluster, monkeypatch):
    from diag.trouble.detect import pods  # noqa: PLC0415

    original = pods._unscheduled  # noqa: SLF001
    monkeypatch.setattr(
        pods, "_unscheduled", lambda scene, pod: {}["no"] if pod.name == "bad" else original(scene, pod)
    )
    waits = [cluster.pod(name, 1, message=cluster.lacking(1)) for name in ("a", "bad", "z")]
    diagnosis = cluster.diagnose(*waits)

    assert {group.first.name for group in diagnosis.trouble.groups} == {"a", "z"}
    assert [gap.what for gap in diagnosis.gaps if gap.why == "unreadable"] == ["read Pod/ml/bad"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("loading\n  ValueError: no such flag \n\n", " (ValueError: no such flag)"),
        ("x" * 300, f" ({'x' * 200})"),
        ("\n", ""),
        (None, ""),
    ],
)
def test_a_crash_is_told_with_the_containers_last_words(cluster, message, words):
    crashing = cluster.pod("p", node="n1")
    crashing["status"] = {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "main",
                "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": message}},
            }
        ],
    }
    group = only(cluster.groups(crashing))

    assert group.message == f"container main ended with exit code 1{words}, 3 restarts"
    cited = [one.path for one in group.evidence]
    assert ("status.containerStatuses[0].lastState.terminated.message" in cited) == bool(words)


@pytest.mark.parametrize(
    ("component", "scheduler", "told"),
    [
        ("yunikorn", "yunikorn", "p is queued and waiting for allocation"),
        ("cluster-autoscaler", "yunikorn", "no scheduler has looked at it"),
        ("yunikorn", None, "no scheduler has looked at it"),
    ],
)
def test_a_pod_without_a_verdict_shows_what_its_own_scheduler_said(cluster, component, scheduler, told):
    waiting = cluster.pod("p")
    waiting["spec"] |= {"schedulerName": scheduler} if scheduler else {}
    waiting["status"] = {"phase": "Pending"}
    said = cluster.event("Pod", "p", "Scheduling", "p is queued and waiting for allocation", warning=False)
    group = only(cluster.groups(waiting, {**said, "source": {}, "reportingComponent": component}))

    assert (group.state, group.message) == ("not looked at", told)
    cited = [getattr(one, "value", None) for one in group.evidence]
    assert (told in cited) == (told != "no scheduler has looked at it")


@pytest.mark.parametrize(
    ("phase", "expected"), [("Succeeded", []), ("Running", ["pod-failed"]), ("Failed", ["pod-failed"])]
)
def test_a_failed_attempt_of_work_that_went_well_is_history(cluster, phase, expected):
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"name": "etl", "namespace": "ml", "uid": "w"}, "status": {"phase": phase},
    }  # fmt: skip
    attempt = cluster.pod("etl-0", owner=workflow, phase="Failed")
    attempt["status"]["containerStatuses"] = [{"name": "main", "state": {"terminated": {"exitCode": 1}}}]
    found = [group.symptom for group in cluster.groups(workflow, attempt) if group.first.kind == "Pod"]
    assert found == expected
