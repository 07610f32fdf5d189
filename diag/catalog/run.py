"""Run all rules over one snapshot's trouble. A rule that fails is a gap; what it yielded before stays."""

import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from diag.catalog.context import Context
from diag.catalog.damage import doubted
from diag.catalog.match import Matcher
from diag.catalog.near_names import with_near_names
from diag.catalog.registry import Registry, role_of
from diag.catalog.retired import formerly
from diag.catalog.rule import Rule
from diag.catalog.signature import Signature, Table
from diag.catalog.sound import sound
from diag.findings import Basis, Finding, Gap, Question, Severity
from diag.trouble.trouble import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding with what its rule declares."""

    rule: str
    name: str
    role: str
    severity: Severity
    question: Question
    basis: Basis
    refines: tuple[str, ...]
    finding: Finding
    general: bool = False  # words that any program may print
    doubted: bool = False  # an object that cannot be read may be one that it says is not there, or did not count


@dataclass(slots=True)
class Ran:
    """What the rules said, and how they went about it."""

    found: list[Found] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # ids of all rules that ran
    read: dict[str, set[str]] = field(default_factory=dict)  # rule id -> kinds that it asked for by name
    met: dict[str, set[str]] = field(default_factory=dict)  # rule id -> kinds of objects that it came by
    visits: dict[str, Counter[str]] = field(default_factory=dict)
    logless: set[str] = field(default_factory=set)  # ids of rules that asked for a log that was not there


def run(registry: Registry, trouble: Trouble, wanted: Callable[[str, str], bool]) -> Ran:
    """Run every wanted rule (asked by id and name), those of stage 2 for what the others need."""
    ran = Ran(gaps=list(registry.gaps))
    functions = [rule for rule in registry.functions if any(wanted(one.id, one.name) for one in rule.named)]
    for rule in functions:
        if rule.stage == 1:
            _run_function(ran, rule, Context(trouble), wanted)
    _run_tables(ran, registry, trouble, wanted)
    needed = frozenset(ref for found in ran.found for ref in found.finding.needs)
    for rule in functions:
        if rule.stage != 1 and needed:
            _run_function(ran, rule, Context(trouble, needed), wanted)
        elif rule.stage != 1:  # asked as well: nothing is needed that could be in such a state
            ran.asked += _ids(rule, wanted)
    ran.found = [replace(found, finding=with_near_names(trouble.snap, found.finding)) for found in ran.found]
    return ran


def _run_function(ran: Ran, rule: Rule, ctx: Context, wanted: Callable[[str, str], bool]) -> None:
    def findings() -> Iterator[Found]:
        for finding in map(sound, rule.function(ctx)):
            if isinstance(finding, Gap):
                ran.gaps.append(finding)
                continue
            named = rule.by_name(finding.name)
            sure = doubted(finding, ctx.snap) if ctx.damaged else finding
            if wanted(named.id, named.name):
                yield Found(
                    rule=named.id, name=named.name, role=role_of(named.name),
                    severity=finding.severity or named.severity, question=rule.question, basis=named.basis,
                    refines=named.refines, finding=sure, doubted=sure is not finding,
                )  # fmt: skip

    _guard(ran, rule.id, _ids(rule, wanted), ctx=ctx, findings=findings())
    ran.read[rule.id], ran.met[rule.id], ran.visits[rule.id] = ctx.snap.read, ctx.snap.met, ctx.snap.visits
    if ctx.snap.logless:
        ran.logless.add(rule.id)


def _ids(rule: Rule, wanted: Callable[[str, str], bool]) -> list[str]:
    return [one.id for one in rule.named if wanted(one.id, one.name)]


def _run_tables(ran: Ran, registry: Registry, trouble: Trouble, wanted: Callable[[str, str], bool]) -> None:
    ctx = Context(trouble)
    matcher = Matcher(ctx)
    for table in registry.tables:
        findings = (_of_row(row, finding, table) for row, finding in matcher.match(table) if wanted(row.id, row.name))
        ids = [row.id for row in table.rows if wanted(row.id, row.name)]
        if ids:
            _guard(ran, table.module, ids, ctx=ctx, findings=findings)


def _of_row(row: Signature, finding: Finding, table: Table) -> Found:
    return Found(
        rule=row.id, name=row.name, role=role_of(row.name), severity=finding.severity or row.severity,
        question=row.question, basis=row.basis, refines=row.refines, finding=finding,
        general=table.any_program,
    )  # fmt: skip


def _guard(ran: Ran, rule: str, ids: list[str], *, ctx: Context, findings: Iterator[Found]) -> None:
    ran.asked += ids
    try:
        ran.found.extend(findings)
    except Exception as error:  # noqa: BLE001  one rule must not cost the report, whatever it does
        ran.gaps.append(
            Gap(
                cluster=ctx.cluster,
                what=f"rule {rule}",
                why="rule-crashed",
                hides=tuple(ids),
                detail="".join(traceback.format_exception(error)),
                fix="report it; -v shows where it stopped",
            )
        )


def selects(patterns: list[str], rule: str, name: str) -> bool:
    """Whether any glob (`QUO*`, `SCH101`, `gpu-*`) means the rule, by id, name, or an id that it took the place of."""
    words = (rule, name, *formerly(rule))
    return any(fnmatchcase(word, pattern) for word in words for pattern in patterns)
