"""The HTML page in a browser, where one is installed: its script runs under its own policy and fetches nothing."""

import re
import shutil
import subprocess

import pytest

from diag.report.formats import html
from diag.report.look import Look

_BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(_BROWSER is None, reason="no Chromium here")]


@pytest.fixture
def opened(tmp_path, report):
    """Opens the page, at a fragment if one is given, and gives its DOM and what the browser complained of."""
    path = tmp_path / "report.html"
    path.write_bytes(html.page(report, Look()))

    def open_(fragment=""):
        ended = subprocess.run(  # noqa: S603  # the browser on our own page
            [
                _BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000", "--dump-dom",
                f"{path.as_uri()}{fragment}",
            ],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        return ended.stdout, [line for line in ended.stderr.splitlines() if "CONSOLE" in line]

    return open_


def test_the_script_runs_and_nothing_is_refused(opened):
    dom, complaints = opened()

    assert complaints == []
    assert re.search(r'<output id="count">3 of 3 shown</output>', dom)
    assert '<form id="find" role="search">' in dom


def test_a_link_to_evidence_opens_what_holds_it(opened):
    dom, _ = opened("#C2-1")
    second = dom.split('id="C2"')[1].split("</article>")[0]

    assert second.count("<details open") == 1
    assert "<summary>Evidence" in second.split("<details open")[1][:80]
