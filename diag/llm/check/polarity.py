"""Yes and no: a sentence may deny only what is denied in what it cites, and affirm only what is affirmed."""

from functools import cache

from diag.llm.check.clauses import Clause, clauses
from diag.llm.check.english import alike, plain, stem, words
from diag.llm.check.support import Support


def turned_around(text: str, support: Support) -> str | None:
    """A word that is denied here and affirmed in what is cited, or the other way round; None where they agree."""
    known = [clause for source in support.sources for clause in clauses(source.text)]
    skip = _neutral() | support.kinds | _names(support)
    for clause in clauses(text):
        if clause.negative and not any(one.negative for one in known):
            return f"denies: {clause.text[:60]}"
        for word in sorted(clause.words - skip):
            if found := _turned(word, clause, known):
                return found
    return None


def _turned(word: str, clause: Clause, known: list[Clause]) -> str | None:
    same = alike(word)
    said = {one.denied[other] for one in known for other in same if other in one.denied}
    here = clause.denied.get(word, False)
    if not said or here in said:
        return None
    return f"not {word}" if here else word


@cache
def _neutral() -> frozenset[str]:
    """Stems of nouns that stand in statements of either sort, and of plain words."""
    return frozenset(map(stem, (*words("neutral"), *plain())))


def _names(support: Support) -> frozenset[str]:
    return frozenset(stem(part) for source in support.sources for name in source.names for part in name.split("/"))
