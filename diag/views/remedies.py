"""What to do, in the order in which one would: look, then take one way out, then what has to follow."""

from collections.abc import Iterator

from diag.document import CauseRow, RemedyRow
from diag.findings import LOOK
from diag.views.lines import Line
from diag.views.wording import WHO

_RISK_ORDER = ("safe", "disruptive", "irreversible")
_THEN = "then "  # how the text of a remedy begins that comes after another


def remedy_lines(cause: CauseRow) -> Iterator[Line]:
    """What to look at, the ways out (the safest first), and what begins with "then": it follows any of them."""
    if not cause.remedies:
        yield Line(text=f"No remedy is known for this; `diag rules {cause.rule}` says what the rule knows")
    rows = sorted((each for each in cause.remedies if not each.text.startswith(_THEN)), key=_risk)
    ways = [each for each in rows if not each.text.startswith(LOOK)]
    for look in (each for each in rows if each.text.startswith(LOOK)):
        yield from _lines(look, look.text)
    if len(ways) > 1:
        yield Line(text="One of these:", kind="label")
    for way in ways:
        yield from _lines(way, way.text)
    # In the rule's order, whatever they risk.
    after = [each for each in cause.remedies if each.text.startswith(_THEN)]
    if after:
        yield Line(text="Then:", kind="label")
    for step in after:
        yield from _lines(step, step.text[len(_THEN) :])


def _lines(remedy: RemedyRow, text: str) -> Iterator[Line]:
    condition = f" (if {remedy.if_})" if remedy.if_ else ""
    yield Line(text=f"{text}{condition} [{WHO.get(remedy.who, remedy.who)}; {remedy.risk}]", kind="step")
    if remedy.command:
        yield Line(text=remedy.command, kind="command")


def _risk(remedy: RemedyRow) -> int:
    return _RISK_ORDER.index(remedy.risk) if remedy.risk in _RISK_ORDER else len(_RISK_ORDER)
