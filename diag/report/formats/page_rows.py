"""What the HTML page draws: rows of the views, cut into runs, cells and bars."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from diag.document import Report
from diag.report.look import Look, glyph
from diag.views.because import Step, Trees
from diag.views.causes import CauseLine, cause_lines
from diag.views.citations import Citation
from diag.views.explanation import Explanation, Section, explanations
from diag.views.lines import Kind
from diag.views.wording import CONFIDENCE, counted, gpu_cost, listed, named, short_duration

_DEEPEST = 8  # steps of a tree that are indented further than those above
_FIRST = ("What to do",)
_HEADLINE = "What is wrong"


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
    """A line of the because-tree: how deep it stands, what it says, and why the line above it is so."""

    depth: int
    text: str
    why: str


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
class FullCause(Heading):
    """A cause with all that is known of it. `proven`: the citations of its summary."""

    proven: tuple[int, ...]
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
    told = explanations(report, again=look.again, everything=look.everything)
    for cause, line, one in zip(report.causes, cause_lines(report), told, strict=True):
        steps = trees.of(cause)
        parts = [_part(section) for section in one.sections if section.title != _HEADLINE]
        head = _heading(line, several=several)
        yield FullCause(
            **{name: getattr(head, name) for name in Heading.__slots__},
            proven=_proven(one),
            first=[part for part in parts if part.title in _FIRST],
            rest=[part for part in parts if part.title not in _FIRST],
            tree=[_twig(step, several=several) for step in steps] if len(steps) > 1 else [],
            symptoms=counted(len(line.symptoms), "symptom"),
            citations=one.citations,
            proof=counted(len(one.citations), "piece"),
            more=one.more,
        )  # fmt: skip


def _proven(told: Explanation) -> tuple[int, ...]:
    headline = next((section for section in told.sections if section.title == _HEADLINE), None)
    return headline.lines[0].cites if headline else ()


def further(report: Report, lines: Sequence[CauseLine]) -> list[Heading]:
    """Causes in one line each."""
    return [_heading(line, several=len(report.target.clusters) > 1) for line in lines]


def _heading(line: CauseLine, *, several: bool) -> Heading:
    sure = CONFIDENCE.get(line.confidence, line.confidence)
    age = f"began {short_duration(line.age_s)} ago" if line.age_s is not None else ""
    cost = gpu_cost(line.gpus, line.gpus_lost)
    return Heading(
        id=line.id, severity=line.severity, glyph=glyph(line.severity), root=named(line.root, with_cluster=several),
        summary=line.summary,
        facts=listed((f"{line.name} ({line.rule})", sure, cost, age, f"fingerprint {line.fingerprint}")),
    )  # fmt: skip


def _twig(step: Step, *, several: bool) -> Twig:
    subject = named(step.subject, with_cluster=several)
    text = f"↳ see {step.number}: {subject}" if step.is_reference else f"{step.number}. {subject}: {step.summary}"
    return Twig(depth=min(step.depth, _DEEPEST), text=text + " ◆ root" * step.is_root, why=step.why)


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
