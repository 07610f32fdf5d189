"""What a filter sees of a cause; the objects and the words of its symptoms count as its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from diag.document import CauseRow, FindingRow, RefRow, Report
from diag.views.filter import Cell, FilterRow, LazyRow, Term, holds
from diag.views.wording import seconds_since


class CauseFields:
    """The causes of one report as a filter sees them. A column is made when a term asks for it."""

    def __init__(self, report: Report) -> None:
        self._findings = {finding.id: finding for finding in report.findings}
        self._now = {cluster.id: cluster.now for cluster in report.target.clusters}
        self._said: dict[str, str] = {}  # by the id of a finding: its words as a symptom
        self._columns: Mapping[str, Callable[[CauseRow], Cell]] = {
            "sev": lambda cause: (cause.severity,),
            "ns": lambda cause: tuple({ref.namespace for ref in self._objects(cause) if ref.namespace}),
            "rule": lambda cause: (cause.rule,),
            "name": lambda cause: (cause.name,),
            "kind": lambda cause: (cause.root.kind,),
            "root": lambda cause: _names(cause.root),
            "obj": lambda cause: tuple({name for ref in self._objects(cause) for name in _names(ref)}),
            "confidence": lambda cause: (cause.confidence,),
            "cluster": lambda cause: (cause.root.cluster,),
            "id": lambda cause: (cause.id, *(symptom.id for symptom in self._symptoms(cause))),
            "summary": lambda cause: (cause.summary, *(symptom.summary for symptom in self._symptoms(cause))),
            "fingerprint": lambda cause: (cause.fingerprint,),
            "gpus": lambda cause: float(cause.affected.gpus + cause.affected.gpus_lost),  # as its column shows
            "waited": lambda cause: float(cause.affected.gpus),
            "lost": lambda cause: float(cause.affected.gpus_lost),
            "age": lambda cause: seconds_since(cause.since, self._now.get(cause.root.cluster)),
            "pods": lambda cause: float(cause.affected.pods),
            "workloads": lambda cause: float(cause.affected.workloads),
        }

    def row(self, cause: CauseRow) -> FilterRow:
        """A cause as terms ask for it."""
        return LazyRow(self._columns, cause)

    def words(self, cause: CauseRow) -> str:
        """All texts of a cause in small letters, where words are looked for; none goes over the end of one."""
        own = "\n".join(
            (
                cause.severity, cause.confidence, cause.rule, cause.name, cause.root.cluster, cause.id, cause.summary,
                cause.fingerprint, _said(cause.root), *map(_said, cause.lineage), *map(_said, cause.affected.objects),
            )
        )  # fmt: skip
        return "\n".join((own.casefold(), *map(self._of_symptom, self._symptoms(cause))))

    def _of_symptom(self, symptom: FindingRow) -> str:
        said = self._said.get(symptom.id)
        if said is None:
            said = f"{symptom.id}\n{symptom.summary}\n{_said(symptom.subject)}".casefold()
            self._said[symptom.id] = said
        return said

    def _symptoms(self, cause: CauseRow) -> Iterator[FindingRow]:
        for each in cause.symptoms:
            found = self._findings.get(each)
            if found is not None and each != cause.finding:
                yield found

    def _objects(self, cause: CauseRow) -> Iterator[RefRow]:
        yield cause.root
        yield from cause.lineage
        yield from cause.affected.objects
        for symptom in self._symptoms(cause):
            yield symptom.subject


def kept_ids(report: Report, terms: Sequence[Term]) -> set[str]:
    """The ids of the causes for which every term holds."""
    row = CauseFields(report).row
    return {cause.id for cause in report.causes if holds(row(cause), terms)}


def _names(ref: RefRow) -> tuple[str, ...]:
    return (str(ref), ref.name, f"{ref.namespace}/{ref.name}", f"{ref.kind}/{ref.name}")


def _said(ref: RefRow) -> str:
    """What holds every name of an object."""
    return f"{ref.kind}/{ref.namespace}/{ref.name}\n{ref.kind}/{ref.name}"
