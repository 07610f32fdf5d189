"""The causes as rows of a table: what a person sees first, in the report's order."""

from collections import Counter
from dataclasses import dataclass

from diag.document import CauseRow, FindingRow, RefRow, Report
from diag.views.wording import counted, gpu_cost, listed, seconds_since


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomLine:
    """One symptom under its cause; `members` counts the objects that suffer it."""

    id: str
    subject: RefRow
    summary: str
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """One cause. `gpus` are waited for, `gpus_lost` exist and cannot be used; `age_s` is None when unknown."""

    id: str
    severity: str
    confidence: str
    rule: str
    name: str
    root: RefRow
    cluster: str
    summary: str
    gpus: int
    gpus_lost: int
    pods: int
    workloads: int
    age_s: float | None
    fingerprint: str
    symptoms: tuple[SymptomLine, ...]
    objects: tuple[RefRow, ...]


def cause_lines(report: Report) -> list[CauseLine]:
    """All causes, ranked as the report ranks them."""
    findings = {finding.id: finding for finding in report.findings}
    now = {cluster.id: cluster.now for cluster in report.target.clusters}
    return [_line(cause, findings, now.get(cause.root.cluster)) for cause in report.causes]


def _line(cause: CauseRow, findings: dict[str, FindingRow], now: str | None) -> CauseLine:
    return CauseLine(
        id=cause.id,
        severity=cause.severity,
        confidence=cause.confidence,
        rule=cause.rule,
        name=cause.name,
        root=cause.root,
        cluster=cause.root.cluster,
        summary=cause.summary,
        gpus=cause.affected.gpus,
        gpus_lost=cause.affected.gpus_lost,
        pods=cause.affected.pods,
        workloads=cause.affected.workloads,
        age_s=seconds_since(cause.since, now),
        fingerprint=cause.fingerprint,
        symptoms=tuple(
            SymptomLine(id=found.id, subject=found.subject, summary=found.summary, members=max(len(found.members), 1))
            for found in map(findings.get, cause.symptoms)
            if found is not None and found.id != cause.finding
        ),
        objects=(cause.root, *cause.lineage, *cause.affected.objects),
    )


def summary_line(report: Report, *, hidden: int = 0) -> str:
    """The last line: how many, what they cost, what could not be checked. `hidden` causes are not shown above."""
    by_severity = Counter(cause.severity for cause in report.causes)
    blind = sum(gap.material for gap in report.gaps)
    unchecked = f"{counted(blind, 'thing')} could not be checked" if blind else ""
    if not report.causes:
        looked = "{} looked at {}".format(
            counted(report.stats.get("rules", 0), "rule"), counted(report.stats.get("objects", 0), "object")
        )
        return f"No causes found. {looked}" + (f": clean, but {unchecked}." if blind else ".")
    kinds = listed(counted(by_severity[each], each) for each in ("error", "warning") if by_severity[each])
    if by_severity["info"]:
        kinds = listed((kinds, f"{by_severity['info']} worth knowing"))
    cost = gpu_cost(
        sum(cause.affected.gpus for cause in report.causes), sum(cause.affected.gpus_lost for cause in report.causes)
    )
    more = f"{hidden} of them not shown" if hidden else ""
    return "; ".join(part for part in (kinds, more, cost, unchecked) if part)
