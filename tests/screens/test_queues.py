import pytest
from cluster_objects import waiting

from diag.api import examine
from diag.demo import demo_sources
from diag.views.queue_tables import bar, queue_tables
from diag.views.queues import queues


def cluster_queue(name="gpu", *, nominal="32", used="32", cohort="", **spec):
    flavors = [{"name": "h100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": nominal}]}]
    usage = [{"name": "h100", "resources": [{"name": "nvidia.com/gpu", "total": used}]}]
    groups = [{"coveredResources": ["nvidia.com/gpu"], "flavors": flavors}]
    return {
        "apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "ClusterQueue", "metadata": {"name": name},
        "spec": {"resourceGroups": groups, **({"cohort": cohort} if cohort else {}), **spec},
        "status": {"flavorsReservation": usage},
    }  # fmt: skip


LOCAL = {
    "apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "LocalQueue", "metadata": {"name": "team", "namespace": "ml"},
    "spec": {"clusterQueue": "gpu"},
}  # fmt: skip


def workload(name, *, priority=0, queue="team", created="2026-11-26T09:00:00Z", admitted=False):
    said = {"type": "QuotaReserved", "status": "False", "message": f"{name} has no quota"}
    done = {"type": "Admitted", "status": "True"}
    asked = {"containers": [{"resources": {"requests": {"nvidia.com/gpu": "4"}}}]}
    return {
        "apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "Workload",
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": created},
        "spec": {"queueName": queue, "priority": priority, "podSets": [{"count": 2, "template": {"spec": asked}}]},
        "status": {"conditions": [done if admitted else said]},
    }  # fmt: skip


def only(found):
    (row,) = queues(found.report, found.snapshots).queues
    return row


def test_waiters_stand_in_the_order_in_which_they_would_be_let_in(look):
    early, late, first = workload("b"), workload("a", created="2026-11-26T09:30:00Z"), workload("c", priority=9)

    row = only(look(cluster_queue(), LOCAL, late, early, first))

    assert [(one.subject.name, one.gpus) for one in row.waiting] == [("c", 8), ("b", 8), ("a", 8)]
    assert row.waiting[0].reason == "c has no quota"
    assert row.waiting[1].waits_s == 3600


def test_one_that_is_admitted_does_not_wait(look):
    assert only(look(cluster_queue(), LOCAL, workload("a", admitted=True))).waiting == []


def test_what_is_beyond_the_own_share_is_borrowed(look):
    slot = only(look(cluster_queue(used="40", cohort="all"), LOCAL)).slots[0]

    assert (slot.nominal, slot.used, slot.borrowed, slot.limit, slot.full) == ("32", "40", "8", None, False)


def test_a_queue_without_a_cohort_is_full_at_its_share(look):
    slot = only(look(cluster_queue(), LOCAL)).slots[0]

    assert (slot.limit, slot.full, bar(slot)) == ("32", True, "████████")


def test_a_stopped_queue_says_so(look):
    assert only(look(cluster_queue(stopPolicy="Hold"), LOCAL)).state == "stopped (Hold)"


def test_a_waiter_whose_queue_was_not_read_is_not_lost(look):
    rows = queues(*_parts(look(cluster_queue(), workload("a", queue="nowhere")))).queues

    assert [(row.state, len(row.waiting)) for row in rows] == [("not read", 1), ("open", 0)]


def test_volcano_queues_have_the_same_words(look):
    queue = {
        "apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "Queue", "metadata": {"name": "batch"},
        "spec": {"deserved": {"nvidia.com/gpu": 4}, "capability": {"nvidia.com/gpu": 8}},
        "status": {"state": "Open", "allocated": {"nvidia.com/gpu": "6"}},
    }  # fmt: skip
    group = {
        "apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "PodGroup", "metadata": {"name": "g", "namespace": "ml"},
        "spec": {"queue": "batch", "minResources": {"nvidia.com/gpu": "4"}}, "status": {"phase": "Pending"},
    }  # fmt: skip

    row = only(look(queue, group))

    assert (row.slots[0].nominal, row.slots[0].used, row.slots[0].borrowed, row.slots[0].limit) == ("4", "6", "2", "8")
    assert [(one.subject.name, one.gpus) for one in row.waiting] == [("g", 4)]


def test_odd_values_cost_no_row(look):
    odd = {
        "apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "Queue", "metadata": {"name": "odd"},
        "spec": {"deserved": ["x"], "capability": {"cpu": "many"}}, "status": "gone",
    }  # fmt: skip

    row = only(look(odd))

    assert row.slots == []
    assert queue_tables(queues(*_parts(look(odd))))[0].lines[0].values[1] == "-"


def test_a_cluster_without_queues_says_so(look):
    found = look(waiting("w", gpus=1))

    assert queue_tables(queues(*_parts(found)))[0].empty == "No queue and no quota was read."


def _parts(found):
    return found.report, found.snapshots


def test_who_waits_for_a_quota_asks_for_what_its_missing_pods_would():
    demo = examine(demo_sources())
    quota = next(row for row in queues(demo.report, demo.snapshots, demo.troubles).queues if row.waiting)

    assert [(one.subject.name, one.gpus) for one in quota.waiting] == [("demand-forecast", 4), ("weekly-refit", 4)]


def gang(**spec):
    return {
        "apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "PodGroup",
        "metadata": {"name": "gang", "namespace": "ml"}, "spec": {"queue": "q", **spec}, "status": {"phase": "Inqueue"},
    }  # fmt: skip


def member(name):
    found = waiting(name, gpus=2)
    found["metadata"] |= {"namespace": "ml", "annotations": {"scheduling.k8s.io/group-name": "gang"}}
    return found


@pytest.mark.parametrize(
    ("items", "gpus"),
    [
        ([gang(minResources={"nvidia.com/gpu": "8"}), member("a")], 8),
        ([gang(minResources={"cpu": "8"}), member("a")], 0),
        ([gang(), member("a"), member("b")], 4),
        ([gang()], None),
    ],
)
def test_a_gang_asks_for_what_its_group_or_else_its_pods_say_and_else_nobody_knows(look, items, gpus):
    found = look(*items)
    rows = queues(found.report, found.snapshots)

    assert [one.gpus for row in rows.queues for one in row.waiting] == [gpus]
    told = ("a ? stands for what nothing that was read states",)
    assert queue_tables(rows)[1].notes == (told if gpus is None else ())


def test_a_queue_that_states_all_has_no_note_on_what_it_does_not(look):
    full, silent = cluster_queue(), {**cluster_queue(), "status": {}}

    assert [len(queue_tables(queues(*_parts(look(one))))[0].notes) for one in (full, silent)] == [0, 1]
