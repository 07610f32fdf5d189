"""Two things told of each other's subject: "the operands are Ready, and the pod is paused" of the other way round."""

import re
from itertools import combinations

from diag.llm.check.english import stem, words
from diag.llm.check.support import Support
from diag.llm.check.tokens import tokens

_PART = re.compile(r"[;:](?=\s)|,? \b(?:and|but|while|whereas|although|though|yet)\b")
_TITLE = re.compile(r" is the root cause \([^()]*\)|\((?:[a-z]+-)+[a-z]+\)")


def crossed(text: str, support: Support) -> str | None:
    """Two parts of a sentence of which each mixes the same two parts of one cited piece; None where none do."""
    mine = _parts(text)
    if len(mine) < 2:  # noqa: PLR2004  nothing to exchange
        return None
    for source in support.sources:
        if source.kind == "step":
            continue
        for one, other in combinations(_parts(_TITLE.sub("", source.text)), 2):
            first, second = one - other, other - one
            for here, there in combinations(mine, 2):
                mixed = (here & first, here & second, there & first, there & second)
                if all(mixed) and not mixed[0] & mixed[2] and not mixed[1] & mixed[3]:
                    return f"{min(mixed[1])} with {min(mixed[0])}"
    return None


def _parts(text: str) -> list[frozenset[str]]:
    found = []
    for part in _PART.split(text):
        told = (token.text.casefold().removesuffix("'s") for token in tokens(part) if token.kind in ("word", "name"))
        found.append(frozenset(stem(one) for one in told if one not in words("function")))
    return found
