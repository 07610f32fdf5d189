import re

import msgspec
import pytest
from format_readers import sarif as checked
from spoiled import spoiled, with_nasty_words

from diag.report.formats import sarif, scan_bytes
from diag.report.look import Look


def test_golden(report, look, golden, monkeypatch):
    monkeypatch.setattr(sarif, "infos", lambda _: [])  # the pages of the rules change with the rules
    golden("report.sarif", scan_bytes(report, "sarif", look))


def test_a_result_says_where_it_stands_how_bad_it_is_and_where_it_leads(report):
    (result,) = checked(
        scan_bytes(msgspec.structs.replace(report, causes=report.causes[:1], ignored=[]), "sarif", Look())
    )["results"]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]

    assert result["level"] == "error"
    assert result["partialFingerprints"] == {"diag/v1": "3fa9c2d17b04"}
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "cluster/prod-eu/ml/ResourceQuota/gpu-quota.yaml"
    )
    texts = [step["location"]["message"]["text"] for step in steps]
    assert len(texts) == 3
    assert texts[0].startswith("ResourceQuota ml/gpu-quota: 12 of 12")
    assert texts[0].endswith("(because the quota refuses its pods)")
    assert "What to do:" in result["message"]["markdown"]


@pytest.mark.parametrize(("severity", "level"), [("error", "error"), ("warning", "warning"), ("info", "note")])
def test_severities(report, severity, level):
    cause = msgspec.structs.replace(report.causes[0], severity=severity)
    run = checked(scan_bytes(msgspec.structs.replace(report, causes=[cause], ignored=[]), "sarif", Look()))

    assert run["results"][0]["level"] == level


def test_the_limits_of_an_upload_hold(report, monkeypatch):
    monkeypatch.setattr(sarif, "_RESULTS", 2)
    monkeypatch.setattr(sarif, "_STEPS", 2)
    run = checked(scan_bytes(report, "sarif", Look()))
    steps = run["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"]

    assert len(run["results"]) == 2
    assert [step["location"]["message"]["text"] for step in steps][1] == "and 2 more symptoms"


def test_a_rule_carries_its_page(report):
    cause = msgspec.structs.replace(report.causes[0], rule="SCH101")
    run = checked(scan_bytes(msgspec.structs.replace(report, causes=[cause], ignored=[]), "sarif", Look()))
    (rule,) = run["tool"]["driver"]["rules"]

    assert rule["name"] == "gpu-request-exceeds-any-node"
    assert rule["help"]["markdown"].startswith("# SCH101 ")
    assert "WHAT TO DO" in rule["help"]["text"]


@with_nasty_words
def test_nothing_breaks_out(text):
    run = checked(scan_bytes(spoiled(text), "sarif", Look()))

    for result in run["results"]:
        assert "](" not in result["message"]["text"]
        fence = re.match("`+", result["message"].get("markdown", "```"))[0]
        assert result["message"].get("markdown", fence).count(fence) in (1, 2)
