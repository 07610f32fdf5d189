"""No rule walks more objects than it declares: a full walk fails here, without a clock."""

import subprocess
import sys
from pathlib import Path

import pytest
from rule_cases import REGISTRY

from diag.causes.diagnose import diagnose
from diag.snapshot.load import load
from diag.snapshot.sources import Limits, read

GENERATOR = Path(__file__).parents[1] / "bench" / "generate.py"
UNDECLARED = {"Pod": 0.1}  # of all objects of a kind, where a rule declares nothing; other kinds may be walked once


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """The diagnosis of a generated cluster with 200 nodes and 2,000 pods."""
    dump = tmp_path_factory.mktemp("bench") / "cluster.json"
    sizes = ["--nodes", "200", "--pods", "2000", "--out", str(dump)]
    subprocess.run([sys.executable, str(GENERATOR), *sizes], check=True)  # noqa: S603  our own script
    snap = load(read(str(dump), stdin=None, limits=Limits()), now=None)[0]
    return diagnose(snap, REGISTRY, lambda _rule, _name: True)


@pytest.mark.parametrize("rule", REGISTRY.functions, ids=lambda rule: rule.id)
def test_a_rule_visits_no_more_objects_than_it_declares(rule, large):
    for kind, visits in large.ran.visits.get(rule.id, {}).items():
        there = len(large.snap.all(kind))
        bound = rule.visits.get(kind, UNDECLARED.get(kind, 1)) * there

        assert visits <= bound, f"visits {visits} of {there} {kind}; declare it in visits= or walk less"


def test_no_rule_crashes_on_a_large_cluster(large):
    assert [gap.detail for gap in large.ran.gaps if gap.why == "rule-crashed"] == []
