"""Credentials as people have them: files that end their line, tokens that ran out, plug-ins that outlive nobody."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from scenarios import scenario

from diag.collect.kube import Cluster
from diag.collect.login import Login
from diag.errors import ClusterError, UsageError

ITEMS, _ = scenario("preempted-two-deployments")


def plugin(folder, body):
    """A user whose plug-in is this shell script."""
    script = folder / "login"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": str(script), "interactiveMode": "Never",
        }
    }  # fmt: skip


def credential(**status):
    document = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    return f"echo '{json.dumps(document)}'"


def test_the_line_end_of_a_token_file_is_not_sent(serve, tmp_path):
    (tmp_path / "token").write_text("t0k\r\n")
    server = serve(ITEMS, token="t0k", user={"tokenFile": str(tmp_path / "token")})  # noqa: S106

    assert Cluster(Login(kubeconfig=server.config)).get("/version").status == 200


def test_a_token_of_several_lines_is_told(serve):
    with pytest.raises(ClusterError, match="the token is no single line of text"):
        Cluster(Login(kubeconfig=serve(ITEMS, user={"token": "a\nb"}).config))


def test_a_user_with_any_letters_may_be_acted_as(serve, diag):
    server = serve(ITEMS)

    Cluster(Login(kubeconfig=server.config, as_user="Łukasz")).get("/version")
    ended = diag("scan", "--kubeconfig", server.config, "--as", "a\nb")

    assert server.requests[-1].headers["Impersonate-User"].encode("latin-1").decode() == "Łukasz"
    assert (ended.code, "the user to act as is no single line" in ended.err) == (3, True)


def test_a_plug_in_whose_token_has_run_out_is_not_run_for_each_request(serve, tmp_path):
    """The server decides what has run out; clocks differ."""
    noted = tmp_path / "runs"
    gives = credential(token="t0k", expirationTimestamp="2020-01-01T00:00:00Z")  # noqa: S106
    server = serve(ITEMS, token="t0k", user=plugin(tmp_path, f"echo run >> {noted}\n{gives}"))  # noqa: S106
    cluster = Cluster(Login(kubeconfig=server.config))

    assert [cluster.get("/version").status for _ in range(3)] == [200] * 3
    assert noted.read_text().count("run") == 1


def test_a_plug_in_that_prints_no_text_is_told(serve, tmp_path):
    with pytest.raises(ClusterError, match=r"it printed what is no text"):
        Cluster(Login(kubeconfig=serve(ITEMS, user=plugin(tmp_path, r"printf '\377\376'; sleep 9")).config))


@pytest.mark.parametrize("address", ["127.0.0.1:6443", "ftp://127.0.0.1"])
def test_an_address_without_its_scheme_gets_no_token(serve, tmp_path, address):
    """What would speak TLS to kubectl would be sent a token in clear."""
    config = tmp_path / "config"
    document = yaml.safe_load(Path(serve(ITEMS).config).read_text())
    document["clusters"][0]["cluster"]["server"] = address
    config.write_text(yaml.safe_dump(document))

    with pytest.raises(ClusterError, match="no address that begins with https:// or http://"):
        Cluster(Login(kubeconfig=str(config)))


def test_a_watch_goes_on_with_a_new_token(serve, tmp_path):
    (tmp_path / "token").write_text("first")
    server = serve(ITEMS, token="first", user={"tokenFile": str(tmp_path / "token")})  # noqa: S106
    cluster = Cluster(Login(kubeconfig=server.config))
    (tmp_path / "token").write_text("second")
    server.token = "second"  # noqa: S105

    pod = next(item for item in ITEMS if item["kind"] == "Pod")
    before = server.store.version
    server.store.put({**pod, "metadata": {**pod["metadata"], "name": "comes"}})

    lines = cluster.lines("/api/v1/pods", {"watch": "true", "resourceVersion": str(before), "timeoutSeconds": "1"})

    assert b'"comes"' in next(lines)
    lines.close()
    asked = [one.path for one in server.requests]
    assert asked == ["/api/v1/pods"] * 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_plug_in_ends_with_the_program(serve, tmp_path):
    noted = tmp_path / "pid"
    server = serve(ITEMS, user=plugin(tmp_path, f"echo $$ > {noted}.new; mv {noted}.new {noted}; sleep 1000"))
    process = subprocess.Popen(  # noqa: S603  our own interpreter and words
        [sys.executable, "-m", "diag", "scan", "--kubeconfig", server.config],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 30
    while not noted.exists() and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 130
    while alive(int(noted.read_text())) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(int(noted.read_text()))


def alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("current", [None, "", "deleted"])
def test_without_a_current_context_one_can_be_named(serve, tmp_path, current):
    config = tmp_path / "config"
    document = yaml.safe_load(Path(serve(ITEMS).config).read_text()) | {"current-context": current}
    config.write_text(yaml.safe_dump({key: value for key, value in document.items() if value is not None}))

    assert Cluster(Login(kubeconfig=str(config), context="gpu")).get("/version").status == 200
    with pytest.raises(UsageError, match="the kubeconfig has no current context") as caught:
        Cluster(Login(kubeconfig=str(config)))
    assert caught.value.hint == f"contexts of {config}: gpu; name one with --context"
