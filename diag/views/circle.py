"""Every object that belongs to a cause: what it is about, and what its sentences and its evidence name besides."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from diag.document import CauseRow, EvidenceRow, FindingRow, LinkRow, LogRow, RefRow, Report
from diag.views.typed import Key, key

_WORD = re.compile(r"[A-Za-z0-9](?:[\w./-]*[A-Za-z0-9])?")
# Names of these are unlike words of a sentence, and nothing else is called by them.
_SINGULAR = ("Pod", "Node")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """One cause's objects. `about`: root, owners, affected, subjects and members; `cited`: those of its evidence.

    `involved` are (namespace, name) that cited events speak of; `words` the names and pairs of words in its sentences.
    """

    cause: CauseRow
    about: frozenset[Key]
    cited: frozenset[Key]
    involved: frozenset[tuple[str, str]]
    words: frozenset[str]

    def is_about(self, ref: RefRow) -> bool:
        """Whether the cause concerns the object itself."""
        return key(ref) in self.about

    def names(self, ref: RefRow) -> bool:
        """Whether its evidence or its sentences name the object."""
        if key(ref) in self.cited or (ref.namespace, ref.name) in self.involved:
            return True
        if ref.namespace and f"{ref.namespace}/{ref.name}" in self.words:
            return True
        if f"{ref.kind} {ref.name}" in self.words:
            return ref.namespace in self.namespaces() or not ref.namespace
        return ref.kind in _SINGULAR and ref.name in self.words

    def namespaces(self) -> set[str]:
        """The namespaces of all its objects."""
        return {each[3] for each in (*self.about, *self.cited) if each[3]} | {each for each, _ in self.involved if each}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A cause with the rows that it leans on: findings, links between them, and the evidence of both."""

    cause: CauseRow
    findings: tuple[FindingRow, ...]
    links: tuple[LinkRow, ...]
    evidence: tuple[EvidenceRow, ...]

    def sentences(self) -> Iterator[str]:
        """What is said of it and of its symptoms."""
        yield self.cause.summary
        yield from (row.summary for row in self.findings)
        yield from (link.why for link in self.links)


def reached(report: Report) -> Iterator[Reached]:
    """Each cause with its rows, in the report's order."""
    findings = {row.id: row for row in report.findings}
    evidence = {row.id: row for row in report.evidence}
    leaving: dict[str, list[LinkRow]] = {}
    for link in report.links:
        leaving.setdefault(link.cause, []).append(link)
    for cause in report.causes:
        ids = dict.fromkeys((cause.finding, *cause.symptoms))
        rows = [findings[each] for each in ids if each in findings]
        links = [link for each in ids for link in leaving.get(each, ()) if link.symptom in ids]
        cited = [each for row in rows for each in row.evidence] + [each for link in links for each in link.evidence]
        yield Reached(
            cause=cause, findings=tuple(rows), links=tuple(links), evidence=tuple(cited_rows(cited, evidence))
        )


def circles(report: Report) -> list[Circle]:
    """The circle of each cause, in the report's order."""
    return list(map(_circle, reached(report)))


def _circle(one: Reached) -> Circle:
    cause = one.cause
    about = [cause.root, *cause.lineage, *cause.affected.objects]
    about += [ref for row in one.findings for ref in (row.subject, *row.members)]
    cited = [ref for row in one.evidence for ref in _objects(row)]
    return Circle(
        cause=cause,
        about=frozenset(map(key, about)),
        cited=frozenset(map(key, cited)),
        # An event is called after the object that it speaks of, and a number (client-go's recorder).
        involved=frozenset((ref.namespace, ref.name.rpartition(".")[0]) for ref in cited if ref.kind == "Event"),
        words=frozenset(word for sentence in one.sentences() for word in _words(sentence)),
    )


def cited_rows(ids: Iterable[str], evidence: dict[str, EvidenceRow]) -> list[EvidenceRow]:
    """The cited pieces and the parts that they were computed from, each once."""
    found: dict[str, EvidenceRow] = {}
    waiting = list(ids)
    while waiting:
        each = waiting.pop()
        if each in evidence and each not in found:
            found[each] = evidence[each]
            parts = evidence[each].from_
            waiting += parts if isinstance(parts, list) else []
    return list(found.values())


def _objects(row: EvidenceRow) -> Iterator[RefRow]:
    yield from (ref for ref in (row.object, row.absent) if isinstance(ref, RefRow))
    if isinstance(row.log, LogRow):
        yield row.log.pod


def _words(sentence: str) -> Iterator[str]:
    found = _WORD.findall(sentence)
    yield from found
    yield from (f"{kind} {name}" for kind, name in pairwise(found))
