"""The formats against golden files: read them in the diff. `DIAG_GOLDEN=write` writes them anew."""

import os
from pathlib import Path

import pytest

from diag.report.formats import explain_bytes, scan_bytes
from diag.report.look import Look

_GOLDEN = Path(__file__).parent / "golden"


def same_as_golden(name, rendered):
    path = _GOLDEN / name
    if os.environ.get("DIAG_GOLDEN") == "write":
        path.write_bytes(rendered)
    assert rendered.decode() == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "form", "look"),
    [
        ("scan-table.txt", "table", Look(width=100, footer=True)),
        ("scan-table-60.txt", "table", Look(width=60)),
        ("scan-table-ascii.txt", "table", Look(width=100, ascii=True)),
        ("scan-table.ansi", "table", Look(width=100, color=True)),
        ("scan-wide.txt", "wide", Look(width=140, show_ignored=True)),
        ("scan-plain.txt", "plain", Look(show_ignored=True)),
        ("scan.json", "json", Look()),
        ("scan.jsonl", "jsonl", Look()),
        ("scan.yaml", "yaml", Look()),
    ],
)
def test_a_scan_in_each_format(report, name, form, look):
    same_as_golden(name, scan_bytes(report, form, look))


@pytest.mark.parametrize(
    ("name", "form", "look"),
    [
        ("explain-table.txt", "table", Look(width=88)),
        ("explain-table.ansi", "table", Look(width=88, color=True)),
        ("explain-plain.txt", "plain", Look()),
        ("explain.json", "json", Look()),
    ],
)
def test_an_explanation_in_each_format(report, name, form, look):
    same_as_golden(name, explain_bytes(report, form, look))


@pytest.mark.parametrize("form", ["table", "wide", "plain"])
def test_a_clean_cluster_is_one_line(clean, form):
    assert scan_bytes(clean, form, Look()).decode() == "No causes found. 61 rules looked at 1234 objects.\n"
