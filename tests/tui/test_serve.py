"""The TUI in a browser: who gets in, and what a browser shows."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

pytest.importorskip("textual_serve")

from browser import PROGRAM, browser


@pytest.fixture
def served(tmp_path):
    """The address that a running `diag serve --demo` prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "diag", "serve", "--demo", "--port", str(port)]
    around = os.environ | {"HOME": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=around) as server:  # noqa: S603  # our own words
        yield re.search(r"http://\S+", server.stderr.readline())[0]
        server.terminate()


def asked(address, **headers):
    """The code and the headers of an answer; nothing is followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request(address, headers=headers)  # noqa: S310  # our own server
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=30) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def test_the_token_opens_once_and_nothing_opens_without_it(served):
    root, _, token = served.rpartition("/")

    for path in ("/", "/ws", "/static/js/textual.js", "/wrong", f"/{token[:-1]}"):
        assert asked(root + path)[0] == 403
    code, headers = asked(served)
    cookie = headers["Set-Cookie"]
    session = cookie.partition(";")[0]

    assert (code, headers["Location"]) == (303, "/")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert asked(served)[0] == 403
    code, headers = asked(f"{root}/", Cookie=session)
    assert code == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert asked(f"{root}/ws", Cookie=session, Origin="http://evil.example")[0] == 403
    assert asked(f"{root}/", Cookie=session, Host="evil.example")[0] == 403


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium")
def test_a_browser_shows_the_causes_and_takes_keys(served, tmp_path):
    async def visit():
        async with browser(tmp_path / "profile") as page:
            await page.go(served.rpartition("/")[0])
            refused = await page.waits_for("token")
            await page.go(served)
            await page.waits_for("Causes")
            causes = await page.waits_for("◆ root")
            await page.press("2")
            await page.waits_for("GPUs by node")
            await page.press("1")
            await page.waits_for("◆ root")
            await page.press("/rule:DEV*")
            kept = await page.waits_for("1/6", gone="QUO501")  # the pane beside the list follows a moment later
            return refused, causes, kept

    refused, causes, kept = asyncio.run(visit())

    assert "QUO501" not in refused
    assert "QUO501" in causes
    assert "read-only" in causes
    assert "DEV119" in kept


def test_it_says_so_where_the_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run(  # noqa: S603  # our own words
            [sys.executable, "-m", "diag", "serve", "--demo", "--port", port], capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    assert ended.returncode == 3
    assert f"cannot listen on port {port}" in ended.stderr
