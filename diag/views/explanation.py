"""A cause explained without a model: complete rows that a template, a screen or a page draws.

Each line says which citations it rests on; nothing stands here that the report does not hold.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diag.document import CauseRow, EvidenceRow, ExplanationRow, FindingRow, LinkRow, RefRow, Report
from diag.findings import GRACE_S
from diag.views.citations import FREE, QUOTE_CHARS, ROOM, Citation, Citations
from diag.views.coverage import GapLine
from diag.views.lines import Line
from diag.views.questions import unanswered
from diag.views.remedies import remedy_lines
from diag.views.rivals import rival_lines
from diag.views.timeline import TimelineLine, timeline_lines
from diag.views.wording import (
    CONFIDENCE,
    cost_of,
    counted,
    folded,
    listed,
    long_duration,
    moment,
    named,
    seconds_since,
)

WHY = "Why we think so"
UNCHECKED = "What could not be checked"
_SHOWN = 5
_REPEATED_CHARS = 20
_QUOTED = 12  # characters of a value that a sentence holds because it quotes it
_HOW_SURE = {
    "certain": "the objects say so",
    "likely": "the signs agree, but not everything could be proven",
    "possible": "something points to it, and no second sign proves it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with its lines."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A cause in words: headline, sections in reading order, citations by number."""

    cause: str
    severity: str
    root: str
    rule: str
    name: str
    summary: str
    sections: tuple[Section, ...]
    citations: tuple[Citation, ...]
    more: tuple[str, ...]  # commands that open more


def explained(report: Report, cause: CauseRow, *, again: str | None = "", everything: bool = False) -> Explanation:
    """The explanation of one cause of this report.

    `again` are the flags with which a further command reads the same, None where it cannot; `everything` folds nothing.
    """
    return _Teller(report, cause, _Tables(report), again=again, everything=everything).told()


def explanations(
    report: Report, *, again: str | None = "", everything: bool = False, quote_chars: int = QUOTE_CHARS
) -> Iterator[Explanation]:
    """The explanation of each cause, in the report's order; as `explained`, with one pass over the report's rows.

    What stands in a place of evidence is quoted up to `quote_chars` characters.
    """
    tables = _Tables(report)
    return (
        _Teller(report, cause, tables, again=again, everything=everything, quote_chars=quote_chars).told()
        for cause in report.causes
    )


class _Tables:
    """The rows of a report by what they are looked up with."""

    def __init__(self, report: Report) -> None:
        self.findings: dict[str, FindingRow] = {finding.id: finding for finding in report.findings}
        self.evidence: dict[str, EvidenceRow] = {row.id: row for row in report.evidence}
        self.leaving: dict[str, list[LinkRow]] = {}
        for link in report.links:
            self.leaving.setdefault(link.cause, []).append(link)
        self.timelines: list[TimelineLine] = timeline_lines(report)
        self.words: dict[str, ExplanationRow] = {row.cause: row for row in report.explanations or ()}


