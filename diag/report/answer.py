"""An answer to a question: sentences with numbered citations, and below them what stands there."""

from collections.abc import Sequence

import msgspec

from diag.document import DroppedRow, Report, SentenceRow
from diag.report.cells import wrap
from diag.report.look import Look, paint, typed
from diag.report.sanitize import visible
from diag.views.citations import Citations

FORMATS = ("table", "plain", "json")


class Answer(msgspec.Struct, kw_only=True):
    """What is shown of one turn; `says_nothing` is the line where there is no sentence."""

    question: str
    cause: str
    engine: str
    model: str | None
    sentences: Sequence[SentenceRow]
    note: str
    dropped: Sequence[DroppedRow]
    says_nothing: str


def answer_bytes(answer: Answer, report: Report, form: str, look: Look) -> bytes:
    """The answer in one of `FORMATS`, as UTF-8."""
    if form == "json":
        rows = [each for row in answer.sentences for each in row.citations]
        evidence = [row for row in report.evidence if row.id in rows]
        return msgspec.json.format(msgspec.json.encode(msgspec.to_builtins(answer) | {"evidence": evidence})) + b"\n"
    cites = Citations({row.id: row for row in report.evidence}, with_cluster=len(report.target.clusters) > 1)
    lines = []
    for row in answer.sentences:
        marks = "".join(f"[{number}]" for number in cites.cite(row.citations))
        lines += _laid(f"{row.text} {marks}".rstrip(), look)
    lines = lines or [answer.says_nothing]
    lines += [paint(line, "dim", look) for line in _laid(f"({answer.note})", look)]
    for gone in answer.dropped:
        lines += _laid(f"Dropped: “{gone.text}” ({gone.why})", look)
    rows_ = cites.rows()
    if rows_:
        lines += ["", "Evidence:"]
    for cited in rows_:
        said = f"{' = ' if cited.parts else ': '}{cited.value}" if cited.value else ""
        parts = f", from {''.join(f'[{each}]' for each in cited.parts)}" if cited.parts else ""
        lines += _laid(f"  [{cited.number}] {cited.place}{said}{parts}", look)
    return typed("".join(f"{line.rstrip()}\n" for line in lines), look).encode("utf-8", "replace")


def _laid(text: str, look: Look) -> list[str]:
    return list(wrap(visible(text), look.width))
