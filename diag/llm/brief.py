"""What a model is told of one cause: numbered facts, proven links and documented steps, and nothing else.

Made from the report alone, so it works for a live scan, a dump and a report that was saved. The brief is also what the
checker holds each sentence against: a sentence may say what its cited facts, links and steps say.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from diag.document import CauseRow, FindingRow, LinkRow, RefRow, Report
from diag.facts.folding import fold
from diag.views.citations import Citation, Citations
from diag.views.questions import unanswered
from diag.views.wording import CONFIDENCE, cost_of, long_duration, named, seconds_since

CHARS_PER_TOKEN = 3.5  # of English with many names and numbers; on the safe side
MOST_SYMPTOMS = 6
Kind = Literal["cause", "symptom", "evidence", "cost", "since", "certainty", "ruled_out", "unchecked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One statement. `text` is in diag's words; `quote` is what stands in the cluster, verbatim, and is only data.

    `about` are the objects of which it speaks, the one that it is true of first. `evidence` are ids of the report.
    """

    id: str = ""
    kind: Kind
    text: str
    quote: str = ""
    about: tuple[RefRow, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """Text and quote: all words that a sentence may take from this fact."""
        return f"{self.text}: {self.quote}" if self.quote else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A proven arrow between two facts: `effect` because of `cause`."""

    id: str = ""
    cause: str
    effect: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One documented remedy."""

    id: str = ""
    text: str
    command: str | None
    risk: str
    who: str
    condition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that may be said about one cause. `left_out` counts what the budget had no room for."""

    cause: str  # its id in the report
    name: str
    confidence: str
    facts: tuple[Fact, ...]
    links: tuple[Link, ...] = ()
    steps: tuple[Step, ...] = ()
    left_out: int = 0


@dataclass(slots=True)
class _Room:
    """Characters that are still free, and how many facts found no room."""

    left: float
    refused: int = 0

    def take(self, text: str) -> bool:
        """Whether there is room for a line, which is then taken."""
        if len(text) + 8 > self.left:  # its id, and the end of the line
            self.refused += 1
            return False
        self.left -= len(text) + 8
        return True


def brief(report: Report, cause: CauseRow, *, tokens: int) -> Brief:
    """The brief of one cause within about `tokens` tokens, the most telling facts kept first."""
    return _Briefing(report, cause, tokens).made()


@dataclass(slots=True)
class _Draft:
    """Facts with keys (a finding's or evidence's id), before they are numbered in reading order."""

    facts: dict[str, Fact] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


class _Briefing:
    def __init__(self, report: Report, cause: CauseRow, tokens: int) -> None:
        self.report, self.cause = report, cause
        self.findings = {one.id: one for one in report.findings}
        self.rows = {row.id: row for row in report.evidence}
        self.several = len(report.target.clusters) > 1
        self.room = _Room(tokens * CHARS_PER_TOKEN)
        self.draft = _Draft()
        self.seen_quotes: set[str] = set()

    def made(self) -> Brief:
        own = self.findings.get(self.cause.finding)
        symptoms = [self.findings[key] for key in self.cause.symptoms if key in self.findings]
        self._add(self.cause.finding, self._cause_fact())
        self._evidence(own.evidence[:2] if own else ())
        for one in symptoms[:1]:
            self._symptom(one)
        self._steps()
        for text, kind in self._amounts():
            self._add(kind, Fact(kind=kind, text=text, about=(self.cause.root,)))
        for one in symptoms[1:MOST_SYMPTOMS]:
            self._symptom(one)
        self._evidence(own.evidence[2:] if own else ())
        for link in self._links():
            self._evidence(link.evidence)
        self._rest()
        return self._numbered(symptoms)

    def _add(self, key: str, fact: Fact) -> bool:
        if key in self.draft.facts:
            return True
        if not self.room.take(fact.whole):
            return False
        self.draft.facts[key] = fact
        return True

    def _cause_fact(self) -> Fact:
        cause = self.cause
        return Fact(
            kind="cause", about=(cause.root,), evidence=self._proof(cause.finding),
            text=f"{self._name(cause.root)} is the root cause ({cause.name}, {cause.severity}): {cause.summary}",
        )  # fmt: skip

    def _symptom(self, found: FindingRow) -> None:
        about = (found.subject, *found.members)
        text = f"{self._name(found.subject)} ({found.name}): {found.summary}"
        fact = Fact(kind="symptom", text=text, about=about, evidence=self._proof(found.id))
        if self._add(found.id, fact):
            self._evidence(found.evidence[:1])

    def _proof(self, finding: str) -> tuple[str, ...]:
        """The evidence to show for a finding: the first piece decides."""
        found = self.findings.get(finding)
        return tuple(key for key in found.evidence[:1] if key in self.rows) if found else ()

    def _evidence(self, ids: Iterable[str]) -> None:
        """Pieces of evidence as facts, each once; lines that differ in numbers and ids only are told once."""
        cites = Citations(self.rows, with_cluster=self.several, telling=self.cause.summary)
        known = [key for key in ids if key in self.rows]
        cites.cite(known, most=len(known))
        for row in cites.rows():
            if row.evidence in known:
                self._piece(row)

    def _piece(self, row: Citation) -> None:
        alike = fold(row.value)
        if len(row.value) > 40 and alike in self.seen_quotes:  # noqa: PLR2004  short values are told each time
            return
        self.seen_quotes.add(alike)
        self._add(
            row.evidence,
            Fact(
                kind="evidence", text=row.place, quote=row.value, about=tuple(self._about(row.evidence)),
                evidence=(row.evidence,),
            ),
        )  # fmt: skip

    def _about(self, key: str, depth: int = 0) -> Iterator[RefRow]:
        """The objects that a piece of evidence speaks of; of a computed one, those of its parts."""
        row = self.rows.get(key)
        if row is None or depth > 3:  # noqa: PLR2004  sums of sums of sums
            return
        yield from row.objects()
        for part in row.from_ or ():
            yield from self._about(part, depth + 1)

    def _amounts(self) -> Iterator[tuple[str, Kind]]:
        if amounts := cost_of(self.cause.affected):
            yield f"What it costs: {amounts}", "cost"
        cluster = next((one for one in self.report.target.clusters if one.id == self.cause.root.cluster), None)
        lasting = seconds_since(self.cause.since, cluster.now if cluster else None)
        if self.cause.since and lasting is not None:
            yield f"Since {self.cause.since}; {long_duration(lasting)} before the snapshot", "since"
        yield f"How sure: {CONFIDENCE.get(self.cause.confidence, self.cause.confidence)}", "certainty"

    def _steps(self) -> None:
        for row in self.cause.remedies:
            step = Step(text=row.text, command=row.command, risk=row.risk, who=row.who, condition=row.if_)
            if self.room.take(f"{row.text} {row.command or ''} {row.if_ or ''}"):
                self.draft.steps.append(step)

    def _rest(self) -> None:
        """What was ruled out or is still open, and what could not be checked: last, as it explains the least."""
        for row in self.cause.alternatives:
            if not row.why.endswith("looked and found nothing"):
                text = f"{row.name} is {row.status.replace('_', ' ')}: {row.why}"
                self._add(f"alternative {row.name}", Fact(kind="ruled_out", text=text, about=(self.cause.root,)))
        for gap in unanswered(self.report, self.cause, self.findings):
            text = f"Could not be checked: {gap.what} ({gap.why})"
            self._add(f"gap {gap.what}", Fact(kind="unchecked", text=text))

    def _links(self) -> list[LinkRow]:
        within = {self.cause.finding, *self.cause.symptoms}
        return [link for link in self.report.links if link.cause in within and link.symptom in within]

    def _numbered(self, symptoms: Sequence[FindingRow]) -> Brief:
        ids = {key: f"F{number}" for number, key in enumerate(self.draft.facts, 1)}
        facts = tuple(replace(fact, id=ids[key]) for key, fact in self.draft.facts.items())
        told = [
            link for link in self._links() if link.cause in ids and link.symptom in ids and self.room.take(link.why)
        ]
        links = tuple(
            Link(id=f"L{number}", cause=ids[link.cause], effect=ids[link.symptom], why=link.why)
            for number, link in enumerate(told, 1)
        )
        steps = tuple(replace(step, id=f"R{number}") for number, step in enumerate(self.draft.steps, 1))
        beyond = max(len(symptoms) - MOST_SYMPTOMS, 0)
        return Brief(
            cause=self.cause.id, name=self.cause.name, confidence=self.cause.confidence, facts=facts, links=links,
            steps=steps, left_out=self.room.refused + beyond,
        )  # fmt: skip

    def _name(self, ref: RefRow) -> str:
        return named(ref, with_cluster=self.several)
