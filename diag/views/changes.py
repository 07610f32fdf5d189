"""What changed between two looks, in words: what a text prints and a screen shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from diag.compare.document import CauseChange, CausesRow, Difference, FieldChange, NotSeen, ObjectChange
from diag.document import CauseRow, RefRow
from diag.facts.times import age_s
from diag.views.citations import quoted
from diag.views.wording import counted, folded, gpu_cost, named

NO_PROOF = "The nearest to a new cause first. That one came before the other is no proof that it caused it."
_HOW = {
    "root": "is the root of {}",
    "lineage": "is in the chain of owners of {}",
    "evidence": "is cited as evidence of {}",
    "affected": "is affected by {}",
    "namespace": "is in the namespace of {}",
}
_NEAR = ("root", "lineage", "evidence", "affected")  # being in one namespace makes no trigger
_SAME = 50  # causes that are as before, and named
Side = Literal["", "before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One line of a comparison, as deep as `depth`; and what it leads to in the look that `side` names."""

    text: str
    depth: int = 0
    is_title: bool = False
    severity: str = ""
    side: Side = ""
    cause: CauseRow | None = None
    ref: RefRow | None = None
    path: str = ""


def headline(found: Difference) -> str:
    """How many causes are new, gone, changed and as before."""
    causes = found.causes
    unseen = len(causes.not_seen_before) + len(causes.not_seen_after)
    return (
        f"{counted(len(causes.new), 'new cause')}, {len(causes.gone)} gone, {len(causes.changed)} changed, "
        f"{len(causes.same)} as before" + (f", {unseen} not compared" if unseen else "")
    )


def remarks(found: Difference) -> list[str]:
    """What to know before anything is called new or gone: other clusters, looks in the wrong order."""
    if found.same_cluster is False:
        return ["These are two different clusters, by the uids of their kube-system namespaces."]
    was = {one.id: one for one in found.a}
    pairs = [(was[one.id], one) for one in found.b if one.id in was]
    if not pairs and len(found.a) == len(found.b) == 1:
        pairs = [(found.a[0], found.b[0])]
    return [
        f"By the times in them the second look ({second.now}) is older than the first ({first.now}): "
        "if they are in the wrong order, what is called new has gone, and what is called gone is new."
        for first, second in pairs
        if (age_s(second.now, first.now) or 0) > 0
    ][:1]


def change_lines(found: Difference) -> list[ChangeLine]:
    """The comparison for a screen: likely triggers of new causes first, then causes, then all other changed objects."""
    return list(_lines(found))


def _lines(found: Difference) -> Iterator[ChangeLine]:
    causes, objects = found.causes, found.objects or []
    yield ChangeLine(text=headline(found), is_title=True)
    yield from (ChangeLine(text=each) for each in remarks(found))
    triggers = [one for one in objects if may_have_triggered(one)]
    if triggers:
        yield from _title("Near to a new cause, and not known to have changed after it began")
        yield ChangeLine(text=NO_PROOF, depth=1)
        for one in triggers:
            yield from _object(one)
    yield from _of_causes(causes)
    for which, damage in (("earlier", found.damage_before), ("later", found.damage_after)):
        yield from _told(f"Not read in the {which} look", damage)
    yield from _told("Server version", [f"{one.cluster}: {one.before} → {one.after}" for one in found.versions])
    if found.objects is None:
        yield from _title("Objects were not compared: a report holds none")
        return
    others = [one for one in objects if not may_have_triggered(one)]
    more = f", {len(others) or 'none'} besides those above" if triggers else ""
    yield from _title(f"{counted(len(objects), 'object')} changed in between{more}")
    for one in others:
        yield from _object(one)
    if found.not_compared:
        only = folded(found.not_compared, 20)
        yield from _told("Not compared, as only one look holds them", [only])


def _of_causes(causes: CausesRow) -> Iterator[ChangeLine]:
    yield from _causes("New", causes.new, "after")
    yield from _causes("Gone", causes.gone, "before")
    changed = [
        ChangeLine(text=changed_words(one), depth=1, severity=one.after.severity, side="after", cause=one.after)
        for one in causes.changed
    ]
    yield from _section("Changed", changed)
    yield from _unsure(
        "Not compared: not seen in the later look, so not known to be gone", causes.not_seen_after, "before"
    )
    yield from _unsure(
        "Not compared: not seen in the earlier look, so not known to be new", causes.not_seen_before, "after"
    )
    yield from _causes("As before", causes.same[:_SAME], "after")
    if len(causes.same) > _SAME:
        yield ChangeLine(text=f"and {len(causes.same) - _SAME} more", depth=1)


