"""Whose trouble it is: what is true of one object must not be told of another."""

import re

from diag.llm.check.clauses import clauses
from diag.llm.check.english import alike, plain, stem
from diag.llm.check.names import objects_in
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import Token, tokens

_CLAUSE_END = re.compile(r"[,;:]|\b(?:because|so|and|but|while|which|therefore|as)\b")


def misplaced(text: str, support: Support) -> str | None:
    """A statement about an object to which no cited source that holds it belongs; None where each has its owner.

    The owner of a word or number is the object that was named last before it, else the first named after it.
    """
    named = objects_in(text, support)
    if not named:
        return None
    places = {at for at, _ in named}
    for token in tokens(text):
        if not _tells(token) or token.at in places:
            continue
        holding = [source for source in support.sources if _holds(source, token)]
        if not holding:
            continue
        owner = _owner(token, text, named)
        if not any(_concerns(source, owner) for source in holding):
            return f"{token.text} of {owner}"
    return None


def _owner(token: Token, text: str, named: list[tuple[int, str]]) -> str:
    """The object of the token's clause: named before it there, else behind it there, else before it at all."""
    start = max((one.end() for one in _CLAUSE_END.finditer(text, 0, token.at)), default=0)
    stop = next((one.start() for one in _CLAUSE_END.finditer(text, token.end)), len(text))
    inside = [name for at, name in named if start <= at < token.at] or [
        name for at, name in named if token.at < at < stop
    ]
    if inside:
        return inside[-1]
    before = [name for at, name in named if at < token.at]
    return before[-1] if before else named[0][1]


def _tells(token: Token) -> bool:
    """Whether a token states something: a number, a name, a quoted text, or a word that is not plain English."""
    if token.kind == "mark":
        return False
    return token.kind != "word" or token.text.casefold() not in plain()


def _holds(source: Source, token: Token) -> bool:
    if token.kind == "word":
        return bool(alike(stem(token.text)) & source.stems)
    return token.text.casefold() in source.lowered


def _concerns(source: Source, owner: str) -> bool:
    """Whether a source is about an object, or its words name it; a source about nothing concerns all."""
    if not source.about:
        return True
    return owner in source.names or re.search(rf"(?<![\w.-]){re.escape(owner)}(?![\w-])", source.lowered) is not None


def of_nothing_cited(text: str, support: Support) -> str | None:
    """An object that a clause is about alone, and of which nothing that is cited speaks."""
    for clause in clauses(text):
        named = {name for _, name in objects_in(clause.text, support)}
        if len(named) == 1 and not any(_concerns(source, *named) for source in support.sources):
            return f"nothing cited is about {named.pop()}"
    return None
