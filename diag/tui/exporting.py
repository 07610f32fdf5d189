"""Writing the report that is shown to a file, in the formats and words of `-o`."""

from pathlib import Path

from diag.document import Report
from diag.errors import DiagError, UsageError
from diag.report.formats import FORMATS, scan_bytes
from diag.report.look import Look
from diag.whole_file import replace


def path_of(typed: str) -> Path:
    """The path that somebody typed, `~` as in a shell. Raises DiagError where that is nobody's home."""
    try:
        return Path(typed).expanduser()
    except RuntimeError as error:
        raise DiagError(f"cannot write {typed}: {error}", hint="choose another path") from error


def export(report: Report, written: str) -> Path:
    """Writes `FORMAT=PATH`, returns the path. Raises UsageError for another form, DiagError where it cannot write."""
    form, _, name = written.partition("=")
    if form not in FORMATS or not name:
        raise UsageError(f"{written!r} is no FORMAT=PATH", hint=f"formats: {', '.join(FORMATS)}")
    path = path_of(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = scan_bytes(report, form, Look(width=120))
        if path.exists() and not path.is_file():  # a device or a pipe cannot be replaced, only written to
            path.write_bytes(content)
        else:
            replace(path.resolve(), content)
    except (OSError, RuntimeError) as error:  # a loop of links is no OSError to `resolve`
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise DiagError(f"cannot write {path}: {reason}", hint="choose another path") from error
    return path