def may_have_triggered(one: ObjectChange) -> bool:
    """Whether an object stands close to a new cause, and is not known to have changed only after it began."""
    return any(each.how in _NEAR for each in one.related) and one.before_onset is not False


def _title(text: str) -> Iterator[ChangeLine]:
    yield ChangeLine(text="")
    yield ChangeLine(text=text, is_title=True)


def _section(title: str, lines: Sequence[ChangeLine]) -> Iterator[ChangeLine]:
    if lines:
        yield from _title(f"{title} ({len(lines)})")
        yield from lines


def _told(title: str, lines: Sequence[str]) -> Iterator[ChangeLine]:
    yield from _section(title, [ChangeLine(text=each, depth=1) for each in lines])


def _causes(title: str, causes: Sequence[CauseRow], side: Side) -> Iterator[ChangeLine]:
    told = [ChangeLine(text=cause_words(one), depth=1, severity=one.severity, side=side, cause=one) for one in causes]
    yield from _section(title, told)


def _unsure(title: str, unsure: Sequence[NotSeen], side: Side) -> Iterator[ChangeLine]:
    yield from _section(
        title, [ChangeLine(text=not_seen_words(one), depth=1, side=side, cause=one.cause) for one in unsure]
    )


def _object(one: ObjectChange) -> Iterator[ChangeLine]:
    side: Side = "before" if one.what == "removed" else "after"
    yield ChangeLine(text=object_words(one), depth=1, side=side, ref=one.object)
    for each in one.fields:
        # What is absent now stood in the earlier look.
        where: Side = "before" if each.after is None else side
        yield ChangeLine(text=field_words(each), depth=2, side=where, ref=one.object, path=each.path)
    if one.more_fields:
        yield ChangeLine(text=f"and {counted(one.more_fields, 'more field')}", depth=2)


def cause_words(row: CauseRow) -> str:
    """A cause, and what it costs."""
    cost = gpu_cost(row.affected.gpus, row.affected.gpus_lost)
    return f"{row.id} {row.severity}: {named(row.root)}: {row.summary} ({row.name}, {row.fingerprint[:8]}" + (
        f"; {cost})" if cost else ")"
    )


def not_seen_words(one: NotSeen) -> str:
    """A cause of one look, and what the other would have had to see."""
    if one.instead is not None:
        told = f"the other look explains it as {one.instead}, by what this one lacks"
        return f"{cause_words(one.cause)}; {told}: {folded(one.lacks)}"
    return f"{cause_words(one.cause)}; not looked at: {folded(one.lacks)}"


def changed_words(one: CauseChange) -> str:
    """What differs of a cause that is in both."""
    told = []
    for name in one.differs:
        if name == "summary":
            continue
        place = (one.before, one.after) if hasattr(one.before, name) else (one.before.affected, one.after.affected)
        told.append(f"{name.replace('_', ' ')} {getattr(place[0], name)} → {getattr(place[1], name)}")
    if not told:
        told.append(f"now says: {one.after.summary}")
    return f"{one.after.id} {one.after.name} at {named(one.after.root)}: {', '.join(told)}"


def object_words(one: ObjectChange) -> str:
    """What became of an object, by whom and when, and how it stands to new causes."""
    by = f" by {one.manager} ({one.operation})" if one.manager else ""
    at = f" at {one.time}" if one.time else ""
    how = "; ".join(_HOW[each.how].format(each.cause) for each in one.related[:3])
    when = {True: ", changed before it began", False: ", changed after it began", None: ""}[one.before_onset]
    return f"{named(one.object)}: {one.what}{by}{at}" + (f"; it {how}{when}" if how else "")


def field_words(one: FieldChange) -> str:
    """A field, before and after; of a status, which nobody who is named with a change has written, it says so."""
    before, after = ("absent" if value is None else quoted(value) for value in (one.before, one.after))
    whose = " (reported, not set)" if one.path.startswith("status.") else ""
    return f"{one.path}: {before} → {after}{whose}"
