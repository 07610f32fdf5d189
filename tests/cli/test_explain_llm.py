"""`diag explain --llm`: the template is untouched, failures say why and cost nothing, flags and profiles decide."""

import importlib.util
import json

import pytest
from llm.stand_in import served

SAID = {"sentences": [{"text": "This is certain.", "facts": ["F1"], "because": None, "steps": []}]}


@pytest.mark.parametrize("form", ["plain", "json", "markdown"])
def test_off_and_no_chosen_model_give_the_bytes_of_the_template(diag, form):
    plain = diag("explain", "--from", "x", "-o", form)

    assert plain.code == 0
    for flags in (["--llm", "off"], ["--llm", "auto"], ["--llm", "local"], ["--llm", "off", "--model", "x.gguf"]):
        assert diag("explain", "--from", "x", "-o", form, *flags).out == plain.out


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--llm", "local"], "no local model is chosen"),
        (["--llm", "local", "--model", "gone.gguf"], "cannot read the model gone.gguf"),
        (["--llm", "http://127.0.0.1:9/v1", "--model", "m"], "cannot reach http://127.0.0.1:9/v1"),
        (["--llm", "anthropic:claude"], "anthropic:claude cannot be used"),
        (["--model", "qwen2.5-1.5b"], "diag model pull qwen2.5-1.5b"),
    ],
)
def test_a_model_that_fails_is_told_and_changes_the_code_only_where_it_is_required(diag, flags, why):
    pytest.importorskip("openai", reason="the extra `llm` is not installed")
    ended = diag("explain", "--from", "x", *flags)
    required = diag("explain", "--from", "x", *flags, "--require-llm")

    assert ended.code == 0
    assert why in ended.err
    assert "no model: " in ended.err
    assert required.code == 5
    assert "What is wrong" in ended.out
    assert "What is wrong" in required.out


def test_what_names_no_engine_is_an_error_of_usage(diag):
    ended = diag("explain", "--from", "x", "--llm", "gpt")

    assert (ended.code, ended.out) == (2, "")
    assert "names no engine" in ended.err
    assert diag("explain", "--from", "x", "--show-prompt", "--language", "nice words").code == 2


def test_a_prompt_is_shown_redacted_and_nothing_is_sent(diag):
    with served(json.dumps(SAID)) as server:
        shown = diag("explain", "--from", "x", "--show-prompt", "--llm", server.url, "--language", "de")
    plain = diag("explain", "--from", "x", "--show-prompt", "--no-redact")
    name = diag("scan", "--from", "x", "-o", "json").out
    root = json.loads(name)["causes"][0]["root"]["name"]

    assert server.bodies == []
    assert "Write in German (de)" in shown.out
    assert root not in shown.out
    assert root in plain.out


def test_real_names_leave_only_where_that_was_typed(diag):
    pytest.importorskip("openai", reason="the extra `llm` is not installed")
    root = json.loads(diag("scan", "--from", "x", "-o", "json").out)["causes"][0]["root"]["name"]
    with served(json.dumps(SAID)) as server:
        flags = ["explain", "--from", "x", "--llm", server.url, "--model", "m", "--no-llm-cache"]
        diag(*flags, env={"DIAG_NO_REDACT": "1"})
        diag(*flags, "--no-redact")
    redacted, real = server.bodies

    assert root not in redacted
    assert root in real


def test_a_profile_switches_models_off_for_its_contexts_until_one_is_typed(diag):
    pytest.importorskip("openai", reason="the extra `llm` is not installed")
    with served(json.dumps(SAID)) as server:
        (diag("--version").folder / "diag.toml").write_text(
            'model = "m"\nno-llm-cache = true\n[context."prod-*"]\nllm = "off"\n'
        )
        named = {"DIAG_LLM": server.url}
        diag("explain", "--from", "dev=x", env=named)
        assert len(server.bodies) == 1
        diag("explain", "--from", "prod-eu=x", env=named)
        assert len(server.bodies) == 1
        diag("explain", "--from", "prod-eu=x", "--llm", server.url)
        assert len(server.bodies) == 2


def test_a_model_is_chosen_and_given_up_again(diag, tmp_path):
    home = {"XDG_DATA_HOME": str(tmp_path / "data")}
    (tmp_path / "m.gguf").write_bytes(b"GGUF and no more")
    (tmp_path / "text").write_text("hello")

    assert "is no GGUF file" in diag("model", "use", str(tmp_path / "text"), env=home).err
    assert "diag model pull" in diag("model", "use", "mistral-7b", env=home).err
    assert str(tmp_path / "m.gguf") in diag("model", "use", str(tmp_path / "m.gguf"), env=home).out
    assert f"Chosen: {tmp_path / 'm.gguf'}" in diag("model", "list", env=home).out
    if importlib.util.find_spec("llama_cpp"):
        assert "no model: m.gguf" in diag("explain", "--from", "x", env=home).err
    assert diag("model", "use", "none", env=home).code == 0
    assert diag("explain", "--from", "x", env=home).err == ""


def test_the_cache_is_told_and_cleared(diag, tmp_path):
    pytest.importorskip("openai", reason="the extra `llm` is not installed")
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    with served(json.dumps(SAID)) as server:
        for _ in range(2):
            diag("explain", "--from", "x", "--llm", server.url, "--model", "m", env=home)
    assert len(server.bodies) == 1
    assert ": 1 answer, " in diag("cache", "info", env=home).out
    assert diag("cache", "clear", env=home).out == "1 answer deleted\n"
    assert ": 0 answers, " in diag("cache", "info", env=home).out


def test_pulling_what_is_not_in_the_table_is_an_error_of_usage(diag):
    ended = diag("model", "pull", "gpt-9")

    assert ended.code == 2
    assert "qwen2.5-1.5b" in ended.err
