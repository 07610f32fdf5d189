"""A pod that a virtual cluster made on its host is shown with the name by which its user knows it."""

import pytest

LABELS = {"vcluster.loft.sh/managed-by": "tenant1"}
NAMES = {"vcluster.loft.sh/object-namespace": "team-a", "vcluster.loft.sh/object-name": "train-0"}


def cited(cluster, labels, annotations):
    copy = cluster.pod("train-0-x-team-a-x-tenant1", 8, message=cluster.lacking(1))
    copy["metadata"] |= {"labels": labels, "annotations": annotations}
    (group,) = [one for one in cluster.groups(cluster.node("n", 4), copy) if one.symptom == "pod-unscheduled"]
    return [(piece.computed, piece.value) for piece in group.evidence if hasattr(piece, "computed")]


def test_the_copy_is_shown_with_its_name_in_the_virtual_cluster(cluster):
    ((what, name),) = cited(cluster, LABELS, NAMES)

    assert "virtual cluster tenant1" in what
    assert name == "team-a/train-0"


@pytest.mark.parametrize(("labels", "annotations"), [({}, NAMES), (LABELS, {}), (LABELS, dict([*NAMES.items()][:1]))])
def test_a_pod_that_does_not_say_so_in_full_is_shown_as_it_is(cluster, labels, annotations):
    assert cited(cluster, labels, annotations) == []
