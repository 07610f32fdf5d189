"""`--wait` ends with an answer, or says why there is none."""

import threading
import time
from types import SimpleNamespace

import pytest
from cluster_objects import node, pod

from diag.cli import looking
from diag.cli.diagnostics import Narrator
from diag.cli.flags import Flags
from diag.cli.following import awaited
from diag.collect.live import Live
from diag.collect.watching import Watch
from diag.config import Config
from diag.testing.apiserver import Fault

READY = {
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [{"name": "main", "ready": True, "started": True, "state": {"running": {}}}],
}  # fmt: skip
WELL = [node("gpu-1"), pod("runs", "gpu-1", **READY)]


@pytest.mark.parametrize("there", [[WELL[0]], [WELL[0], pod("runs", phase="Pending")]])
def test_a_subject_that_comes_or_becomes_well_ends_it(serve, diag, there):
    server = serve(there)
    threading.Thread(target=put_when_watched, args=(server, WELL[1]), daemon=True).start()

    began = time.monotonic()
    ended = diag("explain", "--kubeconfig", server.config, "pod/ml/runs", "--wait", "50s")

    assert (ended.code, ended.out) == (0, "Nothing wrong found with Pod ml/runs.\n"), ended.err
    assert time.monotonic() - began < 45


def put_when_watched(server, item):
    end = time.monotonic() + 30
    while not any(one.path == "/api/v1/pods" and "watch" in one.query for one in server.requests):
        if time.monotonic() > end:
            return
        time.sleep(0.05)
    server.store.put(item)


def test_a_server_that_is_gone_in_the_end_is_no_clean_cluster(serve, diag):
    server = serve(WELL)
    threading.Thread(target=gone_when_watched, args=(server,), daemon=True).start()

    ended = diag("scan", "--kubeconfig", server.config, "--wait", "5s")

    assert ended.code == 3, ended.out + ended.err
    assert "gpu does not answer (" in ended.err
    assert "what follows may be old" in ended.err


def gone_when_watched(server):
    end = time.monotonic() + 30
    while not any("watch" in one.query for one in server.requests) and time.monotonic() < end:
        time.sleep(0.05)
    server.__exit__()


def test_a_time_out_while_waiting_is_told(serve, diag):
    ended = diag("scan", "--kubeconfig", serve(WELL).config, "--wait", "50s", "--timeout", "5s")

    assert (ended.code, "timeout while waiting: this is how it was then" in ended.err) == (124, True), ended.err


def test_a_watch_that_is_open_again_is_not_lost_though_nothing_changes(serve):
    server = serve(WELL, faults=[Fault(path="/api/v1/pods", number=2, what="reset")])
    watch = Watch(Live(kubeconfig=server.config))
    watch.parts({"Pod"}, str)
    end = time.monotonic() + 20

    while not watch.lost and time.monotonic() < end:
        time.sleep(0.02)
    assert watch.gone == watch.lost
    while watch.lost and time.monotonic() < end:
        time.sleep(0.02)

    watch.stop.interrupted.set()
    assert watch.lost == {}


def test_what_is_only_on_its_way_is_no_answer(monkeypatch):
    looks = [[], ["info"], ["info", "error"]]
    made = []

    def looked(*_, **__):
        causes = [SimpleNamespace(severity=each) for each in looks[len(made)]]
        made.append(SimpleNamespace(report=SimpleNamespace(causes=causes), ended=""))
        return made[-1]

    monkeypatch.setattr(looking, "looked", looked)
    flags = Flags(config=Config(), origins={}, again="", wait=50.0)

    found = awaited(flags, Narrator(quiet=True, verbose=0))

    assert [each.severity for each in found.report.causes] == ["info", "error"]


def test_a_time_of_nothing_hides_all_and_says_so():
    assert Flags(config=Config(), origins={}, again="", since=0.0).hiding() == ["--since 0s"]
