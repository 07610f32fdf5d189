"""Where the key of a model may come from, and whose files may say who is asked."""

import json
import sys

import pytest
from llm.stand_in import served

from diag.cli.root import run

pytest.importorskip("openai", reason="the extra `llm` is not installed")
GOOD = json.dumps({"sentences": [{"text": "a", "facts": ["F1"]}]})
PRINTS = f"{sys.executable} -c \"print('sk-from-a-store')\""


@pytest.fixture
def explain(monkeypatch, request, tmp_path, capfd):
    source = str(request.config.rootpath / "tests/cases/kueue-strictfifo-head-blocking.json")
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("DIAG_LLM_API_KEY", raising=False)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")

    def explained(*flags):
        code = run(["explain", "--from", source, "--model", "m", *flags])
        return code, capfd.readouterr().err

    return explained


def test_a_command_gives_the_key(explain):
    with served(GOOD) as server:
        explain("--llm", server.url, "--api-key-cmd", PRINTS)

    assert server.keys == ["Bearer sk-from-a-store"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("false", "gave no key: exit code 1"),
        ("no-such-program-here", "gave no key: FileNotFoundError"),
        ("true", "printed nothing"),
    ],
)
def test_a_command_that_gives_none_costs_the_words_and_nothing_is_asked(explain, command, said):
    with served(GOOD) as server:
        code, err = explain("--llm", server.url, "--api-key-cmd", command)

    assert code == 0
    assert said in err
    assert server.bodies == []


@pytest.mark.parametrize(
    "written",
    [
        'api-key-cmd = "touch ran"',
        'llm = "{url}"',
        '[context."x*"]\nllm = "{url}"',
        '[context."x*"]\napi-key-cmd = "touch ran"',
    ],
)
def test_a_file_of_a_project_names_neither_a_command_nor_a_server(explain, monkeypatch, request, tmp_path, written):
    with served(GOOD) as server:
        (tmp_path / "project" / "diag.toml").write_text(written.format(url=server.url))
        source = request.config.rootpath / "tests/cases/kueue-strictfifo-head-blocking.json"
        code, err = explain("--from", f"x={source}") if "context" in written else explain()
        assert code == 2
        assert "a project's file may not" in err
        assert server.bodies == []
    assert not (tmp_path / "project" / "ran").exists()


def test_the_users_own_file_names_both(explain, tmp_path):
    folder = tmp_path / "home" / "diag"
    folder.mkdir(parents=True)
    with served(GOOD) as server:
        (folder / "config.toml").write_text(f"llm = {json.dumps(server.url)}\napi-key-cmd = {json.dumps(PRINTS)}\n")
        code, _ = explain()

    assert code == 0
    assert server.keys == ["Bearer sk-from-a-store"]
