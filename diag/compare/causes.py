"""Causes of two reports, matched by their fingerprints."""

from collections.abc import Callable, Hashable, Sequence

from diag.compare.document import CauseChange, CausesRow
from diag.compare.seen import Look, sorted_out, unless_told_otherwise
from diag.document import CauseRow, RefRow, Report
from diag.facts.folding import strip_generated

_COMPARED = ("severity", "confidence", "summary")
_COSTS = ("workloads", "pods", "gpus", "gpus_lost")


def compared(before: Look, after: Look) -> CausesRow:
    """New, gone, changed, same and not seen causes, in the order of their reports.

    What no fingerprint matches is matched by rule and root: a fingerprint holds the cluster, which two dumps of one
    cluster need not know alike (only one of them may hold the namespace kube-system). What is left is matched by rule
    and an affected object: where an owner was not collected, the pod itself is the root.
    """
    was, now = before.report.causes, after.report.causes
    pairs = _matched(was, now, lambda cause: cause.fingerprint)
    pairs += _matched(_left(was, pairs, 0), _left(now, pairs, 1), _root)
    pairs += _sharing(_left(was, pairs, 0), _left(now, pairs, 1))
    order = {id(cause): place for place, cause in enumerate(now)}
    pairs.sort(key=lambda pair: order[id(pair[1])])
    new, not_seen_before = sorted_out(_left(now, pairs, 1), after, before)
    gone, not_seen_after = sorted_out(_left(was, pairs, 0), before, after)
    new, told_before = unless_told_otherwise(new, not_seen_after, after, before)
    gone, told_after = unless_told_otherwise(gone, not_seen_before, before, after)
    return CausesRow(
        new=new,
        gone=gone,
        changed=[
            CauseChange(before=old, after=one, differs=found) for old, one in pairs if (found := _differs(old, one))
        ],
        same=[one for old, one in pairs if not _differs(old, one)],
        not_seen_before=[*not_seen_before, *told_before],
        not_seen_after=[*not_seen_after, *told_after],
    )


def same_cause(report: Report, cause: CauseRow) -> CauseRow | None:
    """The cause of a report that is the same as one of another look, matched as two reports are."""
    same: tuple[Callable[[CauseRow], Hashable], ...] = (lambda one: one.fingerprint, _root)
    for key in same:
        if found := _matched([cause], report.causes, key):
            return found[0][1]
    shared = _sharing([cause], report.causes)
    return shared[0][1] if shared else None


def _matched(
    before: Sequence[CauseRow], after: Sequence[CauseRow], key: Callable[[CauseRow], Hashable]
) -> list[tuple[CauseRow, CauseRow]]:
    was = {key(cause): cause for cause in before}
    return [(was.pop(key(cause)), cause) for cause in after if key(cause) in was]


def _sharing(before: Sequence[CauseRow], after: Sequence[CauseRow]) -> list[tuple[CauseRow, CauseRow]]:
    """Causes by one rule that reach one object, by whatever root."""
    reached = {(cause.rule, place): cause for cause in before for place in _reached(cause)}
    pairs: list[tuple[CauseRow, CauseRow]] = []
    taken: set[int] = set()
    for cause in after:
        found = (reached.get((cause.rule, place)) for place in _reached(cause))
        old = next((each for each in found if each is not None and id(each) not in taken), None)
        if old is not None:
            taken.add(id(old))
            pairs.append((old, cause))
    return pairs


def _reached(cause: CauseRow) -> list[Hashable]:
    return [_place(ref) for ref in (cause.root, *cause.affected.objects)]


def _place(ref: RefRow) -> Hashable:
    return ref.kind, ref.namespace, ref.name


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
