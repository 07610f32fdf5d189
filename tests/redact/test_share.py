"""`--share`: every format shows pseudonyms only, and the way back leads to the clear output."""

import json
import re
import shlex

import pytest

from diag.api import examine
from diag.cli.flags import flags_of
from diag.cli.root import run
from diag.cli.scan import command as scan
from diag.document import GapRow, RefRow
from diag.redact.keys import key_file
from diag.redact.share import Share
from diag.redact.shipped import is_public_name
from diag.report.formats import FORMATS

LAID_OUT = ("table", "wide", "html")
LOOK = ("--fail-on", "never", "-q")
CASES = [
    "kueue-strictfifo-head-blocking",
    "imagepull-nvcr-unauthorized",
    "gpu-xid79-gpu-missing",
    "feast-secret-key-missing",
]


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A home of its own, with a folder whose name is nobody's business."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def written(capfdbinary, *words):
    assert run([*words]) == 0
    return capfdbinary.readouterr().out.decode()


def names_of(paths):
    refs = list(examine(paths).known())
    names = {name for ref in refs for name in (ref.name, ref.namespace) if name and not is_public_name(name)}
    return {name for name in names if re.search(r"[-.\d]", name)}  # a bare word may be a word of a sentence


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("command", ["scan", "report", "explain"])
@pytest.mark.parametrize("case", CASES)
def test_no_name_is_in_what_is_shared_and_all_come_back(request, state, capfdbinary, case, command, form):
    path = request.config.rootpath / "tests" / "cases" / f"{case}.json"
    clear = written(capfdbinary, command, "--from", str(path), "-o", form, *LOOK)
    shared = written(capfdbinary, command, "--from", str(path), "-o", form, "--share", *LOOK)
    (state / "shared").write_text(shared)
    back = written(capfdbinary, "snapshot", "restore", str(state / "shared"))
    leaked = [name for name in names_of([path]) if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", shared)]

    assert leaked == []
    if form not in LAID_OUT and "…" not in clear:  # where lines are broken and texts cut, lengths decide
        assert back == clear.replace(f"--from {shlex.quote(str(path))}", "--from FILE --share")


def test_a_namespace_called_as_a_word_of_ours_does_not_leave_in_a_command(state, capfdbinary):
    from scenarios import dump_of  # noqa: PLC0415  # only here

    path = str(dump_of("preempted-two-deployments"))
    clear = written(capfdbinary, "report", "--from", path, "-o", "markdown")
    shared = written(capfdbinary, "report", "--from", path, "-o", "markdown", "--share")

    assert " -n labs\n" in clear
    assert "labs" not in shared


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("command", ["scan", "report", "explain"])
def test_neither_a_missing_secret_nor_the_path_of_the_dump_is_in_what_is_shared(
    request, state, capfdbinary, command, form
):
    path = request.config.rootpath / "tests" / "real" / "scenarios" / "two-failures-in-busy" / "objects.json.gz"
    folder = state / "model-server"  # words of ours
    folder.mkdir()
    (folder / "objects.json.gz").write_bytes(path.read_bytes())
    every = ("--all",) if command == "explain" else ()
    words = (command, "--from", str(folder / "objects.json.gz"), "-o", form, *LOOK, *every)
    clear, shared = written(capfdbinary, *words), written(capfdbinary, *words, "--share")

    assert "hf-token-prod" in clear or form in ("gitlab", "prom")  # which have no sentences
    assert [each for each in ("hf-token-prod", "model-server", "objects.json") if each in shared] == []


def test_a_command_that_is_shared_runs_and_names_neither_file_nor_namespace_nor_labels(request, state, capfdbinary):
    path = str(request.config.rootpath / "tests" / "cases" / "imagepull-nvcr-unauthorized.json")
    shared = written(capfdbinary, "explain", "--from", path, "--share", "-o", "plain", *LOOK)
    again = re.search(r"diag explain --from FILE --share ([0-9a-f]{8})", shared)
    assert again
    asked = written(capfdbinary, "explain", "--from", path, "--share", "-o", "plain", *LOOK, again[1])
    assert asked == shared

    namespace = json.loads(written(capfdbinary, "scan", "--from", path, "-o", "json", *LOOK))["causes"][0]["root"][
        "namespace"
    ]
    words = ("explain", "--from", path, "-n", f"{namespace},model-prod", "--share", "-o", "plain", *LOOK)
    told = written(capfdbinary, *words)
    assert "--from FILE -n NS --share " in told
    assert "model-prod" not in told


def test_what_a_server_said_of_a_gap_is_free_text(state):
    words = (
        'GET /api/v1/namespaces/labs/pods: 403 pods is forbidden: User "ann@corp.example" cannot list (proxy-7.corp)'
    )
    gap = GapRow(cluster="gpu", what="list Pod", why="forbidden", hides=[], material=True, fix="", detail=words)

    told = Share(key_file(state / "key"), [RefRow(cluster="gpu", apiVersion="v1", kind="Namespace", name="labs")]).told(
        gap
    )

    assert re.search(r"^GET /api/v1/namespaces/ns-\S+/pods: 403 pods is forbidden: User .* cannot list", told.detail)
    assert not re.search(r"labs|ann@|corp\.example|proxy-7", told.detail)


def test_contexts_and_kubeconfigs_are_not_in_a_command_that_is_shared():
    typed = [
        "--context",
        "model-prod",
        "--kubeconfig",
        "/model/prod",
        "--as",
        "ann",
        "--as-group",
        "ops",
        "-l",
        "app=x",
    ]
    clear, shared = (flags_of(scan.make_context("scan", [*typed, *more])).again for more in ([], ["--share"]))

    assert clear == " ".join(typed)
    assert shared == ("--context CONTEXT --kubeconfig FILE --as USER --as-group GROUP -l LABELS --share")
