"""A GGUF file, run by llama.cpp in a process of its own.

A library that reads a broken file, runs out of memory or meets a processor that it was not built for ends its process,
and nobody catches that. So it gets one: the report stands whatever happens, and a time-out or Ctrl-C ends it at once.
"""

import contextlib
import importlib.util
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from diag.llm.engines.engine import SMALL, SMALL_ANSWER, Ask, EngineError, Hooks, Reply

INSTALL = "pip install 'kube-diag[local]'"
_MAGIC = b"GGUF"  # ggml-org/ggml docs/gguf.md
_CONTEXT = 4096  # tokens: a prompt of 1,500 as we count, which is up to 2,500 as small models do, and its answer


class Local:
    """A model in a file. The process starts with the first question and stays for the next ones."""

    name = "local"
    inside = True
    budget = SMALL
    answer = SMALL_ANSWER

    def __init__(self, path: Path) -> None:
        """Raises EngineError where the file or the library is missing."""
        self.path, self.model = path, path.name
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        check_file(path)
        if importlib.util.find_spec("llama_cpp") is None:
            raise EngineError("a local model needs llama-cpp-python, which is not installed", hint=INSTALL)

    def ask(self, ask: Ask, hooks: Hooks) -> Reply:
        """One answer; sentences and citations only, as the schema becomes a grammar."""
        hooks.request()
        deadline = time.monotonic() + ask.timeout_s
        process = self._started()
        question = {
            "system": ask.system, "user": ask.user, "schema": ask.schema, "most_tokens": ask.most_tokens,
        }  # fmt: skip
        text = ""
        try:
            self._write(process, question)
            while True:
                told = self._next(deadline, ask.timeout_s)
                if "done" in told:
                    return Reply(text=text, tokens_in=told["done"]["in"], tokens_out=told["done"]["out"])
                text += told["text"]
                hooks.piece(told["text"])
        except BaseException:
            self.close()
            raise

    def described(self, timeout_s: float) -> dict[str, str]:
        """What the file says of itself, by llama.cpp's names; loads it. Raises EngineError where that fails."""
        try:
            self._write(self._started(), {"describe": True})
            told: dict[str, str] = self._next(time.monotonic() + timeout_s, timeout_s)["metadata"]
        except BaseException:
            self.close()
            raise
        return told

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    with contextlib.suppress(OSError):
                        stream.close()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                [sys.executable, "-m", "diag.llm.engines.llama_process", str(self.path), str(_CONTEXT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is ours to handle
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            self._lines = queue.Queue()
            threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()
        return self._process

    def _write(self, process: "subprocess.Popen[bytes]", question: dict[str, Any]) -> None:
        if process.stdin is None:
            raise EngineError("the process of the model has no stdin")
        try:
            process.stdin.write(msgspec.json.encode(question) + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise self._died() from error

    def _next(self, deadline: float, timeout_s: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            raise EngineError(
                f"{self.model} was not ready after {timeout_s:g} seconds", hint="--llm-timeout 2m, or a smaller model"
            ) from None
        if line is None:
            raise self._died()
        try:
            told: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise EngineError(f"{self.model}: its process said something that is no JSON") from error
        if "error" in told:
            raise EngineError(f"{self.model}: {told['error']}", hint="try another model (diag model list)")
        return told

    def _died(self) -> EngineError:
        code = self._process.wait(timeout=5) if self._process else 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        hint = {
            -signal.SIGILL: "llama-cpp-python was built for another processor: build it with "
            "CMAKE_ARGS=-DGGML_NATIVE=OFF pip install --no-cache-dir --force-reinstall llama-cpp-python",
            -signal.SIGKILL: "the memory is probably too small for it: take a smaller model (diag model list)",
        }.get(code, "the file may be damaged: diag model info FILE says more")
        return EngineError(f"the process that ran {self.model} ended with {how}", hint=hint)


def _read(process: "subprocess.Popen[bytes]", lines: "queue.Queue[bytes | None]") -> None:
    if process.stdout is not None:
        with contextlib.suppress(OSError, ValueError):  # closed while we read
            for line in process.stdout:
                lines.put(line)
    lines.put(None)


def check_file(path: Path) -> None:
    """Raises EngineError for what cannot be read, or is no GGUF file."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise EngineError(
            f"cannot read the model {path}: {error.strerror or error}", hint="`diag model list` names models to pull"
        ) from error
    if magic != _MAGIC:
        raise EngineError(f"{path} is no GGUF file: it does not begin with GGUF", hint="`diag model list`")
