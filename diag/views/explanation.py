"""A cause explained without a model: complete rows that a template, a screen or a page draws.

Each line says which citations it rests on; nothing stands here that the report does not hold.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diag.document import AlternativeRow, CauseRow, FindingRow, LinkRow, RefRow, RemedyRow, Report
from diag.views.citations import Citation, Citations
from diag.views.coverage import gap_lines
from diag.views.timeline import timeline_lines
from diag.views.wording import (
    CONFIDENCE,
    WHO,
    counted,
    folded,
    gpu_cost,
    listed,
    long_duration,
    moment,
    named,
    seconds_since,
)

Kind = Literal["text", "item", "step", "command"]

_SHOWN = 5
_RISK_ORDER = ("safe", "disruptive", "irreversible")
_STATUS = {
    "ruled_out": "ruled out",
    "open": "still possible",
    "also_needed": "would have to change as well",
    "other_way": "another way out",
}
_HOW_SURE = {
    "certain": "the objects say so",
    "likely": "the signs agree, but not everything could be proven",
    "possible": "circumstances point to it, and nothing proves it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One statement, and the numbers of the citations it rests on."""

    text: str
    cites: tuple[int, ...] = ()
    kind: Kind = "item"


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


def explained(report: Report, cause: CauseRow) -> Explanation:
    """The explanation of one cause of this report."""
    return _Teller(report, cause).told()


