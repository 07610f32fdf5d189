"""What a kubeconfig makes run and read, which the official client would read for ever, however much it is.

Exec plug-ins, of which it also forgets why they failed, and files of tokens and certificates:

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import atexit
import builtins
import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from typing import IO, Any

MOST_BYTES = 1024 * 1024  # a credential has a few thousand; with certificates, some ten thousand
_MOST_FILE = 64 * MOST_BYTES  # kubeconfigs are read as well, with the certificates of many clusters
_DIALOG_S = 300.0  # for a plug-in that may ask somebody at a terminal, who can also press Ctrl-C


class _Last(threading.local):
    """What became of the plug-in that this thread ran last: its name, empty without any, and why it was of no use."""

    name = ""
    why = ""
    seconds = 30.0


last = _Last()


_dialog = threading.Lock()


def alone_at_a_terminal() -> AbstractContextManager[object]:
    """One login at a time where plug-ins may ask somebody: two questions on one terminal cannot be answered."""
    return _dialog if sys.stdin is not None and sys.stdin.isatty() else contextlib.nullcontext()


class _Silence:
    """No logging while anybody is in it, of several threads."""

    def __init__(self) -> None:
        self._lock, self._inside, self._before = threading.Lock(), 0, 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = logging.root.manager.disable
                logging.disable(logging.CRITICAL)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                logging.disable(self._before)


silence = _Silence()


class _Plugin(subprocess.Popen[str]):
    """A plug-in that is ended when it has said more than any credential has, or has not ended in time.

    What it says is repeated to nobody. It has a process group of its own, so that what it started ends with it; but not
    with a terminal, from which only the group in front may read.
    """

    def __init__(self, args: list[str], **ways: Any) -> None:
        last.name, last.why = PurePath(str(args[0])).name, "it cannot be run"
        self._alone = ways.get("stdin") is None and os.name == "posix"
        self._patience = last.seconds if ways.get("stdin") is None else max(last.seconds, _DIALOG_S)
        ways |= {"process_group": 0} if self._alone else {}
        self._unreadable = False
        super().__init__(args, **ways)
        _running.add(self)

    def kill(self) -> None:
        """End it, and its group where it has one of its own."""
        if self._alone:
            with contextlib.suppress(OSError):  # nobody is left
                os.killpg(self.pid, signal.SIGKILL)
        super().kill()

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[Any, Any]:  # noqa: A002, ARG002  the parent's
        """What it printed. Raises ValueError when that is too much or takes too long."""
        try:
            return self._said()
        finally:
            _running.discard(self)

    def _said(self) -> tuple[Any, Any]:
        end = time.monotonic() + self._patience
        said: dict[IO[str], str] = {}
        readers = [
            threading.Thread(target=self._read, args=(stream, said), daemon=True)
            for stream in (self.stdout, self.stderr)
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(max(end - time.monotonic(), 0))
        late = any(reader.is_alive() for reader in readers)
        try:
            code = self.wait(max(end - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            late, code = True, 0
        if late:  # or what it started in the background holds its output open
            self.kill()
            self.wait()
            last.why = f"it had not ended after {self._patience:g} s and was ended"
            raise ValueError(last.why)
        if any(len(text) > MOST_BYTES for text in said.values()):
            last.why = f"it printed more than {MOST_BYTES:,} characters and was ended"
            raise ValueError(last.why)
        last.why = f"it ended with exit code {code}" if code else "it printed no ExecCredential with a token or a key"
        if self._unreadable:
            last.why = "it printed what is no text, and was ended"
        out, err = (None if stream is None else said.get(stream, "") for stream in (self.stdout, self.stderr))
        return out, err

    def _read(self, stream: IO[str], said: dict[IO[str], str]) -> None:
        with stream:
            said[stream] = ""
            try:
                said[stream] = stream.read(MOST_BYTES + 1)
            except ValueError:  # no text in the encoding of this machine
                self._unreadable = True
                self.kill()
            if len(said[stream]) > MOST_BYTES:
                self.kill()


_running: set[_Plugin] = set()


@atexit.register
def _end_all() -> None:
    """End those that are still running when the program ends: Ctrl-C does not reach a group of their own."""
    for one in tuple(_running):
        one.kill()


class _Bounded:
    """What the client's module of plug-ins uses of `subprocess`."""

    Popen = _Plugin
    PIPE = subprocess.PIPE


def opened(path: Any, mode: str = "r", **ways: Any) -> Any:
    """`open` for the client: of a regular file, and of no more than 64 MiB. Raises OSError for others."""
    if not mode.startswith("r"):
        return builtins.open(path, mode, **ways)  # noqa: PTH123  stands for it
    with builtins.open(path, "rb", opener=_without_waiting) as file:
        if not Path(f"{path}").is_file():
            raise OSError(f"{path} is no regular file")
        body = file.read(_MOST_FILE + 1)
    if len(body) > _MOST_FILE:
        raise OSError(f"{path} is larger than {_MOST_FILE:,} bytes")
    return io.BytesIO(body) if "b" in mode else io.TextIOWrapper(io.BytesIO(body), **ways)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would be opened when somebody writes to it


def bound(exec_provider: Any, kube_config: Any, seconds: float) -> None:
    """From now on the plug-ins that the client runs and the files that it reads are bounded.

    The modules are those of `kubernetes.config`, the same in versions 33 to 37. `seconds` are for each plug-in of this
    thread, of which none has run yet.
    """
    exec_provider.subprocess = _Bounded
    kube_config.open = opened
    last.name, last.seconds = "", seconds
