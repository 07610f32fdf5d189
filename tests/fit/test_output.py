"""What `diag fit` prints, against golden files (`DIAG_GOLDEN=write` writes them anew), and how it exits."""

import json
import os
import re
import shlex
from pathlib import Path

import msgspec
import pytest
import yaml

from diag.api import fit
from diag.cli.root import run
from diag.demo import demo_sources
from diag.report.fit import fit_bytes
from diag.report.look import Look
from diag.views.fit import Fit

from .conftest import node, pod

GOLDEN = Path(__file__).parent / "golden"
TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists"}


def asked(**question):
    return fit([f"demo={path}" for path in demo_sources()], tolerations=[TOLERATION], **question)


@pytest.mark.parametrize(
    ("name", "form", "look", "question"),
    [
        ("some.txt", "table", Look(width=100), {"gpus": 8, "pods": 4, "model": "h100"}),
        ("some-60.txt", "table", Look(width=60, ascii=True), {"gpus": 8, "pods": 4, "model": "h100"}),
        ("some.ansi", "table", Look(width=100, color=True), {"gpus": 8, "pods": 4, "model": "h100"}),
        ("some-plain.txt", "plain", Look(), {"gpus": 8, "pods": 4, "model": "h100"}),
        ("some.json", "json", Look(), {"gpus": 8, "pods": 4, "model": "h100"}),
        ("some.yaml", "yaml", Look(), {"gpus": 8, "pods": 4, "model": "h100"}),
        ("all.txt", "table", Look(width=100), {"gpus": 2, "cpu": "8", "memory": "64Gi"}),
        ("none.txt", "table", Look(width=100), {"like": "job/polar-research/contrastive-sweep"}),
    ],
)
def test_an_answer_in_each_format(name, form, look, question):
    rendered = fit_bytes(asked(**question), form, look)
    path = GOLDEN / name
    if os.environ.get("DIAG_GOLDEN") == "write":
        path.write_bytes(rendered)

    assert rendered.decode() == path.read_text(encoding="utf-8")


def test_json_and_yaml_are_the_same_document():
    found = asked(gpus=8)

    document = json.loads(fit_bytes(found, "json", Look()))
    assert document == yaml.safe_load(fit_bytes(found, "yaml", Look())) == found.to_dict()
    assert msgspec.convert(document, Fit) == found


def test_the_same_files_give_the_same_bytes():
    assert fit_bytes(asked(gpus=3), "json", Look()) == fit_bytes(asked(gpus=3), "json", Look())


def test_an_escape_in_a_name_is_shown_and_never_written(tmp_path):
    path = tmp_path / "x.json"
    items = [node("a\x1b[2J"), node("b", taints=[{"key": "k\x1b[1m", "effect": "NoSchedule"}]), pod("p", gpus=1)]
    path.write_text(json.dumps({"kind": "List", "items": items}))
    found = fit([path], gpus=1)

    for form in ("table", "plain", "json", "yaml"):
        assert b"\x1b" not in fit_bytes(found, form, Look(width=80))


@pytest.fixture
def diag(capfdbinary, monkeypatch, tmp_path):
    """Runs a command line in this process; gives the exit code, stdout and stderr."""
    monkeypatch.setenv("DIAG_CONFIG_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def ran(*args):
        code = run(["fit", *args])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return ran


def test_it_exits_with_zero_where_all_fit_and_with_one_where_not(diag):
    fits = diag("--demo", "--gpus", "8", "--toleration", "nvidia.com/gpu")
    not_all = diag("--demo", "--gpus", "8", "--toleration", "nvidia.com/gpu:NoSchedule", "--pods", "3")

    assert (fits[0], not_all[0]) == (0, 1)
    assert fits[1].startswith("1 pod of 8 nvidia.com/gpu would fit now, on 2 of 18 nodes (probably).")
    assert "2 of 3 would" in not_all[1]


def test_flags_become_what_the_pod_asks_for(diag):
    code, out, _ = diag(
        *("--demo", "--gpus", "1", "--resource", "nvidia.com/mig-1g.10gb", "--cpu", "500m", "--memory", "1Gi"),
        *("-l", "zone=a", "--toleration", "k=v:NoExecute", "--toleration", "k2", "-o", "json"),
    )
    asked = json.loads(out)["clusters"][0]["asked"]

    assert code == 1
    assert asked["requests"] == {"cpu": "500m", "memory": "1Gi", "nvidia.com/mig-1g.10gb": "1"}
    assert (asked["selects"], asked["tolerates"]) == (["zone=a"], ["k=v:NoExecute", "k2"])


def test_a_namespace_and_a_queue_of_the_command_line_are_counted(diag, tmp_path):
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "ml"},
        "status": {"hard": {"requests.nvidia.com/gpu": "4"}, "used": {"requests.nvidia.com/gpu": "4"}},
    }  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps({"kind": "List", "items": [node("a"), quota]}))
    ask = ("--from", "x.json", "--gpus", "1")

    code, out, _ = diag(*ask, "-n", "ml", "--queue", "none")
    assert code == 0
    assert "Note: this is about nodes; ResourceQuota ml/q (4 of 4 requests.nvidia.com/gpu used, 1 asked) would" in out
    assert "No LocalQueue none of ml and no Volcano Queue none was read." in out
    assert "Quotas and queues are not counted; -n NAMESPACE counts those of a namespace." in diag(*ask)[1].splitlines()


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--demo"],
        ["--demo", "--gpus", "x"],
        ["--demo", "--gpus", "1", "-l", "zone"],
        ["--demo", "--gpus", "1", "--toleration", ":NoSchedule"],
        ["--demo", "--gpus", "1", "--toleration", "k:Never"],
        ["--demo", "--gpus", "1", "-o", "wide"],
        ["--demo", "--gpus", "1", "--queue", "team"],
        ["--demo", "--like", "deploy/ml/no-such-thing"],
    ],
)
def test_a_slip_exits_with_two_a_sentence_and_a_hint(diag, args):
    code, out, err = diag(*args)

    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("hint: ")


def test_what_cannot_be_read_exits_with_three(diag):
    assert diag("--from", "no-such-file.json", "--gpus", "1")[0] == 3


PAGE = Path(__file__).parents[2] / "docs" / "fit.md"
SHOWN = re.compile(
    r"(<!-- shows: diag fit (?P<args>[^\n]+) -->\n```console\n)(?P<text>.*?)(?=^```$)", re.DOTALL | re.MULTILINE
)


def test_the_page_shows_what_is_printed(diag, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    page = PAGE.read_text(encoding="utf-8")

    def printed(block):
        return f"{block[1]}$ diag fit {block['args']}\n{diag(*shlex.split(block['args']))[1]}"

    wanted = SHOWN.sub(printed, page)
    if os.environ.get("DIAG_GOLDEN") == "write":
        PAGE.write_text(wanted, encoding="utf-8")

    assert len(SHOWN.findall(page)) == 2
    assert PAGE.read_text(encoding="utf-8") == wanted
