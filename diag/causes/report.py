"""The document of one or several diagnoses."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from diag import __version__
from diag.catalog.registry import Registry
from diag.catalog.run import Found
from diag.causes.assess import Assessed, fingerprint
from diag.causes.commands import is_odd, to_cluster, words_in, words_of, words_of_group
from diag.causes.confirm import confirmed_first, look_at, looks, made_anew
from diag.causes.diagnose import Diagnosis
from diag.causes.graph import Node
from diag.causes.rows import EvidenceTable, ref_row, remedy_row
from diag.causes.silence import asked
from diag.causes.stats import families, stats
from diag.causes.timelines import timeline_rows
from diag.document import (
    AffectedRow,
    AlternativeRow,
    CauseRow,
    ClusterRow,
    FindingRow,
    GapRow,
    IgnoredRow,
    LinkRow,
    Report,
    TargetRow,
    ToolRow,
)
from diag.facts.quoting import quoted
from diag.findings import Alternative, Gap, Ref, Remedy, Severity
from diag.projection import Object
from diag.snapshot.snapshot import Snapshot
from diag.trouble.groups import Group
from diag.trouble.relations.owners import lineage

# Whether the user asked not to see a cause: by whom ("flag", "config", "annotation"), why, until when.
Ignored = tuple[str, str, str | None]
Ignores = Callable[[Assessed], Ignored | None]
_MOST_SAID = 300  # characters of a server's words; what it says of a right that lacks takes half of them


@dataclass(slots=True)
class _Document:
    """The report while it is being put together."""

    registry: Registry
    identities: dict[str, str]  # cluster -> what tells it apart, however it is called
    evidence: EvidenceTable = field(default_factory=EvidenceTable)
    findings: list[FindingRow] = field(default_factory=list)
    ids: dict[int, str] = field(default_factory=dict)  # node -> id of its finding

    def fingerprint(self, rule: str, ref: Ref) -> str:
        """The name of a finding that stays the same from scan to scan."""
        return fingerprint(rule, ref, self.identities.get(ref.cluster, ref.cluster))


def make_report(
    diagnoses: Sequence[Diagnosis],
    registry: Registry,
    *,
    shown: Callable[[Assessed], bool] = lambda _: True,
    ignored: Ignores = lambda _: None,
) -> Report:
    """Put diagnoses of several clusters into one document. `shown` selects causes, `ignored` sets some aside.

    A cause has the number that it has among all, so that it is called the same whatever else is shown.
    """
    document = _Document(registry, {each.snap.cluster: each.snap.identity for each in diagnoses})
    everything = [(cause, diagnosis) for diagnosis in diagnoses for cause in diagnosis.causes]
    everything.sort(key=lambda one: (*one[0].rank(), one[0].root.cluster))
    causes: list[CauseRow] = []
    put_aside: list[IgnoredRow] = []
    kept: list[tuple[Assessed, Diagnosis]] = []
    numbers: list[int] = []
    number = 0
    for cause, diagnosis in everything:
        reason = ignored(cause)
        number += reason is None
        if not shown(cause):
            continue
        if reason is None:
            kept.append((cause, diagnosis))
            numbers.append(number)
        else:
            by, why, until = reason
            row = _finding(document, cause.node, cause.severity, cause.confidence.word, f"I{len(put_aside) + 1}")
            put_aside.append(IgnoredRow(finding=row, by=by, reason=why, until=until))
    for cause, _ in kept:  # findings are numbered before causes refer to them
        for node in cause.reached:
            _number(document, cause, node)
    for number, (cause, diagnosis) in zip(numbers, kept, strict=True):
        causes.append(_cause(document, number, cause, diagnosis))
    links = _links(document, [cause for cause, _ in kept])
    names = registry.names
    return Report(
        tool=ToolRow(name="diag", version=__version__),
        target=TargetRow(clusters=[_cluster(diagnosis) for diagnosis in diagnoses]),
        causes=causes,
        findings=document.findings,
        links=links,
        evidence=document.evidence.rows,
        gaps=[_gap(gap, diagnosis.snap.kubectl, names) for diagnosis in diagnoses for gap in diagnosis.gaps],
        timelines=timeline_rows(kept, diagnoses if len(kept) == sum(len(one.causes) for one in diagnoses) else ()),
        ignored=put_aside,
        stats=stats(diagnoses, causes),
        families=families(diagnoses),
    )


def _cluster(diagnosis: Diagnosis) -> ClusterRow:
    snap = diagnosis.snap
    return ClusterRow(
        id=snap.cluster, source=snap.source, server_version=snap.server_version, captured_at=snap.captured_at,
        now=snap.now, now_from=snap.now_from,
    )  # fmt: skip


def _gap(gap: Gap, kubectl: str, names: Mapping[str, str]) -> GapRow:
    return GapRow(
        cluster=gap.cluster, what=gap.what, why=gap.why, hides=list(gap.hides),
        names=[names.get(rule, rule) for rule in gap.hides] or UNSET, material=gap.material,
        fix=to_cluster(gap.fix, kubectl), pods=list(gap.pods) or UNSET, detail=_said(gap) or UNSET,
    )  # fmt: skip


def _said(gap: Gap) -> str:
    """The words of a gap, where they tell more than it does: of several lines the first, of a traceback the last."""
    lines = gap.detail.strip().splitlines() or [""]
    text = quoted(lines[-1 if gap.why == "rule-crashed" else 0], _MOST_SAID)
    return "" if text in gap.what else text


def _number(document: _Document, cause: Assessed, node: Node) -> None:
    if id(node) in document.ids:
        return
    number = f"F{len(document.findings) + 1}"
    document.ids[id(node)] = number
    severity = cause.severity if node is cause.node else _symptom_severity(cause, node)
    confidence = cause.confidence.word if node is cause.node else "certain"
    document.findings.append(_finding(document, node, severity, confidence, number))


def _symptom_severity(cause: Assessed, node: Node) -> Severity:
    """A symptom is as bad as it is, unless the cause is a state: then it waits, and that is worth knowing."""
    own = node.group.severity if node.group else node.found.severity if node.found else Severity.ERROR
    return min((own, cause.severity), key=lambda one: one.weight) if cause.severity is Severity.INFO else own


def _finding(document: _Document, node: Node, severity: Severity, confidence: str, number: str) -> FindingRow:
    if node.found is not None:
        return _found_row(document, node.found, severity, confidence, number)
    assert node.group is not None  # noqa: S101  a node is one or the other
    return _group_row(document, node.group, severity, confidence, number)


def _found_row(document: _Document, found: Found, severity: Severity, confidence: str, number: str) -> FindingRow:
    finding = found.finding
    return FindingRow(
        id=number, rule=found.rule, name=found.name, role=found.role, severity=severity.value, confidence=confidence,
        subject=ref_row(finding.subject), members=[ref_row(member) for member in finding.members],
        summary=finding.summary, since=finding.since, evidence=document.evidence.ids(finding.evidence),
        fingerprint=document.fingerprint(found.rule, finding.subject),
    )  # fmt: skip


def _group_row(document: _Document, group: Group, severity: Severity, confidence: str, number: str) -> FindingRow:
    return FindingRow(
        id=number, rule=group.kind.rule, name=group.symptom, role="symptom", severity=severity.value,
        confidence=confidence, subject=ref_row(group.workload),
        members=[ref_row(member.ref) for member in group.members], summary=group.summary, since=group.since,
        evidence=document.evidence.ids(group.evidence),
        fingerprint=document.fingerprint(group.kind.rule, group.workload),
    )  # fmt: skip


def _cause(document: _Document, number: int, cause: Assessed, diagnosis: Diagnosis) -> CauseRow:
    node = cause.node
    found, group = node.found, node.group
    rule = found.rule if found else group.kind.rule if group else ""
    first = next((other.group.first for other in cause.reached if other.group is not None), None)
    odd = set(filter(is_odd, _words(cause)))
    return CauseRow(
        id=f"C{number}",
        finding=document.ids[id(node)],
        rule=rule,
        name=cause.name,
        severity=cause.severity.value,
        young=cause.young or UNSET,
        confidence=cause.confidence.word,
        root=ref_row(cause.root),
        lineage=[ref_row(ref) for ref in _lineage(diagnosis.snap, cause.root, first)],
        summary=found.finding.summary if found else group.summary if group else "",
        since=cause.since,
        symptoms=[document.ids[id(other)] for other in cause.reached if other is not node],
        affected=AffectedRow(
            workloads=len(cause.workloads),
            pods=cause.pods,
            gpus=cause.gpus,
            devices=cause.devices or UNSET,
            gpus_lost=cause.gpus_lost,
            objects=[ref_row(ref) for ref in cause.objects],
        ),
        alternatives=_alternatives(document, cause, diagnosis),
        remedies=[remedy_row(one, odd, diagnosis.snap.kubectl) for one in _remedies(diagnosis.snap, cause)],
        fingerprint=document.fingerprint(rule, cause.root),
    )


def _words(cause: Assessed) -> Iterator[str]:
    """What the commands of its remedies may be made of."""
    yield from words_in(cause.root)
    if cause.node.found is not None:
        yield from words_of(cause.node.found.finding)
    for other in cause.reached:
        if other.group is not None:
            yield from words_of_group(other.group)


def _lineage(snap: Snapshot, root: Ref, first: Object | None) -> tuple[Ref, ...]:
    """The owners of the member that suffers where the root is one of them, else the owners of the root."""
    below = lineage(snap, first) if first is not None else ()
    if root in below:
        return below
    item = snap.find(root)
    return lineage(snap, item) if item is not None else ()


def _alternatives(document: _Document, cause: Assessed, diagnosis: Diagnosis) -> list[AlternativeRow]:
    """Rivals of the root's own claims, what its rule ruled out, and for a bare symptom the rules that were asked."""
    node = cause.node
    found: list[Alternative] = list(node.found.finding.alternatives) if node.found else []
    targets = [arrow.target for arrow in node.out] if node.found else [node]
    for target in targets:
        if target.decision is not None:
            found += target.decision.alternatives()
    if node.group is not None:
        # What the report tells of another object is not called ruled out beside it.
        told = {one.name for one in diagnosis.ran.found}
        answers = asked(diagnosis.snap, node.group, document.registry, diagnosis.gaps)
        found += [one for one in answers if one.status != "ruled_out" or one.name not in told]
    unique: dict[str, Alternative] = {}
    for one in found:
        if one.name != cause.name:
            unique.setdefault(one.name, one)
    return [
        AlternativeRow(name=one.name, status=one.status, why=one.why, evidence=document.evidence.ids(one.evidence))
        for one in unique.values()
    ]


def _remedies(snap: Snapshot, cause: Assessed) -> tuple[Remedy, ...]:
    """What the rule knows, after a look at what the verdict rests on; for a bare symptom a look at its root."""
    groups = [node.group for node in cause.reached if node.group is not None]
    if cause.node.found is not None:
        finding = cause.node.found.finding
        return (*confirmed_first(snap, cause.root, finding.remedies, finding.evidence), *made_anew(groups))
    group = cause.node.group
    return (*looks(snap, cause.root, group.evidence[0]), *made_anew(groups)) if group else (look_at(cause.root),)


def _links(document: _Document, causes: Iterable[Assessed]) -> list[LinkRow]:
    found: dict[tuple[str, str], LinkRow] = {}
    for cause in causes:
        for node in cause.reached:
            for arrow in node.out:
                pair = (document.ids[id(node)], document.ids[id(arrow.target)])
                if pair not in found:
                    evidence = document.evidence.ids(arrow.evidence)
                    found[pair] = LinkRow(cause=pair[0], symptom=pair[1], why=arrow.why, evidence=evidence)
    return list(found.values())
