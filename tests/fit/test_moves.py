"""The smallest move: who would have to leave, and who had better stay."""

from .conftest import SYSTEM, budget, node, pod


def moved(row):
    return [(one.pod.name, one.to, one.hold) for one in row.move.pods] if row.move else None


def test_the_fewest_pods_leave_and_no_more_than_needed(ask):
    row = ask(
        node("a"), pod("two", "a", gpus=2), pod("one", "a", gpus=1), pod("four", "a", gpus=4), SYSTEM, gpus=3,
    )  # fmt: skip

    assert moved(row) == [("two", None, None)]


def test_no_move_is_told_where_all_fit(ask):
    assert ask(node("a"), pod("two", "a", gpus=2), SYSTEM, gpus=3).move is None


def test_a_pod_with_another_place_goes_before_one_without(ask):
    tolerant = {"tolerations": [{"operator": "Exists"}]}
    cluster = [node("a", gpus=2), node("b", gpus=2), node("c", gpus=2, taints=[{"key": "t", "effect": "NoSchedule"}])]

    first = ask(*cluster, pod("p", "a", gpus=2, **tolerant), pod("q", "b", gpus=2), SYSTEM, gpus=2)
    second = ask(*cluster, pod("p", "a", gpus=2), pod("q", "b", gpus=2, **tolerant), SYSTEM, gpus=2)

    assert (moved(first), moved(second)) == ([("p", "c", None)], [("q", "c", None)])


def test_two_pods_that_leave_do_not_take_the_same_room(ask):
    cluster = [node("a", gpus=4), node("b", gpus=4), pod("holder", "b", gpus=3, priority=9, owner="DaemonSet")]
    row = ask(*cluster, pod("p", "a", gpus=1), pod("q", "a", gpus=1), SYSTEM, gpus=4)

    assert sorted((one.pod.name, one.to) for one in row.move.pods) == [("p", "b"), ("q", None)]


def test_why_a_pod_has_no_other_place_is_told(ask):
    cluster = [node("a", labels={"host": "a"}), node("b", labels={"host": "b"}), SYSTEM]
    full = pod("full", "b", gpus=8, owner="DaemonSet")
    claims = {"resourceClaims": [{"name": "gpu", "resourceClaimName": "c"}]}

    def stays(*pods):
        return [(one.pod.name, one.to, one.stay) for one in ask(*cluster, *pods, gpus=8).move.pods]

    assert stays(pod("p", "a", gpus=2), full) == [("p", None, "room")]
    assert stays(pod("p", "a", gpus=2, nodeSelector={"host": "a"}), full) == [("p", None, "confined")]
    assert stays(pod("p", "a", gpus=2, **claims), full) == [("p", None, "claims")]


def test_a_low_priority_leaves_before_a_high_one(ask):
    row = ask(node("a"), pod("high", "a", gpus=4, priority=9), pod("low", "a", gpus=4), SYSTEM, gpus=4)

    assert moved(row) == [("low", None, None)]


def test_daemonset_pods_and_static_pods_never_leave(ask):
    static = pod("static", "b", gpus=8, owner="Node")
    row = ask(node("a"), node("b"), pod("agent", "a", gpus=8, owner="DaemonSet"), static, SYSTEM, gpus=8)

    assert row.move is None


def test_a_protected_pod_leaves_only_where_nothing_else_would_do(ask):
    cluster = [
        node("a"),
        pod("guarded", "a", gpus=4, labels={"app": "db"}),
        budget("db", {"app": "db"}, allowed=0),
        SYSTEM,
    ]

    assert moved(ask(*cluster, pod("x", "a", gpus=2), pod("y", "a", gpus=2), gpus=4)) == [
        ("x", None, None),
        ("y", None, None),
    ]
    assert moved(ask(*cluster, pod("agent", "a", gpus=4, owner="DaemonSet"), gpus=4)) == [("guarded", None, "budget")]


def test_a_budget_of_one_lets_one_pod_go_and_not_two(ask):
    row = ask(
        node("a"), pod("g1", "a", gpus=4, labels={"app": "db"}), pod("g2", "a", gpus=4, labels={"app": "db"}),
        budget("db", {"app": "db"}, allowed=1), SYSTEM, gpus=8,
    )  # fmt: skip

    assert moved(row) == [("g1", None, None), ("g2", None, "budget")]


def test_a_bare_pod_leaves_last(ask):
    row = ask(node("a"), pod("bare", "a", gpus=4, owner=None), pod("made", "a", gpus=4, priority=9), SYSTEM, gpus=4)

    assert moved(row) == [("made", None, None)]
    assert moved(ask(node("a"), pod("bare", "a", gpus=8, owner=None), SYSTEM, gpus=4)) == [("bare", None, "bare")]


