"""What the HTML page draws: rows of the views, cut into runs, cells and bars."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from diag.document import Report
from diag.report.look import Look, glyph
from diag.views.because import Step, Trees
from diag.views.causes import CauseLine, cause_lines
from diag.views.citations import Citation
from diag.views.coverage import GapLine, gap_lines
from diag.views.explanation import UNCHECKED, WHY, Explanation, Section, explanations
from diag.views.lines import Kind
from diag.views.questions import unanswered
from diag.views.wording import CONFIDENCE, counted, gpu_cost, listed, named, short_duration

_CITED = 4  # pieces that a step of a tree leads to
_DEEPEST = 8  # steps of a tree that are indented further than those above
_FIRST = ("What to do",)
_HEADLINE = "What is wrong"
_ELSEWHERE = (_HEADLINE, UNCHECKED)  # of a cause; the page says these once, above it and for all causes
_COUNTED = re.compile(r"^counted: ")
_MOST_TOLD = 220  # characters of a symptom, where the evidence holds the rest
_WORTH = 80  # characters of a rest that a cut within a sentence is worth
_SENTENCE = re.compile(r"[.;] ")
_QUOTE_CHARS = 4_000  # a page has room for a whole message, on paper too


@dataclass(slots=True, kw_only=True)
class Item:
    """One statement, its citations, and the commands that belong to it."""

    text: str
    cites: tuple[int, ...]
    commands: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Statements of one kind in a row; steps are numbered on from `start`."""

    kind: Kind
    lines: list[Item]
    start: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading and its runs."""

    title: str
    runs: list[Run]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twig:
    """A line of the because-tree: how deep it stands, why the line above it is so, what it says, and what proves it."""

    depth: int
    why: str
    text: str
    cites: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands first of a cause."""

    id: str
    severity: str
    glyph: str
    root: str
    summary: str
    facts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A gap with the place where the page tells of it, and the causes of which it could change what is said."""

    id: str
    gap: GapLine
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FullCause(Heading):
    """A cause with all that is known of it.

    `proven`: the citations of its summary; `told_by`: what names it to a program; `unsure`: it is not certain;
    `unseen`: what could not be checked and may be why.
    """

    proven: tuple[int, ...]
    told_by: str
    unsure: bool
    unseen: list[Unseen]
    first: list[Part]
    rest: list[Part]
    tree: list[Twig]
    symptoms: str
    citations: tuple[Citation, ...]
    proof: str
    more: tuple[str, ...]


def causes_in_full(report: Report, look: Look) -> Iterator[FullCause]:
    """Each cause, in the report's order; the report is a cleaned one."""
    trees = Trees(report)
    several = len(report.target.clusters) > 1
    findings = {each.id: each for each in report.findings}
    places = {gap: f"gap-{number}" for number, gap in enumerate(gap_lines(report), 1)}
    told = explanations(report, again=look.again, everything=look.everything, quote_chars=_QUOTE_CHARS)
    for cause, line, one in zip(report.causes, cause_lines(report), told, strict=True):
        steps = trees.of(cause)
        in_tree = (WHY,) if len(steps) > 1 else ()
        parts = [_part(section) for section in one.sections if section.title not in (*_ELSEWHERE, *in_tree)]
        citations = tuple(replace(each, place=_COUNTED.sub("counted by diag: ", each.place)) for each in one.citations)
        cited = {each.evidence: each for each in citations}
        head = _heading(line, several=several)
        yield FullCause(
            **{name: getattr(head, name) for name in Heading.__slots__},
            proven=_proven(one),
            told_by=_told_by(line),
            unsure=cause.confidence != "certain",
            unseen=[Unseen(id=places[gap], gap=gap) for gap in unanswered(report, cause, findings) if gap in places],
            first=[part for part in parts if part.title in _FIRST],
            rest=[part for part in parts if part.title not in _FIRST],
            tree=[_twig(step, cited, several=several) for step in steps] if len(steps) > 1 else [],
            symptoms=counted(len(line.symptoms), "symptom"),
            citations=citations,
            proof=counted(len(citations), "piece"),
            more=one.more,
        )  # fmt: skip


def numbered(gaps: Iterable[GapLine], causes: Iterable[FullCause]) -> list[Unseen]:
    """The gaps in their order, each with the causes among these of which it may change what is said."""
    touched: dict[GapLine, list[str]] = {}
    for cause in causes:
        for each in cause.unseen:
            touched.setdefault(each.gap, []).append(cause.id)
    return [
        Unseen(id=f"gap-{number}", gap=gap, causes=tuple(touched.get(gap, ()))) for number, gap in enumerate(gaps, 1)
    ]


