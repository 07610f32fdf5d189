"""The only writer to stdout and to the files of `-o`: one binary stream, UTF-8, whole or not at all."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from diag.cli.streams import lead_nowhere
from diag.errors import DiagError, SnapshotError, UsageError
from diag.whole_file import replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One `-o`: a format, and a file (None: stdout)."""

    form: str
    path: Path | None


def targets(written: Sequence[str], known: Sequence[str], default: str, read: Sequence[str] = ()) -> list[Target]:
    """The outputs asked for; one without a path goes to stdout, and where none does, nothing is printed.

    Raises UsageError for an unknown format, two outputs to stdout or to one file, and one to what is `read`.
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
        if target.path and read:
            refuse_own_input(target.path, read)
    return parsed


def refuse_own_input(to: Path, paths: Sequence[str]) -> None:
    """Raises UsageError where the file to write is one of those to read: what is left out of it would be lost."""
    from diag.snapshot.sources.source import taken_apart  # noqa: PLC0415  # the rules need none of it

    for path in paths:
        try:
            same = path != "-" and to.samefile(taken_apart(path)[1])
        except (OSError, ValueError, SnapshotError):
            continue  # whoever reads or writes it says why
        if same:
            raise UsageError(f"{to} is what is read as well, and would be written over", hint="name another file")


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
        # Of the parents, which are made where they are missing.
        why = f"{error.filename} is no folder" if isinstance(error, FileExistsError) else error.strerror or error
        raise DiagError(f"cannot write {path}: {why}", hint="choose another path for -o") from error
