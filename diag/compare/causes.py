"""Causes of two reports, matched by their fingerprints."""

from diag.compare.document import CauseChange, CausesRow
from diag.document import CauseRow, Report

_COMPARED = ("severity", "confidence", "summary")
_COSTS = ("workloads", "pods", "gpus", "gpus_lost")


def compared(before: Report, after: Report) -> CausesRow:
    """New, gone, changed and same causes, in the order of their reports."""
    was = {cause.fingerprint: cause for cause in before.causes}
    now = {cause.fingerprint: cause for cause in after.causes}
    both = [(was[key], cause) for key, cause in now.items() if key in was]
    return CausesRow(
        new=[cause for key, cause in now.items() if key not in was],
        gone=[cause for key, cause in was.items() if key not in now],
        changed=[
            CauseChange(before=old, after=new, differs=found) for old, new in both if (found := _differs(old, new))
        ],
        same=[new for old, new in both if not _differs(old, new)],
    )


def _differs(old: CauseRow, new: CauseRow) -> list[str]:
    found = [name for name in _COMPARED if getattr(old, name) != getattr(new, name)]
    return found + [name for name in _COSTS if getattr(old.affected, name) != getattr(new.affected, name)]
