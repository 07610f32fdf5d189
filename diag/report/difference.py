"""A comparison in each format."""

from collections.abc import Iterator

import msgspec

from diag.compare.document import Difference, ObjectChange
from diag.report.cells import wrap
from diag.report.look import Look, paint, typed
from diag.report.sanitize import escaped, visible
from diag.views.changes import (
    NO_PROOF,
    cause_words,
    changed_words,
    field_words,
    headline,
    not_seen_words,
    object_words,
    remarks,
)
from diag.views.wording import counted, folded

FORMATS = ("table", "plain", "json")
_SHOWN = 20  # changed objects that a text names


def difference_bytes(found: Difference, form: str, look: Look) -> bytes:
    """The comparison in one of `FORMATS`, as UTF-8."""
    if form == "json":
        encoded = msgspec.json.encode(found, order="deterministic")
        return escaped(msgspec.json.format(encoded, indent=2)) + b"\n"
    return typed("\n".join(_lines(found, look)) + "\n", look).encode()


def _lines(found: Difference, look: Look) -> Iterator[str]:
    causes = found.causes
    yield paint(headline(found), "bold", look)
    for remark in remarks(found):
        yield from wrap(visible(remark), look.width)
    for title, rows in (("New", causes.new), ("Gone", causes.gone)):
        yield from _section(title, [visible(cause_words(row)) for row in rows], look)
    for title, unsure in (
        ("Not compared: not seen in the second look, so not known to be gone", causes.not_seen_after),
        ("Not compared: not seen in the first look, so not known to be new", causes.not_seen_before),
    ):
        yield from _section(title, [visible(not_seen_words(one)) for one in unsure], look)
    for which, damage in (("first", found.damage_before), ("second", found.damage_after)):
        yield from _section(f"Not read in the {which} look", [visible(each) for each in damage], look)
    yield from _section("Changed", [visible(changed_words(one)) for one in causes.changed], look)
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
        yield from wrap(NO_PROOF, look.width)
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


def _object(one: ObjectChange, look: Look) -> Iterator[str]:
    yield from wrap(visible(object_words(one)), look.width, first="  ", rest="    ")
    for each in one.fields:
        yield from wrap(visible(field_words(each)), look.width, first="    ", rest="      ")
    if one.more_fields:
        yield f"    and {counted(one.more_fields, 'more field')}"
