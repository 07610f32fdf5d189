"""Runs of `diag` in processes of their own, forked from one that has loaded it: no start is paid twice.

For tests of what a run says and does. Those of starts, signals, closed pipes and terminals start the program
for real. All runs of one stem hash with one seed: who compares what two runs say takes two stems, so that an order
that comes from a set shows.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from types import SimpleNamespace

_STEM = "import sys; sys.path.insert(0, sys.argv[1]); import forked; forked.serve(sys.argv[2])"
_MOST = 2**20  # bytes of one question
_LOAD_S = 120
_ONCE = ("PYTHON", "LC_", "LANG")  # variables that an interpreter reads when it starts
PROGRAM = """
import forked
forked.load("diag.mcp", "diag.testing", "diag.tui", "diag.llm.engines")
from diag.catalog.registry import load
load()
from diag.__main__ import main
"""  # the real entry point, with all that it may load


class Stem:
    """A process that ran `code`, which defines `main`; each run is a fork of it."""

    def __init__(self, code):
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and words
                [sys.executable, "-c", _STEM, str(Path(__file__).parent), code],
                stdin=theirs, stdout=subprocess.DEVNULL, env=self._env,
            )  # fmt: skip
        self._line.settimeout(_LOAD_S)
        assert self._line.recv(16) == b"ready"

    def run(self, words, *, env, cwd=None, stdin=b"", timeout=60):
        """What a run with these words and variables came to: its code, and the bytes that it wrote."""
        env = {**env, "PYTHONPATH": self._env["PYTHONPATH"]}
        for name in {name for name in (*env, *self._env) if name.startswith(_ONCE)}:
            assert env.get(name) == self._env.get(name), f"{name} is read once: start the program for real"
        (fed, feed), (out, written), (err, told) = os.pipe(), os.pipe(), os.pipe()
        asked = {"words": [*map(str, words)], "env": env, "cwd": str(cwd or Path.cwd())}
        self._line.settimeout(timeout)
        socket.send_fds(self._line, [json.dumps(asked).encode()], [fed, written, told])
        for each in (fed, written, told):
            os.close(each)
        readers = _reading(out), _reading(err)
        with contextlib.suppress(BrokenPipeError), open(feed, "wb") as file:  # noqa: PTH123  # of a number
            file.write(stdin)
        pid = int(self._line.recv(16))
        try:
            code = int(self._line.recv(16))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            self._line.recv(16)
            raise
        return SimpleNamespace(code=code, out=readers[0](), err=readers[1]())

    def close(self):
        """End it."""
        self._line.close()
        self._process.wait(_LOAD_S)


def _reading(number):
    """Reads to the end beside the test; gives what waits for that."""
    parts = []

    def read():
        with open(number, "rb") as file:  # noqa: PTH123  # of a number
            parts.append(file.read())

    thread = threading.Thread(target=read, daemon=True)
    thread.start()

    def read_all():
        thread.join()
        return parts[0]

    return read_all


def load(*but):
    """Import every module of `diag`, the rules among them, but not those whose names begin with these words."""
    import diag  # noqa: PLC0415  # in the stem alone

    for found in pkgutil.walk_packages(diag.__path__, "diag.", onerror=lambda _: None):
        if not found.name.startswith(but) and not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def serve(code):
    """The stem: forks for each question, and tells the number of the process and its end."""
    line = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    scope = {}
    exec(code, scope)  # noqa: S102  # our own words
    gc.freeze()
    line.send(b"ready")
    while True:
        question, pipes, _, _ = socket.recv_fds(line, _MOST, 3)
        if not question:
            return
        pid = os.fork()
        if not pid:
            line.close()
            _become(json.loads(question), pipes)
            _end(_code_of(scope["main"]))
        for each in pipes:
            os.close(each)
        line.send(str(pid).encode())
        line.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())


def _become(asked, pipes):
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv[1:] = asked["words"]


def _code_of(main):
    try:
        main()
    except SystemExit as ended:
        return ended.code or 0
    except BaseException:  # noqa: BLE001  # as an interpreter ends then
        traceback.print_exc()
        return 1
    return 0


def _end(code):
    """As an interpreter ends, but for taking down what ends with the process: that is most of a short run."""
    threading._shutdown()  # noqa: SLF001  # waits for threads, as it does
    atexit._run_exitfuncs()  # noqa: SLF001
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    sys.stderr.flush()
    os._exit(code)
