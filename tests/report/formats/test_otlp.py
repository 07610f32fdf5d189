import msgspec
import pytest
from format_readers import otlp as checked
from spoiled import spoiled, with_nasty_words

from diag.report.formats import scan_bytes
from diag.report.look import Look


def attributes(record):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in record.attributes}


def test_golden(report, look, golden):
    golden("report.otlp.json", scan_bytes(report, "otlp-json", look))


def test_a_record_says_when_how_bad_and_how_much(report):
    first, *_ = checked(scan_bytes(report, "otlp-json", Look()))

    assert first.time_unix_nano == 1776156090 * 10**9
    assert (first.severity_number, first.severity_text) == (17, "ERROR")
    assert attributes(first)["diag.gpus_waited_for"] == 16
    assert attributes(first)["k8s.namespace.name"] == "ml"


def test_fractions_of_a_second_are_exact(report):
    (cluster,) = report.target.clusters
    target = msgspec.structs.replace(
        report.target, clusters=[msgspec.structs.replace(cluster, now="2026-04-14T08:41:30.123456Z")]
    )
    first, *_ = checked(scan_bytes(msgspec.structs.replace(report, target=target), "otlp-json", Look()))

    assert first.time_unix_nano == 1776156090123456000


@pytest.mark.parametrize("cluster", ["", "of another look"])
def test_a_gap_of_no_cluster_that_is_shown_is_not_lost(report, cluster):
    gap = msgspec.structs.replace(report.gaps[0], cluster=cluster)
    records = checked(scan_bytes(msgspec.structs.replace(report, causes=[], gaps=[gap]), "otlp-json", Look()))

    assert [record.event_name for record in records] == ["diag.gap"]


@with_nasty_words
def test_nothing_breaks_out(text):
    assert len(checked(scan_bytes(spoiled(text), "otlp-json", Look()))) == 6
