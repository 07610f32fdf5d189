"""Copying: a native tool where the terminal is local, else the terminal itself (OSC 52), else a file."""

import base64
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

# Terminals drop longer sequences without a word (derailed/k9s README, clipboard).
_MOST_OSC52 = 74_994
_SECONDS = 3
# The tool, and what has to be set for it to reach the user's own clipboard.
_TOOLS: Sequence[tuple[Sequence[str], str]] = (
    (("wl-copy",), "WAYLAND_DISPLAY"),
    (("xclip", "-selection", "clipboard"), "DISPLAY"),
    (("xsel", "--clipboard", "--input"), "DISPLAY"),
    (("pbcopy",), ""),
    (("clip.exe",), ""),
)


def copy(text: str, write: Callable[[str], None]) -> str:
    """Copies a text and says how, as the end of a sentence. `write` sends a sequence to the terminal."""
    tool = None if os.environ.get("SSH_TTY") else _native(text)
    if tool:
        return f"with {tool}"
    coded = base64.b64encode(text.encode()).decode()
    if len(coded) <= _MOST_OSC52:
        write(_wrapped(f"\x1b]52;c;{coded}\x07"))
        return "through the terminal (OSC 52)"
    return f"to {_filed(text)}, as it is too long for the terminal"


def _native(text: str) -> str:
    for command, variable in _TOOLS:
        program = shutil.which(command[0])
        if not program or (variable and not os.environ.get(variable)):
            continue
        try:
            subprocess.run(  # noqa: S603  # a fixed tool; the text is its input
                [program, *command[1:]], input=text.encode(), check=True, timeout=_SECONDS, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            continue
        return command[0]
    return ""


def _wrapped(sequence: str) -> str:
    """The sequence, passed through tmux where that is between us and the terminal."""
    if not os.environ.get("TMUX"):
        return sequence
    return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\{sequence}"


def _filed(text: str) -> Path:
    import platformdirs  # noqa: PLC0415  # only then

    folder = Path(platformdirs.user_cache_dir("diag", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "copied.txt"
    path.write_text(text, encoding="utf-8")
    return path
