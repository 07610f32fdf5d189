"""Custom resources in trouble: what opens a group, and who speaks for whom."""

import pytest

from diag.findings import Confidence, Severity


def resource(kind, name, *, group="example.com", owner=None, status=None, spec=None, **meta):
    found = {
        "apiVersion": f"{group}/v1", "kind": kind,
        "metadata": {
            "name": name, "namespace": "ml", "uid": f"{kind}-{name}",
            "creationTimestamp": "2026-11-25T08:00:00Z", **meta,
        },
        "spec": spec or {}, "status": status or {},
    }  # fmt: skip
    if owner:
        found["metadata"]["ownerReferences"] = [
            {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
             "uid": owner["metadata"]["uid"], "controller": True}
        ]  # fmt: skip
    return found


def saying(type_, status, reason="Broken", message="the disk is on fire", since="2026-11-25T11:00:00Z"):
    told = {"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}
    return {"conditions": [told]}


NOT_READY = saying("Ready", "False")


def only(groups):
    assert len(groups) == 1, [group.key for group in groups]
    return groups[0]


def test_a_resource_that_is_not_ready_opens_a_group_that_is_a_warning_and_only_possible(cluster):
    widget = resource("Widget", "w", status=NOT_READY)
    group = only(cluster.groups(widget))
    cause = only(cluster.report(widget).causes)

    assert (group.symptom, group.severity) == ("custom-resource-not-ready", Severity.WARNING)
    assert "the disk is on fire" in group.message
    assert cause.confidence == Confidence.POSSIBLE.word


def test_work_that_is_not_ready_is_an_error(cluster):
    service = resource("InferenceService", "llm", group="serving.kserve.io", status=NOT_READY)

    assert only(cluster.groups(service)).severity is Severity.ERROR


@pytest.mark.parametrize(
    "quiet",
    [
        {"status": saying("Ready", "True")},
        {"status": saying("Ready", "False", since="2026-11-25T11:58:00Z")},  # within its grace
        {"status": saying("Ready", "False", "Creating", since="2026-11-25T11:40:00Z")},  # under way
        {"status": saying("Frobnicated", "False")},  # nobody knows the type
        {"status": {"phase": "Succeeded", **NOT_READY}},
        {"status": {"observedGeneration": 1, **NOT_READY}, "generation": 2},
        {"status": NOT_READY, "spec": {"suspend": True}},
        {"status": NOT_READY, "spec": {"replicas": 0}},
        {"status": NOT_READY, "annotations": {"crossplane.io/paused": "true"}},
        {"status": NOT_READY, "deletionTimestamp": "2026-11-25T11:59:00Z"},
        {"status": {"phase": "Running"}},
    ],
)
def test_what_is_well_under_way_or_held_on_purpose_opens_nothing(cluster, quiet):
    assert cluster.groups(resource("Widget", "w", **quiet)) == []


def test_a_failure_that_is_stated_counts_at_once(cluster):
    failed = saying("Failed", "True", "JobFailed", since="2026-11-25T11:59:58Z")

    only(cluster.groups(resource("PyTorchJob", "t", group="kubeflow.org", status=failed)))


def test_work_that_failed_days_ago_is_history(cluster):
    failed = saying("Failed", "True", "JobFailed", since="2026-11-22T11:00:00Z")

    assert cluster.groups(resource("PyTorchJob", "t", group="kubeflow.org", status=failed)) == []


def test_a_state_in_one_word_is_read_with_the_sentence_beside_it(cluster):
    group = only(cluster.groups(resource("Workspace", "w", status={"phase": "Failed", "message": "no such image"})))

    assert group.message == "Failed: no such image"


def test_a_resource_that_repeats_the_trouble_of_its_pods_opens_no_second_group(cluster):
    service = resource("InferenceService", "llm", group="serving.kserve.io", status=NOT_READY)
    pod = cluster.pod("llm-0", 1, owner=service, message=cluster.lacking(1))

    group = only(cluster.groups(service, pod))
    assert (group.symptom, str(group.workload)) == ("pod-unscheduled", "InferenceService/ml/llm")


def test_a_part_of_a_workload_that_complains_opens_no_second_group(cluster):
    service = resource("InferenceService", "llm", group="serving.kserve.io")
    route = resource("Route", "llm", owner=service, status=NOT_READY)
    pod = cluster.pod("llm-0", 1, owner=service, message=cluster.lacking(1))

    assert only(cluster.groups(service, route, pod)).symptom == "pod-unscheduled"


def test_of_a_chain_the_deepest_resource_speaks(cluster):
    top = resource("Service", "s", group="serving.knative.dev", status=NOT_READY)
    middle = resource("Configuration", "s", group="serving.knative.dev", owner=top, status=NOT_READY)
    deepest = resource("Revision", "s-1", group="serving.knative.dev", owner=middle, status=NOT_READY)
    side = resource("Route", "s", group="serving.knative.dev", owner=top, status=NOT_READY)

    assert only(cluster.groups(top, middle, deepest, side)).first.kind == "Revision"


def test_a_resource_whose_pods_are_starting_is_under_way(cluster):
    service = resource("InferenceService", "llm", group="serving.kserve.io", status=NOT_READY)
    pod = cluster.pod("llm-0", 0, owner=service, created="2026-11-25T11:59:30Z", spec={"nodeName": "n1"})
    pod["status"] = {
        "phase": "Pending", "startTime": "2026-11-25T11:59:31Z",
        "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ContainerCreating"}}}],
    }  # fmt: skip

    assert [group.symptom for group in cluster.groups(service)] == ["custom-resource-not-ready"]
    assert cluster.groups(service, pod) == []


