import os
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from forked import Stem

from diag.document import Report

_SAMPLE = Path(__file__).parents[1] / "report" / "sample.json"

# The real entry point, with all that it may load; the engine is replaced by one that returns a written report.
_DRIVER = """
import os, sys, types
import msgspec

def examine(paths, **asked):
    from diag import errors
    from diag.document import RefRow, Report
    with open(os.environ["FAKE_ASKED"], "w") as file:
        file.write(repr((list(paths), {k: v for k, v in asked.items() if k not in ("progress", "stdin")})))
    behaviour = os.environ.get("FAKE_BEHAVIOUR", "")
    if behaviour == "unreadable":
        raise errors.SnapshotError("cannot read dump.json: line 3 is no JSON", hint="dump it again")
    if behaviour == "interrupt":
        raise KeyboardInterrupt
    if behaviour == "crash":
        raise RuntimeError("secret-name-in-message")
    with open(os.environ["FAKE_REPORT"], "rb") as file:
        report = msgspec.json.decode(file.read(), type=Report)
    healthy = RefRow(cluster="prod", apiVersion="v1", kind="Pod", namespace="ml", name="all-is-well")
    hidden = int(os.environ.get("FAKE_HIDDEN", "0"))
    return types.SimpleNamespace(
        report=report, known=lambda: [healthy], hidden=hidden, put_aside=(), snapshots=(), troubles=()
    )

fake = types.ModuleType("diag.api")
fake.examine = examine
fake.Ignore = lambda **entry: sorted(entry.items())
fake.Limits = lambda **given: sorted(given.items())
sys.modules["diag.api"] = fake
import forked
forked.load("diag.api", "diag.mcp", "diag.testing", "diag.tui", "diag.views", "diag.llm.engines")
from diag.cli.root import main
"""


@pytest.fixture
def report() -> Report:
    """Three causes: two errors and a warning; two material gaps."""
    return msgspec.json.decode(_SAMPLE.read_bytes(), type=Report)


@pytest.fixture
def clean(report: Report) -> Report:
    """A look at a cluster without a cause and without gaps."""
    return msgspec.structs.replace(report, causes=[], findings=[], links=[], evidence=[], gaps=[])


@pytest.fixture(scope="session")
def _stem():
    stem = Stem(_DRIVER)
    yield stem
    stem.close()


@pytest.fixture
def diag(tmp_path, report, _stem):
    """Runs `diag` in an empty folder, with an engine that returns a written report; the result has code, out, err."""
    (tmp_path / "here").mkdir()
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DIAG_") and name != "NO_COLOR"}

    def run(*args, returns=report, behaviour="", env=None, stdin=""):
        (tmp_path / "report.json").write_bytes(msgspec.json.encode(returns))
        ended = _stem.run(
            args,
            cwd=tmp_path / "here",
            stdin=stdin.encode(),
            env=bare
            | {
                "DIAG_CONFIG_DIR": str(tmp_path / "config"),
                "KUBECONFIG": str(tmp_path / "no-kubeconfig"),
                "XDG_STATE_HOME": str(tmp_path / "state"),
                "XDG_DATA_HOME": str(tmp_path / "data"),  # no model that somebody has chosen
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
                "FAKE_REPORT": str(tmp_path / "report.json"),
                "FAKE_ASKED": str(tmp_path / "asked"),
                "FAKE_BEHAVIOUR": behaviour,
            }
            | (env or {}),
        )
        asked = tmp_path / "asked"
        return SimpleNamespace(
            code=ended.code,
            out=ended.out.decode(),
            err=ended.err.decode(),
            asked=asked.read_text() if asked.exists() else "",
            folder=tmp_path / "here",
            state=tmp_path / "state",
        )

    return run
