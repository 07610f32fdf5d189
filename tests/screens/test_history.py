from cluster_objects import node, pod, waiting

from diag.document import RefRow
from diag.views.history import history, history_tables
from diag.views.wording import clock


def event(name, about, *, reason, message, first, last, count=1, kind="Warning"):
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": "ml"}, "type": kind,
        "involvedObject": {"kind": "Pod", "namespace": "ml", "name": about}, "reason": reason, "message": message,
        "firstTimestamp": first, "lastTimestamp": last, "count": count,
    }  # fmt: skip


PULL = event(
    "e", "w", reason="FailedScheduling", message="password=hunter2hunter2 no", first="2026-11-26T09:11:00Z",
    last="2026-11-26T09:50:00Z", count=7,
)  # fmt: skip


def test_events_conditions_and_creations_stand_in_one_order_of_time(look):
    found = look(node("a", gpus=0), waiting("w", gpus=8), PULL)

    rows = history(found.report, found.snapshots, causes=["C1"]).happenings

    about = [(row.kind, row.what, row.count) for row in rows if row.ref.name == "w"]
    assert about == [
        ("created", "created", 1),
        ("condition", "PodScheduled=False", 1),
        ("event", "FailedScheduling", 7),
    ]


def test_what_was_repeated_has_its_first_time_with_its_age_and_the_age_of_its_last(look):
    found = look(waiting("w", gpus=8), PULL, now="2026-11-26T10:00:00Z")

    table = history_tables(found.report, history(found.report, found.snapshots, causes=["C1"]))[0]

    titles = [column.title for column in table.columns]
    (line,) = [line for line in table.lines if "FailedScheduling" in line.values]
    shown = dict(zip(titles, line.values, strict=True))
    assert (shown["AT"], shown["AGO"], shown["LAST"]) == ("11-26 09:11:00", 49 * 60, 10 * 60)


def test_secrets_in_events_are_masked(look):
    found = look(waiting("w", gpus=8), PULL)

    rows = history(found.report, found.snapshots, causes=["C1"]).happenings

    assert not any("hunter2" in row.text for row in rows)


def test_an_object_is_told_of_with_what_it_owns(look):
    owned = pod("w-0", "a")
    owned["metadata"]["ownerReferences"] = [{"apiVersion": "batch/v1", "kind": "Job", "name": "w", "controller": True}]
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "w", "namespace": "ml"}, "spec": {}}
    found = look(job, owned, pod("other", "a"))
    subject = RefRow(cluster="default", apiVersion="batch/v1", kind="Job", namespace="ml", name="w")

    rows = history(found.report, found.snapshots, causes=[], subject=subject).happenings

    assert {row.ref.name for row in rows} == {"w-0"}


def test_a_container_that_ended_badly_is_a_warning(look):
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-26T09:20:00Z"}}
    crashed = pod("w", "a", containerStatuses=[{"name": "main", "state": ended}])
    subject = RefRow(cluster="default", apiVersion="v1", kind="Pod", namespace="ml", name="w")
    found = look(crashed)

    rows = history(found.report, found.snapshots, causes=[], subject=subject).happenings

    assert [(row.what, row.severity, row.text) for row in rows if row.kind == "container"] == [
        ("main ended with 137", "warning", "OOMKilled")
    ]


def test_nothing_with_a_time_is_said_in_words(look):
    found = look(node("a"))

    table = history_tables(found.report, history(found.report, found.snapshots, causes=[]))[0]

    assert table.empty == "Nothing with a time was read of these objects."


def test_times_are_shown_to_the_second_in_utc():
    assert clock("2026-11-26T10:00:00.123456+01:00") == "2026-11-26T09:00:00Z"
    assert clock("yesterday") == "yesterday"
