"""`kubectl diag`: the same program under kubectl's name, and what kubectl is told when it asks for completion."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from diag import __version__
from diag.cli import kubectl
from diag.cli.root import run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--version"], f"kubectl diag {__version__}\n"),
        (["scan", "--help"], "Usage: kubectl diag scan [OPTIONS]"),
        (["scan", "--help"], "  kubectl get all,nodes,events -A -o json | kubectl diag scan --from -\n"),
        (
            ["scan", "--demo", "-n", "tidal-forecast", "-o", "plain"],
            "C2 error: ResourceQuota tidal-forecast/gpu-budget",
        ),
        (["scan", "--nonsense"], "see kubectl diag scan --help\n"),
    ],
)
def test_it_is_called_what_was_typed(words, says, capsys):
    run(words, program=kubectl.PROGRAM)

    told = capsys.readouterr()
    assert says in told.out + told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["expl"], "explain\twhy one thing does not run, the evidence, and what to do\n:4\n"),
        (["scan", "--kubec"], "--kubeconfig\tTake contexts and credentials from FILE.\n:4\n"),
        (["scan", "-o", "ju"], "junit\n:4\n"),
        (["scan", "--output=ju"], "--output=junit\n:4\n"),
        (["scan", "--from", ""], ":0\n"),
        (["scan", "--nonsense=1", "nothing-is-called-so"], ":4\n"),
    ],
)
def test_kubectl_is_told_words_with_their_meaning_or_to_offer_files(words, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-diag", *words])
    kubectl.complete()

    assert capsys.readouterr().out == said


def test_both_programs_are_installed():
    scripts = {each.name: each.value for each in distribution("kube-diag").entry_points}

    assert scripts["kubectl-diag"] == "diag.cli.kubectl:main"
    assert scripts["kubectl_complete-diag"] == "diag.cli.kubectl:complete"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_itself_runs_it_and_completes_it(tmp_path):
    around = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}

    def asked(*words):
        ended = subprocess.run(  # noqa: S603  # our own words
            ["kubectl", *words], capture_output=True, text=True, timeout=60, check=False, env=around  # noqa: S607
        )  # fmt: skip
        return ended.returncode, ended.stdout

    assert asked("diag", "--version") == (0, f"kubectl diag {__version__}\n")
    assert asked("diag", "scan", "--demo", "-o", "plain", "-n", "tidal-forecast", "-q")[0] == 1
    assert asked("__complete", "diag", "scan", "--kubec")[1].startswith("--kubeconfig\t")
