import pytest
from cluster_objects import node, pod, waiting

from diag.views.clusters import clusters, clusters_table
from diag.views.gpus import gpus


def rows(*found):
    """The rows of one look."""
    (one,) = found
    return clusters(one.report, one.snapshots, gpus(one.report, one.troubles))


def test_a_cluster_has_its_devices_by_type_and_what_its_causes_cost(look):
    driver = {"nvidia.com/cuda.driver-version.full": "570.86.15"}
    items = (node("a", labels=driver), node("b"), pod("p", "a", gpus=6), waiting("w", gpus=16))

    (row,) = rows(look(*items)).clusters

    assert (row.nodes, row.gpus, row.busy, row.free) == (2, 16, 6, 10)
    assert row.types == {"H100": 16}
    assert row.drivers == ["570.86.15"]
    assert row.waited_for == 16
    assert (row.causes, row.severity) == (["C1"], "error")
    assert row.age_s == 0


def test_what_a_closed_node_has_is_free_in_no_count(look):
    found = look(node("a"), node("b", unschedulable=True), pod("p", "b", gpus=6))

    (row,) = rows(found).clusters
    assert (row.gpus, row.busy, row.free) == (16, 6, 8)
    assert [found.report.stats[each] for each in ("gpus", "gpus_allocated", "gpus_free")] == [16, 6, 8]


@pytest.mark.parametrize(
    ("items", "counts"),
    [
        ((node("a", offers=0), pod("p", "a", gpus=8)), (8, 8, 0)),
        ((node("a", gpus=0), pod("p", "a", gpus=8), node("b")), (8, 8, 8)),  # what was offered when the pod came
        ((node("a", gpus=0, labels={"nvidia.com/gpu.count": "8"}), pod("p", "a")), (8, 0, 0)),
        ((node("a", gpus=0, labels={"nvidia.com/gpu.present": "true"}), pod("p", "a")), (0, 0, 0)),
        ((node("a"), node("b", ready="Unknown"), pod("p", "b", gpus=2)), (16, 2, 8)),
    ],
    ids=["none offered", "none left", "counted by a label", "named by a label", "not ready"],
)
def test_the_report_counts_the_gpus_that_the_table_counts(look, items, counts):
    found = look(*items)

    (row,) = rows(found).clusters
    assert (row.gpus, row.busy, row.free) == counts
    assert tuple(found.report.stats[each] for each in ("gpus", "gpus_allocated", "gpus_free")) == counts


def test_what_was_not_read_is_unknown_and_not_zero(look):
    (row,) = rows(look(waiting("w", gpus=1))).clusters
    (bare,) = rows(look(node("a"))).clusters

    assert (row.nodes, row.gpus, row.busy, row.free) == (None, None, None, None)
    assert (bare.gpus, bare.busy, bare.free) == (8, None, None)
    assert clusters_table(rows(look(waiting("w", gpus=1)))).lines[0].values[1:5] == (None, None, None, None)
