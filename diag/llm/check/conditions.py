"""Conditions: a step that holds only under one is not advised without it."""

import re

from diag.llm.check.english import alike, is_plain, stem
from diag.llm.check.support import Support
from diag.llm.check.tokens import tokens

_UNDER = re.compile(r"\b(?:if|when|once|unless|provided|where|as soon as|in case|until)\b", re.IGNORECASE)
# How a sentence may put one.
_PUT = re.compile(
    r"\b(?:if|when|whenever|once|unless|provided|providing|where|wherever|as soon as|in case|in the event|until|while"
    r"|after|assuming|given that|should (?:it|the|that|this|you)|should \S+ be|whether|depend\w*|as long as"
    r"|which(?:ever)?|whose|finally|then|wait\w*)\b",
    re.IGNORECASE,
)
_MOST = 0.6  # of a step's words: that many tell it


_SUPPOSED = re.compile(r"\bwould\b[^;]*\bif\b[^;]*")  # "1 would fit, if the node offered its GPUs"
_WOULD = re.compile(r"\b(?:would|could|'d)\b", re.IGNORECASE)


def unconditional(text: str, support: Support) -> str | None:
    """The condition of a cited step that the sentence advises without it; None where there is none."""
    if _PUT.search(text):
        return None
    facts = [source for source in support.sources if source.kind != "step"]
    supposed = [one[0] for source in facts if (one := _SUPPOSED.search(source.text))]
    if supposed and len(supposed) == len(facts) and not _WOULD.search(text):
        return supposed[0]
    said = _words(text)
    for step in support.steps:
        for main, condition in _conditional(step.text if not step.condition else f"{step.text} if {step.condition}"):
            wanted = _words(main)
            told = sum(bool(alike(word) & said) for word in wanted)
            if wanted and told >= _MOST * len(wanted):
                return condition.strip()
    return None


def _conditional(text: str) -> list[tuple[str, str]]:
    """The parts of a step that hold under a condition, with it: "do B when A", "if A, do B"."""
    first = _UNDER.match(text)
    if first:
        condition, _, main = text.partition(", ")
        return [(main, condition)] if main else []
    found = []
    if later := re.match(r"(?P<under>.+): (?P<main>.*\bthen\b.*)", text):
        found.append((later["main"], later["under"]))
    for part in re.split(r";|, or\b|\bor\b", text):
        under = _UNDER.search(part)
        if under:
            found.append((part[: under.start()], part[under.start() :]))
    return found


def _words(text: str) -> frozenset[str]:
    found = (token.text.casefold() for token in tokens(text) if token.kind in ("word", "name", "quote"))
    return frozenset(stem(word) for word in found if not is_plain(word) or word in _DEEDS)


_DEEDS = frozenset(("name", "use", "leave", "put", "set", "start", "run"))
