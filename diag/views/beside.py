"""What k8sgpt found, shown beside our causes: never counted, and tied to a cause where both concern one object.

Its JSON is that of `k8sgpt analyze -o json` (k8sgpt-ai/k8sgpt pkg/common/types.go).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from diag.document import BesideRow, Report
from diag.errors import SnapshotError, UsageError
from diag.facts.masking import mask
from diag.views.circle import circles

MOST_BYTES = 64 * 1024**2
_RESULTS = 1_000
_NAMED = 5  # of those that cannot be read
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

    results: list[msgspec.Raw] | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What another tool says, and a sentence for each part of its file that is not among the rows."""

    rows: list[BesideRow]
    missing: list[str]


def read(path: str) -> Others:
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
    rows: list[BesideRow] = []
    bad: list[str] = []
    results = output.results or []
    for number, result in enumerate(results[:_RESULTS], start=1):
        try:
            rows.append(_row(msgspec.json.decode(result, type=_Result)))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:  # one bad result costs no other
            bad.append(f"its result {number} cannot be read: {error}")
    if results and len(bad) == len(results):
        raise UsageError(f"--beside {path} is no JSON of k8sgpt: {bad[0]}", hint="write it with k8sgpt analyze -o json")
    missing = bad[:_NAMED]
    if (more := len(bad) - _NAMED) > 0:
        missing.append(f"{more:,} more of its results cannot be read")
    if more := max(len(results) - _RESULTS, 0):
        missing.append(f"{more:,} of its {len(results):,} results are left out: the first {_RESULTS:,} are shown")
    return Others(rows=[row for row in rows if row.texts or row.details], missing=missing)


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


def tied(report: Report, others: Others) -> Report:
    """The report with what another tool says, each row with the causes that are about the same object."""
    about: dict[tuple[str, str, str], list[str]] = {}
    for circle in circles(report):
        for _, _, kind, namespace, name in circle.about:
            about.setdefault((kind, namespace, name), []).append(circle.cause.id)
    known = [
        msgspec.structs.replace(
            row, causes=sorted(set(about.get((row.kind, row.namespace, row.name), ())), key=_number)
        )
        for row in others.rows
    ]
    return msgspec.structs.replace(report, beside=known, beside_missing=others.missing or msgspec.UNSET)


def _number(cause: str) -> tuple[int, str]:
    return len(cause), cause


def beside_lines(report: Report) -> Iterator[str]:
    """One sentence for each thing that the other tool says."""
    for row in report.beside or ():
        name = f"{row.namespace}/{row.name}" if row.namespace else row.name
        same = f" (see {', '.join(row.causes)})" if row.causes else " (no cause that is shown is about it)"
        for said in row.texts or [row.details]:
            yield f"{row.tool} says of {row.kind} {name}: {said}{same}"
    for sentence in report.beside_missing or ():
        yield f"k8sgpt: {sentence}"
