"""The benchmark is run by hand and seldom: what it takes from the program must still be there."""

import ast
import importlib
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "bench").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_what_a_script_imports_exists(script):
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("diag"):
            module = importlib.import_module(node.module)
            missing = {each.name for each in node.names if not hasattr(module, each.name)}
            missing = {name for name in missing if importlib.util.find_spec(f"{node.module}.{name}") is None}
            assert not missing, f"{script.name}: {node.module} has no {missing}"
