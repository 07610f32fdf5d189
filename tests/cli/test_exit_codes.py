import os
import subprocess
import sys

import msgspec
import pytest

from diag.cli.diagnostics import ExitCode, severest


def test_an_error_exits_with_one(diag):
    assert diag("scan", "--from", "x").code == 1


def test_check_is_another_name_of_scan(diag):
    assert diag("check", "--from", "x").code == 1


def test_a_clean_cluster_exits_with_zero(diag, clean):
    ended = diag("scan", "--from", "x", returns=clean)

    assert (ended.code, ended.out) == (0, "No causes found. 61 rules looked at 1234 objects.\n")


@pytest.mark.parametrize(
    ("threshold", "severities", "code"),
    [
        ("error", ["warning", "info"], 0),
        ("error", ["info", "error"], 1),
        ("warning", ["warning"], 1),
        ("warning", ["info"], 0),
        ("info", ["info"], 1),
        ("info", [], 0),
        ("never", ["error"], 0),
    ],
)
def test_thresholds(threshold, severities, code):
    assert severest(severities, threshold) == code


def test_only_what_the_filter_leaves_counts(diag):
    assert diag("scan", "--from", "x", "sev:warning").code == 0
    assert diag("scan", "--from", "x", "--filter", "sev:warning", "--fail-on", "warning").code == 1


def test_explain_never_fails_for_what_it_finds_unless_asked(diag):
    assert diag("explain", "--from", "x").code == 0
    assert diag("explain", "--from", "x", "--fail-on", "error").code == 1


def test_strict_exits_with_four_for_material_gaps_only(diag, report, clean):
    gaps = msgspec.structs.replace(clean, gaps=report.gaps)
    harmless = msgspec.structs.replace(clean, gaps=[gap for gap in report.gaps if not gap.material])

    assert diag("scan", "--from", "x", "--strict", returns=gaps).code == 4
    assert diag("scan", "--from", "x", "--strict", returns=harmless).code == 0
    assert diag("scan", "--from", "x", returns=gaps).code == 0
    assert diag("scan", "--from", "x", "--strict").code == 1  # found beats unchecked


def test_an_unreadable_snapshot_exits_with_three_and_one_hint(diag):
    ended = diag("scan", "--from", "x", behaviour="unreadable")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err == "diag: cannot read dump.json: line 3 is no JSON\nhint: dump it again\n"


def test_ctrl_c_exits_with_130(diag):
    ended = diag("scan", "--from", "x", behaviour="interrupt")

    assert (ended.code, ended.out) == (ExitCode.INTERRUPTED, "")
    assert "Traceback" not in ended.err


def test_an_unforeseen_failure_writes_a_report_without_values(diag):
    ended = diag("scan", "--from", "customer-dump.json", "--now=2026-01-01T00:00:00Z", behaviour="crash")

    assert ended.code == 3
    assert len(ended.err.splitlines()) == 3
    (written,) = ended.state.rglob("crash-*.txt")
    assert str(written) in ended.err
    text = written.read_text()
    assert "diag scan --from *** --now=***" in text
    assert "RuntimeError" in text
    assert "customer-dump" not in text.partition("Traceback")[0]


@pytest.mark.parametrize(
    ("args", "sentence", "hint"),
    [
        (["scna"], "there is no command 'scna'", "did you mean 'scan'?"),
        (["scan", "--form", "x"], "no such option '--form'", "'--from'"),
        (["scan", "--from", "x", "--demo"], "exclude each other", "leave one"),
        (["scan", "--from", "x", "-o", "jsn"], "unknown output format 'jsn'", "did you mean json?"),
        (["scan", "--from", "x", "-o", "json", "-o", "yaml"], "two outputs go to stdout", "give one a path"),
        (["scan", "--from", "x", "-o", "json=a", "-o", "yaml=./a"], "two outputs go to the file", "give one a path"),
        (["scan", "--from", "x", "-o", "json="], "names no file", "-o json=PATH"),
        (["scan", "--from", "x", "sevv:error"], "no field 'sevv'", "did you mean sev?"),
        (["scan", "--from", "x", "sev:critical"], "no severity 'critical'", "takes error, warning, info"),
        (["scan", "--from", "x", "--since", "soon"], "no duration", "--help"),
        (["scan", "--from", "x", "--now", "2026-01-01"], "no time with a zone", "--help"),
        (["scan", "--from", "x", "--max-bytes", "lots"], "no size", "--help"),
        (["explain", "--from", "x", "job/ml/lama-ft"], "called 'job/ml/lama-ft'", "did you mean Job/ml/llama-ft"),
    ],
)
def test_a_slip_exits_with_two_a_sentence_and_a_hint(diag, args, sentence, hint):
    ended = diag(*args)

    assert (ended.code, ended.out) == (2, "")
    complaint, advice = ended.err.splitlines()
    assert sentence in complaint
    assert advice.startswith("hint: ")
    assert hint in advice


_INTO_A_CLOSED_PIPE = """
import os, sys
read, write = os.pipe()
os.close(read)
os.dup2(write, 1)
from diag.cli.output import to_stdout
to_stdout(b"x" * 1_000_000)
"""


def test_a_reader_that_leaves_is_no_failure():
    ended = subprocess.run(  # noqa: S603  # our own interpreter and words
        [sys.executable, "-c", _INTO_A_CLOSED_PIPE],
        capture_output=True,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )

    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_healthy_subject_is_told_from_one_that_is_not_there(diag):
    healthy, absent = diag("explain", "--from", "x", "ml/all-is-well"), diag("explain", "--from", "x", "ml/all-is-sick")

    assert (healthy.code, absent.code) == (0, 2)
    assert "Nothing wrong found with Pod ml/all-is-well." in healthy.out
    assert "misspelt" in absent.err


@pytest.mark.parametrize("command", ["scan", "explain"])
def test_a_file_without_its_flag_is_a_slip(diag, command):
    (diag("schema").folder / "my dump.json").touch()
    ended = diag(command, "my dump.json")

    assert ended.code == 2
    assert "my dump.json is a file" in ended.err
    assert "did you mean --from 'my dump.json'?" in ended.err
