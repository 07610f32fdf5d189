"""Engines behind a network, against a server on loopback: what they send, how they ask again, how they give up."""

import json
import os

import pytest
from llm.stand_in import served

from diag.llm.engines.choose import engine_for
from diag.llm.engines.engine import Ask, EngineError, Hooks

ASK = Ask(system="Explain.", user="F1: a", schema={"type": "object"}, most_tokens=50, timeout_s=20)
GOOD = json.dumps({"sentences": [{"text": "a", "facts": ["F1"]}]})
pytest.importorskip("openai", reason="the extra `llm` is not installed")


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "LANGSMITH_", "LANGCHAIN_", "DIAG_")):
            monkeypatch.delenv(name)


@pytest.fixture(params=["openai", "langchain"])
def engine(request, monkeypatch):
    """Makes the engine that asks a server."""
    made = []

    def at(url):
        if request.param == "langchain":
            monkeypatch.setenv("OPENAI_BASE_URL", url)
            monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
            made.append(engine_for("openai:stand-in", None))
        else:
            made.append(engine_for(url, "stand-in"))
        return made[-1]

    yield at
    for each in made:
        each.close()


def test_an_answer_is_streamed_and_its_tokens_are_counted(engine):
    pieces, requests = [], []
    with served(GOOD) as server:
        reply = engine(server.url).ask(ASK, Hooks(request=lambda: requests.append(1), piece=pieces.append))

    assert reply.text == GOOD == "".join(pieces)
    assert (reply.tokens_in, reply.tokens_out) == (70, 30)
    assert len(server.bodies) == len(requests) == 1
    assert len([piece for piece in pieces if piece]) == 2
    messages = json.loads(server.bodies[0])["messages"]
    assert [each["content"] for each in messages] == ["Explain.", "F1: a"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_by_itself_is_asked_again(engine, status):
    with served((status, "later"), (status, "later"), GOOD) as server:
        assert engine(server.url).ask(ASK, Hooks()).text == GOOD
    assert len(server.bodies) == 3


def test_it_gives_up_after_three_attempts_and_says_what_the_server_said(engine):
    with served((503, "overloaded")) as server, pytest.raises(EngineError, match=r"503.*overloaded"):
        engine(server.url).ask(ASK, Hooks())
    assert len(server.bodies) == 3


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_does_not_pass_is_not_asked_again(engine, status):
    with served((status, "no such thing")) as server, pytest.raises(EngineError, match=str(status)):
        engine(server.url).ask(ASK, Hooks())
    assert len(server.bodies) == 1


def test_a_stall_in_mid_stream_ends_at_the_time_out(engine):
    ask = Ask(system="s", user="u", schema={}, most_tokens=5, timeout_s=0.5)
    with served(GOOD, stall_s=2) as server, pytest.raises(EngineError):
        engine(server.url).ask(ask, Hooks())
    assert len(server.bodies) == 1


def test_a_refused_connection_is_told_with_its_address():
    with served(GOOD) as server:
        url = server.url
    engine = engine_for(url, "stand-in")
    with pytest.raises(EngineError, match=f"cannot reach {url}"):
        engine.ask(ASK, Hooks())
    engine.close()


def test_a_server_that_knows_less_is_asked_in_a_simpler_form():
    with served(GOOD, refuses="json_schema") as server:
        engine = engine_for(server.url, "stand-in")
        assert engine.ask(ASK, Hooks()).text == GOOD
        first = len(server.bodies)
        engine.ask(ASK, Hooks())
        engine.close()
    assert json.loads(server.bodies[-1])["response_format"]["type"] == "json_object"
    assert len(server.bodies) == first + 1  # it has learnt


def test_the_only_model_of_a_server_needs_no_name_and_of_several_one_is_asked_for():
    with served(GOOD, models=("one",)) as server:
        engine = engine_for(server.url, None)
        engine.ask(ASK, Hooks())
        engine.close()
        assert json.loads(server.bodies[0])["model"] == "one"
    with served(GOOD, models=("one", "two")) as server:
        engine = engine_for(server.url, None)
        with pytest.raises(EngineError, match="2 models: one, two") as told:
            engine.ask(ASK, Hooks())
        engine.close()
    assert "--model" in told.value.hint


def test_the_key_of_openai_goes_to_nobody_else(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-openai-only")
    with served(GOOD) as server:
        engine = engine_for(server.url, "stand-in")
        engine.ask(ASK, Hooks())
        engine.close()
        assert "sk-for-openai-only" not in server.keys[0]
        monkeypatch.setenv("DIAG_LLM_API_KEY", "meant-for-it")
        engine = engine_for(server.url, "stand-in")
        engine.ask(ASK, Hooks())
        engine.close()
    assert server.keys[1] == "Bearer meant-for-it"


def test_no_trace_of_langchain_is_sent_unless_the_user_wants_it(monkeypatch):
    utils = pytest.importorskip("langsmith.utils")
    from diag.llm.engines.langchain_api import silence_tracing  # noqa: PLC0415

    monkeypatch.setenv("LANGSMITH_API_KEY", "set")
    utils.get_env_var.cache_clear()
    with served(GOOD) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)  # a trace would come here
        engine_for("openai:stand-in", None).ask(ASK, Hooks())
    assert len(server.bodies) == 1
    assert not utils.tracing_is_enabled()
    assert os.environ["LANGSMITH_TRACING"] == "false"  # whatever a later version takes for its default
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    silence_tracing()
    assert os.environ["LANGSMITH_TRACING"] == "true"


@pytest.mark.parametrize(
    ("engine_name", "module"), [("https://example.invalid/v1", "openai"), ("openai:x", "langchain")]
)
def test_without_the_extra_one_line_says_what_to_install(monkeypatch, engine_name, module):
    import importlib.util  # noqa: PLC0415

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == module else real(name, *rest))
    with pytest.raises(EngineError, match=f"package {module}, which is not installed") as told:
        engine_for(engine_name, None)
    assert told.value.hint == "pip install 'kube-diag[llm]'"
