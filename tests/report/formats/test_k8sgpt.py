import json

from format_readers import k8sgpt as checked
from spoiled import spoiled, with_nasty_words

from diag.report.formats import scan_bytes
from diag.report.look import Look


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
