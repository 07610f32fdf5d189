"""The causes as rows of a table: what a person sees first, in the report's order."""

from collections import Counter
from dataclasses import dataclass

from diag.document import AGE_CAP_S, ELSEWHERE, LIST, CauseRow, FindingRow, RefRow, Report
from diag.views.wording import counted, folded, gpu_cost, listed, long_duration, seconds_since

_BASIC = {"list Pod": "pods", "list Node": "nodes", "list Event": "events"}  # gaps without which nothing is clean
DAMAGED = ("truncated", "unreadable", "error")


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


# What they are sorted by (`Assessed.rank`), as far as a reader needs it.
ORDER = f"by severity, then by GPUs (waited for + lost) × age ({long_duration(AGE_CAP_S)} at most)"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Causes that were found and are not shown: how many, and by which of the user's words (`-n ml sev:error`).

    `remark` is a sentence for who chose something that is not there.
    """

    count: int
    by: str
    remark: str = ""


def summary_line(report: Report, *, unlisted: int = 0, hidden: Hidden | None = None) -> str:
    """The last line: how many, what they cost, what could not be checked. `unlisted` causes are beyond a limit."""
    blind = sum(gap.material for gap in report.gaps)
    unchecked = f"{counted(blind, 'thing')} could not be checked" if blind else ""
    remark = f" {hidden.remark}" if hidden and hidden.remark else ""
    if not report.causes:
        return _none_shown(report, hidden, unchecked) + remark
    by_severity = Counter(cause.severity for cause in report.causes)
    kinds = listed(counted(by_severity[each], each) for each in ("error", "warning") if by_severity[each])
    if by_severity["info"]:
        kinds = listed((kinds, f"{by_severity['info']} info"))
    more = f"{unlisted} of them not shown" if unlisted else ""
    cost = gpu_cost(
        sum(cause.affected.gpus for cause in report.causes), sum(cause.affected.gpus_lost for cause in report.causes)
    )
    others = f"{hidden.count} more hidden by {hidden.by}" if hidden and hidden.count else ""
    return "; ".join(part for part in (kinds, more, others, cost, unchecked) if part)


def _none_shown(report: Report, hidden: Hidden | None, unchecked: str) -> str:
    if hidden and hidden.count:
        verb = "is" if hidden.count == 1 else "are"
        also = f"; {unchecked}" if unchecked else ""
        return f"No causes shown: {counted(hidden.count, 'cause')} {verb} hidden by {hidden.by}{also}."
    looked = "{} looked at {}".format(
        counted(report.stats.get("rules", 0), "rule"), counted(report.stats.get("objects", 0), "object")
    )
    missed = not_seen(report)
    if missed:
        return f"No causes found in what was read, which is not all: {missed}. {looked}; {unchecked}."
    return f"No causes found. {looked}" + (f": clean, but {unchecked}." if unchecked else ".")


def not_seen(report: Report) -> str:
    """What a cluster cannot be called clean without: pods, nodes, events, and what was there and is not readable."""
    kinds = {gap.what.removesuffix(ELSEWHERE) for gap in report.gaps} & {*_BASIC}
    none = [f"{'not all' if report.stats.get(word) else 'no'} {word}" for what, word in _BASIC.items() if what in kinds]
    damaged = [gap.what for gap in report.gaps if gap.material and gap.why in DAMAGED and gap.what not in _BASIC]
    unread = f"{folded(damaged, 2)} could not be read" if damaged else ""
    return ", and ".join(filter(None, [f"{listed(none)} were seen" if none else "", unread]))


def could_not_look(report: Report) -> bool:
    """Whether pods were there to be read, none could be, and nothing else was found: this is no answer.

    Another kind that could not be listed hides no pods, for whatever reason that was.
    """
    failed = any(
        gap.why in (*DAMAGED, "forbidden", "timeout") if gap.what == f"{LIST}Pod"
        else gap.why in DAMAGED and not gap.what.startswith(LIST)
        for gap in report.gaps
    )  # fmt: skip
    return failed and not report.causes and not report.stats.get("pods")
