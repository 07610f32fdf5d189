"""An autoscaler that would have more replicas is shown beside what its replicas wait for."""

import pytest

DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment"}
MANY = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas", "message": "more than the maximum"}
ACTIVE = {
    "type": "ScalingActive",
    "status": "True",
    "reason": "ValidMetricFound",
    "message": "from pods metric waiting",
}


def scaler(*conditions, name="llm", **spec):
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "other-name", "namespace": "ml"},
        "spec": {"maxReplicas": 6, "scaleTargetRef": {**DEPLOYMENT, "name": name}, **spec},
        "status": {"conditions": list(conditions)},
    }  # fmt: skip


def cited(cluster, item):
    """What the group of a waiting replica cites of the autoscaler."""
    workload = {**DEPLOYMENT, "metadata": {"name": "llm", "namespace": "ml", "uid": "d"}, "spec": {"replicas": 1}}
    pod = cluster.pod("llm-0", 8, owner=workload, message=cluster.lacking(1))
    (group,) = [one for one in cluster.groups(cluster.node("n", 4), workload, pod, item) if "unsched" in one.symptom]
    assert group.evidence[0].object.kind == "Pod"
    return [piece.value for piece in group.evidence if piece.object.kind == "HorizontalPodAutoscaler"]


def test_what_it_says_of_its_bound_and_its_metric_is_shown(cluster):
    assert cited(cluster, scaler(ACTIVE, MANY)) == ["TooManyReplicas", 6, "from pods metric waiting"]
    assert cited(cluster, scaler(MANY)) == ["TooManyReplicas", 6]


@pytest.mark.parametrize(
    "item",
    [
        scaler(ACTIVE),
        scaler(ACTIVE, {**MANY, "status": "False"}),
        scaler(ACTIVE, {**MANY, "reason": "TooFewReplicas"}),
        scaler(ACTIVE, MANY, name="another"),
        scaler(ACTIVE, MANY, scaleTargetRef="llm"),
    ],
    ids=["within its bounds", "no longer above", "below its minimum", "of another workload", "of a wrong type"],
)
def test_one_that_is_not_above_its_bound_is_not(cluster, item):
    assert cited(cluster, item) == []
