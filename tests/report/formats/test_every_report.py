"""Each format of each report that it has to hold, read by what reads it elsewhere (`format_readers`).

Three causes, the built-in cluster, nothing, gaps alone, and 5,000 findings. `test_browser` opens the page of each.
"""

import format_readers as read
import pytest

from diag.report.formats import DOCUMENTS, EXCHANGED, html

_COMMENT, _UPLOAD = 60_000, 30_000_000  # bytes: of a comment (D.4), and of a JUnit report in GitLab


def _markdown(rendered, report):
    found = read.markdown(rendered.decode()).found

    assert len(rendered) <= _COMMENT
    assert {tag for tag, *_ in found} <= read.OWN_TAGS
    assert {each for each in found if len(each) > 1} <= read.OWN_ATTRIBUTES
    assert b"## diag: " in rendered


def _html(rendered, report):
    shown = [tag for tag, attributes in read.html(rendered).tags if "data-severity" in attributes]

    assert len(shown) == len(report.causes)
    assert shown.count("article") == min(len(report.causes), html.IN_FULL)


def _junit(rendered, report):
    cases = read.junit(rendered)

    assert len(rendered) < _UPLOAD
    assert sum(case.is_failure for case in cases) == sum(cause.severity != "info" for cause in report.causes)
    assert sum(case.is_skipped for case in cases) == sum(gap.material for gap in report.gaps)


def _sarif(rendered, report):
    run = read.sarif(rendered)
    suppressed = [result for result in run["results"] if "suppressions" in result]

    assert len(suppressed) == len(report.ignored)
    assert len(run["results"]) - len(suppressed) == len(report.causes)
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == len(report.gaps)


def _github(rendered, report):
    lines = rendered.decode().splitlines()

    assert len(read.github(rendered.decode())) == len(lines) == min(len(report.causes), 10) + 1
    assert lines[-1].startswith("::notice title=diag::")


def _gitlab(rendered, report):
    assert len(read.gitlab(rendered)) == len(report.causes)


def _prom(rendered, report):
    metrics = read.prometheus(rendered)

    assert sum(value for _, value in metrics["diag_findings"]) == len(report.causes)
    assert sum(value for _, value in metrics["diag_gaps"]) == len(report.gaps)


def _otlp(rendered, report):
    names = [record.event_name for record in read.otlp(rendered)]

    assert (names.count("diag.cause"), names.count("diag.gap")) == (len(report.causes), len(report.gaps))


def _k8sgpt(rendered, report):
    assert read.k8sgpt(rendered).problems == len(report.causes)


def _json(rendered, report):
    assert len(read.report_json(rendered)["causes"]) == len(report.causes)


_READERS = {
    "markdown": _markdown, "html": _html, "junit": _junit, "sarif": _sarif, "github": _github, "gitlab": _gitlab,
    "prom": _prom, "otlp-json": _otlp, "k8sgpt": _k8sgpt, "json": _json,
}  # fmt: skip


@pytest.mark.parametrize("form", _READERS)
def test_every_report_is_read_by_what_reads_the_format(any_report, rendered, form):
    _READERS[form](rendered(form), any_report)


def test_every_format_that_others_read_has_its_reader():
    assert {*EXCHANGED, *DOCUMENTS} - {*_READERS} == {"jsonl", "yaml"}  # the same document as JSON, by `test_schema`
