import os
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec
import pytest

from diag import api
from diag.document import Report
from diag.report.formats import scan_bytes
from diag.report.look import Look

_SAMPLE = Path(__file__).parents[1] / "sample.json"
_GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def golden():
    """Compares what was rendered with a stored file. `DIAG_GOLDEN=write` writes it anew."""

    def compare(name, rendered):
        path = _GOLDEN / name
        if os.environ.get("DIAG_GOLDEN") == "write":
            path.write_bytes(rendered)
        assert rendered.decode() == path.read_text(encoding="utf-8")

    return compare


@cache
def _demo() -> Report:
    files = (each for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
    return api.scan(sorted(f"demo={each}" for each in files))


@cache
def _many() -> Report:
    """5,000 causes, each with a finding and a piece of evidence of its own."""
    sample = msgspec.json.decode(_SAMPLE.read_bytes(), type=Report)
    cause, finding, evidence = sample.causes[0], sample.findings[0], sample.evidence[0]
    again = msgspec.structs.replace
    numbers = range(1, 5001)
    return again(
        sample,
        causes=[
            again(
                cause, id=f"C{at}", finding=f"F{at}", symptoms=[], alternatives=[], fingerprint=f"{at:016x}",
                root=again(cause.root, name=f"gpu-quota-{at}"),
            )
            for at in numbers
        ],
        findings=[again(finding, id=f"F{at}", evidence=[f"E{at}"]) for at in numbers],
        evidence=[again(evidence, id=f"E{at}") for at in numbers],
        links=[],
    )  # fmt: skip


@pytest.fixture(params=["sample", "demo", "empty", "gaps only", "5,000 findings"])
def report_name(request) -> str:
    """What each of the reports that every format has to hold is called."""
    return request.param


@pytest.fixture
def any_report(report_name, report, clean) -> Report:
    """Each of the reports that every format has to hold."""
    match report_name:
        case "sample":
            return report
        case "demo":
            return _demo()
        case "empty":
            return clean
        case "gaps only":
            return msgspec.structs.replace(clean, gaps=report.gaps)
        case _:
            return _many()


_RENDERED: dict[tuple[str, str], bytes] = {}


@pytest.fixture
def rendered(report_name, any_report, look):
    """Renders the report in a format, once for all tests that read it."""

    def render(form: str) -> bytes:
        key = (report_name, form)
        if key not in _RENDERED:
            _RENDERED[key] = scan_bytes(any_report, form, look)
        return _RENDERED[key]

    return render


@pytest.fixture
def look() -> Look:
    """How a format is drawn when nobody asks for anything."""
    return Look(again="--from dump.json", show_ignored=True)
