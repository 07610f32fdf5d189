"""Which rules a report says were asked: those that were wanted, each id once, and every row of a table that fails."""

from importlib import resources

import pytest

from diag import api
from diag.catalog.match import Matcher
from diag.catalog.registry import load
from diag.catalog.run import selects


@pytest.fixture
def scan():
    """Scans the built-in cluster, with these rules only."""
    files = (each for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
    return lambda *select: api.scan(sorted(f"demo={each}" for each in files), select=select)


def test_only_what_was_wanted_was_asked(scan):
    report = scan("QUO*", "APP1*")
    names = load().names
    wanted = [rule for rule, name in names.items() if selects(["QUO*", "APP1*"], rule, name)]

    assert set(report.families) == {"APP", "QUO"}
    assert report.stats["rules"] == sum(report.families.values()) <= len(wanted)
    assert report.families["QUO"] == sum(rule.startswith("QUO") for rule in wanted)


def test_a_table_that_fails_hides_each_of_its_rows(scan, monkeypatch):
    def fails(*_):
        raise RuntimeError("broken")
        yield

    monkeypatch.setattr(Matcher, "match", fails)
    (crashed,) = (gap for gap in scan("SRV*").gaps if gap.why == "rule-crashed" and "vllm" in gap.what)

    assert len(crashed.hides) > 1
    assert {rule[:3] for rule in crashed.hides} == {"SRV"}
