"""The tools for HolmesGPT: keys that it knows, and words of a model that stay words of one argument."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest
import yaml

_FILE = Path(__file__).parents[2] / "deploy" / "holmesgpt" / "diag-toolset.yaml"
_TOOLSET = yaml.safe_load(_FILE.read_text())["toolsets"]["diag/gpu"]
_TOOLS = {tool["name"]: tool for tool in _TOOLSET["tools"]}
# HolmesGPT/holmesgpt holmes/core/tools.py: the fields of Toolset, which forbids others, and of YAMLTool.
_OF_TOOLSETS = {
    "enabled", "description", "docs_url", "icon_url", "installation_instructions", "additional_instructions",
    "prerequisites", "tools", "tags", "config", "llm_instructions", "experimental",
}  # fmt: skip
_OF_TOOLS = {"name", "description", "parameters", "user_description", "additional_instructions", "command", "script"}
_OF_PARAMETERS = {"description", "type", "required"}
_NASTY = (
    "pod/ml/a", "--from=/etc/passwd", "-oyaml=/tmp/x", "$(id)", "`id`", "'; id #", '"; id #', "a b", "a\nb",
    "{{ 7*7 }}", "${HOME}", "*", "~", "--", "é日本", "\\", "a'b\"c",
)  # fmt: skip


def filled_in(command, **words):
    """A command line as HolmesGPT makes it: each word quoted for a shell unless it is empty, then the template."""
    quoted = {name: shlex.quote(word) if word else "" for name, word in words.items()}
    return jinja2.Template(os.path.expandvars(command)).render(quoted)


@pytest.fixture
def arguments(tmp_path):
    """Runs a line in a shell whose `diag` writes its arguments down; gives them, and what else was done there."""
    stub = tmp_path / "bin" / "diag"
    stub.parent.mkdir()
    stub.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    stub.chmod(0o755)

    def run(line):
        ended = subprocess.run(  # noqa: S602  # as HolmesGPT does
            line, shell=True, capture_output=True, text=True, check=True, cwd=tmp_path,
            env={"PATH": f"{stub.parent}:/usr/bin:/bin"},
        )  # fmt: skip
        assert ended.stderr == ""
        return json.loads(ended.stdout)

    return run


def test_the_file_holds_only_what_is_known_there():
    assert set(_TOOLSET) <= _OF_TOOLSETS
    assert set(_TOOLSET["tags"]) <= {"core", "cluster", "cli"}
    for tool in _TOOLS.values():
        assert set(tool) <= _OF_TOOLS
        assert re.fullmatch(r"[a-z_]{1,64}", tool["name"])
        assert all(set(each) <= _OF_PARAMETERS for each in tool["parameters"].values())
        assert set(re.findall(r"{{ (\w+) }}", tool["command"])) == set(tool["parameters"])
        assert not set(tool["parameters"]) & set(jinja2.defaults.DEFAULT_NAMESPACE)  # what is not given has to be empty


@pytest.mark.parametrize("word", _NASTY)
def test_words_of_a_model_stay_one_argument_and_no_flag(arguments, word):
    scan = arguments(filled_in(_TOOLS["diag_scan"]["command"], in_namespace=word, filter=word))
    explain = arguments(filled_in(_TOOLS["diag_explain"]["command"], subject=word))
    rule = arguments(filled_in(_TOOLS["diag_rule"]["command"], rule=word))

    assert scan[-2:] == [f"--namespace={word}", f"--filter={word}"]
    assert explain[-2:] == ["--", word]
    assert rule[-2:] == ["--", word]
    assert (len(scan), len(explain), len(rule)) == (6, 6, 4)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("diag_scan", {}),
        ("diag_scan", {"in_namespace": "orca-*", "filter": "sev:error gpus>0"}),
        ("diag_explain", {}),
        ("diag_explain", {"subject": "C2"}),
        ("diag_rule", {"rule": "QUO501"}),
    ],
)
def test_each_tool_answers_json_and_ends_well(arguments, name, words, tmp_path, stems):
    ended = stems[0].run(
        arguments(filled_in(_TOOLS[name]["command"], **words)),
        env={**os.environ, "DIAG_DEMO": "1", "DIAG_CONFIG_DIR": str(tmp_path / "none")},
    )

    assert (ended.code, ended.err) == (0, b"")
    document = json.loads(ended.out)
    assert document[0]["id"] == "QUO501" if name == "diag_rule" else document["causes"]
