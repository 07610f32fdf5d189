"""What k8sgpt found, shown beside our causes: never counted, and tied to a cause where both concern one object.

Its JSON is that of `k8sgpt analyze -o json` (k8sgpt-ai/k8sgpt pkg/common/types.go).
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from diag.document import BesideRow, Report
from diag.errors import SnapshotError, UsageError
from diag.facts.masking import mask
from diag.views.circle import circles

MOST_BYTES = 64 * 1024**2
_RESULTS = 1_000
_TEXT = 2_000  # characters of a sentence; an explanation by a model may be long


class _Failure(msgspec.Struct):
    Text: str = ""


class _Result(msgspec.Struct):
    kind: str = ""
    name: str = ""
    error: list[_Failure] | None = None
    details: str = ""


class _Output(msgspec.Struct):
    """`results` is null where nothing was found; a file without it is no output of k8sgpt."""

    results: list[_Result] | None
    status: str


def read(path: str) -> list[BesideRow]:
    """The results in a file. Raises UsageError for one of something else, SnapshotError for an unreadable one."""
    file = Path(path)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(f"--beside {path} is larger than {MOST_BYTES // 1024**2} MiB", hint="filter its results")
        output = msgspec.json.decode(file.read_bytes(), type=_Output)
    except OSError as error:
        raise SnapshotError(
            f"cannot read {path}: {error.strerror or error}", hint="see that --beside names it"
        ) from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UsageError(
            f"--beside {path} is no JSON of k8sgpt: {error}", hint="write it with k8sgpt analyze -o json"
        ) from error
    return [row for result in (output.results or ())[:_RESULTS] if (row := _row(result)).texts or row.details]


def _row(result: _Result) -> BesideRow:
    namespace, _, name = result.name.rpartition("/")
    return BesideRow(
        tool="k8sgpt",
        kind=result.kind,
        namespace=namespace,
        name=name,
        texts=[mask(each.Text[:_TEXT]) for each in result.error or () if each.Text],
        details=mask(result.details[:_TEXT]),
        causes=[],
    )


def tied(report: Report, rows: list[BesideRow]) -> Report:
    """The report with these rows, each with the causes that are about the same object."""
    about: dict[tuple[str, str, str], list[str]] = {}
    for circle in circles(report):
        for _, _, kind, namespace, name in circle.about:
            about.setdefault((kind, namespace, name), []).append(circle.cause.id)
    known = [
        msgspec.structs.replace(
            row, causes=sorted(set(about.get((row.kind, row.namespace, row.name), ())), key=_number)
        )
        for row in rows
    ]
    return msgspec.structs.replace(report, beside=known)


def _number(cause: str) -> tuple[int, str]:
    return len(cause), cause


def beside_lines(report: Report) -> Iterator[str]:
    """One sentence for each thing that the other tool says."""
    for row in report.beside or ():
        name = f"{row.namespace}/{row.name}" if row.namespace else row.name
        same = f" (see {', '.join(row.causes)})" if row.causes else " (no cause that is shown is about it)"
        for said in row.texts or [row.details]:
            yield f"{row.tool} says of {row.kind} {name}: {said}{same}"
