"""Where a runner of CI reads along: logs without commands of others, and the summary of the job."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from diag.errors import DiagError

if TYPE_CHECKING:  # an error is said before any of these is loaded
    from diag.cli.output import Target
    from diag.document import Report
    from diag.report.look import Look

_SUMMARY = 1024**2  # bytes; GitHub shows no summary of a step that is longer
_LEAST = 2_000


def listens() -> bool:
    """Whether a runner takes lines of the log for commands: that of GitHub (and Gitea), or that of Azure Pipelines."""
    return os.environ.get("GITHUB_ACTIONS") == "true" or bool(os.environ.get("TF_BUILD"))


def for_log(output: bytes, target: "Target") -> bytes:
    """What may be written there: nothing that is a command, by accident or malice, to a log that is read along."""
    if target.path is not None or not listens():
        return output
    from diag.report.formats.github import without_commands  # noqa: PLC0415  # only in CI

    return without_commands(output, target.form)


def spoken(lines: str) -> str:
    """What may be said on stderr, which a runner reads along as well: names of files and servers are anybody's."""
    if not listens():
        return lines
    from diag.report.formats.github import without_commands  # noqa: PLC0415  # only in CI

    return without_commands(lines.encode(), "plain").decode()


def add_summary(report: "Report", look: "Look") -> None:
    """Adds the report to the summary of the job, which its variable names. Raises DiagError where it cannot."""
    given = os.environ.get("GITHUB_STEP_SUMMARY")
    if not given:
        return
    from diag.report.formats.markdown import page  # noqa: PLC0415  # only in CI

    path = Path(given)
    try:
        room = _SUMMARY - (path.stat().st_size if path.exists() else 0)
        if room > _LEAST:
            with path.open("ab") as summary:
                summary.write(page(report, look, room).encode())
    except OSError as error:
        raise DiagError(
            f"cannot write the summary of the job, {path}: {error.strerror or error}", hint="unset GITHUB_STEP_SUMMARY"
        ) from error
