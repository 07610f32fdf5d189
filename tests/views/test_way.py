"""What is well, and what may still go wrong with it."""

import pytest
from cluster_objects import node, pod

from diag.findings import Question
from diag.snapshot.load import load
from diag.snapshot.sources.part import Part, Slice
from diag.views.way import is_well, open_questions

KEPT = {Question.KEPT}


def loaded(item):
    import msgspec  # noqa: PLC0415

    (snap,) = load([Part(path="one", items=[Slice(raw=msgspec.Raw(msgspec.json.encode(item)))])])
    return next(iter(table for tables in snap.tables.values() for table in tables.values()))


def made(kind, spec=None, status=None, version="apps/v1", **meta):
    head = {"name": "one", "namespace": "ml", "creationTimestamp": "2026-11-26T09:00:00Z", **meta}
    return loaded({"apiVersion": version, "kind": kind, "metadata": head, "spec": spec or {}, "status": status or {}})


DONE = {"conditions": [{"type": "Complete", "status": "True"}]}
READY = {"conditions": [{"type": "Ready", "status": "True"}]}
ROLLED_OUT = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}


@pytest.mark.parametrize(
    ("well", "kind", "version", "spec", "status"),
    [
        (True, "Deployment", "apps/v1", {"replicas": 2}, ROLLED_OUT),
        (False, "Deployment", "apps/v1", {"replicas": 2}, {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 2}),
        (False, "Deployment", "apps/v1", {"replicas": 2}, {**ROLLED_OUT, "replicas": 3}),
        (True, "Deployment", "apps/v1", {"replicas": 0}, {}),
        (True, "StatefulSet", "apps/v1", {}, {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "a"}),
        (False, "StatefulSet", "apps/v1", {}, {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}),
        (
            True, "StatefulSet", "apps/v1", {"updateStrategy": {"type": "OnDelete"}},
            {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
        ),
        (True, "DaemonSet", "apps/v1", {}, {"desiredNumberScheduled": 0}),
        (False, "DaemonSet", "apps/v1", {}, {}),
        (False, "DaemonSet", "apps/v1", {}, {"desiredNumberScheduled": 2, "numberReady": 2}),
        (
            True, "DaemonSet", "apps/v1", {},
            {"desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 2},
        ),
        (True, "Job", "batch/v1", {}, DONE),
        (True, "Job", "batch/v1", {}, {"active": 2, "ready": 2}),
        (False, "Job", "batch/v1", {}, {"active": 2, "ready": 1}),
        (False, "Job", "batch/v1", {}, {}),
        (True, "PersistentVolumeClaim", "v1", {}, {"phase": "Bound"}),
        (False, "PersistentVolumeClaim", "v1", {}, {"phase": "Pending"}),
        (True, "InferenceService", "serving.kserve.io/v1beta1", {}, READY),
        (False, "InferenceService", "serving.kserve.io/v1beta1", {}, {}),
        (False, "InferenceService", "serving.kserve.io/v1beta1", {}, "hostile"),
        (False, "PyTorchJob", "kubeflow.org/v1", {"replicas": "two"}, {"readyReplicas": 2}),
    ],
)  # fmt: skip
def test_what_has_all_that_it_asks_for_is_well(well, kind, version, spec, status):
    assert is_well(made(kind, spec, status, version)) is well


def test_what_its_controller_has_not_looked_at_is_not_well():
    assert not is_well(made("Deployment", {"replicas": 2}, {**ROLLED_OUT, "observedGeneration": 1}, generation=2))
    assert is_well(made("Deployment", {"replicas": 2}, {**ROLLED_OUT, "observedGeneration": 2}, generation=2))


def test_a_pod_that_runs_can_only_be_lost():
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": []}
    assert open_questions(loaded(pod("runs", "n1", **ready))) == KEPT
    assert Question.PLACED in open_questions(loaded(pod("waits", phase="Pending")))
    assert Question.PLACED not in open_questions(loaded(pod("starts", "n1", phase="Pending")))


def test_nodes_and_workloads_have_questions_of_their_own():
    assert open_questions(loaded(node("gpu-1"))) == {Question.OFFERS, Question.DRAINS}
    assert open_questions(made("Deployment", {"replicas": 2}, ROLLED_OUT)) == KEPT
    assert Question.CREATED in open_questions(made("Deployment", {"replicas": 2}, {}))
    assert open_questions(made("Widget", version="example.com/v1")) is None
