"""Where nothing is wrong with a subject, only what could hide its trouble is listed as not looked at."""

import pytest
from cluster_objects import node, pod

from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.collect.roles import rules_for
from diag.testing.apiserver import Access, Fault

ALL = Access(cluster=rules_for(kinds_read(load_rules(third_party=False))))
READY = {"conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "main", "ready": True}]}
CLAIM = {
    "apiVersion": "v1", "kind": "PersistentVolumeClaim",
    "metadata": {"name": "weights", "namespace": "ml", "creationTimestamp": "2026-11-26T08:00:00Z"},
    "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"},
}  # fmt: skip
SAID = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
REFUSED = {
    "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": SAID,
    "lastTransitionTime": "2026-11-26T08:10:00Z",
}  # fmt: skip
WAITS = pod("waits", phase="Pending", conditions=[REFUSED])
WAITS["spec"]["volumes"] = [{"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}}]
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "ml"}}


@pytest.mark.parametrize(
    ("subject", "hidden", "listed"),
    [
        ("pod/ml/waits", "storageclasses", True),  # it waits for one
        ("pod/ml/runs", "storageclasses", False),  # it has been placed
        ("node/gpu-1", "storageclasses", False),
        ("SCH101", "storageclasses", False),
        ("configmap/ml/settings", "storageclasses", True),  # nobody knows its questions
        ("pod/ml/runs", "events", True),  # no verdict says much without
    ],
)
def test_only_gaps_that_the_open_questions_of_the_subject_feel_are_listed(serve, diag, subject, hidden, listed):
    access = ALL.without("list", "" if hidden == "events" else "storage.k8s.io", hidden)
    server = serve([node("gpu-1"), pod("runs", "gpu-1", **READY), CLAIM, WAITS, SETTINGS], access=access)

    ended = diag("explain", "--kubeconfig", server.config, subject, "-o", "plain")

    assert ended.code == 0, ended.err
    assert ended.out.startswith("Nothing ") is ("waits" not in subject)
    assert ("diag rbac" in ended.out) is listed, ended.out


def test_who_is_not_found_may_be_among_what_was_not_read(serve, diag):
    access = ALL.without("list", "apps", "deployments")
    server = serve([node("gpu-1"), pod("runs")], access=access)

    ended = diag("explain", "--kubeconfig", server.config, "deploy/ml/chat")

    assert ended.code == 2
    assert "it is misspelt, or was not read (what could not be: apps/Deployment)" in ended.err


def test_who_is_not_found_when_time_is_over_is_no_slip(serve, diag):
    stalls = [Fault(path="/api/v1/nodes", what="stall", times=9, seconds=60)]
    server = serve([node("gpu-1"), pod("runs")], faults=stalls)

    for words in (("explain", "node/gpu-1"), ("gpus",), ("graph",)):
        assert diag(*words, "--kubeconfig", server.config, "--timeout", "4s").code == 124, words
