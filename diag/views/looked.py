"""What every rule came to: found something, looked and was silent, or could not look, and what would mend that.

The document that `diag coverage -o json` prints (additive changes only).
"""

import re
from collections.abc import Iterator, Sequence

from diag.catalog.registry import RuleInfo
from diag.causes.silence import plural
from diag.document import GapRow, Report, Row, ToolRow
from diag.views.coverage import gap_lines
from diag.views.table import Column, Line, Table
from diag.views.wording import WHY_NOT, counted, folded

SCHEMA = "diag.coverage/v1"
# Gaps that discovery leaves: `discover /apis`, `discover /api`, `discover policy/v1`.
_DISCOVERED = re.compile(r"discover (?:/(?P<root>apis?)|(?P<group>[^/ ]+)/\S+)")
# How the command of such a gap begins: with the context and whatever else was named.
_KUBECTL = re.compile(r"kubectl (?:--[a-z-]+ (?:[^\s']|'[^']*')+ )*")
_ORDER = ("could not look", "found", "silent")


class RuleRow(Row, kw_only=True):
    """One rule. `outcome` is found, silent, or "could not look" (then `why` and `fix` say more)."""

    id: str
    name: str
    summary: str
    outcome: str
    findings: int
    why: list[str]
    fix: list[str]


class Coverage(Row, kw_only=True):
    """All rules that were asked, and every gap."""

    schema: str = SCHEMA
    tool: ToolRow
    rules: list[RuleRow]
    gaps: list[GapRow]


def coverage(report: Report, rules: Sequence[RuleInfo]) -> Coverage:
    """What each of these rules came to in this report. A rule that found something and is half blind, found."""
    found: dict[str, int] = {}
    for row in (*report.findings, *(each.finding for each in report.ignored)):
        found[row.rule] = found.get(row.rule, 0) + 1
    blind: dict[str, list[GapRow]] = {}
    for gap in report.gaps:
        for rule in gap.hides:
            blind.setdefault(rule, []).append(gap)
    rows = [_rule(rule, found.get(rule.id, 0), blind.get(rule.id, [])) for rule in rules]
    rows.sort(key=lambda row: (_ORDER.index(row.outcome), row.id))
    return Coverage(tool=report.tool, rules=rows, gaps=report.gaps)


def _rule(rule: RuleInfo, findings: int, gaps: Sequence[GapRow]) -> RuleRow:
    return RuleRow(
        id=rule.id,
        name=rule.name,
        summary=rule.summary,
        outcome="found" if findings else "could not look" if gaps else "silent",
        findings=findings,
        why=[f"{gap.what}: {WHY_NOT.get(gap.why, gap.why)}" for gap in gaps],
        fix=list(dict.fromkeys(fix for gap in gaps for fix in (gap.fix, *_of_each_kind(gap, rule)) if fix)),
    )


def _of_each_kind(gap: GapRow, rule: RuleInfo) -> Iterator[str]:
    """Where it was hidden what the cluster serves, the commands that show what the rule reads of it, kind by kind."""
    where = _DISCOVERED.fullmatch(gap.what)
    asks = _KUBECTL.match(gap.fix)
    if where is None or asks is None:
        return
    for kind in rule.inputs:
        group = kind.rpartition("/")[0]
        if bool(group) if where["root"] == "apis" else group == (where["group"] or ""):
            yield f"{asks[0]}get {plural(kind)} -A"


def coverage_tables(report: Report, found: Coverage) -> list[Table]:
    """First the gaps with what would mend them, then the rules."""
    return [gaps_table(report), rules_table(found)]


def gaps_table(report: Report) -> Table:
    """The gaps, those that could change a verdict first."""
    columns = (
        Column(title="WHAT", least=20),
        Column(title="WHY", least=10),
        Column(title="MATTERS"),
        Column(title="HIDES", least=12),
        Column(title="FIX", least=16),
    )
    lines = [
        Line(
            key=f"{gap.cluster}/{gap.what}/{gap.why}",
            values=(gap.what, gap.because, "yes" if gap.material else "no", gap.hides or "-", gap.fix or "-"),
            severity="warning" if gap.material else "",
        )
        for gap in gap_lines(report, material_only=False)
    ]
    return Table(columns=columns, lines=lines, empty="Everything that the rules read was there.")


def rules_table(found: Coverage) -> Table:
    """The rules, those that could not look first."""
    columns = (
        Column(title="RULE"),
        Column(title="OUTCOME"),
        Column(title="FOUND", kind="count", named="findings"),
        Column(title="NAME", least=16),
        Column(title="WHY", least=10),
    )
    lines = [
        Line(
            key=row.id,
            values=(row.id, row.outcome, row.findings, row.name, folded(row.why, 2) or row.summary),
            severity="warning" if row.outcome == "could not look" else "",
        )
        for row in found.rules
    ]
    counts = {name: sum(row.outcome == name for row in found.rules) for name in _ORDER}
    told = f"{counted(len(found.rules), 'rule')}: {counts['found']} found something, {counts['silent']} were silent, "
    return Table(columns=columns, lines=lines, title=f"{told}{counts['could not look']} could not look", empty="")
