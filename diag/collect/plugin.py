"""Exec plug-ins, of which the official client would read whatever they print, for ever, and forget why they failed.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import subprocess
import threading
from pathlib import PurePath
from typing import IO, Any

MOST_BYTES = 1024 * 1024  # a credential has a few thousand; with certificates, some ten thousand


class _Last(threading.local):
    """What became of the plug-in that this thread ran last: its name, empty without any, and why it was of no use."""

    name = ""
    why = ""


last = _Last()


class _Plugin(subprocess.Popen[str]):
    """A plug-in that is ended when it has said more than any credential has. What it says is repeated to nobody."""

    def __init__(self, args: list[str], **ways: Any) -> None:
        last.name, last.why = PurePath(str(args[0])).name, "it cannot be run"
        super().__init__(args, **ways)

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[Any, Any]:  # noqa: A002, ARG002  the parent's
        """What it printed. Raises ValueError when that is too much."""
        said: dict[IO[str], str] = {}
        readers = [
            threading.Thread(target=self._read, args=(stream, said), daemon=True)
            for stream in (self.stdout, self.stderr)
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
        code = self.wait(timeout)
        if any(len(text) > MOST_BYTES for text in said.values()):
            last.why = f"it printed more than {MOST_BYTES:,} characters and was ended"
            raise ValueError(last.why)
        last.why = f"it ended with exit code {code}" if code else "it printed no ExecCredential with a token or a key"
        out, err = (None if stream is None else said.get(stream, "") for stream in (self.stdout, self.stderr))
        return out, err

    def _read(self, stream: IO[str], said: dict[IO[str], str]) -> None:
        with stream:
            said[stream] = ""
            try:
                said[stream] = stream.read(MOST_BYTES + 1)
            except ValueError:  # no text in the encoding of this machine
                self.kill()
            if len(said[stream]) > MOST_BYTES:
                self.kill()


class _Bounded:
    """What the client's module of plug-ins uses of `subprocess`."""

    Popen = _Plugin
    PIPE = subprocess.PIPE


def bound(exec_provider: Any) -> None:
    """From now on the plug-ins that this module of the client runs are bounded; of this thread none has run yet.

    It is `kubernetes.config.exec_provider`, the same in versions 33 to 37.
    """
    exec_provider.subprocess = _Bounded
    last.name = ""
