"""`--share`: every format shows pseudonyms only, and the way back leads to the clear output."""

import re

import pytest

from diag.api import examine
from diag.cli.root import run
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
        assert back == clear


def test_a_namespace_called_as_a_word_of_ours_does_not_leave_in_a_command(state, capfdbinary):
    from scenarios import dump_of  # noqa: PLC0415  # only here

    path = str(dump_of("preempted-two-deployments"))
    clear = written(capfdbinary, "report", "--from", path, "-o", "markdown")
    shared = written(capfdbinary, "report", "--from", path, "-o", "markdown", "--share")

    assert " -n labs\n" in clear
    assert "labs" not in shared
