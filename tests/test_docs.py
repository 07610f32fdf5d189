"""`make docs`: pages are written, stale ones are told, and blocks of the README show what commands print."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "docs" / "generate.py"
README = """# diag

<!-- shows: diag --version -->
```console
```

Between.

<!-- shows: diag schema --nonsense -->
```console
$ diag something old
with its output
```

The end.
"""


@pytest.fixture
def docs(tmp_path, monkeypatch):
    """The script, writing to a folder of its own; `run` gives the arguments."""
    spec = importlib.util.spec_from_file_location("docs_generate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "RULES", tmp_path / "rules")
    monkeypatch.setattr(module, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(README)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["generate.py", *args])
        module.main()

    module.run = run
    return module


def test_pages_and_shown_outputs_are_written_and_then_not_stale(docs, tmp_path):
    docs.run()

    assert (tmp_path / "rules" / "SCH101.md").read_text().startswith("# SCH101 gpu-request-exceeds-any-node\n")
    assert "[SCH101](SCH101.md)" in (tmp_path / "rules" / "index.md").read_text()
    readme = (tmp_path / "README.md").read_text()
    assert "```console\n$ diag --version\ndiag " in readme
    assert (
        "\n```\n\nBetween.\n\n<!-- shows: diag schema --nonsense -->\n```console\n$ diag schema --nonsense\n" in readme
    )
    role = (tmp_path / "deploy" / "cronjob" / "cluster" / "clusterrole.yaml").read_text()
    assert role.startswith("# Written by `make docs`")
    assert "pods/log" in role
    assert "something old" not in readme
    assert readme.endswith("```\n\nThe end.\n")
    with pytest.raises(SystemExit) as ended:
        docs.run("--check")
    assert not ended.value.code


def test_a_changed_page_and_one_without_a_rule_are_stale(docs, tmp_path, capsys):
    docs.run()
    (tmp_path / "rules" / "SCH101.md").write_text("changed")
    (tmp_path / "rules" / "OLD999.md").write_text("gone")

    with pytest.raises(SystemExit) as ended:
        docs.run("--check")

    assert ended.value.code
    assert sorted(capsys.readouterr().err.split()) == ["rules/OLD999.md", "rules/SCH101.md", "stale:", "stale:"]
    docs.run()
    assert not (tmp_path / "rules" / "OLD999.md").exists()
