"""Who did it to whom: "A waits for B" is not told of "B waits for A"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from diag.llm.check.clauses import clauses
from diag.llm.check.english import alike, stem, words
from diag.llm.check.support import Support
from diag.llm.check.tokens import Token, tokens


@dataclass(frozen=True, slots=True)
class _Deed:
    """A word, and what stands on its left and right in its clause; of "is blocked by" the other way round."""

    word: str
    left: frozenset[str]
    right: frozenset[str]


def exchanged(text: str, support: Support) -> str | None:
    """A word whose two sides are exchanged in every cited clause that has it between them; None where none are."""
    texts = [source.spoken for source in support.sources if source.kind or source.text not in _whys(support)]
    cited = [one for known in (*texts, *_whys(support).values()) for one in _merged(_deeds(known))]
    for said in _deeds(text):
        same = [one for one in cited if one.word == said.word and said.left and said.right]
        if any(_shared(said.left, one.left) or _shared(said.right, one.right) for one in same):
            continue
        if any(_only(said.left, one.right, one.left) and _only(said.right, one.left, one.right) for one in same):
            return f"{said.word} the other way round"
    return None


def _whys(support: Support) -> dict[str, str]:
    """Why each cited link holds, with the name of its effect for "it"."""
    found = {}
    for (_, effect), why in support.arrows:
        first = f"{effect.about[0].kind} {effect.about[0].name}" if effect.about else "it"
        found[why] = first + why.removeprefix("it") if why.startswith("it ") else why
    return found


_FURTHER = frozenset(("to", "for", "from", "into", "on", "in", "with", "at"))


def _deeds(text: str) -> Iterator[_Deed]:
    for clause in clauses(text):
        found = [token for token in tokens(clause.text) if token.kind in ("word", "name")]
        for at, token in enumerate(found):
            if token.kind != "word" or token.text.casefold() in words("function"):
                continue
            left, right = _content(found[:at]), _content(found[at + 1 :])
            behind = found[at + 1].text.casefold() if at + 1 < len(found) else ""
            if behind == "by":  # "is held by", "held by a for b"
                stop = next(
                    (to for to, one in enumerate(found) if to > at + 2 and one.text.casefold() in _FURTHER), None
                )
                left, right = _content(found[at + 2 : stop]), left | _content(found[stop:] if stop else [])
            if left or right:
                yield _Deed(stem(token.text), left - right, right - left)


def _merged(deeds: Iterator[_Deed]) -> list[_Deed]:
    """One for each word of a piece: "B waits for it: error waiting for A" says who waits, and for whom."""
    sides: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for one in deeds:
        left, right = sides.get(one.word, (frozenset[str](), frozenset[str]()))
        sides[one.word] = (left | one.left, right | one.right)
    return [_Deed(word, left - right, right - left) for word, (left, right) in sides.items()]


def _content(found: list[Token]) -> frozenset[str]:
    names = (re.sub(r"'s$", "", token.text.casefold()).rpartition("/")[2] for token in found)
    return frozenset(stem(one) for one in names if one and one not in words("function"))


def _shared(one: frozenset[str], other: frozenset[str]) -> bool:
    return any(alike(word) & other for word in one)


def _only(one: frozenset[str], mine: frozenset[str], other: frozenset[str]) -> bool:
    return any(alike(word) & mine and not alike(word) & other for word in one)


_UNABLE = re.compile(
    r"(?P<does>[^;:()]+?),? (?:so|and|but) (?P<who>[^,;:()]+?) "
    r"(?:cannot|can't|could not|does not|do not|is not|are not)(?=[:;,.]|$)"
)


def unable(text: str, support: Support) -> str | None:
    """Something told of whoever cannot do it ("A uses it, so B cannot" of "B uses it")."""
    for source in support.sources:
        for told in _UNABLE.finditer(source.text):
            who = _content(list(tokens(told["who"]))) - _aside()
            does = _content(list(tokens(told["does"]))) - _aside() - who
            for clause in clauses(text):
                if clause.negative or not _most(who, clause.stems):
                    continue
                if _shared(does, clause.stems - who):
                    return f"{told['who']} cannot"
    return None


def _most(some: frozenset[str], known: frozenset[str]) -> bool:
    return bool(some) and 2 * len(some & known) >= len(some)


@cache
def _aside() -> frozenset[str]:
    return frozenset(map(stem, words("function") | words("neutral"))) | {"there", "here", "then"}
