"""What to do, in the order in which one would: look, then take one way out, then what has to follow."""

from collections.abc import Iterable, Iterator

from diag.document import CauseRow, RemedyRow
from diag.facts import steps as told
from diag.views.lines import Line

_RISK_ORDER = ("safe", "disruptive", "irreversible")
_THEN = "then "  # how the text of a remedy begins that comes after another
_OR = "or "  # and of one that stands beside another


def remedy_lines(cause: CauseRow) -> Iterator[Line]:
    """What to look at, the ways out (the safest first), and what begins with "then": it follows any of them."""
    if not cause.remedies:
        yield Line(text=f"No remedy is known for this; `diag rules {cause.rule}` says what the rule knows")
    rows = sorted((each for each in cause.remedies if not each.text.startswith(_THEN)), key=_risk)
    looks = [each for each in rows if only_looks(each)]
    ways = [each for each in rows if not only_looks(each)]
    # In the rule's order, whatever they risk.
    after = [each for each in cause.remedies if each.text.startswith(_THEN)]
    yield from _group("First look, which changes nothing:" if ways or after else "", looks)
    choice = "one of these:" if len(ways) > 1 else ""
    yield from _group(f"Then {choice or 'do this:'}" if looks else choice.capitalize(), ways, drop=_OR)
    yield from _group("After that:", after, drop=_THEN)


def only_looks(remedy: RemedyRow) -> bool:
    """Whether a step changes nothing: it says so, and its command does not say otherwise."""
    return told.only_looks(remedy.text, remedy.risk, remedy.command)


def _group(title: str, steps: Iterable[RemedyRow], drop: str = "") -> Iterator[Line]:
    lines = [line for each in steps for line in _lines(each, each.text.removeprefix(drop))]
    if lines and title:
        yield Line(text=title, kind="label")
    yield from lines


def _lines(remedy: RemedyRow, text: str) -> Iterator[Line]:
    """A step; of one that is more than a look also who takes it, what it may cost, and what its command does."""
    said = f"{text}, if {remedy.if_}" if remedy.if_ else text
    said += told.manner(remedy.text, who=remedy.who, risk=remedy.risk, command=remedy.command)
    yield Line(text=said, kind="step")
    if remedy.command:
        yield Line(text=remedy.command, kind="command")


def _risk(remedy: RemedyRow) -> int:
    return _RISK_ORDER.index(remedy.risk) if remedy.risk in _RISK_ORDER else len(_RISK_ORDER)