class _Teller:
    """Holds what the sections share: the report's tables and the numbering of citations."""

    def __init__(
        self,
        report: Report,
        cause: CauseRow,
        tables: _Tables,
        *,
        again: str | None,
        everything: bool,
        quote_chars: int = QUOTE_CHARS,
    ) -> None:
        self.report, self.cause, self.again, self.everything = report, cause, again, everything
        self.tables, self.findings = tables, tables.findings
        self.several = len(report.target.clusters) > 1
        self.cites = Citations(
            tables.evidence,
            with_cluster=self.several,
            telling=" ".join((cause.summary, *(each.summary for each in self._symptoms()))),
            chars=quote_chars,
        )

    def told(self) -> Explanation:
        words = tuple(self._words())  # first, so that its citations have the lowest numbers
        rivals = rival_lines(self.cause, self.cites, everything=self.everything)
        # In the order in which one who is on call asks.
        sections = (
            Section(title="In words", lines=words),
            Section(title="What is wrong", lines=tuple(self._wrong())),
            Section(title="Since when", lines=tuple(self._since())),
            Section(title="What it costs", lines=tuple(self._cost())),
            Section(title="What to do", lines=tuple(self._steps())),
            Section(title="How sure this is", lines=tuple(self._sure())),
            Section(title=WHY, lines=tuple(self._why())),
            Section(title="Where the time went", lines=tuple(self._timelines())),
            Section(title="What else was considered", lines=tuple(rivals)),
            Section(title=UNCHECKED, lines=tuple(self._unchecked())),
        )
        return Explanation(
            cause=self.cause.id,
            severity=self.cause.severity,
            root=self._name(self.cause.root),
            rule=self.cause.rule,
            name=self.cause.name,
            summary=self.cause.summary,
            sections=tuple(section for section in sections if section.lines),
            citations=self.cites.rows(),
            more=tuple(self._more()),
        )

    def _name(self, ref: RefRow) -> str:
        return named(ref, with_cluster=self.several)

    def _symptoms(self) -> list[FindingRow]:
        listed_ids = (each for each in self.cause.symptoms if each != self.cause.finding)
        return [self.findings[each] for each in listed_ids if each in self.findings]

    def _own_evidence(self) -> list[str]:
        own = self.findings.get(self.cause.finding)
        return own.evidence if own else []

    def _timelines(self) -> Iterator[Line]:
        """The starts that this cause is about, phase by phase."""
        findings = [self.findings[key] for key in (self.cause.finding, *self.cause.symptoms) if key in self.findings]
        concerned = {str(ref) for finding in findings for ref in (finding.subject, *finding.members)}
        mine = [one for one in self.tables.timelines if str(one.pod) in concerned]
        for one in mine[:_SHOWN]:
            phases = listed(
                f"{phase.phase} {phase.length}"
                + (f" at {phase.rate}" if phase.rate else "")
                + (" (the longest)" if phase.slowest else "")
                for phase in one.phases
            )
            yield Line(text=f"{self._name(one.pod)}, {one.wall} from {one.span}: {phases}")

    def _words(self) -> Iterator[Line]:
        """What a model said of it and was proven, and what became of the rest; nothing where none was asked."""
        row = self.tables.words.get(self.cause.id)
        if row is None:
            return
        for each in row.sentences or ():
            yield Line(text=each.text, cites=self.cites.cite(each.citations))
        if row.note:
            yield Line(text=f"({row.note})", kind="label")
        for dropped in row.dropped or ():
            yield Line(text=f"Dropped: “{dropped.text}” ({dropped.why})", kind="label")

    def _wrong(self) -> list[Line]:
        lines = [
            Line(
                text=f"{self._name(self.cause.root)}: {self.cause.summary}", cites=self.cites.cite(self._own_evidence())
            )
        ]
        if owners := [self._name(ref) for ref in self.cause.lineage if ref != self.cause.root]:
            lines.append(Line(text="Part of: " + " → ".join(owners)))
        symptoms = self._symptoms()
        lines += [
            Line(text=f"Seen as: {self._name(each.subject)}: {each.summary}", cites=self.cites.cite(self._quoted(each)))
            for each in symptoms[:_SHOWN]
        ]
        if len(symptoms) > _SHOWN:
            rest = folded([self._name(each.subject) for each in symptoms[_SHOWN:]])
            lines.append(Line(text=f"And {counted(len(symptoms) - _SHOWN, 'more symptom')}: {rest}"))
        return lines

    def _since(self) -> list[Line]:
        cluster = next((each for each in self.report.target.clusters if each.id == self.cause.root.cluster), None)
        at = moment(self.cause.since)
        if at is None:
            return [Line(text="Not known: no object or event gives the time of its beginning")]
        lasting = seconds_since(self.cause.since, cluster.now if cluster else None)
        end = "the time given with --now" if cluster and cluster.now_from == "option" else "the snapshot was taken"
        long = f"; {long_duration(lasting)} before {end}" if lasting is not None else ""
        lines = [Line(text=f"{at:%Y-%m-%d %H:%M:%S %Z}{long}")]
        if self.cause.young is True:
            lines.append(Line(text=f"Told as info so far: {GRACE_S} seconds are a usual wait, more are an error"))
        return lines

    def _cost(self) -> list[Line]:
        cost = self.cause.affected
        amounts = cost_of(cost)
        lines = [Line(text=amounts, cites=self.cites.cite(self._lost() if cost.gpus_lost else ()))] if amounts else []
        if cost.objects:
            lines.append(Line(text="Affected: " + folded([self._name(ref) for ref in cost.objects])))
        return lines

    def _lost(self) -> list[str]:
        """Counts of what is free where nobody can get it."""
        own = [(each, self.cites.evidence.get(each)) for each in self._own_evidence()]
        return [each for each, row in own if row and isinstance(row.computed, str) and row.computed.startswith(FREE)]

    def _steps(self) -> Iterator[Line]:
        """What to do; a step that says of a node that it has room leads to the count of it."""
        own = ((each, self.cites.evidence.get(each)) for each in self._own_evidence())
        counts = [(each, row.computed) for each, row in own if row and isinstance(row.computed, str)]
        rooms = [(each, name.removeprefix(ROOM).split(":")[0]) for each, name in counts if name.startswith(ROOM)]
        for line in remedy_lines(self.cause):
            proof = [each for each, node in rooms if f"{node} has room" in line.text and line.kind == "step"]
            yield replace(line, cites=self.cites.cite(proof)) if proof else line

    def _quoted(self, symptom: FindingRow) -> list[str]:
        """The evidence of a symptom that its sentence quotes, else the first: what decided."""
        found = [(each, self.cites.evidence.get(each)) for each in symptom.evidence]
        values = [(each, row.value) for each, row in found if row is not None]
        said = [
            each
            for each, value in values
            if isinstance(value, str) and len(value) >= _QUOTED and value in symptom.summary
        ]
        return list(dict.fromkeys([*symptom.evidence[:1], *said]))[:2]

    def _why(self) -> list[Line]:
        """The proven arrows from the root to the symptoms, nearest to the root first."""
        arrows = self._arrows()
        if not arrows:
            alone = "Nothing that was looked at explains it further, so what was seen is told as a cause of its own"
            stated = f"Read from {self._name(self.cause.root)} itself"
            own = self.findings.get(self.cause.finding)
            text = alone if own and own.role == "symptom" else stated
            return [Line(text=text, cites=self.cites.cite(self._own_evidence()))]
        lines = [
            Line(
                text=f"{self._subject(link.cause)} → {self._subject(link.symptom)}: {self._shortened(link.why)}",
                cites=self.cites.cite(link.evidence),
                kind="step",
            )
            for link in arrows[:_SHOWN]
        ]
        if len(arrows) > _SHOWN:
            lines.append(Line(text=f"And in the same way to {counted(len(arrows) - _SHOWN, 'more symptom')}"))
        return lines

    def _shortened(self, why: str) -> str:
        """A reason without the sentence that stands above already."""
        said = self.cause.summary
        if len(said) <= _REPEATED_CHARS:
            return why
        return why.replace(f", which {said}", " (as above)").replace(said, "as above")

    def _subject(self, finding_id: str) -> str:
        found = self.findings.get(finding_id)
        return f"{self._name(found.subject)} ({found.name})" if found else finding_id

    def _arrows(self) -> list[LinkRow]:
        within = {self.cause.finding, *self.cause.symptoms}
        arrows: list[LinkRow] = []
        seen, waiting = {self.cause.finding}, deque([self.cause.finding])
        while waiting:
            for link in self.tables.leaving.get(waiting.popleft(), ()):
                if link.symptom not in within:
                    continue
                arrows.append(link)
                if link.symptom not in seen:
                    seen.add(link.symptom)
                    waiting.append(link.symptom)
        return arrows

    def _sure(self) -> list[Line]:
        word = CONFIDENCE.get(self.cause.confidence, self.cause.confidence)
        because = _HOW_SURE.get(self.cause.confidence)
        text = f"{word.capitalize()}: {because}" if because else word.capitalize()
        # What was not read takes a step of certainty from every verdict that it could change.
        if self.cause.confidence != "certain" and self._gaps():
            text += f"; what may make it surer, or show another cause, stands under “{UNCHECKED}”"
        return [Line(text=text)]

    def _gaps(self) -> list[GapLine]:
        return unanswered(self.report, self.cause, self.findings)

    def _unchecked(self) -> list[Line]:
        gaps = self._gaps()
        lines = [Line(text=gap.in_full) for gap in gaps[:_SHOWN]]
        if len(gaps) > _SHOWN:
            lines.append(
                Line(text=f"And {counted(len(gaps) - _SHOWN, 'more thing')}: see `{self._command('scan', '-o wide')}`")
            )
        return lines

    def _more(self) -> Iterator[str]:
        """Commands that run as they stand: they look at what this one looked at."""
        if self.again is not None:
            yield self._command("explain", self.cause.fingerprint[:8])
        yield f"diag rules {self.cause.rule}"

    def _command(self, command: str, words: str) -> str:
        return " ".join(each for each in ("diag", command, self.again or "", words) if each)
