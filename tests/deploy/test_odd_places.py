"""The script of all recipes in places that nobody arranged for it. `diag` itself is played: other tests run it."""

import pytest
from ci_clusters import WRITTEN

# Writes what it is told to write and finds a cause; a baseline that is missing costs the report, as it does for diag.
_DIAG = """
[ -e "${DIAG_BASELINE:-/}" ] || { [ "$1" != report ] || exit 2; }
case "$1 $2" in
"snapshot save") [ -e "$KUBECONFIG" ] || exit 3; echo saved >"$3" ;;
"snapshot redact") echo redacted >"$4" ;;
"report --from")
    for word; do case $word in *=*/report.*) echo report >"${word#*=}" ;; plain) echo "C1 error" ;; esac; done
    case " $* " in *" error "*) exit 1 ;; esac ;;
esac
"""


@pytest.fixture
def failed(machine):
    """Runs the script behind a failed job; the summary of the job is what `ended.summary` holds."""
    summary = machine.root / "summary.md"
    machine.install(_DIAG)
    (machine.root / "config").touch()

    def run(words, **environment):
        ended = machine.run(words, **{"GITHUB_STEP_SUMMARY": str(summary)} | environment)
        ended.summary = summary.read_text() if summary.exists() else ""
        return ended

    return run


@pytest.mark.parametrize("folder", ["a b/c d", "-x", "$(touch evil) ;'\"", "a=b,c"])
def test_a_folder_of_any_name_is_filled_and_nothing_else_is(folder, failed, machine):
    ended = failed(["diagnose", folder])

    assert (ended.code, ended.err, ended.summary) == (0, "", "")
    assert {path.name for path in (machine.work / folder).iterdir()} == WRITTEN
    assert [path.name for path in machine.work.iterdir()] == [folder.partition("/")[0]]


@pytest.mark.parametrize("folder", ["file", "file/below", "/proc/nothing/here"])
def test_a_folder_that_cannot_be_written_costs_not_what_the_log_says(folder, failed, machine):
    (machine.work / "file").write_text("of somebody else")
    ended = failed(["diagnose", folder], DIAG_FAIL_ON="error")

    assert (ended.code, ended.out) == (1, "C1 error\n")
    assert ended.summary.startswith(f"### diag: {folder} cannot be written")
    assert (machine.work / "file").read_text() == "of somebody else"


@pytest.mark.parametrize(("environment", "code"), [({}, 0), ({"DIAG_FAIL_ON": "error"}, 2)])
def test_a_report_that_fails_is_missed_where_people_look(environment, code, failed):
    ended = failed(["diagnose", "diag-report"], DIAG_BASELINE="/nowhere", **environment)

    assert (ended.code, ended.out) == (code, "")
    assert "### diag: the report could not be printed\n" in ended.summary


def test_without_room_for_the_snapshot_it_says_so(failed):
    ended = failed(["diagnose", "diag-report"], TMPDIR="/nowhere", DIAG_FAIL_ON="error")

    assert (ended.code, ended.summary.startswith("### diag: there is no room for a snapshot")) == (3, True)


@pytest.mark.parametrize("actions", ["true", "false"])
def test_a_summary_that_cannot_be_written_costs_nothing_else(actions, failed, machine):
    lost = {"GITHUB_STEP_SUMMARY": "/nowhere/summary.md", "GITHUB_ACTIONS": actions}
    ended = failed(["diagnose", "diag-report"], **lost)

    assert ended.out == "C1 error\n"
    assert {path.name for path in machine.report.iterdir()} == WRITTEN
    assert failed(["diagnose", "diag-report"], KUBECONFIG="/nowhere", DIAG_FAIL_ON="error", **lost).code == 3


def test_callers_that_end_at_the_first_failure_go_on(failed):
    ended = failed(["sh", "-eu", "-c", "diagnose diag-report; echo went on"], KUBECONFIG="/nowhere")

    assert (ended.code, ended.out) == (0, "went on\n")
