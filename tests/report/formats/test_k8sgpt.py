import json

import msgspec
from spoiled import spoiled, with_nasty_words

from diag.report.formats import scan_bytes
from diag.report.look import Look


class Failure(msgspec.Struct, forbid_unknown_fields=True):
    Text: str
    KubernetesDoc: str
    Sensitive: list[dict[str, str]] | None


class Result(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    name: str
    error: list[Failure]
    details: str
    parentObject: str  # noqa: N815  # as k8sgpt spells it


class Output(msgspec.Struct, forbid_unknown_fields=True):
    """`JsonOutput` of k8sgpt-ai/k8sgpt pkg/analysis/analysis.go, `Result` of pkg/common/types.go."""

    provider: str
    errors: list[str] | None
    status: str
    problems: int
    results: list[Result] | None


def checked(rendered):
    output = msgspec.json.decode(rendered, type=Output)
    assert output.problems == sum(len(result.error) for result in output.results or ())
    assert output.status == ("ProblemDetected" if output.problems else "OK")
    return output


def test_every_report_is_an_analysis(any_report, look):
    assert checked(scan_bytes(any_report, "k8sgpt", look)).problems == len(any_report.causes)


def test_golden(report, look, golden):
    golden("report.k8sgpt.json", scan_bytes(report, "k8sgpt", look))


def test_a_result_is_named_as_k8sgpt_names_it(report):
    first, second, *_ = checked(scan_bytes(report, "k8sgpt", Look())).results

    assert (first.kind, first.name) == ("ResourceQuota", "ml/gpu-quota")
    assert first.error[0].Text.startswith("QUO004 resourcequota-exceeded: 12 of 12 ")
    assert "What to do:" in second.details


@with_nasty_words
def test_nothing_breaks_out(text):
    rendered = scan_bytes(spoiled(text), "k8sgpt", Look())

    assert checked(rendered).problems == 3
    assert "\x1b" not in json.dumps(json.loads(rendered), ensure_ascii=False)
