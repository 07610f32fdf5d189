import json

import msgspec
import pytest
import yaml


def test_stdout_carries_only_the_report(diag):
    ended = diag("scan", "--from", "x", "-o", "json", "-v")

    assert json.loads(ended.out)["schema"] == "diag.report/v1"
    assert "1234 objects, 61 rules" in ended.err


def test_quiet_says_nothing(diag):
    assert diag("scan", "--from", "x", "-o", "json", "-v", "-q").err == ""


def test_outputs_go_to_files_with_their_folders_and_to_stdout(diag):
    ended = diag("scan", "--from", "x", "-o", "json=new/folder/r.json", "-o", "plain", "-o", "yaml=r.yaml")

    assert ended.out.startswith("error: ResourceQuota ml/gpu-quota")
    document = json.loads((ended.folder / "new/folder/r.json").read_text())
    assert document == yaml.safe_load((ended.folder / "r.yaml").read_text())
    assert sorted(each.name for each in ended.folder.iterdir()) == ["new", "r.yaml"]


def test_a_file_alone_leaves_stdout_empty(diag):
    assert diag("scan", "--from", "x", "-o", "json=r.json").out == ""


def test_a_file_that_cannot_be_written_is_said(diag):
    ended = diag("scan", "--from", "x", "-o", "json=/proc/nowhere/r.json")

    assert ended.code == 3
    assert "cannot write /proc/nowhere/r.json" in ended.err


def test_flags_reach_the_engine(diag):
    asked = diag(
        *("scan", "--from", "a=x", "--from", "y", "-n", "ml", "-l", "app=x", "--since", "1h30m"),
        *("--select", "QUO*,SCH101", "--ignore", "UPG*", "--now", "2026-01-01T00:00:00Z"),
    ).asked

    assert asked.startswith("(['a=x', 'y']")
    for each in (
        "'namespaces': ('ml',)",
        "'selector': 'app=x'",
        "'since_s': 5400.0",
        "'select': ('QUO*', 'SCH101')",
        "'ignore': ('UPG*',)",
        "'now': '2026-01-01T00:00:00Z'",
        "'limits': None",
    ):
        assert each in asked


def test_limits_reach_the_engine(diag):
    asked = diag("scan", "--from", "x", "--max-bytes", "2Gi", "--max-objects", "9").asked

    assert "'limits': [('bytes', 2147483648), ('objects', 9)]" in asked


def test_every_flag_has_a_variable(diag):
    env = {"DIAG_FROM": "x", "DIAG_NAMESPACE": "ml dev", "DIAG_OUTPUT": "json", "DIAG_FAIL_ON": "never"}
    ended = diag("scan", env=env)

    assert ended.code == 0
    assert "'namespaces': ('ml', 'dev')" in ended.asked
    assert json.loads(ended.out)


def test_color_follows_the_flag_then_no_color_then_force_color(diag):
    def colored(*flags, **env):
        return "\x1b[" in diag("scan", "--from", "x", "-o", "table", *flags, env=env).out

    assert not colored()
    assert colored("--color", "always", NO_COLOR="1")
    assert colored(FORCE_COLOR="1")
    assert not colored(FORCE_COLOR="1", NO_COLOR="1")
    assert not colored("--color", "never", FORCE_COLOR="1")


def test_explain_takes_the_worst_cause_or_all(diag):
    assert diag("explain", "--from", "x", "-o", "plain").out.count("What to do") == 1
    assert diag("explain", "--from", "x", "--all").out.count("What to do") == 3


@pytest.mark.parametrize("subject", [["C2"], ["node/gpu-7"], ["77c0"], ["deploy/serve/chat-70b"], ["Node", "gpu-7"]])
def test_explain_takes_a_subject(diag, subject):
    ended = diag("explain", "--from", "x", *subject)

    assert ended.code == 0
    assert "device-plugin-nvml-missing" in ended.out
    assert "resourcequota-exceeded" not in ended.out


def test_explain_as_json_carries_explanations_that_cite_their_evidence(diag):
    document = json.loads(diag("explain", "--from", "x", "C2", "-o", "json").out)

    (explanation,) = document["explanations"]
    assert [cause["id"] for cause in document["causes"]] == ["C2"]
    assert (explanation["cause"], explanation["engine"], explanation["model"]) == ("C2", "template", None)
    assert set(explanation["citations"]) <= {row["id"] for row in document["evidence"]}


def test_a_known_subject_without_a_cause_is_said_to_be_well(diag):
    ended = diag("explain", "--from", "x", "pod/gpu-operator/nvidia-device-plugin-x2v9k")

    assert ended.code == 0
    assert ended.out.startswith(
        "Nothing wrong found with Pod gpu-operator/nvidia-device-plugin-x2v9k.\nWhat could not be looked at:\n"
    )


def test_explain_without_causes_says_that_there_are_none(diag, clean):
    assert diag("explain", "--from", "x", returns=clean).out.startswith("No causes found.")
    assert json.loads(diag("explain", "--from", "x", "-o", "json", returns=clean).out)["explanations"] == []


def test_escapes_in_an_error_are_shown(diag):
    ended = diag("scan", "--from", "x", "\x1b[2J:y")
    assert "\x1b" not in diag("explain", "--from", "x", "a\x1b[2Jb").err
    assert "\x1b" not in ended.err


def test_the_schema_is_printed(diag, report):
    published = json.loads(diag("schema").out)

    assert published["$id"] == "diag.report/v1"
    assert set(msgspec.to_builtins(report)) <= set(published["properties"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(diag, shell):
    ended = diag("completion", shell)

    assert ended.code == 0
    assert "_DIAG_COMPLETE" in ended.out


def test_no_arguments_print_help(diag):
    ended = diag()

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Examples:")
