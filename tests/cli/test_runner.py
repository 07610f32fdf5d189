"""On a runner: the log holds no command but ours, and the summary of the job holds the report."""

import os

import msgspec
import pytest

from diag.cli.diagnostics import complain
from diag.errors import DiagError


@pytest.fixture
def hostile(report):
    """A report whose first cause says a command of a runner."""
    cause = msgspec.structs.replace(report.causes[0], summary="##[error]gone ::set-output name=x::y")
    return msgspec.structs.replace(report, causes=[cause])


@pytest.mark.parametrize("runner", [{"GITHUB_ACTIONS": "true"}, {"TF_BUILD": "True"}])
def test_a_log_that_a_runner_reads_holds_no_command_of_others(diag, hostile, runner):
    assert "##[error]" in diag("report", "--from", "x", "-o", "plain", returns=hostile).out
    on_runner = diag("report", "--from", "x", "-o", "plain", "-o", "json=a.json", returns=hostile, env=runner)

    assert "##[" not in on_runner.out
    assert "## [error]gone" in on_runner.out
    assert "##[error]gone" in (on_runner.folder / "a.json").read_text()


@pytest.mark.parametrize("runner", [{"GITHUB_ACTIONS": "true"}, {"TF_BUILD": "True"}])
def test_an_error_is_no_command_to_a_runner_whatever_the_name_of_a_file(runner, monkeypatch, capsys):
    name = "x\n::error::planted\n ##[error]old"
    complain(DiagError(f"{name} does not exist"))
    assert "\n::error::planted\n" in capsys.readouterr().err

    for variable, value in runner.items():
        monkeypatch.setenv(variable, value)
    complain(DiagError(f"{name} does not exist"))
    assert capsys.readouterr().err == "diag: x\n| ::error::planted\n ## [error]old does not exist\n"


def test_the_summary_of_the_job_is_added_to_what_is_there(diag, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    ended = diag("report", "--from", "x", "-o", "github", env={"GITHUB_STEP_SUMMARY": str(summary)})

    assert ended.out.startswith("::error title=")
    assert summary.read_text().startswith("before\n## diag: 2 errors, 1 warning")
    assert "CLUSTER" not in summary.read_text()


def test_a_summary_that_is_full_stays_as_it_is(diag, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_bytes(b"x" * 1024**2)
    ended = diag("report", "--from", "x", "-o", "github", env={"GITHUB_STEP_SUMMARY": str(summary)})

    assert ended.code == 0
    assert summary.stat().st_size == 1024**2


def test_only_the_format_asks_for_a_summary(diag, tmp_path):
    summary = tmp_path / "summary.md"
    diag("report", "--from", "x", "-o", "plain", env={"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"})

    assert not summary.exists()


def test_a_summary_that_cannot_be_written_is_told(diag, tmp_path):
    env = {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "folder.md")}
    ended = diag("report", "--from", "x", "-o", "github", env=env)

    assert ended.out.startswith("::error title=")
    assert "cannot write the summary of the job" in ended.err
    assert os.sep in ended.err
