"""A comparison in each format."""

from collections.abc import Iterator

import msgspec

from diag.compare.document import CauseChange, Difference, FieldChange, NotSeen, ObjectChange
from diag.document import CauseRow
from diag.report.cells import wrap
from diag.report.look import Look, paint, typed
from diag.report.sanitize import escaped, visible
from diag.views.citations import quoted
from diag.views.wording import counted, folded, gpu_cost, named

FORMATS = ("table", "plain", "json")
_SHOWN = 20  # changed objects that a text names
_HOW = {
    "root": "is the root of {}",
    "lineage": "is in the chain of owners of {}",
    "evidence": "is cited as evidence of {}",
    "affected": "is affected by {}",
    "namespace": "is in the namespace of {}",
}


def difference_bytes(found: Difference, form: str, look: Look) -> bytes:
    """The comparison in one of `FORMATS`, as UTF-8."""
    if form == "json":
        encoded = msgspec.json.encode(found, order="deterministic")
        return escaped(msgspec.json.format(encoded, indent=2)) + b"\n"
    return typed("\n".join(_lines(found, look)) + "\n", look).encode()


def _lines(found: Difference, look: Look) -> Iterator[str]:
    causes = found.causes
    unseen = len(causes.not_seen_before) + len(causes.not_seen_after)
    yield paint(
        f"{counted(len(causes.new), 'new cause')}, {len(causes.gone)} gone, {len(causes.changed)} changed, "
        f"{len(causes.same)} as before" + (f", {unseen} not seen in both" if unseen else ""), "bold", look,
    )  # fmt: skip
    if found.same_cluster is False:
        yield from wrap("These are two different clusters, by the uids of their kube-system namespaces.", look.width)
    for title, rows in (("New", causes.new), ("Gone", causes.gone)):
        yield from _section(title, [_cause(row) for row in rows], look)
    for title, unsure in (
        ("Not seen in the second look, so not known to be gone", causes.not_seen_after),
        ("Not seen in the first look, so not known to be new", causes.not_seen_before),
    ):
        yield from _section(title, [_not_seen(one) for one in unsure], look)
    for which, damage in (("first", found.damage_before), ("second", found.damage_after)):
        yield from _section(f"Not read in the {which} look", [visible(each) for each in damage], look)
    yield from _section("Changed", [_changed(one) for one in causes.changed], look)
    yield from _section(
        "Server version", [f"{visible(one.cluster)}: {one.before} → {one.after}" for one in found.versions], look
    )
    if found.objects is None:
        yield ""
        yield "Objects were not compared: a report holds none"
        return
    yield ""
    yield paint(f"{counted(len(found.objects), 'object')} changed in between", "bold", look)
    if found.objects and any(one.related for one in found.objects):
        yield from wrap(
            "The nearest to a new cause first. That one came before the other is no proof that it caused it.",
            look.width,
        )
    for one in found.objects[:_SHOWN]:
        yield from _object(one, look)
    if len(found.objects) > _SHOWN:
        yield f"  and {len(found.objects) - _SHOWN} more (-o json lists all)"
    if found.not_compared:
        yield from wrap(
            f"Not compared, as only one look holds them: {folded([visible(each) for each in found.not_compared], 20)}",
            look.width,
        )


def _section(title: str, lines: list[str], look: Look) -> Iterator[str]:
    if lines:
        yield ""
        yield paint(f"{title}:", "bold", look)
    for line in lines:
        yield from wrap(line, look.width, first="  ", rest="    ")


def _cause(row: CauseRow) -> str:
    cost = gpu_cost(row.affected.gpus, row.affected.gpus_lost)
    return visible(
        f"{row.id} {row.severity}: {named(row.root)}: {row.summary} ({row.name}, {row.fingerprint[:8]}"
        + (f"; {cost})" if cost else ")")
    )


def _not_seen(one: NotSeen) -> str:
    return f"{_cause(one.cause)}; not looked at: {folded([visible(each) for each in one.lacks])}"


def _changed(one: CauseChange) -> str:
    told = []
    for name in one.differs:
        if name == "summary":
            continue
        place = (one.before, one.after) if hasattr(one.before, name) else (one.before.affected, one.after.affected)
        told.append(f"{name.replace('_', ' ')} {getattr(place[0], name)} → {getattr(place[1], name)}")
    if not told:
        told.append(f"now says: {one.after.summary}")
    return visible(f"{one.after.id} {one.after.name} at {named(one.after.root)}: {', '.join(told)}")


def _object(one: ObjectChange, look: Look) -> Iterator[str]:
    by = f" by {one.manager} ({one.operation})" if one.manager else ""
    at = f" at {one.time}" if one.time else ""
    how = "; ".join(_HOW[each.how].format(each.cause) for each in one.related[:3])
    when = {True: ", changed before it began", False: ", changed after it began", None: ""}[one.before_onset]
    text = f"{named(one.object)}: {one.what}{by}{at}" + (f"; it {how}{when}" if how else "")
    yield from wrap(visible(text), look.width, first="  ", rest="    ")
    for each in one.fields:
        yield from wrap(visible(_field(each)), look.width, first="    ", rest="      ")
    if one.more_fields:
        yield f"    and {counted(one.more_fields, 'more field')}"


def _field(one: FieldChange) -> str:
    before, after = ("absent" if value is None else quoted(value) for value in (one.before, one.after))
    return f"{one.path}: {before} → {after}"
