"""`diag mcp` as a process of its own: over a pipe, and over HTTP on loopback."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import anyio
import httpx2
import pytest
from forked import Stem
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from scenarios import scenario

from diag.testing.apiserver import ApiServer, kubeconfig

_TOKEN = "a-token-of-the-test"  # noqa: S105  # of nobody
_LOADING = """
import forked
forked.load("diag.testing", "diag.tui", "diag.llm.engines")
from diag.catalog.registry import load
load()
from diag.__main__ import main
"""
_HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    },
}  # fmt: skip
_ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def _surroundings(folder):
    """The variables of a process that finds no configuration and no cluster."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DIAG_")}
    return bare | {
        "DIAG_CONFIG_DIR": str(folder / "none"),
        "KUBECONFIG": str(folder / "nowhere"),
        "XDG_STATE_HOME": str(folder / "state"),
        "PYTHONWARNINGS": "error",
    }


def _forked(variables):
    """The variables of a fork: how to warn is read when an interpreter starts."""
    return {name: value for name, value in variables.items() if name != "PYTHONWARNINGS"}


@pytest.fixture
def surroundings(tmp_path):
    return _surroundings(tmp_path)


@pytest.fixture
def piped(surroundings, talk):
    """A conversation with `diag mcp` and these flags over its pipe."""

    def run(conversation, *flags, **ways):
        where = StdioServerParameters(command=sys.executable, args=["-m", "diag", "mcp", *flags], env=surroundings)
        return talk(where, conversation, **ways)

    return run


