"""The examples of CONTRIBUTING.md are run: what a newcomer copies works."""

import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from rule_cases import HEADINGS, diagnosed, expected, fired, parsed

from diag.catalog.registry import Registry
from diag.catalog.rule import Rule
from diag.catalog.signature import Table

GUIDE = Path(__file__).parents[1] / "CONTRIBUTING.md"
BLOCKS = dict(re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize(
    ("source", "case_file"),
    [
        ("analyzers/storage/sto990_pvc_no_default_storageclass.py", "tests/rules/STO990.yaml"),
        ("analyzers/apps/postgres.py", "tests/rules/postgres.yaml"),
    ],
)
def test_the_examples_pass_their_case_files(source, case_file, monkeypatch):
    module = ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", module)
    exec(compile(BLOCKS[source], source, "exec"), vars(module))  # noqa: S102  our own guide
    values = vars(module).values()
    registry = Registry(
        functions=[value for value in values if isinstance(value, Rule)],
        tables=[value for value in values if isinstance(value, Table)],
    )
    ids = set(registry.names)

    assert ids
    for case, objects in parsed(BLOCKS[case_file]):
        diagnosis = diagnosed(case, objects, ids=ids, registry=registry)
        assert not [gap.detail for gap in diagnosis.gaps if gap.why == "rule-crashed"]
        assert fired(diagnosis, ids) == sorted(expected(case, objects)), case["name"]
    for rule in registry.functions:
        assert re.findall(r"^## (.+)", inspect.cleandoc(rule.named[0].page), re.MULTILINE) == HEADINGS
