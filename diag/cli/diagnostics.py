"""Everything that goes to stderr, and the exit codes. stdout carries only the report (`diag.cli.output`)."""

import os
import sys
import time
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from diag.errors import DiagError


class ExitCode(IntEnum):
    """What the exit code says (stable)."""

    OK = 0
    """Ran; nothing at or above the threshold. Gaps are printed."""
    FOUND = 1
    """Causes at or above `--fail-on`."""
    USAGE = 2
    """The command line or a configuration file is wrong."""
    COULD_NOT_LOOK = 3
    """Snapshot unreadable, or `diag` itself failed."""
    PARTS_UNCHECKED = 4
    """Looked, but `--strict` was given and something could not be checked."""
    MODEL_FAILED = 5
    """`--require-llm` was given, and no model explained; the report is printed."""
    TIMED_OUT = 124
    """`--timeout` was reached; what was read by then is reported."""
    INTERRUPTED = 130
    """Ctrl-C; what was read by then is reported."""


def say(text: str) -> None:
    """One piece of narration. A closed stderr is no reason to fail."""
    from diag.cli.runner import spoken  # noqa: PLC0415  # --help says nothing here
    from diag.report.sanitize import visible  # noqa: PLC0415  # as above

    lines = "".join(f"{visible(line)}\n" for line in text.splitlines() or [""])
    _write(spoken(lines))


def complain(error: DiagError) -> None:
    """An error as a sentence, and what to do next."""
    say(f"diag: {error.message}")
    if error.hint:
        say(f"hint: {error.hint}")


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        # Nobody reads stderr any more; the exit code still speaks. Python must not try again when it exits.
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # lives until the process ends


class Narrator:
    """Progress and notes of one command: progress only on a terminal, notes unless `-q`, more with `-v`."""

    def __init__(self, *, quiet: bool, verbose: int) -> None:
        self.quiet, self.verbose = quiet, verbose
        self._live = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn = False
        self._begin = time.monotonic()

    def progress(self, text: str) -> None:
        """Says what is going on, on one line that the next one overwrites."""
        if self._live:
            from diag.report.sanitize import visible  # noqa: PLC0415  # as in say

            _write(f"\r\x1b[K{visible(text)[:100]}")
            self._drawn = True

    def done(self) -> None:
        """Takes the line of progress away."""
        if self._drawn:
            _write("\r\x1b[K")
            self._drawn = False

    def note(self, text: str, *, level: int = 0) -> None:
        """A sentence for the person, from this level of `-v` on."""
        if not self.quiet and self.verbose >= level:
            self.done()
            say(text)

    def elapsed_s(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._begin


def severest(severities: Sequence[str], threshold: str) -> ExitCode:
    """FOUND when one of the severities reaches the threshold (`never` is not reached)."""
    order = ("info", "warning", "error")
    if threshold not in order:
        return ExitCode.OK
    reached = order[order.index(threshold) :]
    return ExitCode.FOUND if any(each in reached for each in severities) else ExitCode.OK