def test_resources_of_a_kind_that_say_the_same_are_one_group_and_jobs_are_each_their_own(cluster):
    widgets = [resource("Widget", f"w-{n}", status=NOT_READY) for n in range(3)]
    jobs = [resource("RayJob", f"j-{n}", group="ray.io", status={"jobDeploymentStatus": "Failed"}) for n in range(2)]

    groups = cluster.groups(*widgets, *jobs)
    assert sorted(len(group.members) for group in groups) == [1, 1, 3]


def test_scalers_and_federated_objects_have_symptoms_of_their_own(cluster):
    scaler = resource("ScaledObject", "s", group="keda.sh", status=saying("Ready", "False", "TriggerError"))
    binding = resource("ResourceBinding", "b", group="work.karmada.io", status=saying("Scheduled", "False", "NoFit"))

    assert {group.symptom for group in cluster.groups(scaler, binding)} == {"scale-up-missing", "object-not-propagated"}


def test_statuses_of_other_types_than_promised_cost_nothing(cluster):
    strange = [
        {"conditions": "Ready"}, {"conditions": [None, 1, {"type": 5}, {"type": "Ready", "status": {"x": 1}}]},
        {"phase": ["Failed"]},
        {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": 7, "message": {}}]},
    ]  # fmt: skip
    trouble = cluster.trouble(*(resource("Widget", f"w-{n}", status=one) for n, one in enumerate(strange)))

    assert len(trouble.groups) == 1
    assert not trouble.gaps


def test_an_object_that_failed_quotes_the_condition_that_tells_why_though_nobody_knows_its_type(cluster):
    status = {"phase": "Failed", **saying("Frobnicated", "False", "FrobnicationFailed", "no key redis in the secret")}
    group = only(cluster.groups(resource("Widget", "w", status=status)))

    assert "no key redis in the secret" in group.message
    assert group.evidence[0].path == "status.conditions[0].message"


def test_the_sentence_beside_a_failed_phase_is_cited_before_the_phase(cluster):
    status = {"phase": "Failed", "message": "no key redis in the secret"}
    group = only(cluster.groups(resource("Widget", "w", status=status)))

    assert [piece.path for piece in group.evidence] == ["status.message", "status.phase"]


@pytest.mark.parametrize(
    ("cache", "phase", "served"),
    [
        ({"state": "InProgress"}, "Running", True),
        ({"state": "InProgress"}, "Failed", False),
        ({"state": "Failed"}, "Running", False),
        (None, "Running", False),
    ],
    ids=["it is filled", "nothing works on it", "it failed", "it is not there"],
)
def test_a_service_waits_in_peace_while_the_cache_that_it_names_is_filled(cluster, cache, phase, served):
    nim = "apps.nvidia.com"
    service = resource("NIMService", "s", group=nim, spec={"storage": {"nimCache": {"name": "c"}}}, status=NOT_READY)
    items = [service]
    if cache is not None:
        filled = resource("NIMCache", "c", group=nim, status=cache)
        job = cluster.job("c-job", suspend=False)
        reference = {"apiVersion": f"{nim}/v1", "kind": "NIMCache", "name": "c", "uid": "NIMCache-c"}
        job["metadata"]["ownerReferences"] = [reference | {"controller": True}]
        items += [filled, job, cluster.pod("c-job-x", owner=job, node="n", phase=phase)]
    kinds = {group.first.kind for group in cluster.groups(cluster.node("n"), *items)}

    assert ("NIMService" not in kinds) is served


@pytest.mark.parametrize("reason", ["FailedCreateHeadPod", "FailedCreateWorkerPod"])
def test_a_pod_that_kuberay_could_not_make_is_no_mere_state_of_its_cluster(cluster, reason):
    said = saying("ReplicaFailure", "True", reason, f'{reason}\nadmission webhook "w" denied the request: no')
    group = only(cluster.groups(resource("RayCluster", "rc", group="ray.io", status=said)))
    assert (group.symptom, group.missing) == ("pod-not-created", 1)


@pytest.mark.parametrize(("phase", "causes"), [("Inqueue", ["pod-not-created"]), ("Pending", None)])
def test_a_podgroup_that_was_let_in_waits_for_the_pods_that_its_job_does_not_get(cluster, phase, causes):
    vcjob = resource("Job", "ddp", group="batch.volcano.sh", status={"state": {"phase": "Pending"}})
    gang = resource("PodGroup", "ddp-u", group="scheduling.volcano.sh", owner=vcjob, status={"phase": phase})
    kind = {"kind": "Job", "api_version": "batch.volcano.sh/v1"}
    refused = cluster.event(name="ddp", reason="FailedCreate", message="Error creating pods: no", **kind)
    found = cluster.report(vcjob, gang, refused, cluster.pod("other", node="n1")).causes
    assert sorted(one.name for one in found) == (causes or ["pod-not-created", "workload-not-admitted"])