def test_a_pod_that_is_ending_already_counts_as_gone(ask):
    ending = pod("ending", "a", gpus=4, meta={"deletionTimestamp": "2026-01-01T00:00:00Z"})
    row = ask(node("a"), ending, pod("other", "a", gpus=4), SYSTEM, gpus=4)

    assert [(one.pod.name, one.ending) for one in row.move.pods] == [("ending", True)]


def test_all_that_is_short_is_freed_together(ask):
    row = ask(
        node("a", cpu="10"), pod("gpu", "a", gpus=8), pod("cpu", "a", cpu="9"), pod("both", "a", cpu="0"), SYSTEM,
        gpus=8, cpu="8",
    )  # fmt: skip

    assert moved(row) == [("cpu", None, None), ("gpu", None, None)]


def test_many_small_pods_leave_where_few_are_not_enough(ask):
    row = ask(node("a"), *(pod(f"p{n}", "a", gpus=1, priority=n) for n in range(8)), SYSTEM, gpus=6)

    assert [one.pod.name for one in row.move.pods] == ["p0", "p1", "p2", "p3", "p4", "p5"]


def test_unread_budgets_are_a_doubt(ask):
    assert any("PodDisruptionBudget" in doubt for doubt in ask(node("a"), pod("x", "a", gpus=8), SYSTEM, gpus=8).doubts)


def test_fewer_gpus_leave_rather_than_what_one_node_lacks_exactly(ask):
    cluster = [node("a"), node("b"), pod("seven", "a", gpus=7), pod("agent-a", "a", gpus=1, owner="DaemonSet")]
    cluster += [pod("three", "b", gpus=3), pod("agent-b", "b", gpus=4, owner="DaemonSet"), SYSTEM]
    row = ask(*cluster, gpus=3)

    assert (row.move.node, moved(row)) == ("b", [("three", None, None)])


def test_two_small_pods_leave_rather_than_one_large_one(ask):
    row = ask(node("a"), pod("six", "a", gpus=6), pod("x", "a", gpus=1), pod("y", "a", gpus=1), SYSTEM, gpus=2)

    assert moved(row) == [("x", None, None), ("y", None, None)]


def test_of_as_many_gpus_those_of_low_priority_leave_even_if_they_are_more_pods(ask):
    pods = [pod("one", "a", gpus=4, priority=9), pod("x", "a", gpus=2), pod("y", "a", gpus=2)]

    assert moved(ask(node("a"), *pods, SYSTEM, gpus=4)) == [("x", None, None), ("y", None, None)]


def test_of_as_many_gpus_and_the_same_priority_the_fewer_pods_leave(ask):
    pods = [pod("whole", "a", gpus=4), pod("half", "a", gpus=2), pod("other", "a", gpus=2)]

    assert moved(ask(node("a"), *pods, SYSTEM, gpus=4)) == [("whole", None, None)]


def test_the_small_pod_is_found_among_many(ask):
    many = [pod(f"a-{at:02}", "a", gpus=3) for at in range(20)]

    assert moved(ask(node("a", gpus=62), *many, pod("z", "a", gpus=2), SYSTEM, gpus=2)) == [("z", None, None)]


def test_room_for_cpu_is_made_by_a_pod_without_gpus(ask):
    pods = [pod("trainer", "a", gpus=4, cpu="60"), pod("web", "a", cpu="4", priority=9)]

    assert moved(ask(node("a"), *pods, SYSTEM, cpu="4")) == [("web", None, None)]


def test_the_pod_of_low_priority_is_found_among_many_of_as_many_gpus(ask):
    many = [pod(f"a-{at:02}", "a", gpus=2, priority=9) for at in range(20)]

    assert moved(ask(node("a", gpus=42), *many, pod("z", "a", gpus=2), SYSTEM, gpus=2)) == [("z", None, None)]


def test_nobody_is_moved_where_it_is_enough_to_wait_for_a_pod_that_ends(ask):
    ending = pod("ending", "b", cpu="60", meta={"deletionTimestamp": "2026-11-25T10:00:00Z"})
    low = pod("low", "a", cpu="60", priority=-5, tolerations=[{"operator": "Exists"}])
    other = node("c", taints=[{"key": "t", "effect": "NoSchedule"}])
    row = ask(node("a"), node("b"), other, ending, low, SYSTEM, cpu="40")

    assert [(one.pod.name, one.ending) for one in row.move.pods] == [("ending", True)]
