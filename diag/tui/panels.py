"""What panes say, as paragraphs: the because-tree, evidence where it stands, what to do, a cause in words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from diag.document import CauseRow, EvidenceRow
from diag.report.look import glyph
from diag.tui.paragraphs import Paragraph
from diag.tui.source import Seen
from diag.views.because import Step
from diag.views.citations import Citations
from diag.views.explanation import explained
from diag.views.remedies import remedy_lines
from diag.views.wording import CONFIDENCE, counted, named

if TYPE_CHECKING:
    from diag.views.inside import Quote

_CITED = 6  # pieces of evidence that are listed below one step


def why(seen: Seen, cause: CauseRow) -> list[Paragraph]:
    """The because-tree, each step followed by its evidence; what a paragraph stands for is an `EvidenceRow` or None."""
    report = seen.report
    rows = {row.id: row for row in report.evidence}
    cites = Citations(rows, with_cluster=len(report.target.clusters) > 1)
    found: list[Paragraph] = []
    for step in seen.trees.of(cause):
        pieces = [each for each in step.evidence if each in rows][:_CITED]
        numbers = cites.cite(pieces, most=_CITED)
        first = rows[pieces[0]] if pieces else None
        indent = "  " * step.depth + ("└ " if step.depth else "")
        found.append(Paragraph(text=_step(step), lead=indent, tone=_tone(step), stands_for=first))
        if step.why and not step.is_reference:
            found.append(Paragraph(text=f"because {step.why}", lead="  " * (step.depth + 1), tone="info"))
        places = {row.evidence: row.place for row in cites.rows()}
        for number, each in zip(numbers, pieces, strict=False):
            lead = f"{'  ' * (step.depth + 1)}[{number}] "
            found.append(Paragraph(text=places[each], lead=lead, tone="info", stands_for=rows[each]))
    return found


def alone(seen: Seen, finding: str) -> list[Paragraph]:
    """A finding that belongs to no cause (by its id), and its evidence; nothing where there is none of that id."""
    row = next((row for row in seen.report.findings if row.id == finding), None)
    if row is None:
        return []
    rows = {each.id: each for each in seen.report.evidence}
    cites = Citations(rows, with_cluster=len(seen.report.target.clusters) > 1)
    cites.cite(row.evidence, most=_CITED)
    found = [Paragraph(text=f"{glyph(row.severity)} {row.severity} {named(row.subject)}: {row.summary}", tone="title")]
    pieces = cites.rows()
    return [
        *found,
        *(
            Paragraph(text=one.place, lead=f"  [{one.number}] ", tone="info", stands_for=rows[one.evidence])
            for one in pieces
        ),
    ]


def _step(step: Step) -> str:
    if step.is_reference:
        return f"↳ see {step.number}: {named(step.subject)}"
    members = f" ({counted(step.members, 'object')})" if step.members > 1 else ""
    root = "  ◆ root" if step.is_root else ""
    return f"{glyph(step.severity)} {step.severity} {named(step.subject)}{members}: {step.summary}{root}"


def _tone(step: Step) -> str:
    return "title" if step.is_root else step.severity


def evidence(seen: Seen, row: EvidenceRow | None) -> tuple[str, list[Paragraph], int]:
    """Where a piece stands, the lines there, and the first that is cited."""
    if row is None:
        return "", [Paragraph(text="Nothing is cited here.", tone="info")], 0
    from diag.views.inside import quote  # noqa: PLC0415  # the engine, only once there is a report

    found = quote(seen.report, seen.snapshots, row)
    return found.place, list(_quoted(found)), next((at for at, line in enumerate(found.lines) if line.cited), 0)


def _quoted(found: "Quote") -> Iterator[Paragraph]:
    digits = max((len(str(line.number)) for line in found.lines if line.number), default=0)
    if not found.lines:
        yield Paragraph(text=found.place)
    for line in found.lines:
        number = str(line.number).rjust(digits) if line.number else " " * digits
        lead = f"{'▸' if line.cited else ' '}{number} "
        yield Paragraph(text=line.text, lead=lead, tone="cited" if line.cited else "", whole=not line.cited)


def object_lines(found: "Quote") -> list[Paragraph]:
    """An object in full."""
    return list(_quoted(found)) if found.lines else [Paragraph(text="It was not read.", tone="info")]


def remedies(cause: CauseRow) -> list[Paragraph]:
    """What to do; a command stands for itself."""
    return [
        Paragraph(
            text=line.text,
            lead="$ " if line.kind == "command" else "" if line.kind == "label" else "· ",
            tone=line.kind if line.kind == "command" else "title" if line.kind == "label" else "",
            stands_for=line.text if line.kind == "command" else None,
        )
        for line in remedy_lines(cause)
    ]


def explanation(seen: Seen, cause: CauseRow, again: str | None) -> list[Paragraph]:
    """The cause in words, each sentence with the numbers of what it rests on, which stand at the end."""
    told = explained(seen.report, cause, again=again)
    found = [Paragraph(text=f"{told.rule} {told.name}: {told.root}", tone="title")]
    for section in told.sections:
        found += [Paragraph(text=""), Paragraph(text=section.title, tone="title")]
        for line in section.lines:
            cited = "".join(f"[{number}]" for number in line.cites)
            command = line.kind == "command"
            found.append(
                Paragraph(
                    text=f"{line.text} {cited}".rstrip(),
                    lead="  $ " if command else "  ",
                    tone="command" if command else "",
                )
            )
    rows = {row.id: row for row in seen.report.evidence}
    found += [Paragraph(text=""), Paragraph(text="Evidence (enter opens it)", tone="title")]
    for piece in told.citations:
        said = f": {piece.value}" if piece.value else ""
        lead = f"  [{piece.number}] "
        found.append(Paragraph(text=f"{piece.place}{said}", lead=lead, stands_for=rows.get(piece.evidence)))
    return found


def cause_title(cause: CauseRow) -> str:
    """The rule, the cause's name, and how sure it is."""
    return f"{cause.rule} {cause.name} · {CONFIDENCE.get(cause.confidence, cause.confidence)}"
