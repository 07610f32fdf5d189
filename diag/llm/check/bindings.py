"""What a number is told of: the cited number whose surroundings are most like a sentence's must be the same number."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from diag.llm.check.amounts import SIZES, Amount, amounts
from diag.llm.check.english import alike, plain_stems, stem, words
from diag.llm.check.english import stems as stems_of
from diag.llm.check.lasting import LASTING, NAMED_SECONDS, seconds_of, spelled
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import NUMBERS, tokens

_BREAK = re.compile(
    r"[;!?)]|\((?=of\b)|[,.](?=\s|$)|:(?=\s+(?:[^\s\d]|\d[\d/.]*\s+[A-Za-z]))|\b(?:and|but|while|whereas|yet|although|though|so|because|as|which|whose|"
    r"against|than|(?<!of )that|where)\b"
)
_NUMBER = rf"[\d.]+|{'|'.join(NUMBERS)}"
_PAIR = re.compile(
    rf"(?<![\w.])({_NUMBER}|none|either|all|any)(?:/| (?:[\w./]+ )?\(?(?:out )?of "
    rf"(?:at most |up to |a maximum of |the |its |all )*)({_NUMBER})"
    r"(?![\w.]*\w)", re.IGNORECASE,
)  # fmt: skip
_INNER = re.compile(r"(?<=\s)(?:spec|status|metadata)\.(?:[\w-]+\[\d+\]\.)?")
_PATH = re.compile(r"^(?:counted: )?[^:]{1,300}: \"?[\w.%/-]{1,60}\"?$")


@dataclass(frozen=True, slots=True)
class Bound:
    """A number, the stems around it in its clause, and the other numbers of that clause."""

    amount: Amount
    around: frozenset[str]
    units: tuple[frozenset[str], ...]  # the same, word by word, the thing that is counted aside
    beside: frozenset[str]
    part: bool = False  # the first of "5 of 8"
    whole: bool = False  # the second
    preempts: bool = False  # counts nodes on which preemption would not help


@lru_cache(maxsize=4096)
def bound(text: str, *, cited: bool = True) -> tuple[Bound, ...]:
    """The numbers of a text with what stands around each; what is cited has `name: 4`, a sentence's colon divides."""
    text = text.replace("(s)", "s")
    plain = spelled(text)
    cuts = [] if _PATH.match(text) else [one.start() for one in _BREAK.finditer(plain)]
    if not cited:
        cuts += [one.start() for one in re.finditer(r":\s", plain)]
    if _PATH.match(text):  # of a path only its end tells what is measured
        plain = _INNER.sub(lambda one: " " * len(one[0]), plain)
    found = amounts(text)
    made = []
    for one in found:
        start = max((cut for cut in cuts if cut < one.at), default=0)
        stop = min((cut for cut in cuts if cut > one.at), default=len(plain))
        beside = frozenset(other.digits for other in found if start <= other.at < stop)
        part = any(pair.start() == one.at for pair in _PAIR.finditer(plain))
        whole = any(pair.start(2) == one.at for pair in _PAIR.finditer(plain))
        preempts = re.match(r"\d+ (?:No )?[Pp]reemption", plain[one.at :]) is not None
        units = _units(plain[start:stop], one.of)
        made.append(Bound(one, _content(plain[start:stop]), units, beside, part, whole, preempts))
    for match, seconds in _lasting(plain):
        start = max((cut for cut in cuts if cut < match.start()), default=0)
        stop = min((cut for cut in cuts if cut > match.end()), default=len(plain))
        one = Amount(f"{seconds:g}s", "second", match.start())
        beside = frozenset(f"{other:g}s" for place, other in _lasting(plain) if start <= place.start() < stop)
        made.append(Bound(one, _content(plain[start:stop]), _units(plain[start:stop], "second"), beside))
    return tuple(made)


def _lasting(text: str) -> list[tuple[re.Match[str], float]]:
    return [*((one, seconds_of(one[0])) for one in LASTING.finditer(text)),
            *((one, float(one[1])) for one in NAMED_SECONDS.finditer(text))]  # fmt: skip


def _units(text: str, counted: str) -> tuple[frozenset[str], ...]:
    found = (token.text.casefold().removesuffix("'s") for token in tokens(text) if token.kind in ("word", "name"))
    units = {frozenset((stem(one), stem(one.rpartition("/")[2]))) - _function() for one in found}
    return tuple(one for one in units if one and not any(alike(word) & alike(counted) for word in one if counted))


def _content(text: str) -> frozenset[str]:
    return frozenset(one for one in stems_of(text) if one not in _function())


@lru_cache(maxsize=1)
def _function() -> frozenset[str]:
    return frozenset(map(stem, words("function")))


