"""The ways in which users prove who they are, through the official client."""

import ast
import base64
import contextlib
import logging
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import kubernetes
import pytest
from certificates import certificates
from kubernetes.config import incluster_config
from scenarios import scenario

import diag
from diag.collect import kube
from diag.collect.kube import Cluster, ReadOnlyError
from diag.collect.login import Login
from diag.errors import ClusterError

ITEMS, _ = scenario("preempted-two-deployments")


def test_the_client_is_the_one_that_is_meant():
    """The suite runs with the newest; `make test` runs this file again with the oldest that is supported."""
    assert kubernetes.__version__.partition(".")[0] == os.environ.get("DIAG_TEST_CLIENT", "37")


def version(config, **ways):
    return Cluster(Login(kubeconfig=config, **ways)).get("/version").status


def test_a_token_and_a_token_file(serve, tmp_path):
    server = serve(ITEMS, token="t0k", user={"token": "t0k"})  # noqa: S106
    assert version(server.config) == 200
    (tmp_path / "token").write_text("t0k")
    assert version(serve(ITEMS, token="t0k", user={"tokenFile": str(tmp_path / "token")}).config) == 200  # noqa: S106
    assert version(serve(ITEMS, token="t0k", user={"token": "old"}).config) == 401  # noqa: S106


def test_a_token_file_is_read_again_when_its_token_ran_out(serve, tmp_path):
    (tmp_path / "token").write_text("first")
    server = serve(ITEMS, token="first", user={"tokenFile": str(tmp_path / "token")})  # noqa: S106
    cluster = Cluster(Login(kubeconfig=server.config))
    assert cluster.get("/version").status == 200

    (tmp_path / "token").write_text("second")
    server.token = "second"  # noqa: S105

    assert cluster.get("/version").status == 200
    assert [one.path for one in server.requests] == ["/version"] * 3


def test_an_exec_plugin_is_run_and_run_again_when_its_token_ran_out(serve, tmp_path):
    script = tmp_path / "login"
    count = tmp_path / "count"
    script.write_text(
        f"#!{sys.executable}\nimport json, pathlib\nplace = pathlib.Path({str(count)!r})\n"
        "runs = int(place.read_text()) + 1 if place.exists() else 1\nplace.write_text(str(runs))\n"
        'print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
        ' "status": {"token": f"token-{runs}"}}))\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script), "interactiveMode": "Never"}
    server = serve(ITEMS, token="token-2", user={"exec": plugin})  # noqa: S106

    assert version(server.config) == 200
    assert count.read_text() == "2"


def test_impersonation_is_sent(serve):
    server = serve(ITEMS)

    version(server.config, as_user="dana@example.com", as_groups=("ml-users", "people"))

    headers = {name.lower(): value for name, value in server.requests[-1].headers.items()}
    assert headers["impersonate-user"] == "dana@example.com"
    assert "people" in headers["impersonate-group"] or "ml-users" in headers["impersonate-group"]


def test_client_certificates_and_a_private_authority(serve, tmp_path):
    tls = certificates(tmp_path)
    data = {name: base64.b64encode((tmp_path / f"{name}.pem").read_bytes()).decode() for name in ("ca", "client")}
    key = base64.b64encode((tmp_path / "client-key.pem").read_bytes()).decode()
    server = serve(
        ITEMS, tls=tls, user={"client-certificate-data": data["client"], "client-key-data": key},
        cluster={"certificate-authority-data": data["ca"]},
    )  # fmt: skip
    assert version(server.config) == 200

    stranger = serve(ITEMS, tls=tls, cluster={"certificate-authority-data": data["ca"]})
    with pytest.raises(kube.TransportError):
        version(stranger.config)
    untrusted = serve(ITEMS, tls=certificates(tmp_path, verify=False))
    with pytest.raises(kube.TransportError, match=r"(?i)certificate"):
        version(untrusted.config)


def test_in_a_pod_the_service_account_is_used(serve, tmp_path, monkeypatch):
    tls = certificates(tmp_path, verify=False)
    server = serve(ITEMS, tls=tls, token="pod-token")  # noqa: S106
    (tmp_path / "token").write_text("pod-token")
    (tmp_path / "namespace").write_text("tools\n")
    host, port = server.url.removeprefix("https://").split(":")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))

    cluster = Cluster(Login())

    assert (cluster.context, cluster.namespace) == ("in-cluster", "tools")
    assert cluster.get("/version").status == 200
    (tmp_path / "token").write_text("a-newer-token")
    server.token = "a-newer-token"  # noqa: S105  the kubelet renews it
    assert cluster.get("/version").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/secrets", "/api/v1/namespaces/ml/secrets", "/api/v1/namespaces/ml/secrets/token",
        "/api/v1/namespaces/ml/pods/train-0", "/api/v1/namespaces/ml/pods/train-0/exec",
        "/api/v1/namespaces/ml/pods/train-0/attach", "/api/v1/namespaces/ml/pods/train-0/portforward",
        "/api/v1/nodes/gpu-1/proxy/metrics", "/api/v1/namespaces/ml/services/web:80/proxy/", "/metrics", "/logs/",
        "/api/v1/namespaces/ml/pods/a/../../secrets/log", "/api/v1/pods/../secrets",
    ],
)  # fmt: skip
def test_the_door_refuses_before_it_connects(serve, path):
    server = serve(ITEMS)
    cluster = Cluster(Login(kubeconfig=server.config))

    with pytest.raises(ReadOnlyError):
        cluster.get(path)
    with pytest.raises(ReadOnlyError):
        cluster.review(path, {})
    with pytest.raises(ReadOnlyError):
        list(cluster.lines(path, {"watch": "true"}))
    assert server.requests == []


