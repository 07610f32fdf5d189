import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from diag.catalog import retired
from diag.catalog.registry import RuleInfo
from diag.cli.root import run


def rule(id_, name, body):
    return RuleInfo(
        id=id_,
        name=name,
        role="cause",
        family=id_[:3],
        severity="error",
        question="admitted",
        basis="counted",
        inputs=("Pod", "ResourceQuota"),
        since="0.1",
        status="stable",
        summary="Used up.",
        doc=f"# {id_} {name}\n\n{body}",
        source_file="x.py",
    )


@pytest.fixture(autouse=True)
def catalogue(monkeypatch):
    """Two rules, and one id that was replaced."""
    registry = ModuleType("diag.catalog.registry")
    registry.load = lambda: SimpleNamespace(
        rows=[
            SimpleNamespace(id="SCH101", literal="left on", pattern="No space left on device|disk full"),
            SimpleNamespace(id="QUO004", literal=" ", pattern=".*"),
        ]
    )
    registry.RuleInfo = RuleInfo
    registry.infos = lambda _: [
        rule("QUO004", "resourcequota-exceeded", "## What it means\nNo more\npods.\n\n```text\na  b\n```\n"),
        rule("SCH101", "gpu-request-exceeds-any-node", "Too large.\n"),
    ]
    monkeypatch.setitem(sys.modules, "diag.catalog.registry", registry)
    monkeypatch.setattr(retired, "successors", lambda: {"QUO900": "QUO004", "QUO901": ""})


def test_rules_are_listed_by_id_with_their_meaning(capsysbinary):
    assert run(["rules"]) == 0

    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["QUO004", "SCH101"]
    assert all(line.endswith("  Used up.") for line in lines)


def test_a_table_has_a_heading(capsysbinary):
    assert run(["rules", "-o", "table"]) == 0

    assert capsysbinary.readouterr().out.decode().splitlines()[0].split() == ["ID", "SEVERITY", "NAME", "MEANING"]


def test_json_holds_every_field(capsysbinary):
    assert run(["rules", "-o", "json"]) == 0

    written = json.loads(capsysbinary.readouterr().out)
    assert [each["id"] for each in written] == ["QUO004", "SCH101"]
    assert written[0]["inputs"] == ["Pod", "ResourceQuota"]


def test_a_glob_lists_some(capsysbinary):
    assert run(["rules", "quo*"]) == 0

    assert capsysbinary.readouterr().out.count(b"\n") == 1


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["QUO"], ["QUO004"]),
        (["sch1"], ["SCH101"]),
        (["QUO", "SCH1"], ["QUO004", "SCH101"]),
        (["exceeds", "gpu"], ["SCH101"]),
        (["used up"], ["QUO004", "SCH101"]),  # a title
        (["no space left on device"], ["SCH101"]),  # a message that a row recognises
        (["write", "/x:", "no", "space", "left", "on", "device"], ["SCH101"]),
        (["no more pods"], ["QUO004"]),  # a page
        (["pods more"], ["QUO004"]),
        (["gpu"], ["SCH101"]),  # three letters that begin no id are a word
    ],
)
def test_prefixes_and_words_list_what_they_mean(capsysbinary, words, ids):
    assert run(["rules", *words]) == 0

    assert [line.split()[0] for line in capsysbinary.readouterr().out.decode().splitlines()] == ids


def test_several_ids_are_several_pages(capsysbinary):
    assert run(["rules", "SCH101", "QUO004"]) == 0

    out = capsysbinary.readouterr().out.decode()
    assert [line for line in out.splitlines() if line.startswith("# ")] == [
        "# QUO004 resourcequota-exceeded",
        "# SCH101 gpu-request-exceeds-any-node",
    ]


@pytest.mark.parametrize("form", ["plain", "table"])
def test_a_page_fits_the_width(capsysbinary, monkeypatch, form):
    monkeypatch.setenv("COLUMNS", "40")
    long = rule("SCH102", "long", "# Heading\n\n- " + "item " * 30 + "\n\n" + "word " * 50)
    monkeypatch.setattr(sys.modules["diag.catalog.registry"], "infos", lambda _: [long])

    assert run(["rules", "SCH102", "-o", form]) == 0

    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert max(map(len, lines)) <= 40
    assert any(line.startswith("  item") for line in lines)  # what continues an item stands below it


# The last two are a synonym of the taxonomy and a retired id.
@pytest.mark.parametrize("wanted", ["QUO004", "quo004", "resourcequota-exceeded", "namespace-quota-exceeded", "QUO900"])
def test_the_page_of_a_rule_is_found_by_whatever_it_is_called(capsysbinary, wanted):
    assert run(["rules", wanted]) == 0

    page = capsysbinary.readouterr().out.decode()
    assert page.startswith("# QUO004 resourcequota-exceeded\n")
    assert "## What it means\nNo more pods.\n" in page


def test_a_page_is_wrapped_for_a_terminal_and_its_code_is_not(capsysbinary):
    assert run(["rules", "QUO004", "-o", "table"]) == 0

    page = capsysbinary.readouterr().out.decode()
    assert "WHAT IT MEANS\nNo more pods.\n\n    a  b\n" in page


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("QUO005", "did you mean QUO004?"),
        ("resourcequota-exceded", "did you mean resourcequota-exceeded?"),
        ("QUO901", "was retired"),
        ("app-config-rejected", "it means: The application refuses"),
        ("snapshot-incomplete", "a gap of the report tells it, with the reason `not-collected`"),
        ("rbac-forbids-listing", "a gap of the report tells it, with the reason `forbidden`"),
        ("ignore-expired", "a note of the scan tells it"),
    ],
)
def test_what_is_no_rule_gets_a_hint(capsys, wanted, hint):
    assert run(["rules", wanted]) == 2

    assert hint in capsys.readouterr().err
