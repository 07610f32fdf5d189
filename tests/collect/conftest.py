import itertools
import os
from types import SimpleNamespace

import msgspec
import pytest

from diag.testing.apiserver import ApiServer, kubeconfig
from diag.testing.apiserver.server import newest


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Tries again at once: how long a pause is that no server asked for is not what these tests are about."""
    monkeypatch.setattr("diag.collect.requests._PAUSE_S", 0.01)


@pytest.fixture(scope="module")
def _clocks():
    """Each list that was served, and its newest time: a module serves one list again and again, unchanged."""
    return {}


@pytest.fixture
def serve(tmp_path, _clocks):
    """Starts a server for objects, and gives it with a kubeconfig that leads there."""
    opened = []

    def started(objects, user=None, cluster=None, namespace=None, **ways):
        known, now = _clocks.get(id(objects), (None, ""))
        if known is not objects:
            _clocks[id(objects)] = objects, (now := newest(objects))
        server = ApiServer(objects, now=now, **ways)
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
def diag(tmp_path, stems):
    """Runs the program as a user does: code, out, err, and the report where `-o json` was asked for.

    The first run of a test hashes with another seed than the second and the third: no order of a set decides.
    """
    first, second = stems
    turns = itertools.cycle([first, second, second])
    nowhere = {"DIAG_CONFIG_DIR": "none", "KUBECONFIG": "nowhere", "XDG_STATE_HOME": "state"}

    def run(*args, env=None, timeout=60):
        surroundings = {**os.environ, **{name: str(tmp_path / each) for name, each in nowhere.items()}, **(env or {})}
        ended = next(turns).run(args, env=surroundings, timeout=timeout)
        out, err = ended.out.decode(), ended.err.decode()
        assert "Traceback" not in err
        report = msgspec.json.decode(out) if out.startswith("{") else None
        return SimpleNamespace(code=ended.code, out=out, err=err, report=report)

    return run
