import pytest
from cluster_objects import node, pod, waiting

from diag.api import examine
from diag.demo import demo_sources
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


def test_a_workload_whose_pods_were_not_made_is_there_with_what_they_would_ask_for():
    demo = examine(demo_sources())
    rows = {row.ref.name: row for row in topology(demo.report, demo.troubles, namespaces=["tidal-*"]).workloads}

    assert [(name, len(row.pods), row.missing, row.gpus) for name, row in rows.items()] == [
        ("demand-forecast", 4, 2, 12),
        ("weekly-refit", 0, 1, 4),
    ]


def job_of_kueue():
    asked = {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": "4"}}}]}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "train", "uid": "u1", "controller": True}
    at = {"namespace": "ml", "creationTimestamp": "2026-11-26T08:00:00Z"}
    said = {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": "no quota"}
    yield {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train", "uid": "u1", **at},
        "spec": {"suspend": True, "template": {"spec": asked}},
    }  # fmt: skip
    yield {
        "apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "Workload",
        "metadata": {"name": "job-train", "ownerReferences": [owner], **at},
        "spec": {"queueName": "team", "podSets": [{"name": "main", "count": 2, "template": {"spec": asked}}]},
        "status": {"conditions": [{**said, "lastTransitionTime": "2026-11-26T08:00:00Z"}]},
    }  # fmt: skip


def test_a_job_that_its_queue_has_not_let_in_is_there_with_its_queue(look):
    found = look(*job_of_kueue())

    (row,) = topology(found.report, found.troubles).workloads

    assert (str(row.ref), row.queue, row.held, row.pods, row.gpus) == ("Job/ml/train", "team", True, [], 8)
    assert "not let in" in topology_table(topology(found.report, found.troubles)).lines[0].values
    assert topology(found.report, found.troubles, namespaces=["other"]).workloads == []


@pytest.mark.parametrize(
    ("place", "words", "scheduler", "queue"),
    [
        ("labels", {"yunikorn.apache.org/queue": "root.a"}, "yunikorn", "root.a"),
        ("annotations", {"yunikorn.apache.org/queue": "root.a"}, "yunikorn", "root.a"),
        ("labels", {"queue": "root.a"}, "yunikorn", "root.a"),
        ("labels", {"queue": "orders"}, "default-scheduler", ""),
        ("labels", {"kai.scheduler/queue": "team"}, "kai-scheduler", "team"),
        ("labels", {"armada_queue_id": "nlp"}, "default-scheduler", "nlp"),
        ("annotations", {"scheduling.volcano.sh/queue-name": "research"}, "volcano", "research"),
    ],
)
def test_the_queue_is_named_in_the_words_of_each_system(look, place, words, scheduler, queue):
    queued = pod("q", "a", gpus=1)
    queued["metadata"][place] = words
    queued["spec"]["schedulerName"] = scheduler
    found = look(node("a"), queued)

    rows = topology(found.report, found.troubles)

    assert [row.queue for row in rows.workloads] == [queue]
    assert any(note.startswith("QUEUE is -") for note in topology_table(rows).notes) == (not queue)


def test_a_gang_waits_in_the_queue_of_its_group(look):
    member = waiting("m", gpus=1)
    member["metadata"]["annotations"] = {"scheduling.k8s.io/group-name": "gang"}
    group = {
        "apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "PodGroup",
        "metadata": {"name": "gang", "namespace": member["metadata"]["namespace"]}, "spec": {"minMember": 1},
    }  # fmt: skip
    named = group | {"spec": {"minMember": 1, "queue": "research"}}

    for one, queue in ((group, "default"), (named, "research")):
        found = look(node("a", gpus=0), member, one)
        assert [row.queue for row in topology(found.report, found.troubles).workloads] == [queue]
