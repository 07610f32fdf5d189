"""How changed objects stand to new causes: the nearest first, and never called a cause."""

from collections.abc import Iterable, Iterator, Sequence

from diag.compare.document import ObjectChange, Relation
from diag.document import CauseRow, RefRow, Report

NEAREST = ("root", "lineage", "evidence", "affected", "namespace")
Key = tuple[str, str, str]


def ranked(found: Iterable[ObjectChange], report: Report, new: Sequence[CauseRow]) -> list[ObjectChange]:
    """The changes with their relations: those related to a new cause and made before it began first, newest first."""
    near = [(cause, dict(_near(report, cause)), _namespaces(cause)) for cause in new]
    rows = []
    for change in found:
        related = [
            Relation(cause=cause.id, how=how)
            for cause, places, spaces in near
            if (how := _how(change.object, places, spaces))
        ]
        told = {one.cause for one in related}
        onset = min((cause.since for cause in new if cause.id in told and cause.since), default=None)
        change.related = sorted(related, key=lambda one: NEAREST.index(one.how))
        change.before_onset = change.time <= onset if change.time and onset else None
        rows.append(change)
    rows.sort(key=lambda one: (one.object.kind, one.object.namespace, one.object.name))
    rows.sort(key=lambda one: one.time or "", reverse=True)
    rows.sort(key=_distance)
    return rows


def _distance(change: ObjectChange) -> tuple[int, bool]:
    nearest = NEAREST.index(change.related[0].how) if change.related else len(NEAREST)
    return nearest, change.before_onset is False


def _how(ref: RefRow, places: dict[Key, str], spaces: set[str]) -> str:
    space = ref.name if ref.kind == "Namespace" else ref.namespace
    return places.get(_key(ref)) or ("namespace" if space in spaces else "")


def _namespaces(cause: CauseRow) -> set[str]:
    return {cause.root.namespace, *(each.namespace for each in cause.affected.objects)} - {""}


def _near(report: Report, cause: CauseRow) -> Iterator[tuple[Key, str]]:
    """The objects of a cause's own subgraph, the nearest relation last, so that it stays."""
    findings = {one.id: one for one in report.findings}
    evidence = {one.id: one for one in report.evidence}
    own = [findings[key] for key in (cause.finding, *cause.symptoms) if key in findings]
    for ref in (*cause.affected.objects, *(ref for one in own for ref in (one.subject, *one.members))):
        yield _key(ref), "affected"
    within = {one.id for one in own}
    ids = [key for one in own for key in one.evidence]
    ids += [key for link in report.links if link.cause in within and link.symptom in within for key in link.evidence]
    seen: set[str] = set()
    while ids:
        one = ids.pop()
        row = evidence.get(one)
        if one in seen or row is None:
            continue
        seen.add(one)
        ids += row.from_ or []
        yield from ((_key(each), "evidence") for each in row.objects())
    for ref in cause.lineage:
        yield _key(ref), "lineage"
    yield _key(cause.root), "root"


def _key(ref: RefRow) -> Key:
    return f"{ref.apiVersion.rpartition('/')[0]}/{ref.kind}", ref.namespace, ref.name
