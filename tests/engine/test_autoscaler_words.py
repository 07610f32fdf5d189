"""What the cluster-autoscaler says last of a pod that waits is shown with it, as are machines that came in vain."""

import pytest

REFUSES = "pod didn't trigger scale-up: 1 max node group size reached"
STATUS = """time: 2026-03-10
nodeGroups:
- name: full
  health:
    nodeCounts:
      registered:
        ready: 0
        unready:
          total: 1
          resourceUnready: 1
    cloudProviderTarget: 1
    maxSize: 1
- name: well
  health:
    nodeCounts:
      registered:
        ready: 2
        unready:
          total: 0
          resourceUnready: 0
"""


def config(text):
    place = {"name": "cluster-autoscaler-status", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": {"status": text}}


def cited(cluster, *items):
    """What the group of the waiting pod cites beside the scheduler's sentence."""
    pod = cluster.pod("train-0", 8, message=cluster.lacking(1))
    (group,) = [one for one in cluster.groups(cluster.node("n", 4), pod, *items) if one.symptom == "pod-unscheduled"]
    return [piece.value for piece in group.evidence[1:]]


def said(cluster, reason, message, at):
    return cluster.event("Pod", "train-0", reason, message, at=at)


def test_the_refusal_and_the_machines_that_came_in_vain_are_shown(cluster):
    refusal = said(cluster, "NotTriggerScaleUp", REFUSES, "2026-11-25T10:00:00Z")

    assert cited(cluster, refusal, config(STATUS)) == [REFUSES, 1]
    assert cited(cluster, refusal, config("NoActivity")) == [REFUSES]
    assert cited(cluster, refusal) == [REFUSES]


@pytest.mark.parametrize("reason", ["TriggeredScaleUp", "Scheduled"])
def test_a_pod_that_is_not_refused_is_shown_without(cluster, reason):
    older = said(cluster, "NotTriggerScaleUp", REFUSES, "2026-11-25T09:00:00Z")
    newer = said(cluster, reason, "pod triggered scale-up: [{full 0->1 (max: 1)}]", "2026-11-25T10:00:00Z")

    assert cited(cluster, newer, config(STATUS)) == []
    assert (cited(cluster, older, newer, config(STATUS)) == []) is (reason == "TriggeredScaleUp")
