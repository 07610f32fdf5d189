"""A key from a command, such as that of a password store: it stands in no file of ours and in no environment."""

import shlex
import subprocess

from diag.llm.engines.engine import EngineError

_SECONDS = 60.0  # somebody may have to unlock a store


def key_from(command: str) -> str:
    """The first line that a command prints. Raises EngineError where it fails or prints nothing; tells no output."""
    try:
        words = shlex.split(command)
        ended = subprocess.run(words, stdout=subprocess.PIPE, timeout=_SECONDS, check=True)  # noqa: S603  # the user's own
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        why = (
            f"exit code {error.returncode}"
            if isinstance(error, subprocess.CalledProcessError)
            else type(error).__name__
        )
        raise EngineError(f"--api-key-cmd {command!r} gave no key: {why}", hint="try the command by itself") from error
    key = ended.stdout.decode("utf-8", "replace").partition("\n")[0].strip()
    if not key:
        raise EngineError(f"--api-key-cmd {command!r} printed nothing", hint="its first line is taken for the key")
    return key