@contextmanager
def _serving(env, *flags, token=_TOKEN):
    """Starts `diag mcp --http` on a free port; gives its address and what it said."""
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and words
        [sys.executable, "-m", "diag", "mcp", "--http", "--port", "0", *flags],
        env=env | ({"DIAG_MCP_TOKEN": token} if token else {}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = []
        while not said or "serving" not in said[-1]:
            said.append(process.stderr.readline())
            assert said[-1], "it ended"
        yield SimpleNamespace(url=said[-1].split()[-1], said=said, process=process)
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One server of the demo for all tests that only ask it."""
    with _serving(_surroundings(tmp_path_factory.mktemp("demo")), "--demo") as server:
        yield server


@pytest.fixture(scope="module")
def stem():
    """A process that has loaded the package; who only reads what a run says forks from it."""
    one = Stem(_LOADING)
    yield one
    one.close()


def over_http(url, token, conversation):
    """A conversation with a server that wants a token."""

    async def run():
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            return await conversation(client)

    return anyio.run(run)


async def scanned(client):
    """What `scan` answers."""
    answer = await client.call_tool("scan", {})
    assert answer.is_error is False, answer.content
    return answer.structured_content


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_that_starts_it_gets_answers_over_the_pipe(piped, mode):
    async def conversation(client):
        tools = await client.list_tools()
        return len(tools.tools), await scanned(client), await client.read_resource("diag://report/latest")

    tools, document, report = piped(conversation, "--demo", mode=mode)

    assert tools == 8
    assert document["as_of"].keys() == {"demo"}
    assert document["total"] == len(document["causes"]) == 6
    assert report.contents[0].mime_type == "application/json"
    assert '"C1"' in report.contents[0].text


def test_a_dump_and_its_choices_are_those_of_the_command_line(piped, tmp_path):
    dump = tmp_path / "dump.json"
    dump.write_text('{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Namespace",'
                    ' "metadata": {"name": "ml"}}]}')  # fmt: skip

    assert piped(scanned, "--from", f"mine={dump}")["as_of"].keys() == {"mine"}
    assert "hidden by -n nobody" in piped(scanned, "--demo", "-n", "nobody")["hidden"]


def test_the_cluster_of_a_context_is_looked_at_and_again_when_asked(piped, tmp_path):
    items, logs = scenario("oversize-request-mixed-fleet")
    with ApiServer(items, logs=logs) as server:
        kubeconfig(tmp_path / "config", {"gpu": server.url}, user={"token": "a-token"})

        async def conversation(client):
            first = await scanned(client)
            asked = len(server.requests)
            await client.call_tool("explain", {})
            kept = len(server.requests) - asked
            again = await client.call_tool("scan", {"fresh": True})
            return first, kept, again.structured_content, len(server.requests) - asked

        first, kept, again, more = piped(conversation, "--kubeconfig", str(tmp_path / "config"))

        assert (first["look"], again["look"], kept) == (1, 2, 0)
        assert first["causes"] == again["causes"] != []
        assert more > 0
        assert not [one for one in server.requests if one.method != "GET" or "secrets" in one.path]


def test_a_cluster_that_is_away_is_an_answer_and_no_end(piped):
    async def conversation(client):
        return await client.call_tool("scan", {}), await client.call_tool("rule", {"rule": "QUO004"})

    scan, rule = piped(conversation)

    assert (scan.is_error, rule.is_error) == (True, True)
    assert "Try next: " in scan.content[0].text


def test_a_client_that_leaves_is_not_outlived_by_a_look_at_a_cluster_that_does_not_answer(surroundings, tmp_path):
    with ApiServer([], latency_s=120) as server:
        kubeconfig(tmp_path / "config", {"gpu": server.url}, user={"token": "a-token"})
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and words
            [sys.executable, "-m", "diag", "mcp", "--kubeconfig", str(tmp_path / "config"), "--request-timeout", "2m"],
            env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        scan = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "scan", "arguments": {}}}
        for message in (_HELLO, {"jsonrpc": "2.0", "method": "notifications/initialized"}, scan):
            process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        asked = len(server.requests)
        _, err = process.communicate(timeout=60)

    assert asked > 0
    assert (process.returncode, err) == (0, b"")


def test_nothing_but_the_protocol_is_written_to_the_pipe_and_what_is_no_request_is_answered(surroundings):
    lines = (
        b"no json", b"", b'{"jsonrpc": "1.0", "id": 5, "method": "tools/list"}', b"[]",
        b'{"jsonrpc": "2.0", "id": "a", "method": "tools/list", "params": [1]}', b'{"a":' * 5000,
        *(b'{"jsonrpc": "2.0", "id": %s, "method": "tools/list"}' % each for each in (b"null", b"true", b"1.5", b"{}")),
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}',
    )  # fmt: skip
    ended = subprocess.run(  # our own interpreter and words
        [sys.executable, "-m", "diag", "mcp", "--demo"], env=surroundings, input=b"\n".join((*lines, b"")),
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, b"")
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(each["jsonrpc"], each["id"], each["error"]["code"]) for each in answers] == [
        ("2.0", None, -32700), ("2.0", 5, -32600), ("2.0", None, -32600), ("2.0", "a", -32600), ("2.0", None, -32700),
        *[("2.0", None, -32600)] * 4,
    ]  # fmt: skip


def test_a_client_with_the_token_gets_answers_over_http(demo):
    document = over_http(demo.url, _TOKEN, scanned)

    assert document["total"] == 6
    assert demo.url.startswith("http://127.0.0.1:")
    assert not [line for line in demo.said if _TOKEN in line]


def test_two_requests_of_one_id_at_the_same_time_are_both_answered_over_http(demo):
    async def ask(http, url, name, told):
        call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": name, "arguments": {}}}
        told.append((await http.post(url, json=call)).text)

    async def run(url):
        told = []
        headers = _ACCEPT | {"Authorization": f"Bearer {_TOKEN}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            started = await http.post(url, json=_HELLO)
            http.headers.update({key: value for key, value in started.headers.items() if key == "mcp-session-id"})
            with anyio.fail_after(30):
                async with anyio.create_task_group() as group:
                    for name in ("scan", "gpus", "queues"):
                        group.start_soon(ask, http, url, name, told)
        return told

    assert ['"id":7' in each for each in anyio.run(run, demo.url)] == [True] * 3


_MINE = {"Authorization": f"Bearer {_TOKEN}"}
_COMERS = [
    ({}, 401),
    ({"Authorization": "Bearer another-token-here"}, 401),
    ({"Authorization": f"Basic {_TOKEN}"}, 401),
    ({"Authorization": f"Bearer {_TOKEN}\xe9".encode("latin-1")}, 401),
    ({"Authorization": "Bearer"}, 401),
    ({"Authorization": "Bearer another-token-here", "Origin": "https://evil.example"}, 401),
    (_MINE | {"Origin": "https://evil.example"}, 403),
    (_MINE | {"Origin": "http://127.0.0.1"}, 403),
    (_MINE | {"Origin": "http://127.0.0.1:1.evil.example"}, 403),
    (_MINE | {"Origin": "null"}, 403),
    (_MINE | {"Host": "evil.example"}, 421),
    (_MINE | {"Host": "127.0.0.1.evil.example:80"}, 421),
    (_MINE | {"Host": "localhost:1"}, 421),
    (_MINE, 200),
]


def test_who_has_no_token_or_comes_from_elsewhere_is_refused(demo):
    with httpx2.Client(timeout=60) as client:
        for headers, status in _COMERS:
            answer = client.post(demo.url, json=_HELLO, headers=_ACCEPT | headers)

            assert answer.status_code == status, headers
            assert ("serverInfo" in answer.text) == (status == 200), headers
            if status == 401:
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        own = httpx2.URL(demo.url)
        origin = {"Origin": f"http://{own.host}:{own.port}", "Host": f"localhost:{own.port}"}
        assert client.post(demo.url, json=_HELLO, headers=_ACCEPT | _MINE | origin).status_code == 200
        assert client.get(f"http://{own.host}:{own.port}/.well-known/oauth-protected-resource").status_code == 404


def test_a_token_that_nobody_set_is_made_and_told_once(surroundings):
    with _serving(surroundings, "--demo", token=None) as server:
        (token,) = [line.split()[-1] for line in server.said if "token" in line]

        assert len(token) == 32
        assert over_http(server.url, token, scanned)["total"] == 6


@pytest.mark.parametrize(
    ("flags", "variables", "told"),
    [
        (["--http", "-q"], {}, "DIAG_MCP_TOKEN is not set"),
        (["--http"], {"DIAG_MCP_TOKEN": "short"}, "needs 16 printable characters"),
        (["--http", "--port", "70000"], {}, "70000"),
        (["--from", "-"], {}, "a pipe is read once"),
        (["--snapshots", "/nowhere-at-all"], {}, "does not exist"),
        (["--from", "x"], {}, None),
    ],
)
def test_what_cannot_be_served_is_told_before_a_client_waits(surroundings, stem, flags, variables, told):
    example = [] if "--from" in flags else ["--demo"]
    ended = stem.run(["mcp", *example, *flags], env=_forked(surroundings) | variables)

    assert ended.out == b""
    assert ended.code == (0 if told is None else 2)
    assert told is None or told in ended.err.decode()


def test_a_port_that_is_taken_is_told(demo, surroundings, stem):
    words = ["mcp", "--demo", "--http", "--port", httpx2.URL(demo.url).port]
    ended = stem.run(words, env=_forked(surroundings) | {"DIAG_MCP_TOKEN": _TOKEN})

    assert (ended.code, b"--port 0 takes a free one" in ended.err) == (2, True)


_LACKING = """
import sys
sys.modules["mcp"] = None
from diag.cli.root import run
sys.exit(run(sys.argv[1:]))
"""


def test_without_the_extra_one_line_says_what_to_install(surroundings):
    ended = subprocess.run(  # noqa: S603  # our own interpreter and words
        [sys.executable, "-c", _LACKING, "mcp", "--demo"], env=surroundings, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip

    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "diag: diag mcp needs the package mcp",
        "hint: pip install 'kube-diag[mcp]'",
    ]


_LOADED = """
import sys
from diag.cli.root import run
run(sys.argv[1:])
print("LOADED", *sorted({"mcp", "mcp_types", "starlette", "uvicorn", "diag.mcp"} & set(sys.modules)))
"""


@pytest.mark.parametrize("args", [["mcp", "--help"], ["scan", "--demo"], ["doctor", "--help"], ["--help"]])
def test_no_other_command_imports_the_package(surroundings, args):
    ended = subprocess.run(  # noqa: S603  # our own interpreter and words
        [sys.executable, "-c", _LOADED, *args], env=surroundings, capture_output=True, text=True, timeout=60, check=True
    )

    assert ended.stdout.splitlines()[-1] == "LOADED"
