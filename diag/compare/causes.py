"""Causes of two reports, matched by their fingerprints."""

from collections.abc import Callable, Hashable, Sequence

from diag.compare.document import CauseChange, CausesRow
from diag.document import CauseRow, Report
from diag.facts.folding import strip_generated

_COMPARED = ("severity", "confidence", "summary")
_COSTS = ("workloads", "pods", "gpus", "gpus_lost")


def compared(before: Report, after: Report) -> CausesRow:
    """New, gone, changed and same causes, in the order of their reports.

    What no fingerprint matches is matched by rule and root: a fingerprint holds the cluster, which two dumps of one
    cluster need not know alike (only one of them may hold the namespace kube-system).
    """
    pairs = _matched(before.causes, after.causes, lambda cause: cause.fingerprint)
    pairs += _matched(_left(before.causes, pairs, 0), _left(after.causes, pairs, 1), _root)
    order = {id(cause): place for place, cause in enumerate(after.causes)}
    pairs.sort(key=lambda pair: order[id(pair[1])])
    return CausesRow(
        new=_left(after.causes, pairs, 1),
        gone=_left(before.causes, pairs, 0),
        changed=[
            CauseChange(before=was, after=now, differs=found) for was, now in pairs if (found := _differs(was, now))
        ],
        same=[now for was, now in pairs if not _differs(was, now)],
    )


def _matched(
    before: Sequence[CauseRow], after: Sequence[CauseRow], key: Callable[[CauseRow], Hashable]
) -> list[tuple[CauseRow, CauseRow]]:
    was = {key(cause): cause for cause in before}
    return [(was.pop(key(cause)), cause) for cause in after if key(cause) in was]


def _left(causes: Sequence[CauseRow], pairs: Sequence[tuple[CauseRow, CauseRow]], side: int) -> list[CauseRow]:
    """The causes of one side (0 or 1) that no pair holds."""
    seen = {id(pair[side]) for pair in pairs}
    return [cause for cause in causes if id(cause) not in seen]


def _root(cause: CauseRow) -> Hashable:
    root = cause.root
    name = strip_generated(root.name) if root.kind in ("Pod", "ReplicaSet") else root.name
    return cause.rule, root.kind, root.namespace, name


def _differs(old: CauseRow, new: CauseRow) -> list[str]:
    found = [name for name in _COMPARED if getattr(old, name) != getattr(new, name)]
    return found + [name for name in _COSTS if getattr(old.affected, name) != getattr(new.affected, name)]
