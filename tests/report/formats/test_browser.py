"""The HTML page in a browser, where one is installed: its script runs under its own policy and fetches nothing."""

import re
import shutil
import subprocess

import pytest
from spoiled import spoiled

from diag.report.formats import html
from diag.report.look import Look

_BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(_BROWSER is None, reason="no Chromium here")]


@pytest.fixture
def opened(tmp_path):
    """Opens a page, at a fragment if one is given; gives its DOM and what the browser complained of."""

    def open_(page, fragment=""):
        path = tmp_path / "report.html"
        path.write_bytes(page)
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


def test_every_report_opens_its_script_runs_and_nothing_is_refused(opened, any_report, rendered):
    dom, complaints = opened(rendered("html"))
    causes = len(any_report.causes)

    assert complaints == []
    assert len(re.findall(r"<[a-z]+ [^>]*data-severity=", dom)) == causes
    assert (f'<output id="count">{causes} of {causes} shown</output>' in dom) == (causes > 0)
    assert ('<form id="find" role="search">' in dom) == (causes > 0)


def test_hostile_words_run_nothing(opened):
    dom, complaints = opened(
        html.page(spoiled("</script><script>document.title='x'</script><img src=x onerror=alert(1)>"), Look())
    )

    assert complaints == []
    assert "<title>diag, cluster " in dom
    assert "<img" not in dom


def test_a_link_to_evidence_opens_what_holds_it(opened, report):
    dom, _ = opened(html.page(report, Look()), "#C2-1")
    second = dom.split('id="C2"')[1].split("</article>")[0]

    assert second.count("<details open") == 2  # and the doubts of a cause that is not certain
    assert "<summary>Evidence" in second.split("<details open")[1][:80]
