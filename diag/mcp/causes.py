"""The tools `scan`, `explain` and `evidence`: which causes there are, why, and what proves it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec

from diag.document import CauseRow, EvidenceRow, RefRow, Report, Row
from diag.errors import UsageError
from diag.mcp.asking import Asked, Cursor, Limit, Room, Subject
from diag.mcp.looks import Look
from diag.mcp.pages import Answer, head, page, start
from diag.views import filter as filtering
from diag.views.cause_fields import kept_ids
from diag.views.citations import Citations
from diag.views.coverage import gap_lines
from diag.views.explanation import Explanation, explained
from diag.views.subject import Match, resolve
from diag.views.wording import named

_FILTER = (
    "which causes: words, or sev:error ns:ml rule:QUO* age>10m waited>0 gpus>0 (waited for and lost),"
    " - in front turns a term around"
)


class CauseBrief(Row, kw_only=True):
    """A cause in short. `gpus` are waited for, `gpus_lost` exist and cannot be used."""

    id: str
    severity: str
    confidence: str
    rule: str
    name: str
    root: RefRow
    summary: str
    since: str | None
    gpus: int
    gpus_lost: int
    pods: int
    workloads: int
    symptoms: int
    fingerprint: str


class GapBrief(Row, kw_only=True):
    """Something that could not be looked at and could change a verdict: unknown, not absent."""

    what: str
    why: str
    hides: str
    fix: str


class ScanAsked(Asked, kw_only=True):
    """What `scan` takes."""

    filter: Annotated[str, msgspec.Meta(max_length=500, description=_FILTER)] = ""
    fresh: Annotated[bool, msgspec.Meta(description="look again now, instead of at what was read before")] = False
    limit: Limit = 20
    cursor: Cursor = ""


class Scanned(Answer, kw_only=True):
    """What `scan` answers, the worst cause first. `hidden`: what the server was told to leave out."""

    summary: str
    hidden: str
    causes: list[CauseBrief]
    gaps: list[GapBrief]


def scan(room: Room, asked: ScanAsked) -> dict[str, Any]:
    """The causes, ranked. A page of a cursor is of the look that the cursor came from."""
    terms = filtering.parse(asked.filter)
    look = room.looks.latest() if asked.cursor else room.looks.for_scan(fresh=asked.fresh)
    begin = start(asked.cursor, look)
    kept = kept_ids(look.report, terms)
    gaps = [GapBrief(what=one.what, why=one.why, hides=one.hides, fix=one.fix) for one in gap_lines(look.report)]
    answer = Scanned(**head(look), summary=look.summary, hidden=look.hidden, gaps=gaps, causes=[])
    causes = [cause for cause in look.report.causes if cause.id in kept]
    return page(answer, "causes", causes, begin=begin, limit=asked.limit, make=brief)


def brief(cause: CauseRow) -> CauseBrief:
    """A cause without its symptoms and remedies."""
    cost = cause.affected
    return CauseBrief(
        id=cause.id, severity=cause.severity, confidence=cause.confidence, rule=cause.rule, name=cause.name,
        root=cause.root, summary=cause.summary, since=cause.since, gpus=cost.gpus, gpus_lost=cost.gpus_lost,
        pods=cost.pods, workloads=cost.workloads, symptoms=len(cause.symptoms), fingerprint=cause.fingerprint,
    )  # fmt: skip


class LineRow(Row, kw_only=True):
    """One statement and the numbers of the citations that it rests on. `kind`: item, step, command or label."""

    text: str
    cites: list[int]
    kind: str


class SectionRow(Row, kw_only=True):
    """A heading with its statements."""

    title: str
    lines: list[LineRow]


class CitationRow(Row, kw_only=True):
    """One piece of evidence: its id, where it stands, and what stands there, quoted. `parts`: what it was made of."""

    number: int
    evidence: str
    place: str
    quote: str
    parts: list[int]


class ExplainedRow(CauseBrief, kw_only=True):
    """A cause with its reasons, doubts, remedies and evidence. Nothing stands here that the evidence does not hold."""

    sections: list[SectionRow]
    citations: list[CitationRow]


class ExplainAsked(Asked, kw_only=True):
    """What `explain` takes."""

    subject: Subject = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=10, description="causes at most")] = 3
    cursor: Cursor = ""


class ExplainAnswer(Answer, kw_only=True):
    """What `explain` answers. `note` says what was found of a subject that has no cause."""

    note: str
    causes: list[ExplainedRow]


def explain(room: Room, asked: ExplainAsked) -> dict[str, Any]:
    """Why the subject does not run; the worst cause where none is named."""
    look = room.looks.latest()
    begin = start(asked.cursor, look)
    if asked.subject.strip():
        match = resolved(look, asked.subject)
        causes, note = match.causes, "" if match.causes else _well(match, look)
    else:
        causes, note = tuple(look.report.causes[:1]), "" if look.report.causes else look.summary
    answer = ExplainAnswer(**head(look), note=note, causes=[])
    return page(
        answer, "causes", causes, begin=begin, limit=asked.limit, make=lambda cause: _explained(look.report, cause)
    )


def resolved(look: Look, subject: str) -> Match:
    """What a text means. Raises UsageError with what is nearest where it means nothing."""
    match = resolve(look.report, subject, known=look.known(), put_aside=look.put_aside)
    if match.found:
        return match
    near = f"did you mean {' or '.join(match.suggestions)}?" if match.suggestions else "scan lists the causes"
    said = "no cause says" if match.searched else "nothing that was read is called"
    raise UsageError(f"{said} {(match.asked or subject)[:80]!r}", hint=near)


def _well(match: Match, look: Look) -> str:
    if match.ignored:
        return f"Ignored on the user's wish: {match.ignored[0].finding.summary} ({match.ignored[0].reason})"
    hidden = f", but {look.hidden}, which may concern it" if look.hidden else ""
    return f"Nothing wrong found with {named(match.subject) if match.subject else 'it'}{hidden}."


def _explained(report: Report, cause: CauseRow) -> ExplainedRow:
    told: Explanation = explained(report, cause)
    return ExplainedRow(
        **msgspec.structs.asdict(brief(cause)),
        sections=[
            SectionRow(
                title=one.title,
                lines=[LineRow(text=line.text, cites=list(line.cites), kind=line.kind) for line in one.lines],
            )
            for one in told.sections
        ],
        citations=[
            CitationRow(number=one.number, evidence=one.evidence, place=one.place, quote=one.value, parts=[*one.parts])
            for one in told.citations
        ],
    )


class EvidenceAsked(Asked, kw_only=True):
    """What `evidence` takes."""

    of: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=40)]],
        msgspec.Meta(min_length=1, max_length=50, description="ids: of evidence (E4), findings (F2) or causes (C1)"),
    ]
    limit: Limit = 50
    cursor: Cursor = ""


class EvidenceQuote(Row, kw_only=True):
    """One piece: where it stands and what stands there, whole; `from_` are the pieces that it was computed from."""

    id: str
    place: str
    value: str | int | float | bool | None
    from_: list[str] = msgspec.field(name="from")


class EvidenceAnswer(Answer, kw_only=True):
    """What `evidence` answers."""

    evidence: list[EvidenceQuote]


def evidence(room: Room, asked: EvidenceAsked) -> dict[str, Any]:
    """The pieces themselves, and those that they were computed from."""
    look = room.looks.latest()
    begin = start(asked.cursor, look)
    wanted = list(dict.fromkeys(each for one in asked.of for each in _ids(look.report, one)))
    by_id = {row.id: row for row in look.report.evidence}
    citations = Citations(by_id, with_cluster=len(look.report.target.clusters) > 1)
    citations.cite(wanted, len(wanted))
    rows = [_quote(by_id[one.evidence], one.place) for one in citations.rows()]
    return page(EvidenceAnswer(**head(look), evidence=[]), "evidence", rows, begin=begin, limit=asked.limit)


def _ids(report: Report, one: str) -> Sequence[str]:
    found = list(_evidence_of(report, one.strip().upper()))
    if not found:
        raise UsageError(f"nothing has the id {one!r}", hint="scan lists causes, explain the evidence of one")
    return found


def _evidence_of(report: Report, one: str) -> Iterator[str]:
    if any(row.id == one for row in report.evidence):
        yield one
    cause = next((row for row in report.causes if row.id == one), None)
    findings = {cause.finding, *cause.symptoms} if cause else {one}
    for finding in report.findings:
        if finding.id in findings:
            yield from finding.evidence
    for link in report.links if cause else ():
        if link.cause in findings and link.symptom in findings:
            yield from link.evidence


def _quote(row: EvidenceRow, place: str) -> EvidenceQuote:
    value = None if isinstance(row.value, msgspec.UnsetType) else row.value
    return EvidenceQuote(id=row.id, place=place, value=value, from_=row.from_ if isinstance(row.from_, list) else [])
