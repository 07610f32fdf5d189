import json
import re
from xml.etree import ElementTree as ET

import msgspec
import pytest
from format_readers import github as commands
from spoiled import spoiled, with_nasty_words

from diag.report.formats import scan_bytes
from diag.report.formats.github import without_commands
from diag.report.look import Look


def unescaped(text):
    for written, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(written, meant)
    return text


def test_golden(report, look, golden):
    golden("report.github.txt", scan_bytes(report, "github", look))


def test_an_annotation_says_what_is_wrong_and_what_is_next(report):
    (level, properties, message), *_ = commands(scan_bytes(report, "github", Look()).decode())

    assert (level, properties) == ("error", "title=QUO004 resourcequota-exceeded")
    assert unescaped(message).split("\n") == [
        "ResourceQuota ml/gpu-quota: 12 of 12 nvidia.com/gpu of the quota are used",
        "Next: see what holds the quota",
        "$ kubectl -n ml get pods --field-selector=status.phase=Running",
    ]


def test_what_looks_escaped_is_read_as_it_was_written(report):
    cause = msgspec.structs.replace(report.causes[0], summary="50%0A of 100%, %25", remedies=[])
    (_, _, message), *_ = commands(
        scan_bytes(msgspec.structs.replace(report, causes=[cause]), "github", Look()).decode()
    )

    assert unescaped(message).startswith("ResourceQuota ml/gpu-quota: 50%0A of 100%, %25\n")


def test_what_is_beyond_ten_is_counted(report):
    many = msgspec.structs.replace(report, causes=[report.causes[0]] * 13)

    assert commands(scan_bytes(many, "github", Look()).decode())[-1][2].startswith(
        "3 more causes without an annotation."
    )


@with_nasty_words
def test_nothing_breaks_out_of_an_annotation(text):
    log = scan_bytes(spoiled(text), "github", Look()).decode()
    found = commands(log)

    assert len(found) == len(log.splitlines()) == 4
    assert {level for level, *_ in found} <= {"error", "warning", "notice"}
    for _, properties, _ in found:
        assert re.fullmatch(r"title=[^:,]*", properties)


@with_nasty_words
@pytest.mark.parametrize("form", ["table", "plain", "wide", "json", "jsonl", "junit", "sarif", "markdown", "gitlab"])
def test_no_other_output_on_a_log_is_a_command(form, text):
    log = scan_bytes(spoiled(text), form, Look(width=None if form == "plain" else 60, show_ignored=True))

    assert commands(without_commands(log, form).decode()) == []


def test_a_document_without_commands_says_the_same():
    hostile = spoiled("##[error]::x")
    written = scan_bytes(hostile, "yaml", Look())
    assert without_commands(written, "yaml") == written
    for form in ("json", "sarif", "gitlab"):
        written = scan_bytes(hostile, form, Look())
        assert json.loads(without_commands(written, form)) == json.loads(written)
    written = scan_bytes(hostile, "junit", Look())
    assert ET.tostring(ET.fromstring(without_commands(written, "junit"))) == ET.tostring(ET.fromstring(written))  # noqa: S314
