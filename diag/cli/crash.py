"""A failure that nobody foresaw: three lines for the person, and a file to send."""

import datetime as dt
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from diag import __version__
from diag.cli.diagnostics import ExitCode, say


def report_crash(error: Exception, argv: Sequence[str]) -> ExitCode:
    """Says that it is our fault, and where the report lies. The report names no value of the command line."""
    written = _written(error, argv)
    say(f"diag: unexpected failure: {type(error).__name__}: {error}"[:300])
    say(f"This is a fault of diag {__version__}, not of your cluster.")
    say(
        f"Please send this file with a report: {written}"
        if written
        else "No file could be written; run again with -vv."
    )
    return ExitCode.COULD_NOT_LOOK


def masked(argv: Sequence[str]) -> list[str]:
    """The command line with its values hidden: commands and flags stay, paths and names do not."""
    return [
        each.partition("=")[0] + ("=***" if "=" in each else "") if each.startswith("-") else each if not at else "***"
        for at, each in enumerate(argv)
    ]


def _written(error: Exception, argv: Sequence[str]) -> Path | None:
    import platformdirs  # noqa: PLC0415  # only in a crash

    text = "\n".join(
        (
            f"diag {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"command line: diag {' '.join(masked(argv))}",
            f"installed at: {Path(sys.prefix).name}",
            "",
            "".join(traceback.format_exception(error)),
        )
    )
    name = f"crash-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}.txt"
    for folder in (Path(platformdirs.user_log_dir("diag", appauthor=False)), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return path
    return None
