"""Yes and no: a sentence may deny only what is denied in what it cites, and affirm only what is affirmed."""

from functools import cache

from diag.llm.check.clauses import Clause, clauses, contrary
from diag.llm.check.english import alike, plain, stem, words
from diag.llm.check.support import Support


def turned_around(text: str, support: Support) -> str | None:
    """A word that is denied here and affirmed in what is cited, or the other way round; None where they agree."""
    known = [clause for source in support.sources for clause in clauses(source.text)]
    if support.advised:  # costs, times and steps are of the cause and its symptoms
        known += [
            one for fact in support.brief.facts if fact.kind in ("cause", "symptom") for one in clauses(fact.text)
        ]
    skip = _neutral() | support.kinds | _names(support)
    for clause in clauses(text):
        if clause.negators - support.stems - {"onli"} and not any(one.negative for one in known):
            return f"denies: {clause.text[:60]}"
        for word in sorted(clause.words - skip):
            if _turned(word, clause, known):
                return f"not {word}" if word in clause.denied else word
    return None


def _turned(word: str, clause: Clause, known: list[Clause]) -> bool:
    """Whether every place that holds the word says the contrary.

    A denial is found wherever something else says no beside the word ("refuses to let go" for "does not let go"); an
    affirmation is false only where each place denies the very word.
    """
    held = [(one, other) for one in known for other in alike(word) & one.stems]
    held = [
        place for place in held if place[1] == word or place[1] not in clause.stems
    ]  # "the scheduler … unschedulable"
    if not held:
        return False
    if word not in clause.denied:  # of several places, those that are most alike
        near = [len((one.stems & clause.stems) - _neutral() - {word}) for one, _ in held]
        held = [place for place, score in zip(held, near, strict=True) if score == max(near)]
    no = [(other in one.denied) != contrary(word, other) for one, other in held]
    if word in clause.denied:
        return not any(denied or one.negators - {other} for denied, (one, other) in zip(no, held, strict=True))
    return not clause.negators - {word} and all(no)


@cache
def _neutral() -> frozenset[str]:
    """Stems of nouns that stand in statements of either sort, and of plain words."""
    return frozenset(map(stem, (*words("neutral"), *(plain() - words("polar")))))


def _names(support: Support) -> frozenset[str]:
    return frozenset(stem(part) for source in support.sources for name in source.names for part in name.split("/"))
