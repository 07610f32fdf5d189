"""Every rule on its case file: what must fire does, all else stays silent."""

import pytest
from rule_cases import IDS_BY_FILE, RULES, clusters, expected, faults, run_case

CASES = [
    pytest.param(path, number, id=f"{path.stem}: {case['name']}")
    for path in sorted(RULES.glob("*.yaml"))
    for number, (case, _) in enumerate(clusters(path))
]


@pytest.mark.parametrize(("path", "number"), CASES)
def test_a_rule_fires_where_its_case_says_and_nowhere_else(path, number):
    found = list(faults(run_case(path, number), *clusters(path)[number], IDS_BY_FILE[path]))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", sorted(IDS_BY_FILE), ids=lambda path: path.stem)
def test_every_rule_has_a_case_file_that_fires_stays_silent_and_nearly_misses(path):
    assert path.exists(), f"write tests/rules/{path.name} (see README.md there)"

    found = clusters(path)
    assert {"fires", "silent", "near-miss"} <= {case["proves"] for case, _ in found}
    fire = {rule for case, objects in found for rule, _, _ in expected(case, objects)}
    assert IDS_BY_FILE[path] <= fire, f"no case fires {sorted(IDS_BY_FILE[path] - fire)}"


def test_every_case_file_belongs_to_a_rule():
    assert {path.name for path in RULES.glob("*.yaml")} <= {path.name for path in IDS_BY_FILE}
