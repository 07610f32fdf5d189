"""The table of failures, from the command line: the report stands, the template explains, stderr says why.

The exit code is what it would have been without a model; with --require-llm it is 5.
"""

import json
import os

import pytest
from llm.stand_in import served

from diag.cli.root import run
from diag.llm.engines import local

SOURCE = "tests/cases/kueue-strictfifo-head-blocking.json"
GOOD = json.dumps({"sentences": [{"text": "a", "facts": ["F1"]}]})
pytest.importorskip("openai", reason="the extra `llm` is not installed")


@pytest.fixture(autouse=True)
def home(monkeypatch, request, tmp_path):
    monkeypatch.chdir(request.config.rootpath)
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "LANGSMITH_", "LANGCHAIN_", "DIAG_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("diag.llm.engines.retry._FIRST_S", 0.01)


def explained(capfd, *flags):
    code = run(["explain", "--from", SOURCE, "--fail-on", "error", *flags])
    out, err = capfd.readouterr()
    return code, out, err


def without_words(text):
    """An explanation without the section of the model."""
    before, found, rest = text.partition("In words:\n")
    return before + rest.partition("\n\n")[2] if found else text


def fails(capfd, *flags):
    """What stderr says, once all that has to stand was compared."""
    plain = explained(capfd, "--llm", "off")
    code, out, err = explained(capfd, *flags)
    required, again, _ = explained(capfd, "--require-llm", *flags)

    assert plain[0] == code == 1
    assert required == 5
    assert without_words(out) == without_words(again) == plain[1]
    return err


@pytest.mark.parametrize(
    ("answer", "how", "said"),
    [
        ((401, "Incorrect API key provided"), {}, "answered 401: .*Incorrect API key.*DIAG_LLM_API_KEY"),
        ((403, "not for you"), {}, "answered 403: .*not for you.*may not use"),
        ((404, "The model `m` does not exist"), {}, "answered 404: .*does not exist.*--model"),
        ((413, "too long"), {}, "answered 413"),
        ((400, "This model's maximum context length is 4096 tokens"), {}, "answered 400: .*maximum context length"),
        ((429, "Rate limit reached"), {}, "answered 429: .*Rate limit"),
        ((503, "overloaded"), {}, "answered 503: .*overloaded"),
        (GOOD, {"stall_s": 3}, "was not ready after|broke off|in time"),
        (GOOD, {"breaks": True}, "could be proven|no form"),
        ("", {}, "the answer is empty"),
        ('{"sentences": [{"text": ', {}, "no form with sentences"),
        ("I am sorry, I cannot.", {}, "no form with sentences"),
    ],
    ids=["wrong key", "forbidden", "no such model", "too large", "context overflow", "too many", "overloaded",
         "stall in mid-stream", "stream that breaks", "empty answer", "broken JSON", "prose"],
)  # fmt: skip
def test_a_server_that_fails(capfd, answer, how, said):
    with served(answer, **how) as server:
        err = fails(capfd, "--llm", server.url, "--model", "m", "--llm-timeout", "1s")

    assert "no model: " in err
    assert_says(err, said)


def assert_says(err, pattern):
    import re  # noqa: PLC0415

    assert re.search(pattern, err.replace("\n", " ")), err


def test_a_refused_connection(capfd):
    with served(GOOD) as server:
        url = server.url

    assert_says(fails(capfd, "--llm", url, "--model", "m"), "cannot reach .*is the server up")


def test_no_key_for_openai(capfd):
    assert_says(fails(capfd, "--llm", "https://api.openai.com/v1", "--model", "m"), "no key .*DIAG_LLM_API_KEY")


def test_no_key_for_a_provider(capfd):
    pytest.importorskip("langchain_openai")
    assert_says(fails(capfd, "--llm", "openai:m"), "openai:m cannot be used: .*its key set")


def test_a_provider_whose_package_is_missing(capfd):
    pytest.importorskip("langchain")
    assert_says(fails(capfd, "--llm", "mistralai:m"), "mistralai:m cannot be used: .*package")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nonsense", "is no GGUF file"),
        (b"GGUF" + b"\xff" * 4000, r"no model: .*broken\.gguf"),
        (None, "cannot read the model"),
    ],
    ids=["another file", "corrupt GGUF", "no file"],
)
def test_a_file_that_is_no_model(capfd, tmp_path, content, said):
    pytest.importorskip("llama_cpp", reason="the extra `local` is not installed")
    path = tmp_path / "broken.gguf"
    if content is not None:
        path.write_bytes(content)

    assert_says(fails(capfd, "--llm", "local", "--model", str(path), "--llm-timeout", "60s"), said)


def test_memory_that_ends_while_a_model_is_loaded(capfd, tmp_path, monkeypatch):
    """The kernel kills the process that loads; what it says of that is all that the engine sees."""
    path = tmp_path / "large.gguf"
    path.write_bytes(b"GGUF")
    real = local.subprocess.Popen
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(local.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(local.subprocess, "Popen", lambda _, **kw: real([local.sys.executable, "-c", code], **kw))

    assert_says(fails(capfd, "--llm", "local", "--model", str(path)), "SIGKILL.*smaller model")


def test_no_model_is_chosen(capfd):
    assert_says(fails(capfd, "--llm", "local"), "no local model is chosen.*diag model")


def test_off_is_the_template_byte_for_byte(capfd):
    assert explained(capfd, "--llm", "off")[1] == explained(capfd)[1]
