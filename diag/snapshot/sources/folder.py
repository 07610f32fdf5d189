"""A folder of plain files: each is a part of its own, and one that is bad hides none of the others."""

import os
from collections.abc import Iterator
from pathlib import Path

from diag.errors import SnapshotError
from diag.snapshot.archive.read import is_archive, read_archive
from diag.snapshot.sources.budget import Budget, LimitExceededError, NotObjectsError
from diag.snapshot.sources.documents import KUBECTL_JSON
from diag.snapshot.sources.meant import missing
from diag.snapshot.sources.part import Lost, Part, Problem
from diag.snapshot.sources.plain_file import SIDE, archive_at, explain, is_link, printable, read_file, side_part
from diag.snapshot.sources.words import counted


def read_folder(folder: Path, name: str | None, budget: Budget) -> list[Part]:
    """The files of a folder and its sub-folders, in the order of their names; raises SnapshotError if none is of use.

    Passed over in silence: hidden files, Markdown, and whatever was not meant to hold objects (`meant.missing`).
    """
    parts: list[Part] = []
    passed_over = 0
    seen: set[tuple[int, int]] = set()  # a file with several names is read once
    for path in _files(folder, name, budget, parts):
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            if is_archive(path):
                parts += read_archive(archive_at(path, budget), printable(path), name, budget)
            else:
                parts.append(read_file(path, name, budget))
        except NotObjectsError as error:
            side = side_part(path, name, budget)
            parts += [side] if side else []
            lacking = None if side or error.beside else missing(printable(path), error)
            parts += [_without(path, name, *lacking)] if lacking else []
            parts += [_aside(path, name, error)] if error.beside and not side else []
            passed_over += not side
        except LimitExceededError:
            raise
        except OSError as error:
            parts.append(_bad(path, name, explain(path, error)))
        except SnapshotError as error:
            parts.append(_bad(path, name, error))
    if not any(part.items or part.logs or part.offered or part.layout == SIDE for part in parts):
        raise _nothing(folder, parts, passed_over)
    return parts


def _files(folder: Path, name: str | None, budget: Budget, parts: list[Part]) -> Iterator[Path]:
    """Every file below a folder, sorted. A link out of the folder is not followed: it becomes a part with a problem."""
    root = os.path.realpath(folder)
    pending = [folder]
    while pending:
        path = pending.pop()
        if is_link(path) and not Path(os.path.realpath(path)).is_relative_to(root):
            out = SnapshotError("the link leads out of the folder", hint="name its target as well")
            parts.append(_bad(path, name, out))
        elif not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises on a folder without permission)
            yield path
        elif path == folder or not is_link(path):  # a folder that is linked is met where it stands
            budget.spend_file(printable(path))
            try:
                entries = sorted(path.iterdir(), reverse=True)
            except OSError as error:
                parts.append(_bad(path, name, explain(path, error)))
                continue
            pending += [entry for entry in entries if not entry.name.startswith(".") and entry.suffix != ".md"]


def _bad(path: Path, name: str | None, error: SnapshotError) -> Part:
    shown = printable(path)
    problem = Problem(what=shown, why="unreadable", detail=error.message, fix=error.hint or KUBECTL_JSON)
    return Part(path=shown, name=name, problems=[problem], lost=(Lost(),))


def _aside(path: Path, name: str | None, error: SnapshotError) -> Part:
    """A file that was to add to the objects and does not: nothing of the cluster is lost with it."""
    shown = printable(path)
    what = f"{shown} ({error.message.removeprefix(shown).strip()})"
    problem = Problem(what=what, why="unreadable", detail=error.message, fix=error.hint or KUBECTL_JSON)
    return Part(path=shown, name=name, problems=[problem])


def _without(path: Path, name: str | None, problem: Problem, lost: Lost) -> Part:
    return Part(path=printable(path), name=name, problems=[problem], lost=(lost,))


def _nothing(folder: Path, parts: list[Part], passed_over: int) -> SnapshotError:
    shown = printable(folder)
    problems = [problem for part in parts for problem in part.problems]
    if problems:
        return SnapshotError(f"nothing in {shown} can be used: {problems[0].detail}", hint=problems[0].fix)
    looked = f"looked at {counted(passed_over, 'file')}" if passed_over else "it holds no files"
    return SnapshotError(f"{shown} holds no Kubernetes objects: {looked}", hint=KUBECTL_JSON)
