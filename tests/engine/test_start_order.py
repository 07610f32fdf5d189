"""Members of one workload that wait for each other, and the words of the resources above them."""

import pytest

NAME, ROLE = "jobset.sigs.k8s.io/jobset-name", "jobset.sigs.k8s.io/replicatedjob-name"
IN_PROGRESS = {
    "type": "StartupPolicyInProgress", "status": "True", "reason": "InOrderStartupPolicyInProgress",
    "message": "in order startup policy is in progress",
}  # fmt: skip


def job_set(*, order="InOrder", depends=False, conditions=(IN_PROGRESS,), **spec):
    def replicated(name, gpus, after=None):
        container = {"name": "main", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}
        template = {"spec": {"parallelism": 2, "template": {"spec": {"containers": [container]}}}}
        further = {"dependsOn": [{"name": after, "status": "Ready"}]} if after else {}
        return {"name": name, "replicas": 3, "template": template, **further}

    jobs = [replicated("driver", 0), replicated("workers", 4, "driver" if depends else None)]
    policy = {"startupPolicy": {"startupPolicyOrder": order}} if order else {}
    made = [{"name": "driver", "active": 1}, {"name": "workers", "active": 0, "ready": 0}]
    return {
        "apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet",
        "metadata": {"name": "rl", "namespace": "ml", "uid": "rl", "creationTimestamp": "2026-11-25T11:00:00Z"},
        "spec": {"replicatedJobs": jobs, **policy, **spec},
        "status": {"replicatedJobsStatus": made, "conditions": list(conditions)},
    }  # fmt: skip


def member(cluster, job_set, role="driver", **fields):
    fields = fields or {"message": cluster.lacking(1)}
    return cluster.pod(f"rl-{role}-0", owner=job_set, meta={"labels": {NAME: "rl", ROLE: role}}, **fields)


def waiting(groups):
    return [group for group in groups if group.state == "start order"]


@pytest.mark.parametrize("fields", [{}, {"order": None, "depends": True}])
def test_later_jobs_of_a_job_set_wait_for_the_one_that_finds_no_node(cluster, fields):
    item = job_set(**fields)
    (group,) = waiting(cluster.groups(cluster.node("n"), item, member(cluster, item)))
    report = cluster.report(cluster.node("n"), item, member(cluster, item))

    assert (group.symptom, group.missing, group.gpus) == ("pod-not-created", 6, 24)
    assert len(report.causes) == 1
    assert report.causes[0].name == "pod-unscheduled"
    assert any("workers are not made before driver" in link.why for link in report.links)
    cited = {row.value for row in report.evidence}
    assert {"StartupPolicyInProgress", (fields and "driver") or "InOrder"} <= cited


@pytest.mark.parametrize(
    "change",
    [
        {"order": "AnyOrder"},
        {"order": None},
        {"suspend": True},
        {"conditions": [{"type": "Failed", "status": "True", "reason": "FailedJobs", "message": "m"}]},
    ],
)
def test_jobs_that_keep_no_order_or_are_held_wait_for_nobody(cluster, change):
    item = job_set(**change)

    assert waiting(cluster.groups(cluster.node("n"), item, member(cluster, item))) == []


def test_nothing_waits_for_a_driver_that_is_well_or_on_its_way(cluster):
    item = job_set()
    well = member(cluster, item, node="n")
    fresh = member(cluster, item, phase="Pending", created=cluster.NOW)

    assert waiting(cluster.groups(cluster.node("n"), item, well)) == []
    assert waiting(cluster.groups(cluster.node("n"), item, fresh)) == []


def test_jobs_whose_pods_exist_are_not_missing(cluster):
    item = job_set()
    pods = [member(cluster, item), member(cluster, item, "workers")]

    assert waiting(cluster.groups(cluster.node("n"), item, *pods)) == []


LWS = "leaderworkerset.sigs.k8s.io"


def leader_set(policy="LeaderReady", size=3):
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet",
        "metadata": {"name": "llm", "namespace": "ml", "uid": "llm", "creationTimestamp": "2026-11-25T11:00:00Z"},
        "spec": {"startupPolicy": policy, "leaderWorkerTemplate": {"size": size}},
    }  # fmt: skip


def of_set(cluster, item, name, index, **fields):
    labels = {f"{LWS}/name": "llm", f"{LWS}/group-index": "0", f"{LWS}/worker-index": str(index)}
    return cluster.pod(name, owner=item, meta={"labels": labels}, **fields)


def test_workers_of_a_leader_that_finds_no_node_are_not_made(cluster):
    item = leader_set()
    leader = of_set(cluster, item, "llm-0", 0, message=cluster.lacking(1))
    (group,) = waiting(cluster.groups(cluster.node("n"), item, leader))

    assert group.missing == 2
    assert [cause.name for cause in cluster.report(cluster.node("n"), item, leader).causes] == ["pod-unscheduled"]


@pytest.mark.parametrize("change", [{"policy": "LeaderCreated"}, {"size": 1}])
def test_workers_that_need_no_ready_leader_do_not_wait(cluster, change):
    item = leader_set(**change)
    leader = of_set(cluster, item, "llm-0", 0, message=cluster.lacking(1))

    assert waiting(cluster.groups(cluster.node("n"), item, leader)) == []


def test_workers_that_exist_are_not_missing(cluster):
    item = leader_set()
    leader = of_set(cluster, item, "llm-0", 0, message=cluster.lacking(1))
    worker = of_set(cluster, item, "llm-0-1", 1, node="n")

    assert waiting(cluster.groups(cluster.node("n"), item, leader, worker)) == []


