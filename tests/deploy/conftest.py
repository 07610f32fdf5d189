import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

CI = Path(__file__).parents[2] / "deploy" / "ci"


@pytest.fixture
def machine(tmp_path):
    """A machine of a CI system with `diag` and `diagnose` on its path; `run(words)` gives code, out and err."""
    programs, work, temporary = (tmp_path / name for name in ("bin", "work", "tmp"))
    for folder in (programs, work, temporary):
        folder.mkdir()
    (programs / "diagnose").symlink_to(CI / "diagnose.sh")

    def install(diag):
        (programs / "diag").write_text(f"#!/bin/sh\n{diag}\n")
        (programs / "diag").chmod(0o755)

    def run(words, **environment):
        around = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "HOME": str(tmp_path),
            "TMPDIR": str(temporary),
            "KUBECONFIG": str(tmp_path / "config"),
        }
        ended = subprocess.run(  # noqa: S603  # our own words
            words, capture_output=True, text=True, check=False, timeout=120, cwd=work, env=around | environment
        )
        assert "Traceback" not in ended.stderr
        assert list(temporary.iterdir()) == [], "the clear snapshot is left behind"
        return SimpleNamespace(code=ended.returncode, out=ended.stdout, err=ended.stderr)

    real = f'{sys.executable} -m diag "$@"'
    install(f"exec {real}")
    return SimpleNamespace(run=run, install=install, real=real, work=work, report=work / "diag-report", root=tmp_path)
