"""What a rule may still say where an object that it counted, or looked for, is there and cannot be read."""

from dataclasses import replace

from diag.catalog.reader import Reader
from diag.findings import AbsentEvidence, ComputedEvidence, Confidence, Evidence, Finding

REMARK = "as far as the objects could be read"


def doubted(finding: Finding, reader: Reader) -> Finding:
    """The finding as possible at most, if an unreadable object may change what it rests on; else as it is.

    What was read says the same whatever else is there: only a number that the rule counted, from what it asked for so
    far, and an absence change with an object more.
    """
    said = [*finding.evidence, *(piece for because in finding.accounts_for for piece in because.evidence)]
    if not any(_changes(piece, reader) for piece in said):
        return finding
    return replace(finding, confidence=Confidence.POSSIBLE, summary=f"{finding.summary} ({REMARK})")


def _changes(piece: Evidence, reader: Reader) -> bool:
    match piece:
        case AbsentEvidence():
            return reader.may_be_unreadable(piece.absent)
        case ComputedEvidence():
            return reader.counted_less
        case _:
            return False
