"""What a stranger's rule yields may be anything: it becomes a gap, and the report stands."""

import pytest

from diag.catalog.rule import rule
from diag.findings import Because, Finding, Question, Remedy


def yielding(change):
    def function(ctx):
        group = ctx.groups()[0]
        good = {"subject": group.workload, "summary": "x", "evidence": (group.evidence[0],)}
        yield "nonsense" if change is None else Finding(**{**good, **change})

    return rule("ZZZ001", name="theirs", question=Question.PLACED, inputs=("Pod",))(function)


@pytest.mark.parametrize(
    "change",
    [
        None,
        {"subject": "a text"},
        {"subject": None},
        {"summary": 5},
        {"summary": "\ud800"},
        {"evidence": ()},
        {"evidence": ("a text",)},
        {"accounts_for": ("a text",)},
        {"accounts_for": (Because(None, "x"),)},
        {"severity": "error"},
        {"confidence": "certain"},
        {"members": ("a text",)},
        {"needs": (None,)},
        {"remedies": ("a text",)},
        {"remedies": (Remedy(text=None),)},
        {"alternatives": ("a text",)},
        {"gpus_lost": "many"},
        {"since": 5},
    ],
)
def test_nonsense_is_a_gap_and_the_report_stands(cluster, change):
    report = cluster.report(cluster.pod("p", 1, message=cluster.lacking(1)), rules=[yielding(change)])

    assert [gap.why for gap in report.gaps if gap.what == "rule ZZZ001"] == ["rule-crashed"]
    assert [cause.name for cause in report.causes] == ["pod-unscheduled"]


def test_a_good_finding_is_none(cluster):
    report = cluster.report(cluster.pod("p", 1, message=cluster.lacking(1)), rules=[yielding({})])

    assert [gap for gap in report.gaps if gap.why == "rule-crashed"] == []


def test_a_time_at_the_edge_of_the_calendar_is_passed_over(cluster):
    said = cluster.event("Pod", "p", "Failed", "x", at="0001-01-01T00:00:00+14:00")

    assert cluster.snap(cluster.pod("p"), said, now=None).now == cluster.LONG_AGO
