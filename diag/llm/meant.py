"""Which cause a question is about: an id or a name in it, a word of an object that a cause touches, else its words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diag.document import CauseRow, Report
from diag.llm.facts_alone import content_words
from diag.views.circle import Circle, Reached, circles, reached

_WORD = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_PART = re.compile(r"[a-z0-9]+")
_NAMELIKE = re.compile(r"[-.0-9]")
_MIN_FINGERPRINT = 8
# Words for a state, which tell no cause from another.
_STATES = re.compile(
    r"pend|fail|stuck|broken|down|wait|start|stop|crash|slow|run|ready|wrong|happen|work|pod|node|job|workload|"
    r"cause|problem|issue|error|warning|fix|mend|repair|solve|solv|resolve|resolv|command|next|cost|certain|sure|since"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The causes that a question may be about, in the report's order; `named` where an object or an id tells so."""

    causes: tuple[CauseRow, ...]
    named: bool = False


def causes_meant(report: Report, question: str) -> Meant:
    """The causes that a question is about: all that are equally near; none where the question tells nothing.

    A report with one cause leaves no choice.
    """
    if len(report.causes) <= 1:
        return Meant(causes=tuple(report.causes), named=True)
    words = tuple(dict.fromkeys(_WORD.findall(question.casefold())))
    if by_id := [cause for cause in report.causes if any(_is_id(cause, word) for word in words)]:
        return Meant(causes=tuple(by_id), named=True)
    if by_name := _nearest(report, words):
        return Meant(causes=by_name, named=True)
    return Meant(causes=_of_words(report, question))


def _is_id(cause: CauseRow, word: str) -> bool:
    ids = (cause.id, cause.rule, cause.finding, *cause.symptoms, cause.name)
    return any(word == each.casefold() for each in ids) or (
        len(word) >= _MIN_FINGERPRINT and cause.fingerprint.startswith(word)
    )


def _nearest(report: Report, words: Sequence[str]) -> tuple[CauseRow, ...]:
    """The causes of whose objects most are named: in full, by the beginning of a name, or as evidence."""
    scored = [(_named(circle, words), circle.cause) for circle in circles(report)]
    best = max(score for score, _ in scored)
    return tuple(cause for score, cause in scored if score == best) if any(best) else ()


def _named(circle: Circle, words: Sequence[str]) -> tuple[int, int, int, int]:
    about = {key[4].casefold() for key in circle.about}
    cited = {key[4].casefold() for key in circle.cited}
    spaces = {each.casefold() for each in circle.namespaces()}
    # In a sentence a plain word is a word, whatever object is called so.
    names = [word for word in words if _NAMELIKE.search(word) and not word.isdigit()]
    begun = [word for word in names if any(name.startswith((f"{word}-", f"{word}.")) for name in about)]
    return (
        sum(word in about for word in names), len(begun), sum(word in cited for word in names),
        sum(word in spaces for word in names),
    )  # fmt: skip


def _of_words(report: Report, question: str) -> tuple[CauseRow, ...]:
    """The causes whose names and sentences hold every word of a question that tells something."""
    words = [word for word in content_words(question) if not _STATES.match(word)]
    if not words:
        return ()
    return tuple(
        one.cause for one, circle in zip(reached(report), circles(report), strict=True)
        if all(any(each.startswith(word) for each in _texts(one, circle)) for word in words)
    )  # fmt: skip


def _texts(one: Reached, circle: Circle) -> set[str]:
    return set(_parts(one.cause.name, *one.sentences(), *(text for key in circle.about for text in key[3:5])))


def _parts(*texts: str) -> Iterator[str]:
    for text in texts:
        yield from _PART.findall(text.casefold())
