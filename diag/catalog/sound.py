"""Whether what a rule yields is a finding at all: the types say so for ours, a stranger's rule may yield anything."""

from collections.abc import Iterable

from diag.findings import (
    AbsentEvidence,
    AbsentPathEvidence,
    Alternative,
    Because,
    ComputedEvidence,
    Confidence,
    FieldEvidence,
    FileEvidence,
    Finding,
    Gap,
    LogEvidence,
    Ref,
    Remedy,
    Severity,
)

EVIDENCE = (FieldEvidence, LogEvidence, FileEvidence, AbsentEvidence, AbsentPathEvidence, ComputedEvidence)


def sound(yielded: object) -> Finding | Gap:
    """The finding or gap itself. Raises TypeError or ValueError for what is none, which makes the rule's run a gap."""
    if isinstance(yielded, Gap):
        _texts(yielded.what, yielded.why, yielded.fix, *yielded.hides)
        return yielded
    _all_are(Finding, [yielded])
    assert isinstance(yielded, Finding)  # noqa: S101  told above; for the type checker
    finding = yielded
    _texts(finding.summary, finding.name)
    _optional(finding.severity, Severity)
    _optional(finding.confidence, Confidence)
    _optional(finding.since, str)
    _all_are(int, [finding.gpus_lost])
    _refs([finding.subject, *finding.members, *finding.needs])
    if not finding.evidence:
        raise ValueError("a finding without evidence")
    _all_are(EVIDENCE, finding.evidence)
    _all_are(Because, finding.accounts_for)
    for because in finding.accounts_for:
        _texts(because.symptom.key, because.why)
        _optional(because.members, int)
        _all_are(EVIDENCE, because.evidence)
    _all_are(Remedy, finding.remedies)
    for remedy in finding.remedies:
        _texts(remedy.text, remedy.who, remedy.risk, *filter(None, (remedy.command, remedy.when)))
    _all_are(Alternative, finding.alternatives)
    for other in finding.alternatives:
        _texts(other.name, other.status, other.why)
        _all_are(EVIDENCE, other.evidence)
    return finding


def _refs(refs: Iterable[object]) -> None:
    for ref in refs:
        _all_are(Ref, [ref])
        assert isinstance(ref, Ref)  # noqa: S101  told above; for the type checker
        _texts(*ref[:5])


def _texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"a {type(value).__name__} where a text belongs")
        value.encode()  # a lone surrogate is no text: it could not be written


def _optional(value: object, kind: type) -> None:
    if value is not None:
        _all_are(kind, [value])


def _all_are(kinds: type | tuple[type, ...], values: Iterable[object]) -> None:
    for value in values:
        if not isinstance(value, kinds):
            raise TypeError(f"a {type(value).__name__} where something else belongs")
