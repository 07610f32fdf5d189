import pytest
from cluster_objects import node, pod, waiting

from diag.views.gpu_tables import cells, gpu_tables
from diag.views.gpus import gpus
from diag.views.table import filtered


def rows(found):
    return {row.node: row for row in gpus(found.report, found.troubles).nodes}


def test_a_device_is_busy_free_or_lost(look):
    found = rows(look(node("a", offers=6), pod("p", "a", gpus=4)))["a"]

    assert (found.capacity, found.allocatable, found.busy, found.free) == (8, 6, 4, 2)
    assert cells(found) == "■■■■□□✖✖"
    assert [(one.pod.name, one.count) for one in found.held_by] == [("p", 4)]


@pytest.mark.parametrize(
    ("state", "spec"), [("cordoned", {"unschedulable": True}), ("not-ready", {"ready": "Unknown"})]
)
def test_a_node_that_takes_no_pod_has_nothing_free(look, state, spec):
    found = rows(look(node("a", **spec), pod("p", "a", gpus=2)))["a"]

    assert (found.state, found.free, found.busy) == (state, 0, 2)
    assert cells(found) == "■■◌◌◌◌◌◌"


def test_pods_that_have_ended_hold_nothing(look):
    assert rows(look(node("a"), pod("p", "a", gpus=8, phase="Succeeded")))["a"].busy == 0


def test_gpus_that_only_a_label_tells_of_are_lost_not_absent(look):
    labelled = node("a", gpus=0, labels={"nvidia.com/gpu.count": "8"})

    found = rows(look(labelled))["a"]

    assert (found.capacity, found.allocatable, cells(found)) == (8, 0, "✖" * 8)


def test_a_number_that_no_label_gives_is_unknown(look):
    found = look(node("a", gpus=0, labels={"nvidia.com/gpu.present": "true"}))
    table = gpu_tables(gpus(found.report, found.troubles))[0]

    assert rows(found)["a"].capacity is None
    assert "how many is unknown" in table.lines[0].values[-1]


def test_a_node_without_gpus_is_no_row(look):
    assert rows(look(node("a", gpus=0))) == {}


def test_types_add_up_and_know_the_largest_hole(look):
    found = look(node("a"), node("b"), pod("p", "a", gpus=3), pod("q", "b", gpus=5))

    (total,) = gpus(found.report, found.troubles).types

    assert (total.nodes, total.capacity, total.busy, total.free, total.largest_free) == (2, 16, 8, 8, 5)


def test_a_node_with_a_cause_stands_first_and_names_it(look):
    found = look(node("a"), node("z", offers=0), waiting("w", gpus=8), pod("p", "a", gpus=8))
    first, *_ = gpus(found.report, found.troubles).nodes

    assert first.node == "z"
    assert first.causes
    assert first.severity == "error"


def test_what_was_not_read_is_a_doubt(look):
    found = look(node("a"))

    assert any("no pods were read" in doubt for doubt in gpus(found.report, found.troubles).doubts)


def test_without_pods_nobody_knows_what_is_busy_or_free(look):
    found = look(node("a", offers=6))
    answer = gpus(found.report, found.troubles)
    nodes, types = gpu_tables(answer)
    shown = dict(zip([column.title for column in nodes.columns], nodes.lines[0].values, strict=True))
    total = dict(zip([column.title for column in types.columns], types.lines[0].values, strict=True))

    assert answer.unseen == [answer.nodes[0].cluster]
    assert (shown["GPUS"], shown["BUSY"], shown["FREE"], shown["ALLOC"]) == ("??????✖✖", None, None, 6)
    assert (total["BUSY"], total["FREE"], total["LARGEST FREE"]) == (None, None, None)


def test_the_lines_are_filtered_by_column_and_by_the_pods_on_the_node(look):
    found = look(node("a"), node("b"), pod("llama", "b", gpus=5))
    table = gpu_tables(gpus(found.report, found.troubles))[0]

    assert [line.values[0] for line in filtered(table, "free>4").lines] == ["a"]
    assert [line.values[0] for line in filtered(table, "llama").lines] == ["b"]


def dra(*names, allocated=(), tainted=(), parts=()):
    """Node a, the slice of its GPUs, and a claim of pod p for some of them; `parts` are MIG devices of GPU 0."""

    def device(name, kind, counters=None):
        body = {"name": name, "attributes": {"type": {"string": kind}, "productName": {"string": "H100"}}}
        if counters:
            body["consumesCounters"] = [{"counterSet": counters, "counters": {"memory": {"value": "1"}}}]
        if name in tainted:
            body["taints"] = [{"key": "xid", "effect": "NoSchedule"}]
        return body

    devices = [device(name, "gpu", f"set-{name}" if parts else None) for name in names]
    devices += [device(name, "mig", f"set-{names[0]}") for name in parts]
    results = [{"driver": "gpu.nvidia.com", "pool": "a", "device": name, "request": "r"} for name in allocated]
    return (
        node("a", gpus=0), pod("p", "a"),
        {
            "apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": "s"},
            "spec": {"driver": "gpu.nvidia.com", "nodeName": "a", "pool": {"name": "a", "generation": 1},
                     "devices": devices},
        },
        {
            "apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "c", "namespace": "ml"},
            "spec": {}, "status": {"allocation": {"devices": {"results": results}},
                                   "reservedFor": [{"resource": "pods", "name": "p"}]},
        },
    )  # fmt: skip


def test_devices_that_are_offered_through_claims_are_counted(look):
    found = look(*dra("gpu-0", "gpu-1", "gpu-2", allocated=["gpu-1"], tainted=["gpu-2"]))

    row = rows(found)["a"]

    assert (row.resource, row.type, row.capacity, row.allocatable, row.busy, row.free) == (
        "gpu.nvidia.com", "H100", 3, 2, 1, 1,
    )  # fmt: skip
    assert [(one.pod.name, one.count) for one in row.held_by] == [("p", 1)]
    assert [found.report.stats[each] for each in ("gpus", "gpus_allocated", "gpus_free")] == [3, 1, 1]


def test_a_gpu_of_which_a_part_is_taken_is_busy_and_parts_are_not_counted(look):
    row = rows(look(*dra("gpu-0", "gpu-1", allocated=["mig-0"], parts=["mig-0", "mig-1"])))["a"]

    assert (row.capacity, row.busy, row.free) == (2, 1, 1)
