"""stdin, stdout and stderr of a program that somebody started without them (`diag scan >&-`)."""

import os
import sys


def whole_again() -> None:
    """Opens what is closed, before a file that is opened later takes its number and gets what is meant for it.

    To read from what was closed gives nothing, and narration goes nowhere; but a report that nobody gets is a failure,
    so stdout refuses what is written to it.
    """
    if sys.stdin is None:
        sys.stdin = open(_nowhere(0, os.O_RDONLY), encoding="utf-8", closefd=False)  # noqa: SIM115  # for good
    if sys.stdout is None:
        sys.stdout = open(_nowhere(1, os.O_RDONLY), "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # for good
    if sys.stderr is None:
        sys.stderr = open(_nowhere(2, os.O_WRONLY), "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # for good


def lead_nowhere() -> None:
    """Makes stdout a place that takes all, so that what is still buffered does not fail again when Python exits."""
    _nowhere(sys.stdout.fileno(), os.O_WRONLY)


def _nowhere(number: int, way: int) -> int:
    """Opens the null device under this number."""
    opened = os.open(os.devnull, way)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    return number
