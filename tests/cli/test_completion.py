"""Completion in the shells themselves: keys are typed, and what the shell then runs is compared."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from diag.testing.apiserver import kubeconfig

DIAG = shlex.join([sys.executable, "-m", "diag"])
# Each shell without anybody's settings, and how it learns to complete `diag` (`diag completion --help`).
SHELLS = {
    "bash": ("bash --norc --noprofile -i", f'eval "$({DIAG} completion bash)"'),
    "zsh": ("zsh -f -i", f'autoload -Uz compinit; compinit -u -D; eval "$({DIAG} completion zsh)"'),
    "fish": ("fish --no-config -i", f"{DIAG} completion fish | source"),
}


def needed(program):
    """Skips, and says so, where a program is missing; where everything has to be tested, that is a failure."""
    if shutil.which(program) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{program} is not installed (see .ci/run)")


@pytest.fixture(params=SHELLS)
def shell(request, tmp_path):
    """A shell in a terminal, in a folder with `dump.json`; `run` types, completes, gives the words that then ran."""
    needed("tmux")
    needed(request.param)
    command, setup = SHELLS[request.param]
    ran, folder = tmp_path / "ran", tmp_path / "here"
    (tmp_path / "bin").mkdir()
    folder.mkdir()
    (folder / "dump.json").touch()
    kubeconfig(
        tmp_path / "config", dict.fromkeys(("arn:aws:eks:eu-1", "arn:aws:iam:us $(touch evil)"), "http://127.0.0.1:1")
    )
    # Asked for words it answers as diag does; called as a command it only writes down how.
    program = tmp_path / "bin" / "diag"
    program.write_text(
        f'#!/bin/sh\n[ -n "$_DIAG_COMPLETE" ] && exec {DIAG} "$@"\nprintf "%s\\n" "$@" >{ran}.new; mv {ran}.new {ran}\n'
    )
    program.chmod(0o755)
    environment = [
        f"PATH={tmp_path}/bin:{os.environ['PATH']}",
        f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}",
        f"HOME={tmp_path}",
        f"KUBECONFIG={tmp_path}/config",
        "TERM=screen-256color",
        "LANG=C.UTF-8",
    ]

    def tmux(*words):
        words = ["tmux", "-L", f"completion-{os.getpid()}", "-f", os.devnull, *words]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=20).stdout  # noqa: S603

    def wait(done, what):
        for _ in range(400):
            if done():
                return
            time.sleep(0.05)
        raise AssertionError(f"{what}:\n{tmux('capture-pane', '-p')}")

    def run(typed, completed):
        tmux("send-keys", "-l", typed)
        wait(lambda: typed in tmux("capture-pane", "-p"), f"{typed!r} is not there")
        tmux("send-keys", "Tab")
        wait(lambda: completed in tmux("capture-pane", "-p"), f"{completed!r} did not come")
        tmux("send-keys", "Enter")
        wait(ran.exists, "nothing ran")
        words = ran.read_text().splitlines()
        ran.unlink()
        return words

    tmux("new-session", "-d", "-x", "150", "-y", "40", "-c", str(folder), "env", "-i", *environment, *command.split())
    tmux("send-keys", "-l", f"{setup}; echo re''ady")
    tmux("send-keys", "Enter")
    wait(lambda: "ready" in tmux("capture-pane", "-p"), "the shell did not start")
    tmux("send-keys", "-l", "clear")
    tmux("send-keys", "Enter")
    yield SimpleNamespace(run=run, folder=folder)
    tmux("kill-server")


@pytest.mark.slow
def test_tab_completes_commands_flags_files_formats_contexts_and_rules(shell):
    for typed, words in (
        ("diag expl", ["explain"]),
        ("diag snapshot inf", ["snapshot", "info"]),
        ("diag scan --kubec", ["scan", "--kubeconfig"]),
        ("diag scan --from du", ["scan", "--from", "dump.json"]),
        ("diag scan --from prod=du", ["scan", "--from", "prod=dump.json"]),
        ("diag report -o sar", ["report", "-o", "sarif"]),
        ("diag scan --context=arn:aws:", ["scan", "--context=arn:aws:eks:eu-1"]),
        ("diag rules resourcequota-exce", ["rules", "resourcequota-exceeded"]),
    ):
        assert shell.run(typed, "diag " + " ".join(words)) == words
    assert [path.name for path in shell.folder.iterdir()] == ["dump.json"]
