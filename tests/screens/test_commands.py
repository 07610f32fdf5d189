"""The commands, on the built-in example: each screen has its text twin."""

import json

import pytest

from diag.cli.root import run
from diag.report.cells import width

SCREENS = ("gpus", "queues", "topology", "timeline", "graph", "coverage", "clusters")


@pytest.fixture
def ran(capfdbinary):
    """Runs a command line: exit code and what it printed."""

    def runs(*words):
        code = run(list(words))
        said = capfdbinary.readouterr()
        return code, said.out.decode(), said.err.decode()

    return runs


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("form", ["table", "plain", "json"])
def test_each_screen_is_printed_in_each_format(ran, name, form):
    code, out, err = ran(name, "--demo", "-o", form, "--ascii", "--width", "100")

    assert (code, err) == (0, "")
    if form == "json":
        assert json.loads(out)["schema"] == f"diag.{name}/v1"
    else:
        assert out.strip()
        assert out.isascii()
        assert form == "plain" or max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("name", SCREENS)
def test_the_same_snapshot_gives_the_same_bytes(ran, name):
    assert ran(name, "--demo", "-o", "json") == ran(name, "--demo", "-o", "json")


def test_rows_are_filtered(ran):
    _, out, _ = ran("gpus", "--demo", "--filter", "cap>0 free:8", "-o", "plain")

    assert out.splitlines()[0].startswith("train-h100-05:")


def test_a_filter_on_a_field_that_is_not_there_is_a_usage_error(ran):
    code, out, err = ran("gpus", "--demo", "--filter", "nothing:x")

    assert (code, out) == (2, "")
    assert "Fields:" in err


def test_a_timeline_is_of_one_subject(ran):
    _, out, _ = ran("timeline", "--demo", "C4", "-o", "json")

    assert {row["pod"]["name"] for row in json.loads(out)["starts"]} == {"atlas-chat-32b-8nkxnm2vww-cnlb2"}
    assert all(row["ref"].get("namespace") != "polar-research" for row in json.loads(out)["happenings"])


def test_a_subject_that_nobody_knows_is_a_usage_error(ran):
    code, _, err = ran("timeline", "--demo", "pod/ml/nobody")

    assert code == 2
    assert "nothing that was read is called" in err


@pytest.mark.parametrize(("form", "first"), [("mermaid", "flowchart TD"), ("dot", "digraph diag {")])
def test_the_graph_is_drawn_for_others(ran, form, first):
    _, out, _ = ran("graph", "--demo", "-o", form)

    assert out.splitlines()[0] == first


@pytest.mark.parametrize("name", ["gpus", "queues", "topology", "timeline", "coverage", "clusters"])
def test_at_80_columns_nothing_is_cut_and_nothing_is_wider(ran, name):
    _, out, _ = ran(name, "--demo", "-o", "table", "--width", "80")

    assert "…" not in out
    assert max(map(width, out.splitlines())) <= 80


def test_a_topology_of_some_namespaces_shows_their_workloads_only(ran):
    workloads = json.loads(ran("topology", "--demo", "-n", "atlas-*", "-o", "json")[1])["workloads"]

    assert {one["ref"]["namespace"] for one in workloads} == {"atlas-serve"}
    assert len(workloads) > 1
