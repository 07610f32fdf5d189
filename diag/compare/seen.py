"""What one look could not see of a cause that the other look tells: unknown is neither gone nor new."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from diag.compare.document import NotSeen
from diag.document import CauseRow, EvidenceRow, FindingRow, GapRow, RefRow, Report
from diag.findings import Confidence
from diag.projection import kind_id
from diag.snapshot.snapshot import Snapshot

_HIDING = ("truncated", "unreadable", "error", "forbidden", "timeout")
_LIST = "list "  # how the gap of a kind that was not listed begins


@dataclass(frozen=True, slots=True)
class Look:
    """A report, and the snapshots that it is of; None where it was saved without them."""

    report: Report
    snapshots: Sequence[Snapshot] | None = None

    def snapshot(self, cluster: str, identity: str = "") -> Snapshot | None:
        """The snapshot of a cluster; the only one there is, whatever it is called."""
        snaps = self.snapshots or ()
        found = (snap for snap in snaps if snap.cluster == cluster or (identity and snap.identity == identity))
        return next(found, snaps[0] if len(snaps) == 1 else None)


def sorted_out(causes: Iterable[CauseRow], own: Look, other: Look) -> tuple[list[CauseRow], list[NotSeen]]:
    """Causes of one look that are not in the other: those that are not there, and those that it could not see."""
    absent, unseen = [], []
    for cause in causes:
        lacking = list(dict.fromkeys(_lacking(cause, own, other)))
        if lacking:
            unseen.append(NotSeen(cause=cause, lacks=lacking))
        else:
            absent.append(cause)
    return absent, unseen


def unless_told_otherwise(
    causes: Iterable[CauseRow], unseen: Sequence[NotSeen], own: Look, other: Look
) -> tuple[list[CauseRow], list[NotSeen]]:
    """Causes of one look without those whose symptom the `other` explains by a cause that only it could see.

    `unseen` are the causes of the other look which this one could not see. A crash that logs explain is no new one
    where the next look has no logs.
    """
    left, found = [], []
    for cause in causes:
        mine = _symptoms(cause, own.report)
        one = next((one for one in unseen if mine & _symptoms(one.cause, other.report)), None)
        if one is None:
            left.append(cause)
        else:
            found.append(NotSeen(cause=cause, lacks=one.lacks, instead=one.cause.name))
    return left, found


def damage(look: Look, other: Look) -> list[str]:
    """What broke off, could not be read or was refused in one look and not in the other, with the reason."""
    known = {(gap.what, gap.why) for gap in other.report.gaps}
    return [
        f"{gap.what} ({gap.why})"
        for gap in look.report.gaps
        if gap.why in _HIDING and (gap.what, gap.why) not in known and not gap.what.startswith("read the logs of ")
    ]


def _lacking(cause: CauseRow, own: Look, other: Look) -> Iterator[str]:
    """What the other look would have had to see: what is in trouble and, while it still is, what proves the cause."""
    findings = {one.id: one for one in own.report.findings}
    symptoms = [findings[key] for key in cause.symptoms if key in findings]
    mine = [*symptoms, *([findings[cause.finding]] if cause.finding in findings else [])]
    wanted = [cause.root, *(ref for one in mine for ref in (one.subject, *one.members)), *cause.affected.objects]
    still = not symptoms or _in_trouble(symptoms, other.report)
    if still:
        wanted += _cited(mine, own.report)
    if other.snapshots is not None:
        for ref in wanted:
            yield from _unknown(ref, own, other)
    yield from _gaps(cause, wanted, own, other, still=still)


def _symptoms(cause: CauseRow, report: Report) -> set[tuple[str, str, str, str]]:
    """The symptoms that a cause explains, or is, each by its name and an object that has it."""
    ids = {*cause.symptoms, cause.finding}
    found = [one for one in report.findings if one.id in ids and one.role == "symptom"]
    return {(one.name, *_key(ref)) for one in found for ref in (one.subject, *one.members)}


def _unknown(ref: RefRow, own: Look, other: Look) -> Iterator[str]:
    """The kind, and its namespace, of an object of which the other look knows neither that it is there nor that not."""
    if ref.kind == "Secret":
        return  # nobody ever sees one
    kind = kind_id(ref.apiVersion, ref.kind)
    mine = own.snapshot(ref.cluster)
    there = other.snapshot(ref.cluster, mine.identity if mine is not None else "")
    if there is None:
        yield f"cluster {ref.cluster}"
        return
    if there.get(kind, ref.namespace, ref.name) or there.lacks(kind, ref.namespace, ref.name):
        return
    surely = there.lacks("Namespace", "", ref.namespace) if ref.namespace else None
    if surely is Confidence.CERTAIN or (surely and _made(mine, "Namespace", "", ref.namespace) > there.now):
        return  # the whole namespace is gone, or was made later
    if there.captured_at and _made(mine, kind, ref.namespace, ref.name) > there.captured_at:
        return
    yield f"{kind} in {ref.namespace}" if ref.namespace else kind


def _made(snap: Snapshot | None, kind: str, namespace: str, name: str) -> str:
    """When an object was created, empty where that is not known."""
    item = snap.get(kind, namespace, name) if snap is not None else None
    return (item.created if item is not None else None) or ""


def _gaps(cause: CauseRow, wanted: Iterable[RefRow], own: Look, other: Look, *, still: bool) -> Iterator[str]:
    """What the other look says itself that it could not look at, and the first one could.

    Snapshots know better which objects it concerns; a saved report has only its gaps.
    """
    both = {(gap.what, gap.why) for gap in own.report.gaps}
    kinds = {kind_id(ref.apiVersion, ref.kind) for ref in wanted} - {"Secret"}
    for gap in other.report.gaps:
        if (gap.what, gap.why) in both:
            continue
        listing = gap.what.removeprefix(_LIST).partition(" ")[0] if gap.what.startswith(_LIST) else ""
        told = other.snapshots is None and (listing in kinds or _anything(gap))
        if told or (still and cause.rule in gap.hides):
            yield f"{gap.what} ({gap.why})"


def _anything(gap: GapRow) -> bool:
    """Whether nobody knows what a gap may have held."""
    return gap.why in ("truncated", "unreadable", "error") and gap.material and not gap.hides


def _in_trouble(symptoms: Iterable[FindingRow], other: Report) -> bool:
    """Whether the other look has a symptom of an object that is in one of these, or of its owner."""
    mine = {_key(ref) for one in symptoms for ref in (one.subject, *one.members)}
    return any(
        _key(ref) in mine for one in other.findings if one.role == "symptom" for ref in (one.subject, *one.members)
    )


def _cited(findings: Iterable[FindingRow], report: Report) -> Iterator[RefRow]:
    """The objects that are cited as evidence, also through what was computed from them."""
    evidence: dict[str, EvidenceRow] = {one.id: one for one in report.evidence}
    pending = [key for one in findings for key in one.evidence]
    seen: set[str] = set()
    while pending:
        key = pending.pop()
        if key not in seen and key in evidence:
            seen.add(key)
            pending += evidence[key].from_ or []
            yield from evidence[key].objects()


def _key(ref: RefRow) -> tuple[str, str, str]:
    return kind_id(ref.apiVersion, ref.kind), ref.namespace, ref.name