class _Teller:
    """Holds what the sections share: the report's tables and the numbering of citations."""

    def __init__(self, report: Report, cause: CauseRow) -> None:
        self.report, self.cause = report, cause
        self.findings = {finding.id: finding for finding in report.findings}
        self.several = len(report.target.clusters) > 1
        self.cites = Citations(
            {row.id: row for row in report.evidence},
            with_cluster=self.several,
            telling=" ".join((cause.summary, *(each.summary for each in self._symptoms()))),
        )

    def told(self) -> Explanation:
        sections = (
            Section(title="What is wrong", lines=tuple(self._wrong())),
            Section(title="Since when", lines=tuple(self._since())),
            Section(title="What it costs", lines=tuple(self._cost())),
            Section(title="Why we think so", lines=tuple(self._why())),
            Section(title="Where the time went", lines=tuple(self._timelines())),
            Section(title="What else was considered", lines=tuple(map(self._alternative, self.cause.alternatives))),
            Section(title="What to do", lines=tuple(self._remedies())),
            Section(title="How sure this is", lines=tuple(self._sure())),
            Section(title="What could not be checked", lines=tuple(self._unchecked())),
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
            more=(f"diag explain {self.cause.fingerprint[:8]}", f"diag rules {self.cause.rule}"),
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
        mine = [one for one in timeline_lines(self.report) if str(one.pod) in concerned]
        for one in mine[:_SHOWN]:
            phases = listed(
                f"{phase.phase} {phase.length}"
                + (f" at {phase.rate}" if phase.rate else "")
                + (" (the longest)" if phase.slowest else "")
                for phase in one.phases
            )
            yield Line(text=f"{self._name(one.pod)}, {one.wall} from {one.span}: {phases}")

    def _wrong(self) -> list[Line]:
        lines = [
            Line(
                text=f"{self._name(self.cause.root)}: {self.cause.summary}", cites=self.cites.cite(self._own_evidence())
            )
        ]
        if owners := [self._name(ref) for ref in self.cause.lineage if ref != self.cause.root]:
            lines.append(Line(text="It belongs to " + " → ".join(owners)))
        symptoms = self._symptoms()
        lines += [
            Line(text=f"Seen as: {self._name(each.subject)}: {each.summary}", cites=self.cites.cite(each.evidence, 1))
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
        long = f"; {long_duration(lasting)} until the time of this look" if lasting is not None else ""
        return [Line(text=f"{at:%Y-%m-%d %H:%M:%S %Z}{long}")]

    def _cost(self) -> list[Line]:
        cost = self.cause.affected
        amounts = listed(
            (
                counted(cost.workloads, "workload") if cost.workloads else "",
                counted(cost.pods, "pod") if cost.pods else "",
                gpu_cost(cost.gpus, cost.gpus_lost),
            )
        )
        lines = [Line(text=amounts)] if amounts else []
        if cost.objects:
            lines.append(Line(text="Affected: " + folded([self._name(ref) for ref in cost.objects])))
        return lines

    def _why(self) -> list[Line]:
        """The proven arrows from the root to the symptoms, nearest to the root first."""
        arrows = self._arrows()
        if not arrows:
            alone = "Nothing that was looked at explains it further: the symptom stands as its own cause"
            stated = f"Read from {self._name(self.cause.root)} itself"
            own = self.findings.get(self.cause.finding)
            text = alone if own and own.role == "symptom" else stated
            return [Line(text=text, cites=self.cites.cite(self._own_evidence()))]
        lines = [
            Line(
                text=f"{self._subject(link.cause)} → {self._subject(link.symptom)}: {link.why}",
                cites=self.cites.cite(link.evidence),
                kind="step",
            )
            for link in arrows[:_SHOWN]
        ]
        if len(arrows) > _SHOWN:
            lines.append(Line(text=f"And in the same way to {counted(len(arrows) - _SHOWN, 'more symptom')}"))
        return lines

    def _subject(self, finding_id: str) -> str:
        found = self.findings.get(finding_id)
        return f"{self._name(found.subject)} ({found.name})" if found else finding_id

    def _arrows(self) -> list[LinkRow]:
        within = {self.cause.finding, *self.cause.symptoms}
        leaving: dict[str, list[LinkRow]] = {}
        for link in self.report.links:
            if link.cause in within and link.symptom in within:
                leaving.setdefault(link.cause, []).append(link)
        arrows: list[LinkRow] = []
        seen, waiting = {self.cause.finding}, deque([self.cause.finding])
        while waiting:
            for link in leaving.get(waiting.popleft(), ()):
                arrows.append(link)
                if link.symptom not in seen:
                    seen.add(link.symptom)
                    waiting.append(link.symptom)
        return arrows

    def _alternative(self, row: AlternativeRow) -> Line:
        return Line(
            text=f"{row.name}: {_STATUS.get(row.status, row.status)}, {row.why}", cites=self.cites.cite(row.evidence)
        )

    def _remedies(self) -> list[Line]:
        if not self.cause.remedies:
            return [Line(text=f"No remedy is known for this; `diag rules {self.cause.rule}` says what the rule knows")]
        lines: list[Line] = []
        for remedy in sorted(self.cause.remedies, key=_risk):
            condition = f" (if {remedy.if_})" if remedy.if_ else ""
            who = WHO.get(remedy.who, remedy.who)
            lines.append(Line(text=f"{remedy.text}{condition} [{who}; {remedy.risk}]", kind="step"))
            if remedy.command:
                lines.append(Line(text=remedy.command, kind="command"))
        return lines

    def _sure(self) -> list[Line]:
        word = CONFIDENCE.get(self.cause.confidence, self.cause.confidence)
        because = _HOW_SURE.get(self.cause.confidence)
        return [Line(text=f"{word.capitalize()}: {because}" if because else word.capitalize())]

    def _unchecked(self) -> list[Line]:
        gaps = gap_lines(self.report, clusters=(self.cause.root.cluster,))
        lines = [Line(text=f"{gap}{f'; to mend it: {gap.fix}' if gap.fix else ''}") for gap in gaps[:_SHOWN]]
        if len(gaps) > _SHOWN:
            lines.append(Line(text=f"And {counted(len(gaps) - _SHOWN, 'more thing')}: see `diag scan -o wide`"))
        return lines


def _risk(remedy: RemedyRow) -> int:
    return _RISK_ORDER.index(remedy.risk) if remedy.risk in _RISK_ORDER else len(_RISK_ORDER)
