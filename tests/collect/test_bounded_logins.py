"""What a kubeconfig makes run and read ends by itself: plug-ins with all that they started, files that are none."""

import os
import sys
import time

import pytest
from scenarios import scenario

from diag.collect.kube import Cluster
from diag.collect.login import Login
from diag.errors import ClusterError

ITEMS, _ = scenario("preempted-two-deployments")


def plugin(*words):
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": words[0], "args": list(words[1:]),
            "interactiveMode": "Never",
        }
    }  # fmt: skip


def alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{number}/stat") as stat:  # noqa: PTH123
        return stat.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("ending", ["wait", "exit 0"])
def test_a_plug_in_that_does_not_end_is_ended_with_all_that_it_started(serve, tmp_path, ending):
    noted = tmp_path / "pid"
    server = serve(ITEMS, user=plugin("sh", "-c", f"sleep 1000 & echo $! > {noted}; {ending}"))

    with pytest.raises(ClusterError, match="sh gave no credentials: it had not ended after 1 s and was ended"):
        Cluster(Login(kubeconfig=server.config, timeout_s=1.0))

    end = time.monotonic() + 10
    while alive(int(noted.read_text())) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(int(noted.read_text()))


@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_a_token_file_that_is_no_regular_file_is_refused(serve, tmp_path, kind):
    place = "/dev/zero"
    if kind == "pipe":
        place = str(tmp_path / "pipe")
        os.mkfifo(place)

    with pytest.raises(ClusterError, match=r"no regular file|does not exist"):
        Cluster(Login(kubeconfig=serve(ITEMS, user={"tokenFile": place}).config))


def test_a_token_file_that_is_too_large_is_refused(serve, tmp_path):
    place = tmp_path / "token"
    with place.open("wb") as file:
        file.truncate(1 << 30)

    with pytest.raises(ClusterError, match="is larger than 67,108,864 bytes"):
        Cluster(Login(kubeconfig=serve(ITEMS, user={"tokenFile": str(place)}).config))
