"""A sentence or a fact taken apart: names, amounts, quoted texts and words, each with its place."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

NUMBERS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20",
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "thousand": "1000", "million": "1000000", "dozen": "12", "half": "0.5", "third": "0.33",
    "quarter": "0.25", "couple": "2", "pair": "2", "twice": "2", "double": "2", "triple": "3", "once": "1",
}  # fmt: skip
Kind = Literal["quote", "name", "number", "word", "mark"]

_TOKEN = re.compile(
    r"""
      (?P<quote>  `[^`\n]+` | "[^"\n]+" | “[^”\n]+” | (?<!\w)'[^'\n]+'(?!\w) )
    | (?P<number> [-+]?(?<![\w.])\d(?:[\d,]*\d)?(?:\.\d+)?(?P<unit>%|[A-Za-zµ]{1,5}(?:/[A-Za-z]{1,4})?)?
                  (?:\d+(?:\.\d+)?[a-z]{1,2})* (?:(?=/\d+(?![\w./]))|(?![\w./:=@-]*[A-Za-z0-9])) )
    | (?P<name>   [A-Za-z0-9_][\w.:/=@\[\]"'{}$+*~^-]*[\w\]}] | [A-Za-z0-9] )
    | (?P<mark>   [^\s\w] )
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?$")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `text` without quotation marks, `unit` of a number as it is written behind it."""

    kind: Kind
    text: str
    at: int
    unit: str = ""

    @property
    def end(self) -> int:
        """Where the token ends, quotation marks aside."""
        return self.at + len(self.text)


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a text. A number that is a word (`two`) is a number; a capital alone makes no name."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match["quote"]:
            found.append(Token("quote", match["quote"][1:-1].strip(), match.start() + 1))
        elif match["number"]:
            unit = match["unit"] or ""
            number = match["number"]
            found.append(Token("number", number, match.start(), unit))
        elif match["name"]:
            found += _name(match["name"], match.start())
        else:
            found.append(Token("mark", match["mark"], match.start()))
    return tuple(found)


def _name(text: str, at: int) -> list[Token]:
    text = text.rstrip(".:'\"")
    if text.casefold() in NUMBERS:
        return [Token("number", NUMBERS[text.casefold()], at)]
    if _WORD.match(text) and (text.islower() or text[1:].islower() or len(text) == 1):
        return [Token("word", text, at)]
    return [Token("name", text, at)]
