import json
import re

import msgspec
import pytest
import yaml

from diag.report import sanitize
from diag.report.formats import explain_bytes, scan_bytes
from diag.report.look import Look
from diag.report.sanitize import cleaned, escaped, visible

_NASTY = "a\x1b[2J\x9b31m\u202eevil\u200b\r\nb\x7f\u2028\x00\ud800".encode("utf-8", "ignore").decode()
_ACTING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@pytest.fixture
def hostile(report):
    """Every text of the report carries escapes, controls and direction marks."""

    def spoiled(value):
        match value:
            case str():
                return value
            case list():
                return [spoiled(each) for each in value]
            case dict():
                return {
                    key: each + _NASTY if isinstance(each, str) and key in _FREE else spoiled(each)
                    for key, each in value.items()
                }
            case _:
                return value

    return msgspec.convert(spoiled(report.to_dict()), type(report))


_FREE = {"summary", "value", "name", "why", "what", "fix", "text", "command", "kind", "path", "computed", "container"}


@pytest.mark.parametrize("form", ["table", "wide", "plain"])
def test_no_text_of_the_cluster_reaches_the_terminal_as_it_is(hostile, form):
    look = Look(width=None if form == "plain" else 100, show_ignored=True)

    for rendered in (scan_bytes(hostile, form, look), explain_bytes(hostile, form, look)):
        assert not _ACTING.search(rendered.decode())
        assert "<U+202E>" in rendered.decode()


def test_a_line_break_in_a_value_draws_no_line(hostile):
    lines = scan_bytes(hostile, "plain", Look()).decode().splitlines()

    assert not [line for line in lines if line.startswith("b")]


@pytest.mark.parametrize("form", ["json", "jsonl", "yaml"])
def test_documents_escape_and_keep_every_value(hostile, form):
    rendered = scan_bytes(hostile, form, Look()).decode()

    assert not _ACTING.search(rendered)
    if form == "json":
        assert json.loads(rendered) == hostile.to_dict()
    if form == "yaml":
        assert yaml.load(rendered, Loader=yaml.CSafeLoader) == hostile.to_dict()


def test_the_explanation_in_json_stays_one_line_per_statement(hostile):
    document = json.loads(explain_bytes(hostile, "json", Look()))

    assert not [
        line for text in document["explanations"] for line in text["text"].split("\n") if line.startswith("b\x7f")
    ]


def test_placeholders():
    assert visible("\x1b[31m") == "␛[31m"
    assert visible("a\nb\tc\x7f\x9b\u202e") == "a⏎b c␡<U+009B><U+202E>"
    assert visible("a\ufffe\U0010ffff") == "a<U+FFFE><U+10FFFF>"
    assert visible("plain text, 日本") == "plain text, 日本"


def test_a_harmless_report_is_not_copied(report):
    harmless = msgspec.structs.replace(report, evidence=[row for row in report.evidence if row.id != "E6"])

    assert cleaned(harmless) is harmless
    assert cleaned(report) is not report


def test_a_report_is_cleaned_once_for_all_its_formats(hostile, monkeypatch):
    times = []
    real = sanitize._cleaned  # noqa: SLF001  # what is counted
    monkeypatch.setattr(sanitize, "_cleaned", lambda report: times.append(1) or real(report))
    for form in ("plain", "markdown", "html", "junit", "sarif", "github", "prom"):
        scan_bytes(hostile, form, Look())

    assert len(times) <= 1
    assert cleaned(msgspec.structs.replace(hostile)) is not cleaned(hostile)


def test_escaping_leaves_other_letters_alone():
    assert escaped('"日本\u202e\U000e0041"'.encode()).decode() == '"日本\\u202e\\udb40\\udc41"'
