"""The failure cases and the dumps of a real control plane.

Evidence holds everywhere, healthy clusters are quiet, and what is right stays right: `right.txt` names the cases whose
first cause is right, by name and root object. `make score` measures the others; when one becomes right, its name goes
in there. A case never leaves the list without a reason in the commit.
"""

import json
import sys
from pathlib import Path

import pytest

from diag.api import scan
from diag.facts.command_lines import effect

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "score"))
import score_cases  # noqa: E402  the scorer lies beside its own modules

RIGHT = {line for line in (HERE / "right.txt").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"}
TRUTHS = [*sorted((HERE / "cases").glob("*.expected.json")), *sorted((HERE / "real/scenarios").glob("*/scenario.json"))]


def name_of(truth):
    real = truth.name == "scenario.json"
    return f"real {truth.parent.name}" if real else truth.name.removesuffix(".expected.json")


def sources(truth):
    if truth.name == "scenario.json":
        return truth.parent / "objects.json.gz", truth.parent / "logs.json"
    stem = truth.name.removesuffix(".expected.json")
    return truth.parent / f"{stem}.json", truth.parent / f"{stem}.logs.json"


@pytest.mark.parametrize("truth", TRUTHS, ids=name_of)
def test_a_case_has_evidence_that_holds_and_what_was_right_stays_right(truth):
    case = score_cases.mutate.load(*sources(truth), truth)
    document = json.loads(json.dumps(scan([path for path in sources(truth) if path.exists()]).to_dict()))

    assert [gap for gap in document["gaps"] if gap["why"] in ("rule-crashed", "error")] == []
    assert list(score_cases.evidence_faults(document, case.items, case.logs)) == []
    for cause in document["causes"]:  # a command that only reads comes first; a name may have spoilt it
        first = cause["remedies"][0]["command"]
        assert first is None or effect(first) == "looks", first
    if case.truth.get("healthy"):
        assert [found["summary"] for found in document["findings"] if found["severity"] != "info"] == []
    elif name_of(truth) in RIGHT:
        roots = case.truth.get("roots") or [case.truth]
        assert document["causes"], "no cause"
        found = document["causes"][0]
        assert any(score_cases.hit(found, root, case.truth) == (True, True) for root in roots), (
            f"{found['name']} at {score_cases.show(found['root'])}"
        )


def test_the_list_of_right_cases_names_cases():
    assert {name_of(truth) for truth in TRUTHS} >= RIGHT
