import os
import subprocess
import sys
from types import SimpleNamespace

import msgspec
import pytest

from diag.testing.apiserver import ApiServer, kubeconfig


@pytest.fixture
def serve(tmp_path):
    """Starts a server for objects, and gives it with a kubeconfig that leads there."""
    opened = []

    def started(objects, user=None, cluster=None, namespace=None, **ways):
        server = ApiServer(objects, **ways)
        server.__enter__()
        opened.append(server)
        user = user or {"token": "a-token"}
        place = tmp_path / f"config{len(opened)}"
        kubeconfig(place, {"gpu": server.url}, user=user, cluster=cluster, namespace=namespace)
        server.config = str(place)
        return server

    yield started
    for server in opened:
        server.__exit__()


@pytest.fixture
def diag(tmp_path):
    """Runs the program as a user does: code, out, err, and the report where `-o json` was asked for."""

    def run(*args, env=None, timeout=60):
        ended = subprocess.run(  # noqa: S603  # our own interpreter and words
            [sys.executable, "-m", "diag", *map(str, args)], capture_output=True, timeout=timeout, check=False,
            env={**os.environ, "DIAG_CONFIG_DIR": str(tmp_path / "none"), "XDG_STATE_HOME": str(tmp_path / "state"),
                 "KUBECONFIG": str(tmp_path / "nowhere"), **(env or {})},
        )  # fmt: skip
        out, err = ended.stdout.decode(), ended.stderr.decode()
        assert "Traceback" not in err
        report = msgspec.json.decode(out) if out.startswith("{") else None
        return SimpleNamespace(code=ended.returncode, out=out, err=err, report=report)

    return run
