import os
import subprocess
import sys

import pytest

_HEAVY = [
    "kubernetes",
    "textual",
    "rich",
    "pydantic",
    "openai",
    "langchain",
    "langchain_core",
    "llama_cpp",
    "jinja2",
    "yaml",
    "platformdirs",
]
_LOADED = """
import sys
from diag.cli.root import run
run(sys.argv[2:])
print("LOADED", *sorted(set(sys.argv[1].split(",")) & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "args", [["--version"], ["--help"], [], ["scan", "--help"], ["explain", "-h"], ["report", "-h"], ["config", "-h"]]
)
def test_help_and_version_import_nothing_heavy(args, tmp_path):
    wanted = ",".join([*_HEAVY, "diag.api", "diag.snapshot"])
    ended = subprocess.run(  # noqa: S603  # our own interpreter and words
        [sys.executable, "-c", _LOADED, wanted, *args], capture_output=True, text=True, check=True, timeout=60
    )

    assert ended.stdout.splitlines()[-1] == "LOADED"


def test_help_leads_with_three_examples_and_fits_a_screen():
    for command, most in ((["-h"], 40), (["scan", "-h"], 44), (["explain", "-h"], 45), (["report", "-h"], 50)):
        ended = subprocess.run(  # noqa: S603  # our own interpreter and words
            [sys.executable, "-m", "diag", *command], capture_output=True, text=True, check=True, timeout=60
        )
        lines = ended.stdout.splitlines()

        assert lines[0] == "Examples:"
        assert all("diag" in line for line in lines[1:4])
        assert len(lines) <= most


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["scan", "--demo"], 1),
        (["explain", "--demo"], 0),
        (["report", "--demo", "-o", "junit"], 0),
        (["fit", "--demo", "--gpus", "1"], 1),
        (["gpus", "--demo"], 0),
        (["queues", "--demo"], 0),
        (["topology", "--demo"], 0),
        (["timeline", "--demo", "Deployment/tidal-forecast/demand-forecast"], 0),
        (["graph", "--demo"], 0),
        (["clusters", "--demo"], 0),
        (["coverage", "--demo"], 0),
        (["snapshot", "info", "--demo"], 0),
        (["rbac"], 0),
        (["rules"], 0),
        (["schema"], 0),
        (["config", "show"], 0),
        (["completion", "bash"], 0),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else str(value),
)
def test_each_command_loads_what_it_needs_when_it_starts_alone(words, code, tmp_path):
    """Most tests fork a process that has loaded everything."""
    ended = subprocess.run(  # noqa: S603  # our own interpreter and words
        [sys.executable, "-m", "diag", *words], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "DIAG_CONFIG_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip

    assert ended.returncode == code, ended.stderr
    assert ended.stdout
