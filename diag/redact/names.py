"""The names that a report holds: what a redactor has to know by heart."""

from collections.abc import Iterator

from diag.document import RefRow, Report


def named_in(report: Report) -> Iterator[RefRow]:
    """Every object that a report names, the roots of causes first; clusters come as references without a name."""
    for cause in report.causes:
        yield cause.root
        yield from cause.lineage
        yield from cause.affected.objects
    for finding in report.findings:
        yield finding.subject
        yield from finding.members
    for row in report.evidence:
        yield from row.objects()
    for cluster in report.target.clusters:
        yield RefRow(cluster=cluster.id, apiVersion="", kind="Cluster", name="")
