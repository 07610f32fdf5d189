"""Dates and times of day: each stands in what is cited, however it is written."""

import re
from functools import cache

from diag.llm.check.english import alike, stem, stems, words
from diag.llm.check.support import Support

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = r"(?P<month>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS) + r")\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = tuple(
    re.compile(rf"(?<![\w-]){form}(?![\w-])", re.IGNORECASE)
    for form in (
        rf"{_DAY}(?: of)? {_MONTH}(?:,? (?P<year>\d{{4}}))?",
        rf"{_MONTH} {_DAY}(?:,? (?P<year>\d{{4}}))?",
        r"(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})",
    )
)
_CLOCK = re.compile(r"(?<![\w.:/-])\d{1,2}:\d{2}(?::\d{2})?(?:Z)?(?![\w:]|\.\d)(?: ?UTC\b)?")


def wrong_moment(text: str, support: Support) -> str | None:
    """The first date or time of day that nothing cited holds; None where all are there."""
    for form in _DATES:
        for one in form.finditer(text):
            if not _known_date(one, support.text):
                return one[0]
    for one in _CLOCK.finditer(text):
        clock = re.sub(r" ?(?:UTC|Z)$", "", one[0]).rjust(5, "0")
        if not re.search(rf"(?<![\d:]){re.escape(clock)}(?!\d)", support.text):
            return one[0]
    return None


def misplaced_moment(text: str, support: Support) -> str | None:
    """A time of day that is told of what another time is cited for; None where each is told of its own."""
    known = [
        (_clock(one[0]), clause, source.names)
        for source in support.sources if source.kind != "since"
        for clause in _CLAUSES.split(source.text) for one in _CITED.finditer(clause)
    ]  # fmt: skip
    for clause in _CLAUSES.split(text):
        for one in _CLOCK.finditer(clause):
            aside = frozenset(
                stem(part) for _, _, names in known for name in names for part in re.split(r"[/.-]", name)
            )
            here = frozenset(word for word in stems(without_moments(clause)) if word not in aside | _stop())
            scores = {True: -1, False: -1}
            for clock, cited, _ in known:
                score = sum(bool(alike(word) & stems(cited)) for word in here)
                scores[clock[:5] == _clock(one[0])[:5]] = max(scores[clock[:5] == _clock(one[0])[:5]], score)
            if scores[False] > scores[True] >= 0:
                return one[0]
    return None


_CLAUSES = re.compile(r"[;,()]|:(?=\s)|\b(?:and|but|while|whereas|until)\b")
_CITED = re.compile(r"(?<=T)\d{2}:\d{2}:\d{2}|(?<![\w.:/-])\d{1,2}:\d{2}:\d{2}")


def _clock(text: str) -> str:
    return re.sub(r" ?(?:UTC|Z)$", "", text).rjust(5, "0")


@cache
def _stop() -> frozenset[str]:
    return frozenset(map(stem, words("function")))


def without_moments(text: str) -> str:
    """The text with its dates and times of day blanked, places unchanged. For those that have been proven."""
    for form in (*_DATES, _CLOCK):
        text = form.sub(lambda found: " " * len(found[0]), text)
    return text


def _known_date(one: re.Match[str], known: str) -> bool:
    parts = one.groupdict()
    if parts.get("number"):
        month = int(parts["number"])
    else:
        names = [name[:3] for name in _MONTHS]
        month = names.index(parts["month"][:3].casefold()) + 1
    year, day = parts.get("year"), int(parts["day"])
    wanted = rf"{year}-{month:02}-{day:02}" if year else rf"{month:02}-{day:02}"
    return re.search(rf"(?<!\d){wanted}(?!\d)", known) is not None
