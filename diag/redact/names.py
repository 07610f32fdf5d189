"""The names that a report and its snapshots hold: what a redactor has to know by heart."""

from collections.abc import Iterable, Iterator, Sequence

from diag.document import RefRow, Report
from diag.redact.references import in_field, in_text, referenced
from diag.snapshot.snapshot import Snapshot


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
        if isinstance(row.value, str):
            yield from in_text(row.value)
            yield from in_field(row.path, row.value) if isinstance(row.path, str) else ()
    for cluster in report.target.clusters:
        yield RefRow(cluster=cluster.id, apiVersion="", kind="Cluster", name="")


def named_by(snapshots: Sequence[Snapshot]) -> Iterator[RefRow]:
    """Every object that the objects and logs of snapshots refer to, whether it is there or not."""
    for snap in snapshots:
        for table in snap.tables.values():
            for item in table.values():
                yield from referenced(item.whole)
        for text in snap.logs.texts.values():
            yield from in_text(text)


def by_rank(refs: Iterable[RefRow]) -> list[RefRow]:
    """Objects before what is only referred to, of these namespaces and nodes: the first of a name tells its kind."""
    first = {"Namespace": 0, "Node": 1}
    return sorted(refs, key=lambda ref: (not ref.seen, first.get(ref.kind, 2), ref.kind, ref.namespace, ref.name))
