"""A report with some of its causes, and all that those lean on: what a filter or a subject leaves."""

from collections.abc import Collection, Iterable

import msgspec

from diag.document import CauseRow, EvidenceRow, Report


def narrowed(report: Report, cause_ids: Collection[str]) -> Report:
    """The report with only these causes, their findings, links, evidence and timelines. Gaps and counts stay."""
    causes = [cause for cause in report.causes if cause.id in cause_ids]
    if len(causes) == len(report.causes):
        return report
    reached = _reached(causes)
    findings = [finding for finding in report.findings if finding.id in reached]
    links = [link for link in report.links if link.cause in reached and link.symptom in reached]
    citing = [row.evidence for row in findings]
    citing += [row.evidence for row in links]
    citing += [row.evidence for cause in causes for row in cause.alternatives]
    kept = _closed({cited for each in citing for cited in each}, report.evidence)
    concerned = {str(ref) for finding in findings for ref in (finding.subject, *finding.members)}
    concerned.update(str(ref) for cause in causes for ref in (cause.root, *cause.affected.objects))
    return msgspec.structs.replace(
        report,
        causes=causes,
        findings=findings,
        links=links,
        evidence=[row for row in report.evidence if row.id in kept],
        timelines=[line for line in report.timelines if str(line.pod) in concerned],
    )


def _reached(causes: Iterable[CauseRow]) -> set[str]:
    return {finding for cause in causes for finding in (cause.finding, *cause.symptoms)}


def _closed(cited: set[str], evidence: Iterable[EvidenceRow]) -> set[str]:
    """The cited pieces and the parts that they were computed from."""
    parts = {row.id: row.from_ for row in evidence if isinstance(row.from_, list)}
    closed, waiting = set(cited), list(cited)
    while waiting:
        fresh = set(parts.get(waiting.pop(), ())) - closed
        closed |= fresh
        waiting.extend(fresh)
    return closed
