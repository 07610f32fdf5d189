"""The script of all recipes: the log has the real names, the folder never, and the job keeps its verdict."""

import gzip

import pytest
from ci_clusters import NAMESPACE, ROOT, WRITTEN, cluster, names


def texts(folder):
    """Each file as it reads."""
    return {
        path.name: (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
        for path in folder.iterdir()
    }


def test_the_log_has_the_names_and_what_is_uploaded_has_none(machine):
    with cluster("broken", machine.root / "config"):
        ended = machine.run(["diagnose", "diag-report"])

    written = texts(machine.report)
    assert ended.code == 0
    assert f"C1 error: {ROOT}" in ended.out
    assert set(written) == WRITTEN
    found = {(file, name) for file, text in written.items() for name in names() if name in text}
    assert not found
    again = machine.run(["diag", "scan", "--from", "diag-report/snapshot.jsonl.gz", "-o", "plain"])
    assert again.out.count(" error: ") == ended.out.count(" error: ")


@pytest.mark.parametrize(
    ("state", "environment", "code", "says"),
    [
        ("broken", {"DIAG_FAIL_ON": "error"}, 1, "C1 error"),
        ("broken", {"DIAG_FAIL_ON": "error", "DIAG_NAMESPACE": "nobody-is-here"}, 0, "No object is in namespace"),
        ("broken", {"DIAG_FAIL_ON": ""}, 0, "C1 error"),
        ("nothing found", {"DIAG_FAIL_ON": "info"}, 0, "No causes found"),
        ("one namespace", {"DIAG_NAMESPACE": NAMESPACE}, 0, "C1 error"),
        ("one namespace", {"DIAG_NAMESPACE": NAMESPACE, "DIAG_FAIL_ON": "error"}, 1, "list Node: not allowed"),
    ],
)
def test_what_can_be_seen_is_reported_and_decides_only_when_asked(machine, state, environment, code, says):
    with cluster(state, machine.root / "config"):
        ended = machine.run(["diagnose", "diag-report"], **environment)

    assert (ended.code, says in ended.out) == (code, True), ended.out + ended.err
    assert set(texts(machine.report)) == WRITTEN


@pytest.mark.parametrize("state", ["gone", "forbidden"])
@pytest.mark.parametrize(("environment", "code"), [({}, 0), ({"DIAG_FAIL_ON": "error"}, 3)])
def test_a_cluster_that_cannot_be_looked_at_is_said_where_people_look(machine, state, environment, code):
    summary = machine.root / "summary.md"
    with cluster(state, machine.root / "config"):
        ended = machine.run(["diagnose", "diag-report"], GITHUB_STEP_SUMMARY=str(summary), **environment)

    assert (ended.code, ended.out) == (code, "")
    assert ended.err.endswith("diag: the cluster could not be looked at\n")
    assert summary.read_text().startswith("### diag: the cluster could not be looked at\n")
    assert texts(machine.report) == {}


def test_the_cluster_may_be_gone_once_the_snapshot_is_saved(machine):
    config = machine.root / "config"
    machine.install(f'{machine.real}\ncode=$?\n[ "$2" = save ] && rm {config}\nexit $code')
    with cluster("broken", config):
        ended = machine.run(["diagnose", "diag-report"])

    assert "C1 error" in ended.out
    assert set(texts(machine.report)) == WRITTEN


@pytest.mark.parametrize(
    ("broken", "left"),
    [("snapshot redact", WRITTEN - {"snapshot.jsonl.gz"}), ("--share", {"snapshot.jsonl.gz"})],
)
def test_what_fails_leaves_nothing_half_done_and_nothing_of_the_last_time(machine, broken, left):
    machine.report.mkdir()
    for name in WRITTEN:
        (machine.report / name).write_text("of the last time")
    # It writes something, and fails.
    machine.install(
        f'case "$*" in *"{broken}"*) echo half >{machine.report}/report.md; exit 3;; esac; exec {machine.real}'
    )
    with cluster("broken", machine.root / "config"):
        ended = machine.run(["diagnose", "diag-report"])

    assert ended.code == 0
    assert set(texts(machine.report)) == left | ({"report.md"} if broken == "snapshot redact" else set())
    assert "of the last time" not in texts(machine.report).values()
    assert "diag: the " in ended.err


def test_a_misspelt_setting_costs_the_report_and_not_the_snapshot(machine):
    with cluster("broken", machine.root / "config"):
        ended = machine.run(["diagnose", "diag-report"], DIAG_SINCE="yesterday")

    assert ended.code == 0
    assert "--since" in ended.err
    assert set(texts(machine.report)) == {"snapshot.jsonl.gz"}


@pytest.mark.parametrize(("environment", "code"), [({}, 0), ({"DIAG_FAIL_ON": "error"}, 127)])
def test_without_the_program_it_says_so(machine, environment, code):
    (machine.root / "bin" / "diag").unlink()
    ended = machine.run(["diagnose", "diag-report"], PATH=f"{machine.root}/bin:/usr/bin:/bin", **environment)

    assert ended.code == code
    assert "there is no program diag" in ended.err


def test_the_log_too_has_pseudonyms_where_everybody_may_read_it(machine):
    with cluster("broken", machine.root / "config"):
        ended = machine.run(["diagnose", "diag-report"], DIAG_SHARE="true", GITHUB_ACTIONS="true")

    assert "C1 error" in ended.out
    assert not [name for name in names() if name in ended.out]


def test_only_a_key_that_is_named_leads_back_to_the_names(machine):
    key = {"DIAG_REDACTION_KEY": str(machine.root / "team.key")}
    with cluster("broken", machine.root / "config"):
        machine.run(["diagnose", "diag-report"], **key)
        back = [
            machine.run(["diag", "snapshot", "restore", f"diag-report/{name}"], **key)
            for name in ("report.md", "snapshot.jsonl.gz")
        ]
        assert all("translate" in each.out for each in back)

        machine.run(["diagnose", "diag-report"])
        assert machine.run(["diag", "snapshot", "restore", "diag-report/report.md"]).code != 0


@pytest.mark.parametrize("words", [[], [""], ["a", "b"]])
def test_it_says_how_it_is_called(machine, words):
    ended = machine.run(["diagnose", *words])

    assert (ended.code, "usage: " in ended.err) == (2, True)
