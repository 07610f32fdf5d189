import sys
from types import ModuleType, SimpleNamespace

import pytest

from diag.cli.root import run


def rule(id_, name, doc):
    return SimpleNamespace(
        id=id_,
        name=name,
        role="cause",
        family="QUO",
        severity="error",
        question="admitted",
        basis="counted",
        inputs=("Pod", "ResourceQuota"),
        since="0.1",
        status="stable",
        doc=doc,
        source_file="x.py",
    )


@pytest.fixture(autouse=True)
def catalogue(monkeypatch):
    """Two rules, unsorted."""
    registry = ModuleType("diag.catalog.registry")
    registry.load = SimpleNamespace
    registry.infos = lambda _: [
        rule("SCH101", "gpu-request-exceeds-any-node", "Too large."),
        rule("QUO004", "resourcequota-exceeded", "Quota used up.\n\n## What it means\nNo more pods.\n"),
    ]
    monkeypatch.setitem(sys.modules, "diag.catalog.registry", registry)


def test_rules_are_listed_by_id(capsysbinary):
    assert run(["rules"]) == 0

    assert [line.split()[0] for line in capsysbinary.readouterr().out.splitlines()] == [b"QUO004", b"SCH101"]


def test_a_glob_lists_some(capsysbinary):
    assert run(["rules", "quo*"]) == 0

    assert capsysbinary.readouterr().out.count(b"\n") == 1


@pytest.mark.parametrize("wanted", ["QUO004", "quo004", "resourcequota-exceeded"])
def test_the_page_of_a_rule_is_found_by_id_or_name(capsysbinary, wanted):
    assert run(["rules", wanted]) == 0

    page = capsysbinary.readouterr().out.decode()
    assert page.startswith("# QUO004 resourcequota-exceeded\n")
    assert "## What it means\nNo more pods.\n" in page
    assert "reads Pod, ResourceQuota" in page


def test_an_unknown_rule_gets_the_nearest(capsys):
    assert run(["rules", "QUO005"]) == 2

    assert "did you mean QUO004?" in capsys.readouterr().err