def test_nothing_else_opens_a_connection():
    """Only the one door imports the client, or anything that connects; two modules listen, and call nobody."""
    root = Path(diag.__file__).parent
    connects = {"kubernetes", "urllib3", "requests", "socket", "http", "aiohttp", "httpx"}
    allowed, listening = {"collect/kube.py"}, {"mcp/http.py", "tui/serving.py"}
    calls = re.compile(r"\.connect\w*\(|create_connection|ClientSession|HTTPS?Connection|urlopen")
    for path in root.rglob("*.py"):
        name = path.relative_to(root).as_posix()
        if name.startswith(("testing/", "llm/")) or name in allowed:
            continue
        if name in listening:
            assert not calls.search(path.read_text()), name
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not connects.intersection(each.partition(".")[0] for each in names), name


@pytest.mark.parametrize("ending", ["timeout", "interrupt"])
def test_a_login_that_hangs_is_left_when_time_is_over(serve, tmp_path, ending):
    script, asked = tmp_path / "login", tmp_path / "asked"
    script.write_text(f"#!/bin/sh\ntouch {asked}\nexec sleep 60\n")
    script.chmod(0o755)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script), "interactiveMode": "Never"}
    server = serve(ITEMS, user={"exec": plugin})
    words = ["--timeout", "2s"] if ending == "timeout" else []
    process = subprocess.Popen(  # noqa: S603  our own interpreter and words
        [sys.executable, "-m", "diag", "scan", "--kubeconfig", server.config, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if ending == "interrupt":
        end = time.monotonic() + 30
        while not asked.exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (124 if ending == "timeout" else 130, "")
    assert "before anything was read" in err


def test_what_a_login_says_is_not_repeated(serve, tmp_path, capfd):
    script = tmp_path / "login"
    script.write_text("#!/bin/sh\nprintf '\\033[31mpassword=hunter2' >&2\nexit 3\n")
    script.chmod(0o755)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script), "interactiveMode": "Never"}
    server = serve(ITEMS, user={"exec": plugin})
    logging.basicConfig()

    with contextlib.suppress(ClusterError):
        Cluster(Login(kubeconfig=server.config))

    assert "hunter2" not in capfd.readouterr().err