def misbound(text: str, support: Support) -> str | None:
    """A number beside words that stand beside another number in what is cited; None where each is at its place."""
    known = [(one, _lead(source)) for source in support.sources for one in bound(source.text)]
    for one in bound(text, cited=False):
        mine_of = [
            pair for pair in known if pair[0].amount.digits == one.amount.digits and not (one.part and pair[0].whole)
        ]
        if not mine_of and one.part:
            return f"{one.amount.digits} is the whole"
        mine = max((_score(one, other, lead) for other, lead in mine_of), default=(-1, False))
        wholes = {other.amount.digits for other, _ in known if other.whole and _same_sort(one.amount, other.amount)}
        if one.whole and wholes and one.amount.digits not in wholes:
            return f"of {one.amount.digits}"
        if one.whole or mine[0] < 0:
            continue  # "one of these"
        for other, lead in known:
            if other.amount.digits in one.beside or not _same_sort(one.amount, other.amount):
                continue
            if other.preempts and one.amount.of:
                continue  # "3 Preemption is not helpful for scheduling" counts nodes
            if other.part and other.amount.digits == "0" and not one.part and one.amount.of != other.amount.of:
                continue  # "0/3 nodes" is no number of anything else
            if _score(one, other, lead) > mine:
                return f"{one.amount.digits} where {other.amount.digits} is told"
    return None


_AGAINST = re.compile(r"\b(?:while|where|whereas|against|but|yet|only|just|at most|limit|may hold)\b", re.IGNORECASE)


def told_twice(text: str, support: Support) -> str | None:
    """One number told on both sides of a contrast ("wants 16 where only 16 is allowed") that is cited once."""
    found = amounts(text)
    for one, other in pairwise(found):
        between = spelled(text)[one.at : other.at]
        if one.digits != other.digits or one.digits in ("0", "1") or not _same_sort(one, other):
            continue
        if not _AGAINST.search(between):
            continue
        places = {
            source.text if _PATH.match(source.text) else (source.text, amount.at)
            for source in support.sources for amount in amounts(source.text) if amount.digits == one.digits
        }  # fmt: skip
        if len(places) < 2:  # noqa: PLR2004  both sides come of one
            return f"{one.digits} twice"
    return None


_PAIRED = re.compile(r"(?<![\w./-])([\w./-]+)=([\w.:/-]*\w)")


def misvalued(text: str, support: Support) -> str | None:
    """A `key=value` beside words that stand beside another value of the key in what is cited."""
    for flag, told in _arguments(support).items():
        said = re.search(
            rf"{re.escape(flag)}\b(?:\s+(?:is|was|of|to|set|at|with|value|the))*[\s=]+([\d.]*\d)(?![\w.])", text
        )
        if said and said[1] != told:
            return f"{flag} {said[1]}"
    known = [one for source in support.sources for one in _paired(source.text)]
    for key, value, units, _ in _paired(text):
        scores = {True: -1, False: -1}
        for other, told, _, around in known:
            if other == key:
                score = sum(any(alike(word) & around for word in unit) for unit in units)
                scores[told == value] = max(scores[told == value], score)
        if scores[False] > scores[True] >= 0:
            return f"{key}={value}"
    return None


def _arguments(support: Support) -> dict[str, str]:
    """The flags whose value is the next argument, and cited with them."""
    found = {
        (one[1], int(one[2])): one[3]
        for source in support.sources
        if (one := re.match(r"(\S+ \S+ \S+)\[(\d{1,4})\]: \"?([^\"\n]{1,200})\"?$", source.text))
    }
    return {
        flag: found[path, at + 1] for (path, at), flag in found.items()
        if flag.startswith("-") and (path, at + 1) in found
    }  # fmt: skip


@lru_cache(maxsize=4096)
def _paired(text: str) -> tuple[tuple[str, str, tuple[frozenset[str], ...], frozenset[str]], ...]:
    cuts = [one.start() for one in _BREAK.finditer(text)]
    made = []
    for one in _PAIRED.finditer(text):
        start = max((cut for cut in cuts if cut < one.start()), default=0)
        stop = min((cut for cut in cuts if cut >= one.end()), default=len(text))
        around = text[start : one.start()] + text[one.end() : stop]
        made.append((one[1].casefold(), one[2].casefold(), _units(around, ""), _content(around)))
    return tuple(made)


def _lead(source: Source) -> frozenset[str]:
    return source.names


def _same_sort(one: Amount, other: Amount) -> bool:
    if one.of in SIZES and other.of in SIZES:
        return True
    return not one.of or not other.of or bool(alike(one.of) & alike(other.of))


def _score(one: Bound, other: Bound, lead: frozenset[str]) -> tuple[int, bool]:
    """How like two surroundings are; between equals, a number that is told of the same things is nearer."""
    typed = bool(one.amount.of and alike(one.amount.of) & alike(other.amount.of)) or other.whole or other.part
    near = (unit for unit in one.units if any(alike(word) & other.around or word in lead for word in unit))
    return sum(_weight(unit) for unit in near), typed


def _weight(unit: frozenset[str]) -> int:
    """A name says more surely than a word what a number is told of, and a plain verb says less."""
    if any(map(_is_named, unit)):
        return _NAME
    return 1 if unit <= plain_stems() else _WORD


_WORD = 2
_NAME = 6  # a name says more surely than a word what a number is told of


def _is_named(word: str) -> bool:
    return any(map(str.isdigit, word)) and not word.isdigit()
