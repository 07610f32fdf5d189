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
    old, new = ({id(pair[side]) for pair in pairs} for side in (0, 1))
    rest = [[cause for cause in causes if id(cause) not in seen]
            for causes, seen in ((before.causes, old), (after.causes, new))]  # fmt: skip
    pairs += _matched(*rest, _root)
    old, new = ({id(pair[side]) for pair in pairs} for side in (0, 1))
    order = {id(cause): place for place, cause in enumerate(after.causes)}
    pairs.sort(key=lambda pair: order[id(pair[1])])
    return CausesRow(
        new=[cause for cause in after.causes if id(cause) not in new],
        gone=[cause for cause in before.causes if id(cause) not in old],
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


def _root(cause: CauseRow) -> Hashable:
    root = cause.root
    name = strip_generated(root.name) if root.kind in ("Pod", "ReplicaSet") else root.name
    return cause.rule, root.kind, root.namespace, name


def _differs(old: CauseRow, new: CauseRow) -> list[str]:
    found = [name for name in _COMPARED if getattr(old, name) != getattr(new, name)]
    return found + [name for name in _COSTS if getattr(old.affected, name) != getattr(new.affected, name)]
