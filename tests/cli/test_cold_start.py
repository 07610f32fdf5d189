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
