from cluster_objects import node, pod, waiting

from diag.views.topology import topology, topology_table


def test_a_workload_has_its_pods_nodes_and_gpus_and_the_one_with_a_cause_is_first(look):
    found = look(node("a"), pod("fine", "a", gpus=8), pod("small", "a"), waiting("stuck", gpus=8))

    rows = topology(found.report, found.troubles)

    assert [(row.ref.name, row.gpus, bool(row.causes)) for row in rows.workloads] == [
        ("stuck", 8, True),
        ("fine", 8, False),
    ]
    assert rows.workloads[1].pods[0].node == "a"
    assert rows.others == 1


def test_the_queue_is_the_one_that_the_workload_names(look):
    queued = pod("q", "a", gpus=1)
    queued["metadata"]["labels"] = {"kueue.x-k8s.io/queue-name": "team"}
    found = look(node("a"), queued)

    table = topology_table(topology(found.report, found.troubles))

    assert table.lines[0].values[1] == "team"