def _proven(told: Explanation) -> tuple[int, ...]:
    headline = next((section for section in told.sections if section.title == _HEADLINE), None)
    return headline.lines[0].cites if headline else ()


def further(report: Report, lines: Sequence[CauseLine]) -> list[Heading]:
    """Causes in one line each."""
    several = len(report.target.clusters) > 1
    return [_heading(line, several=several, told_by=_told_by(line)) for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A cause in one line: whose, its name, and what it costs."""

    id: str
    severity: str
    glyph: str
    root: str
    name: str
    cost: str


def overview(report: Report, lines: Sequence[CauseLine]) -> list[Short]:
    """Causes by name, each of which leads to all that is known of it."""
    several = len(report.target.clusters) > 1
    return [
        Short(
            id=line.id, severity=line.severity, glyph=glyph(line.severity), name=line.name.replace("-", " "),
            root=named(line.root, with_cluster=several), cost=gpu_cost(line.gpus, line.gpus_lost),
        )
        for line in lines
    ]  # fmt: skip


def _heading(line: CauseLine, *, several: bool, told_by: str = "") -> Heading:
    sure = CONFIDENCE.get(line.confidence, line.confidence)
    age = f"began {short_duration(line.age_s)} ago" if line.age_s is not None else ""
    cost = gpu_cost(line.gpus, line.gpus_lost)
    return Heading(
        id=line.id, severity=line.severity, glyph=glyph(line.severity), root=named(line.root, with_cluster=several),
        summary=line.summary,
        facts=listed((sure, cost, age, told_by)),
    )  # fmt: skip


def _told_by(line: CauseLine) -> str:
    return f"{line.name} ({line.rule}), fingerprint {line.fingerprint}"


def _twig(step: Step, cited: Mapping[str, Citation], *, several: bool) -> Twig:
    """A line that repeats nothing: the root's sentence is the headline, and a reason may end with what follows it.

    Steps have letters: numbers name the evidence, and what to do.
    """
    subject = named(step.subject, with_cluster=several)
    root = "◆ root: " if step.is_root else ""
    proof = sorted([cited[each] for each in step.evidence if each in cited][:_CITED], key=lambda each: each.number)
    if step.is_reference:
        text = f"↳ see {_letter(step.number)}: {root}{subject}"
    elif step.is_root:
        text = f"{_letter(step.number)}. {root}{subject}, as said above"
    else:
        text = f"{_letter(step.number)}. {subject}: {_told(step.summary, cited.values())}"
    reason = step.why.removesuffix(step.summary).rstrip(": ")
    why = (f"because {reason}:" if reason else "caused by:") if step.depth else ""
    return Twig(depth=min(step.depth, _DEEPEST), why=why, text=text, cites=tuple(each.number for each in proof))


def _letter(number: int) -> str:
    """A, B, … Z, AA, AB."""
    letters = ""
    while number > 0:
        number, at = divmod(number - 1, 26)
        letters = chr(ord("A") + at) + letters
    return letters


def _told(summary: str, proof: Iterable[Citation]) -> str:
    """A symptom's first words, where the evidence below it quotes the others in full."""
    if len(summary) <= _MOST_TOLD:
        return summary
    ends = [found.start() + 1 for found in _SENTENCE.finditer(summary, _MOST_TOLD // 4, _MOST_TOLD)]
    end = ends[0] if ends else summary.rfind(" ", 0, _MOST_TOLD)
    rest = summary[end:].strip()
    quoted = (bool(ends) or len(rest) > _WORTH) and any(rest in each.value for each in proof)
    return f"{summary[:end]} … (in full under Evidence)" if end > 0 and quoted else summary


def _part(section: Section) -> Part:
    """The lines as lists: a command belongs to the statement before it."""
    items: list[tuple[Kind, Item]] = []
    for line in section.lines:
        if line.kind == "command" and items:
            items[-1][1].commands.append(line.text)
        else:
            items.append((line.kind, Item(text=line.text, cites=line.cites)))
    runs: list[Run] = []
    steps = 0
    for kind, group in groupby(items, key=lambda item: item[0]):
        lines = [item for _, item in group]
        runs.append(Run(kind=kind, lines=lines, start=steps + 1))
        steps += len(lines) if kind == "step" else 0
    return Part(title=section.title, runs=runs)


def ignored_rows(report: Report) -> list[str]:
    """What was put aside, by whom and why."""
    return [
        f"{named(row.finding.subject)}: {row.finding.summary} ({row.finding.rule}, by {row.by}: {row.reason})"
        for row in report.ignored
    ]
