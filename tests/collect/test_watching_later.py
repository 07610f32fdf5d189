"""`--watch` and what could not be read at first: contexts and kinds come in when they answer, and are followed."""

import json
import time
from dataclasses import replace

import pytest
import yaml
from cluster_objects import node, pod

from diag.collect import watching
from diag.collect.live import Live
from diag.collect.watching import Watch
from diag.testing.apiserver import Access, ApiServer, Fault, handler, kubeconfig

FIRST = [node("gpu-1"), pod("runs", "gpu-1")]
LATER = [node("edge-1"), pod("waits", "edge-1")]
KINDS = {"Pod", "Node"}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Tries again at once what is tried again now and then."""
    monkeypatch.setattr(watching, "_QUIET_S", 0.3)
    monkeypatch.setattr(watching, "BATCH_S", 0.2)


@pytest.fixture
def watched():
    """Makes a watch, which ends with the test."""
    made = []

    def watch(*words, **ways):
        made.append(Watch(Live(*words, **ways)))
        return made[-1]

    yield watch
    for each in made:
        each.stop.interrupted.set()


def names(parts):
    return {
        json.loads(bytes(piece.raw))["metadata"]["name"] for part in parts for piece in part.items
    }  # fmt: skip


def looked_until(watch, enough):
    """What the looks give, until it is enough."""
    end = time.monotonic() + 30
    while not enough(found := watch.parts(KINDS, str)):
        assert time.monotonic() < end, [part.problems for part in found]
    return found


def logging_in_later(config, folder):
    """The second context of a kubeconfig has a plug-in that fails until a file is there."""
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}
    script = folder / "login"
    script.write_text(f"#!/bin/sh\ntest -e {folder}/ready && echo '{json.dumps(credential)}'\n")
    script.chmod(0o755)
    plugin = {"apiVersion": credential["apiVersion"], "command": str(script), "interactiveMode": "Never"}
    document = yaml.safe_load(config.read_text())
    document["users"].append({"name": "later", "user": {"exec": plugin}})
    document["contexts"][1]["context"]["user"] = "later"
    config.write_text(yaml.safe_dump(document))


@pytest.mark.parametrize("why", ["server", "login", "refused"])
def test_a_context_that_could_not_be_read_is_tried_again_and_then_followed(why, watched, tmp_path):
    faults = [Fault(code=503, times=12)] if why == "server" else []
    access = Access(cluster=()) if why == "refused" else Access()
    with ApiServer(FIRST) as first, ApiServer(LATER, faults=faults, access=access) as second:
        config = kubeconfig(tmp_path / "config", {"gpu": first.url, "edge": second.url})
        if why == "login":
            logging_in_later(config, tmp_path)
        watch = watched(kubeconfig=str(config), contexts=("all",))
        before = watch.parts(KINDS, str)
        assert [problem.what for part in before for problem in part.problems] == ["reach edge"]
        assert ({*watch.missing}, names(before)) == ({"edge"}, {"gpu-1", "runs"})

        (tmp_path / "ready").touch()
        second.access = Access()
        found = looked_until(watch, lambda parts: "waits" in names(parts))
        assert not watch.missing
        assert not [problem for part in found for problem in part.problems]

        second.store.put(pod("comes", "edge-1"))
        looked_until(watch, lambda parts: "comes" in names(parts))


def test_a_kind_that_could_not_be_listed_is_tried_again_and_then_followed(watched, serve):
    server = serve(FIRST, faults=[Fault(path="/api/v1/pods", code=500, times=4)])
    watch = watched(kubeconfig=server.config)
    (before,) = watch.parts(KINDS, str)
    assert [problem.what for problem in before.problems] == ["list Pod"]

    looked_until(watch, lambda parts: "runs" in names(parts) and not parts[0].problems)

    server.store.put(pod("comes", "gpu-1"))
    looked_until(watch, lambda parts: "comes" in names(parts))


def test_a_kind_that_was_too_much_is_not_asked_for_again(watched, serve, monkeypatch):
    monkeypatch.setattr("diag.collect.listing.MOST_PAGES", 0)
    server = serve([*FIRST, *(pod(f"more-{number}", "gpu-1") for number in range(600))])
    watch = watched(kubeconfig=server.config)
    watch.parts(KINDS, str)
    time.sleep(1)

    assert len([one for one in server.requests if one.path == "/api/v1/pods"]) == 1


def test_the_first_word_of_a_context_is_told(diag, tmp_path):
    """A process of its own waits half a minute before it tries again, which `--timeout` outlasts."""
    with ApiServer(FIRST) as first, ApiServer(LATER, faults=[Fault(code=503, times=12)]) as second:
        config = kubeconfig(tmp_path / "config", {"gpu": first.url, "edge": second.url})
        ended = diag("scan", "--kubeconfig", config, "--context", "all", "--watch", "--timeout", "45s", timeout=90)

    assert "edge answers now" in ended.err


@pytest.mark.parametrize("fault", [Fault(code=429), Fault(what="garbage"), Fault(what="reset")])
def test_who_refuses_watches_is_asked_less_and_less_often(watched, serve, monkeypatch, fault):
    monkeypatch.setattr(watching, "_AGAIN_S", 0.02)
    monkeypatch.setattr(watching, "_QUIET_S", 60)
    server = serve(FIRST, faults=[replace(fault, path="/api/v1/pods", number=2, times=1000)])
    if fault.what == "garbage":
        monkeypatch.setattr(handler, "watch_lines", lambda *_, **__: iter([b"}{\n"]))
    watched(kubeconfig=server.config).parts(KINDS, str)
    time.sleep(2)

    assert 4 <= len([one for one in server.requests if one.path == "/api/v1/pods"]) <= 9


def test_a_watch_that_only_fails_does_not_list_again_and_again(watched, serve, monkeypatch):
    monkeypatch.setattr(watching, "_AGAIN_S", 0.02)
    monkeypatch.setattr(watching, "_QUIET_S", 60)
    line = b'{"type":"ERROR","object":{"kind":"Status","code":500}}\n'
    monkeypatch.setattr(handler, "watch_lines", lambda *_, **__: iter([line]))
    server = serve(FIRST)
    watched(kubeconfig=server.config).parts(KINDS, str)
    time.sleep(2)

    lists = [one for one in server.requests if one.path == "/api/v1/pods" and "watch" not in one.query]
    assert 3 <= len(lists) <= 9


def test_what_is_no_change_changes_nothing(watched, serve, monkeypatch):
    lines = [
        b'{"type":"BOOKMARK","object":{"metadata":{}}}\n',
        b'{"type":"RENAMED","object":{"kind":"Pod","metadata":{"name":"odd","namespace":"ml"}}}\n',
    ]
    monkeypatch.setattr(handler, "watch_lines", lambda *_, **__: iter(lines))
    watch = watched(kubeconfig=serve(FIRST).config)
    watch.parts(KINDS, str)
    time.sleep(0.5)
    watch.until = time.monotonic() + 0.5

    assert names(watch.parts(KINDS, str)) == {"gpu-1", "runs"}
