import msgspec
import pytest
from cluster_objects import node, waiting

from diag.catalog.registry import infos, load
from diag.document import GapRow
from diag.views.looked import coverage, gaps_table


def outcome(report, rule):
    return next(row for row in coverage(report, infos(load())).rules if row.id == rule)


def test_a_rule_found_something_was_silent_or_could_not_look(look):
    report = look(node("a", gpus=4), waiting("w", gpus=8)).report
    blind = GapRow(cluster="c", what="list nodes", why="forbidden", hides=["DEV101"], material=True, fix="grant it")
    report = msgspec.structs.replace(report, gaps=[blind])

    assert outcome(report, "SYM104").outcome == "found"
    assert outcome(report, "DEV119").outcome == "silent"
    assert outcome(report, "DEV101").outcome == "could not look"
    assert outcome(report, "DEV101").fix == ["grant it"]


@pytest.mark.parametrize(
    ("what", "command", "rule", "shows"),
    [
        ("discover policy/v1", "get apiservices  shows it", "UPG101", ["get poddisruptionbudgets.policy -A"]),
        ("discover /apis", "get --raw /apis", "UPG101", ["get poddisruptionbudgets.policy -A"]),
        ("discover /api", "get --raw /api", "UPG101", ["get events -A", "get nodes -A", "get pods -A"]),
        ("reach c", "cluster-info", "UPG101", []),
    ],
)
def test_where_discovery_hid_it_each_kind_that_a_rule_reads_has_a_command(look, what, command, rule, shows):
    kubectl = "kubectl --kubeconfig '/my config' --context c"
    gap = GapRow(cluster="c", what=what, why="error", hides=[rule], material=True, fix=f"{kubectl} {command}")
    report = msgspec.structs.replace(look(node("a")).report, gaps=[gap])

    first, *others = outcome(report, rule).fix

    assert first == gap.fix
    assert sorted(others) == [f"{kubectl} {each}" for each in shows]


def test_the_gap_that_could_change_a_verdict_stands_first(look):
    report = look(node("a")).report
    gaps = [
        GapRow(cluster="c", what="one", why="error", hides=[], material=False, fix=""),
        GapRow(cluster="c", what="two", why="error", hides=[], material=True, fix="mend"),
    ]
    table = gaps_table(msgspec.structs.replace(report, gaps=gaps))

    assert [(line.values[0], line.values[2], line.severity) for line in table.lines] == [
        ("two", "yes", "warning"),
        ("one", "no", ""),
    ]
