"""Numbers: each stands in what is cited, with the same unit and of the same things."""

import re
from dataclasses import dataclass
from functools import cache

from diag.llm.check.english import alike, stem, words
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import Token, tokens

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "ms": 0.001}
_TIME_WORD = re.compile(r"(ms|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)$", re.IGNORECASE)
_TIME = r"\d+(?:\.\d+)?(?: |-)?(?:ms|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|[smhd])\b"
_LASTING = re.compile(rf"(?<![\w.]){_TIME}(?:,? (?:and )?{_TIME})*|(?<![\w.])(?:\d+(?:\.\d+)?[dhms]){{2,4}}(?!\w)")
_PART = re.compile(r"(\d+(?:\.\d+)?)[ -]?(ms|[smhd])", re.IGNORECASE)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)$")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it is told: its digits, and the stem of what it counts or measures ("" where nothing says)."""

    digits: str
    of: str
    at: int


def amounts(text: str) -> list[Amount]:
    """The numbers of a text in order, durations aside; `2 of 8 GPUs` as two of the same."""
    found = tokens(text)
    lasting = [one.span() for one in _LASTING.finditer(text)]
    return [
        _amount(token, found, index)
        for index, token in enumerate(found)
        if token.kind == "number" and not any(start <= token.at < end for start, end in lasting)
    ]


def durations(text: str) -> list[tuple[str, float, float]]:
    """The durations of a text, `5m0s` or `5 minutes 2 seconds`, as (words, seconds, seconds of the smallest unit)."""
    found = []
    for one in _LASTING.finditer(text):
        parts = [(float(number), _SECONDS[unit.casefold()]) for number, unit in _PART.findall(one[0])]
        found.append((one[0], sum(number * unit for number, unit in parts), min(unit for _, unit in parts)))
    return found


def wrong_amount(text: str, support: Support) -> str | None:
    """The first number that nothing cited holds, or that counts something else there; None where all agree."""
    lasting = [seconds for source in support.sources for _, seconds, _ in durations(source.text)]
    for said, seconds, unit in durations(text):
        # "40 minutes" may be told of 40 minutes 58 seconds, and so may 41.
        if not any(abs(known - seconds) < unit and (unit < known or known == seconds) for known in lasting):
            return said
    held = [(source, amounts(source.text)) for source in support.sources]
    for one in amounts(text):
        if one.digits in ("1", "0") and not one.of and text[one.at : one.at + 1].isalpha():
            continue  # "one of these"
        if not any(_agrees(one, source, known) for source, known in held):
            return f"{one.digits} {one.of}".strip()
    return None


def unproven_quantifier(text: str, support: Support) -> str | None:
    """A word like "all" or "only" that nothing cited says; beside a number that is proven it only stresses."""
    found = tokens(text)
    for index, token in enumerate(found):
        word = token.text.casefold()
        if token.kind != "word" or word not in words("quantifiers") or word == "both":
            continue
        if re.search(rf"\b{word}\b", support.lowered):
            continue
        near = found[index + 1 : index + 4]
        if word in ("only", "all", "after", "before", "until") and any(one.kind == "number" for one in near):
            continue
        whole = re.search(r"\b(\d+) (?:of|out of) \1\b|\b(?:each|per|every|all)\b", support.lowered)
        if word in ("all", "every", "each", "entire", "whole") and whole:
            continue
        return word
    return None


def untold_ordinal(text: str, support: Support) -> str | None:
    """The first ordinal in digits ("3rd") whose number nothing cited holds."""
    known = {one.digits for source in support.sources for one in amounts(source.text)}
    for token in tokens(text):
        ordinal = _ORDINAL.match(token.text)
        if ordinal and ordinal[1] not in known:
            return token.text
    return None


def _amount(token: Token, found: tuple[Token, ...], index: int) -> Amount:
    if token.unit:
        return Amount(_digits(token.text[: -len(token.unit)]), stem(token.unit.replace("%", "percent")), token.at)
    return Amount(_digits(token.text), _counted(found, index), token.at)


def _digits(text: str) -> str:
    text = text.replace(",", "").lstrip("+")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _counted(found: tuple[Token, ...], index: int) -> str:
    """What a number counts: the next noun, over "of 8", "×" and the like; no further than five tokens."""
    for token in found[index + 1 : index + 6]:
        lowered = token.text.casefold()
        if token.kind == "mark" and token.text not in "×(":
            return ""
        if token.kind in ("number", "mark") or lowered in words("between"):
            continue
        if re.fullmatch(r"[kmgt]i?b/s|%", lowered):
            return stem(lowered)
        # The last word of a name says what it is: nvidia.com/gpu, requests.nvidia.com/gpu.
        word = stem(re.split(r"[./:]", lowered)[-1] if token.kind == "name" else lowered)
        return word if word in _things() else ""
    return ""


@cache
def _things() -> frozenset[str]:
    return frozenset(map(stem, words("counted")))


def _agrees(one: Amount, source: Source, known: list[Amount]) -> bool:
    for other in known:
        if other.digits == one.digits and (
            not one.of
            or (other.of and alike(one.of) & alike(other.of))
            # A bare value tells what it counts by its path: `status.allocatable["nvidia.com/gpu"]: "8"`.
            or (not other.of and alike(one.of) & source.stems)
        ):
            return True
    return False
