import io
import json

import msgspec
import pytest
import yaml

from diag.cli.diagnostics import Narrator


def test_stdout_carries_only_the_report(diag):
    ended = diag("scan", "--from", "x", "-o", "json", "-v")

    assert json.loads(ended.out)["schema"] == "diag.report/v1"
    assert "1234 objects, 61 rules" in ended.err


def test_quiet_says_nothing(diag):
    assert diag("scan", "--from", "x", "-o", "json", "-v", "-q").err == ""


def test_outputs_go_to_files_with_their_folders_and_to_stdout(diag):
    ended = diag("scan", "--from", "x", "-o", "json=new/folder/r.json", "-o", "plain", "-o", "yaml=r.yaml")

    assert ended.out.startswith("C1 error: ResourceQuota ml/gpu-quota")
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
    ended = diag("explain", "--from", "x", "pod/ml/all-is-well")

    assert ended.code == 0
    assert ended.out.startswith("Nothing wrong found with Pod ml/all-is-well.\nWhat could not be looked at:\n")


def test_a_subject_whose_cause_is_ignored_is_not_called_well(diag):
    ended = diag("explain", "--from", "x", "svc/serve/old-chat")

    assert ended.code == 0
    assert ended.out.startswith(
        "Service serve/old-chat: service-without-endpoints (NET301) is ignored by config: retired in May"
    )


def test_a_subject_is_not_called_well_while_causes_are_hidden(diag):
    ended = diag("explain", "--from", "x", "ml/all-is-well", "-n", "ml", env={"FAKE_HIDDEN": "4"})

    assert ended.out.startswith(
        "Nothing wrong found with Pod ml/all-is-well, but 4 causes hidden by -n ml may concern it."
    )


def test_a_rule_that_found_nothing_says_so(diag):
    ended = diag("explain", "--from", "x", "sch101")

    assert ended.code == 0
    assert ended.out.startswith("Nothing was found by SCH101 (gpu-request-exceeds-any-node).")


def test_a_rule_that_could_not_see_everything_says_so(diag):
    assert "but could not see everything: logs of" in diag("explain", "--from", "x", "DEV101").out


def test_several_subjects_are_explained_with_a_list_first(diag):
    ended = diag("explain", "--from", "x", "C1", "C3", "-o", "table")

    assert [line.split()[0] for line in ended.out.splitlines()[1:3]] == ["C1", "C3"]
    assert ended.out.count("What is wrong") == 2


def test_a_message_that_nothing_says_is_not_called_misspelt(diag):
    ended = diag("explain", "--from", "x", "no", "cat", "is on the mat")

    assert ended.code == 2
    assert "no cause says 'no cat is on the mat'" in ended.err
    assert "searched were" in ended.err
    assert "misspelt" not in ended.err


def test_follow_ups_look_at_the_same_files(diag):
    table = diag("explain", "--from", "a b.json", "-n", "ml", "--since", "2h", "C2", "-o", "table").out
    document = json.loads(diag("explain", "--from", "a b.json", "C2", "-o", "json").out)

    assert "    $ diag explain --from 'a b.json' -n ml --since 2h 77c0ffee\n" in table
    assert "diag explain --from 'a b.json' 77c0ffee" in document["explanations"][0]["text"]


def test_escapes_in_a_path_are_shown(diag):
    assert "\x1b" not in diag("explain", "--from", "a\x1b[2Jb", "C2", "-o", "table").out


def test_a_wide_table_follows_the_columns_that_are_told(diag):
    def widest(**env):
        return max(map(len, diag("scan", "--from", "x", "-o", "wide", env=env).out.splitlines()))

    assert widest(COLUMNS="90") <= 90
    assert 90 < widest(COLUMNS="160") <= 160


@pytest.mark.parametrize(("term", "live"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_gets_no_progress(monkeypatch, term, live):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", term)
    narrator = Narrator(quiet=False, verbose=0)

    narrator.progress("reading")
    narrator.done()

    assert bool(terminal.getvalue()) is live


def test_a_message_longer_than_any_file_name_is_a_message(diag):
    ended = diag("explain", "--from", "x", "word " * 1000 + "the device plugin cannot load NVML")

    assert "device-plugin-nvml-missing" in ended.out


def test_a_pipe_is_not_read_twice(diag):
    assert "$ diag explain" not in diag("explain", "--from", "-", "C2", "-o", "table", stdin="{}").out


def test_a_filter_that_hides_everything_is_named_and_not_called_clean(diag):
    ended = diag("scan", "--from", "x", "ns:nosuch", "-l", "app=x", env={"FAKE_HIDDEN": "4"})

    assert ended.code == 0
    assert ended.out.splitlines()[-1] == (
        "No causes shown: 7 causes are hidden by -l app=x ns:nosuch; 2 things could not be checked."
    )


def test_what_hides_without_being_typed_says_where_it_came_from(diag):
    by_variable = diag("scan", "--from", "x", env={"FAKE_HIDDEN": "4", "DIAG_NAMESPACE": "ml"}).out

    assert "4 more hidden by -n ml (variable DIAG_NAMESPACE)" in by_variable


def test_a_namespace_that_holds_nothing_is_said_with_the_nearest(diag):
    out = diag("scan", "--from", "x", "-n", "mll,ml", "-n", "m*", env={"FAKE_HIDDEN": "4"}).out

    assert out.rstrip().endswith("2 things could not be checked")
    assert "4 more hidden by -n 'mll,ml,m*'" in out
    explained = diag("explain", "--from", "x", "-n", "mll", returns=empty(diag)).out
    assert "No object is in namespace mll; the nearest: ml." in explained
    assert (
        "No object is in namespace zzz; there are ml."
        in diag("explain", "--from", "x", "-n", "zzz", returns=empty(diag)).out
    )


def empty(diag):
    document = json.loads(diag("scan", "--from", "x", "-o", "json").out)
    return document | {"causes": [], "findings": [], "links": [], "evidence": [], "gaps": []}


def test_namespaces_may_be_listed_with_commas(diag):
    assert "'namespaces': ('ml', 'dev-*')" in diag("scan", "--from", "x", "-n", "ml,dev-*").asked


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


@pytest.mark.parametrize(
    ("words", "begun", "expected"),
    [
        ("diag scan --from", "du", "file,du"),
        ("diag scan -o", "js", "plain,json\nplain,jsonl"),
        ("diag scan --select", "QUO*,SCH10", "plain,QUO*,SCH101"),
        ("diag rules", "sch10", "plain,SCH101"),
        ("diag rules -o", "t", "plain,table"),
    ],
)
def test_files_formats_and_rules_are_completed(diag, words, begun, expected):
    env = {
        "_DIAG_COMPLETE": "bash_complete",
        "COMP_WORDS": f"{words} {begun}",
        "COMP_CWORD": str(len(words.split())),
    }

    assert diag(env=env).out.startswith(expected)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(diag, shell):
    ended = diag("completion", shell)

    assert ended.code == 0
    assert "_DIAG_COMPLETE" in ended.out


def test_no_arguments_print_help(diag):
    ended = diag()

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Examples:")
