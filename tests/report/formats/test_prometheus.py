import msgspec
from format_readers import prometheus as checked
from spoiled import spoiled, with_nasty_words

from diag.report.formats import scan_bytes
from diag.report.look import Look
from diag.report.sanitize import cleaned


def test_golden(report, look, golden):
    golden("report.prom", scan_bytes(report, "prom", look))


def test_a_clean_cluster_is_told_from_one_that_nobody_looked_at(clean):
    metrics = checked(scan_bytes(clean, "prom", Look()))

    assert metrics["diag_findings"] == []
    assert [value for _, value in metrics["diag_gpus_blocked"]] == [0, 0]
    assert metrics["diag_time_seconds"] == [({"cluster": "prod-eu"}, 1776156090)]


def test_amounts_are_those_of_their_cluster(report):
    elsewhere = msgspec.structs.replace(report.causes[0].root, cluster="other")
    causes = [report.causes[0], msgspec.structs.replace(report.causes[0], root=elsewhere), report.causes[1]]
    metrics = checked(scan_bytes(msgspec.structs.replace(report, causes=causes), "prom", Look()))
    blocked = {(labels["cluster"], labels["state"]): value for labels, value in metrics["diag_gpus_blocked"]}

    assert blocked["other", "waited_for"] == report.causes[0].affected.gpus
    assert blocked["prod-eu", "lost"] == report.causes[1].affected.gpus_lost


def test_no_name_of_an_object_is_a_label(report):
    assert not {"gpu-quota", "ml", "nvidia-device-plugin"} & {
        value
        for samples in checked(scan_bytes(report, "prom", Look())).values()
        for one, _ in samples
        for value in one.values()
    }


def test_what_looks_escaped_is_read_as_it_was_written(report):
    name = r'a\nb\\"c'
    cause = msgspec.structs.replace(report.causes[0], name=name)
    ((labels, _),) = checked(scan_bytes(msgspec.structs.replace(report, causes=[cause]), "prom", Look()))[
        "diag_findings"
    ]

    assert labels["name"] == name


@with_nasty_words
def test_nothing_breaks_out(text):
    metrics = checked(scan_bytes(spoiled(text), "prom", Look()))

    assert sum(value for _, value in metrics["diag_findings"]) == 3
    assert [labels for labels, _ in metrics["diag_findings"]] == [
        {"cluster": cause.root.cluster, "rule": cause.rule, "name": cause.name, "severity": cause.severity}
        for cause in cleaned(spoiled(text)).causes
    ]
