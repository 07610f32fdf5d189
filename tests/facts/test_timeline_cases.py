"""The timelines of all timeline-* cases, judged as tests/cases/README.md says."""

import json
from pathlib import Path

import pytest

from diag.api import scan

CASES = Path(__file__).parent.parent / "cases"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in CASES.glob("timeline-*.expected.json"))
SLACK_S = 2.0
SHARE = 0.05
RATE_SHARE = 0.1


def timeline_of(name):
    expected = json.loads((CASES / f"{name}.expected.json").read_text())["timeline"]
    files = [CASES / f"{name}.json"]
    logs = CASES / f"{name}.logs.json"
    report = scan([*files, *([logs] if logs.exists() else [])]).to_dict()
    found = [row for row in report["timelines"] if f"{row['pod']['namespace']}/{row['pod']['name']}" == expected["pod"]]
    assert found, f"no timeline of {expected['pod']}"
    return expected, found[0]


def bounds(phase):
    if phase["seconds"] is not None:
        return phase["seconds"], phase["seconds"]
    return phase.get("min_s", 0.0), phase.get("max_s", float("inf"))


def faults_of_phase(wanted, given):
    if wanted["basis"] == "measured":
        if given is None:
            return [] if wanted["seconds"] <= SLACK_S else ["left out"]
        slack = max(SLACK_S, SHARE * wanted["seconds"])
        right = given["seconds"] is not None and abs(given["seconds"] - wanted["seconds"]) <= slack
        return [] if right else [f"{bounds(given)} instead of {wanted['seconds']}"]
    if given is None:
        return ["left out"]
    low, high = bounds(given)
    faults = ["called measured"] if given["basis"] == "measured" else []
    inside = wanted["min_s"] - SLACK_S <= low <= high <= wanted["max_s"] + SLACK_S
    return faults if inside else [*faults, f"{(low, high)} outside of {(wanted['min_s'], wanted['max_s'])}"]


@pytest.mark.parametrize("name", NAMES)
def test_the_phases_of_a_start_are_those_of_the_case(name):
    expected, found = timeline_of(name)
    given = {phase["phase"]: phase for phase in found["phases"]}
    wanted = {phase["phase"]: phase for phase in expected["phases"]}

    faults = {key: faults_of_phase(phase, given.get(key)) for key, phase in wanted.items()}
    assert {key: said for key, said in faults.items() if said} == {}
    invented = {key for key, phase in given.items() if key not in wanted and bounds(phase)[1] > SLACK_S}
    assert invented == set()


@pytest.mark.parametrize("name", NAMES)
def test_bytes_move_at_the_rate_of_the_case(name):
    expected, found = timeline_of(name)
    given = {phase["phase"]: phase for phase in found["phases"]}

    for phase in expected["phases"]:
        if "rate_mb_s" in phase:
            assert given[phase["phase"]]["bytes"] == phase["bytes"]
            assert given[phase["phase"]]["rate_mb_s"] == pytest.approx(phase["rate_mb_s"], rel=RATE_SHARE)


@pytest.mark.parametrize("name", NAMES)
def test_ends_wall_time_and_bottleneck_are_those_of_the_case(name):
    expected, found = timeline_of(name)

    assert found["from"] == expected["from"]
    assert found["to"] == expected["to"]
    assert found["wall_s"] == pytest.approx(expected["wall_s"], abs=SLACK_S)
    assert found["bottleneck"] == expected["bottleneck"]


@pytest.mark.parametrize("name", NAMES)
def test_phases_sum_to_the_wall_time_in_their_bounds(name):
    _, found = timeline_of(name)
    low = sum(bounds(phase)[0] for phase in found["phases"])
    high = sum(bounds(phase)[1] for phase in found["phases"])

    assert low - SLACK_S <= found["wall_s"] <= high + SLACK_S
