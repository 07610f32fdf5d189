"""The only writer to stdout and to the files of `-o`: one binary stream, UTF-8, whole or not at all."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from diag.cli.streams import lead_nowhere
from diag.errors import DiagError, UsageError
from diag.whole_file import replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One `-o`: a format, and a file (None: stdout)."""

    form: str
    path: Path | None


def targets(written: Sequence[str], known: Sequence[str], default: str) -> list[Target]:
    """The outputs asked for; one without a path goes to stdout, and where none does, nothing is printed.

    Raises UsageError for an unknown format, two outputs to stdout or two to one file.
    """
    parsed = [_target(each, known) for each in written] or [Target(form=default, path=None)]
    seen: dict[str | None, Target] = {}
    for target in parsed:
        # Not `Path.resolve`, which raises where links lead in a ring; writing says so.
        place = os.path.realpath(target.path) if target.path else None
        if place in seen:
            where = f"the file {target.path}" if target.path else "stdout"
            raise UsageError(
                f"two outputs go to {where}: {seen[place].form} and {target.form}",
                hint="give one a path: -o json=out.json",
            )
        seen[place] = target
    return parsed


def _target(written: str, known: Sequence[str]) -> Target:
    form, given, path = written.partition("=")
    if form not in known:
        near = get_close_matches(form, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"formats: {', '.join(known)}"
        raise UsageError(f"unknown output format {form!r}", hint=hint)
    if given and not path:
        raise UsageError(f"-o {written} names no file", hint=f"write -o {form}=PATH, or -o {form} for stdout")
    return Target(form=form, path=Path(path) if path and path != "-" else None)


def deliver(outputs: Sequence[Target], render: Callable[[Target], bytes]) -> None:
    """Renders and writes each output; files first, so that a reader who closes the pipe costs none of them.

    One that cannot be written costs no other: the first failure is raised when all were tried.
    """
    failed: list[DiagError] = []
    for target in sorted(outputs, key=lambda each: each.path is None):
        rendered = render(target)
        try:
            if target.path is None:
                to_stdout(rendered)
            else:
                to_file(rendered, target.path)
        except DiagError as error:
            failed.append(error)
    if failed:
        raise failed[0]


def to_stdout(rendered: bytes) -> None:
    """Writes to stdout. A reader that has gone (`| head`) is no failure."""
    try:
        sys.stdout.buffer.write(rendered)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        lead_nowhere()
    except OSError as error:
        lead_nowhere()
        raise DiagError(f"cannot write to stdout: {error.strerror}", hint="write to a file: -o json=PATH") from error


def to_file(rendered: bytes, path: Path) -> None:
    """Writes a file with its parent folders, whole or not at all."""
    try:
        if path.exists() and not path.is_file():
            # A device or a pipe (/dev/stderr, >(…)) cannot be replaced, only written to.
            path.write_bytes(rendered)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(Path(os.path.realpath(path)), rendered)
    except OSError as error:
        raise DiagError(f"cannot write {path}: {error.strerror or error}", hint="choose another path for -o") from error
