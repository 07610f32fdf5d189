"""Clauses, and which of their words are denied."""

import re
from dataclasses import dataclass
from functools import lru_cache

from diag.llm.check.english import pieces, stem
from diag.llm.check.tokens import tokens

_BREAK = re.compile(
    r"[;!?()]+|[,.:]+(?=\s|$)|\s[—–]\s|"
    r"\b(?:but|and|so|because|which|while|whereas|although|though|that|therefore|however|as)\b"
)
_NEGATOR = re.compile(
    r"""\b(?:no|not|never|none|neither|nor|without|cannot|nothing|nobody|nowhere|\w+n't|unable|absent|missing|lacks?
    |lacking|refus\w+|den(?:y|ies|ied)|reject\w*|forbid\w*|forbidden|prevent\w*|block\w*|fail\w*|stop\w*
    |un(?:schedul|toler|avail|reach|bound|ready|respons|known|support|author|success|able|healthy|claim)\w*
    |inaccessible|invalid|impossible|insufficient|out\ of|too\ (?:few|little|small|slow|old)|non-?existent)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# Says no where nothing else does: "never allows any, 0 of 2" is one denial.
_NOTHING = re.compile(r"(?<![\w.-])(?:0%?|zero|false|null)(?![\w.-]*\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: its stems, each with whether an odd number of other words deny it; `words` only of plain words."""

    text: str
    denied: dict[str, bool]
    words: frozenset[str]
    negative: bool


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a text, in order. A path and its value are one: `status.disruptionsAllowed: 0` denies."""
    value = re.match(r"^(\S+ \S+ \S+): (\S{1,30})$", text)
    parts = [f"{value[1]} {value[2]}"] if value else _BREAK.split(text)
    return tuple(_clause(part.strip()) for part in parts if part and part.strip())


def _clause(text: str) -> Clause:
    negators = [stem(found[0]) for found in _NEGATOR.finditer(text)] or ["0" for _ in _NOTHING.findall(text)][:1]
    found = [token for token in tokens(text) if token.kind in ("word", "name", "quote")]
    every = {stem(word) for token in found for word in (token.text, *pieces(token.text)) if word.isalpha()}
    return Clause(
        text,
        {word: (len(negators) - negators.count(word)) % 2 == 1 for word in every},
        frozenset(stem(token.text) for token in found if token.kind == "word"),
        len(negators) % 2 == 1,
    )
