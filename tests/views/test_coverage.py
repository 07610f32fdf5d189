"""Gaps in words: what weighs most first, and of several clusters which."""

import msgspec

from diag.document import GapRow
from diag.views.coverage import answering, concerning, gap_lines


def row(cluster, what, *, material=True):
    return GapRow(cluster=cluster, what=what, why="forbidden", hides=[], material=material, fix="")


def with_gaps(report, *gaps, clusters=("gpu",)):
    (one,) = report.target.clusters
    known = [msgspec.structs.replace(one, id=name) for name in clusters]
    return msgspec.structs.replace(
        report, gaps=list(gaps), target=msgspec.structs.replace(report.target, clusters=known)
    )


def test_clusters_that_were_not_read_come_first_and_pods_before_what_matters_less(report):
    found = with_gaps(
        report, row("a", "list batch/CronJob", material=False), row("a", "list storage.k8s.io/VolumeAttachment"),
        row("a", "list Node"), row("a", "list Pod"), row("z", "reach z"), clusters=("a", "z"),
    )  # fmt: skip

    assert [line.what for line in gap_lines(found, material_only=False)] == [
        "reach z",
        "list Pod in cluster a",
        "list Node in cluster a",
        "list storage.k8s.io/VolumeAttachment in cluster a",
        "list batch/CronJob in cluster a",
    ]


def test_of_one_cluster_nothing_is_named(report):
    assert [line.what for line in gap_lines(with_gaps(report, row("gpu", "list Pod")))] == ["list Pod"]


def test_logs_of_other_pods_do_not_concern_an_object(report):
    other, own, many = "read the logs of ml/b", "read the logs of ml/b, ml/a", "read the logs of ml/b and 9 more"
    gaps = gap_lines(with_gaps(report, row("gpu", "list Pod"), row("gpu", other), row("gpu", own), row("gpu", many)))

    assert [gap.what for gap in concerning(gaps, {"ml/a"})] == ["list Pod", own, many]


def blinding(what, *rules):
    return msgspec.structs.replace(row("gpu", what), hides=list(rules))


def test_a_gap_that_blinds_none_of_the_rules_is_left_to_the_scan_and_what_any_rule_may_feel_is_not(report):
    gaps = [
        blinding("list apps/ReplicaSet", "APP101"), blinding("list storage.k8s.io/CSINode", "STO101", "SCH101"),
        blinding("list Pod in other namespaces", "APP101"), blinding("dump.json: cut short"),
    ]  # fmt: skip
    found = answering(gap_lines(with_gaps(report, *gaps)), {"SCH101"})

    assert {gap.what for gap in found} == {one.what for one in gaps[1:]}


def test_what_a_gap_hides_is_told_by_name_and_by_id_where_a_document_has_no_names(report):
    ids = ["APP001", "APP002", "SCH195", "APP003"]
    old = msgspec.structs.replace(row("gpu", "list Foo"), hides=ids)
    new = msgspec.structs.replace(old, names=["denied", "unavailable", "unavailable", "bypassed"])

    assert [str(line) for line in gap_lines(with_gaps(report, old, new))] == [
        "list Foo: not allowed (hides APP001, APP002, SCH195 and 1 more)",
        "list Foo: not allowed (hides denied, unavailable, bypassed)",
    ]


def test_the_words_of_who_refused_stand_behind_why_and_are_cut(report):
    long = msgspec.structs.replace(
        row("gpu", "list Foo"), detail="GET /foos: 429 " + "too busy " * 30, hides=["APP001"]
    )

    (line,) = gap_lines(with_gaps(report, msgspec.structs.replace(long, fix="kubectl get foos")))

    assert str(line).startswith("list Foo: not allowed, “GET /foos: 429 too busy too busy")
    assert line.in_full.endswith("too b…” (hides APP001); to see it: kubectl get foos")
    assert len(line.said) <= 120