def ray_cluster(**status):
    return {
        "apiVersion": "ray.io/v1", "kind": "RayCluster", "spec": {}, "status": status,
        "metadata": {"name": "serve", "namespace": "ml", "uid": "serve", "creationTimestamp": "2026-11-25T11:00:00Z"},
    }  # fmt: skip


def ray_pod(cluster, owner, role, *, of="serve", **container):
    unready = {
        "type": "Ready",
        "status": "False",
        "reason": "ContainersNotReady",
        "lastTransitionTime": cluster.LONG_AGO,
    }
    pod = cluster.pod(
        f"{of}-{role}", owner=owner, node="n", phase="Running",
        meta={"labels": {"ray.io/node-type": role, "ray.io/cluster": of}},
        containerStatuses=[{"name": "main", "ready": False, **container}],
    )  # fmt: skip
    pod["status"]["conditions"] = [unready]
    return pod


CRASHED = {
    "restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-25T11:58:00Z"}},
}  # fmt: skip
RUNS = {"started": True, "state": {"running": {"startedAt": "2026-11-25T11:00:00Z"}}}


def test_workers_of_a_ray_head_that_crashes_are_explained_by_it(cluster):
    down = {"type": "HeadPodReady", "status": "False", "reason": "CrashLoopBackOff", "message": "the head is down"}
    item = ray_cluster(conditions=[down])
    report = cluster.report(
        cluster.node("n"), item, ray_pod(cluster, item, "head", **CRASHED), ray_pod(cluster, item, "worker", **RUNS)
    )

    assert [cause.name for cause in report.causes] == ["container-crashing"]
    assert any("whose head serve-head crashes" in link.why for link in report.links)
    assert "the head is down" in {row.value for row in report.evidence}


def test_workers_that_crash_by_themselves_or_of_another_cluster_are_not(cluster):
    item = ray_cluster()
    head = ray_pod(cluster, item, "head", **CRASHED)
    crashing = ray_pod(cluster, item, "worker", **CRASHED)
    other = ray_pod(cluster, None, "worker", of="other", **RUNS)

    assert cluster.trouble(cluster.node("n"), item, head, crashing, other).charges == []


@pytest.mark.parametrize(
    ("said", "explained"),
    [
        ("gcs_rpc_client.h:178: Failed to connect to GCS at address serve-head-svc:6379 within 5 seconds", True),
        ("RuntimeError: Timed out while waiting for GCS to become available.", True),
        ("Failed to connect to the database", False),
    ],
)
def test_workers_that_crash_since_their_head_does_not_answer_are_explained_by_it(cluster, said, explained):
    item = ray_cluster()
    ended = CRASHED["lastState"]["terminated"]
    crashed = {**CRASHED, "lastState": {"terminated": {**ended, "message": said}}}
    killed = {**CRASHED, "lastState": {"terminated": {**ended, "exitCode": 137, "reason": "OOMKilled"}}}
    head, worker = ray_pod(cluster, item, "head", **killed), ray_pod(cluster, item, "worker", **crashed)

    charged = [one.because for one in cluster.trouble(cluster.node("n"), item, head, worker).charges]

    assert [one.symptom.first.name for one in charged] == ["serve-worker"] * explained
    assert all(said in {piece.value for piece in one.evidence} for one in charged)


def test_the_words_of_the_resource_above_are_shown_beside_its_pods(cluster):
    failed = {"type": "Failed", "status": "True", "reason": "ReachedMaxRestarts", "message": "out of restarts"}
    item = job_set(order=None, conditions=[failed], failurePolicy={"maxRestarts": 3})
    pod = member(cluster, item, node="n", phase="Failed", reason="Evicted", message="low on memory")
    (group,) = cluster.groups(cluster.node("n"), item, pod)
    values = [piece.value for piece in group.evidence]

    assert values[0] != "out of restarts"
    assert {"out of restarts", "ReachedMaxRestarts", 3} <= {*values}


def test_a_resource_above_that_says_nothing_bad_is_not_cited(cluster):
    item = job_set(order=None, conditions=[])
    pod = member(cluster, item, node="n", phase="Failed", reason="Evicted", message="low on memory")
    (group,) = cluster.groups(cluster.node("n"), item, pod)

    assert all(piece.object.kind != "JobSet" for piece in group.evidence)


def test_a_rank_that_names_a_member_without_a_node_is_explained_by_it(cluster):
    job = cluster.job("train", suspend=True)
    waiting = cluster.pod("train-0-abcde", 8, owner=job, message=cluster.lacking(1), spec={"hostname": "train-0"})
    said = "dial tcp train-0.train:29500: connect: connection refused"
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": said, "finishedAt": "2026-11-25T11:58:00Z"}}
    dead = cluster.pod(
        "train-1-fghij", owner=job, node="n", phase="Failed",
        containerStatuses=[{"name": "main", "ready": False, "state": ended}],
    )  # fmt: skip
    report = cluster.report(cluster.node("n"), job, waiting, dead)

    assert [cause.name for cause in report.causes] == ["pod-unscheduled"]
    assert any("train-1-fghij waits for train-0-abcde" in link.why for link in report.links)


def test_a_member_that_names_somebody_else_is_not(cluster):
    job, other = cluster.job("train", suspend=True), cluster.job("other", suspend=True)
    waiting = cluster.pod("db-0", 8, owner=other, message=cluster.lacking(1))
    said = "dial tcp db-0.db:5432: connect: connection refused"
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": said, "finishedAt": "2026-11-25T11:58:00Z"}}
    dead = cluster.pod(
        "train-1", owner=job, node="n", phase="Failed",
        containerStatuses=[{"name": "main", "ready": False, "state": ended}],
    )  # fmt: skip

    assert cluster.trouble(cluster.node("n"), job, other, waiting, dead).charges == []
