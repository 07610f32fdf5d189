"""The guard: a sentence is kept when every name, number, command, cause and denial in it stands in what it cites.

The model is taken for an adversary. All that can be proven by words is: what cannot (a subtle change of scope, or the
wording of another language than English) is measured, and stated in `docs/model-use.md`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from diag.llm.brief import Brief
from diag.llm.check.advice import unadvised, wrong_certainty, wrong_risk
from diag.llm.check.amounts import untold_ordinal, wrong_amount
from diag.llm.check.aspect import after_the_snapshot, not_yet, told_as_done, told_as_mended
from diag.llm.check.bindings import misbound, misvalued, told_twice
from diag.llm.check.causal import unlinked
from diag.llm.check.comparisons import (
    inverted,
    of_another_resource,
    opposite_of_cited,
    opposite_state,
    otherwise_called,
)
from diag.llm.check.conditions import unconditional
from diag.llm.check.crossed import crossed
from diag.llm.check.english import plainly
from diag.llm.check.exchanged import exchanged, unable
from diag.llm.check.existence import none_of, told_as_there
from diag.llm.check.fields import of_another_object, other_value
from diag.llm.check.lasting import wrong_duration
from diag.llm.check.moments import misplaced_moment, without_moments, wrong_moment
from diag.llm.check.names import foreign, foreign_name, otherwise_named, undocumented, wrong_kind
from diag.llm.check.polarity import denied_value, has_it_not, not_missing, stressed, turned_around
from diag.llm.check.quantifiers import unproven_quantifier
from diag.llm.check.standing import foretold, told_as_over, unlooked, untrue_standing
from diag.llm.check.subjects import elsewhere, misplaced, of_nothing_cited, runs_on_no_node, swapped
from diag.llm.check.support import Support, UnknownSourceError, support_of
from diag.llm.form import Form, Sentence

MOST_CHARS = 600
_APOSTROPHES = {0x2018: "'", 0x2019: "'"}  # typographic ones
Test = Callable[[str, Support], str | None]

# In the order in which a reader would object. Those of the first table hold in any language.
ANY_LANGUAGE: tuple[tuple[str, Test], ...] = (
    ("a command that no step documents", undocumented),
    ("a number that is not cited", wrong_duration),
    ("a number that is not cited", wrong_amount),
)
OTHERS: tuple[tuple[str, Test], ...] = (("a name that is not cited", foreign_name),)
ENGLISH: tuple[tuple[str, Test], ...] = (
    ("advice that no step gives", unadvised),
    ("a name or word that is not cited", foreign),
    ("another kind of object", wrong_kind),
    ("another kind of object", otherwise_named),
    ("a number that is not cited", untold_ordinal),
    ("a quantity that is not cited", unproven_quantifier),
    ("a number of something else", misbound),
    ("a number of something else", told_twice),
    ("a value of something else", misvalued),
    ("a value of something else", other_value),
    ("a value of something else", of_another_object),
    ("a comparison that is not cited", inverted),
    ("a comparison that is not cited", opposite_of_cited),
    ("told of another object", otherwise_called),
    ("told of another object", of_another_resource),
    ("a future that is not cited", foretold),
    ("an end that is not cited", told_as_over),
    ("an end that is not cited", told_as_mended),
    ("a time that is not cited", not_yet),
    ("a step told as done", told_as_done),
    ("a time that is not cited", after_the_snapshot),
    ("what was not checked, or ruled out", unlooked),
    ("what was not checked, or ruled out", untrue_standing),
    ("another risk or owner", wrong_risk),
    ("a condition left out", unconditional),
    ("another certainty", wrong_certainty),
    ("a cause without its link", unlinked),
    ("a denial turned around", turned_around),
    ("a denial turned around", denied_value),
    ("a denial turned around", has_it_not),
    ("a denial turned around", stressed),
    ("a denial turned around", opposite_state),
    ("a denial of another name", not_missing),
    ("a denial turned around", told_as_there),
    ("a quantity that is not cited", none_of),
    ("told of another object", misplaced),
    ("another namespace", elsewhere),
    ("told of an object that is not cited", of_nothing_cited),
    ("told of another object", swapped),
    ("told of another object", exchanged),
    ("told of another object", crossed),
    ("told of another object", unable),
    ("told of another object", runs_on_no_node),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A sentence that was not proven, and why."""

    sentence: Sentence
    why: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What may be read, and what may not. `partial` says what could not be checked at all, "" where all was."""

    kept: tuple[Sentence, ...]
    dropped: tuple[Dropped, ...]
    partial: str = ""

    @property
    def sentences(self) -> int:
        """How many sentences there were."""
        return len(self.kept) + len(self.dropped)


def check(form: Form, brief: Brief, *, language: str = "en") -> Checked:
    """Hold each sentence against what it cites. Pure: the same form and brief give the same answer."""
    kept, dropped = list[Sentence](), list[Dropped]()
    english = language.partition("-")[0] == "en"
    for sentence in form.sentences:
        found = None if _is_fact(sentence, brief) else _objection(sentence, brief, english=english)
        if found:
            dropped.append(Dropped(sentence=sentence, why=found[0], detail=found[1][:200]))
        else:
            kept.append(sentence)
    partial = (
        "" if english else "in this language names, numbers and commands are proven, the wording between them is not"
    )
    return Checked(kept=tuple(kept), dropped=tuple(dropped), partial=partial)


def _is_fact(sentence: Sentence, brief: Brief) -> bool:
    """Whether it is the one fact that it cites, word for word, and claims no link or step besides."""
    alone = len(sentence.facts) == 1 and not sentence.steps and sentence.because is None
    return alone and any(fact.id in sentence.facts and fact.text == sentence.text for fact in brief.facts)


def _objection(sentence: Sentence, brief: Brief, *, english: bool) -> tuple[str, str] | None:
    text = sentence.text.translate(_APOSTROPHES)
    if not text.strip() or len(text) > MOST_CHARS or not text.replace("\t", " ").isprintable():
        return "no sentence", "empty, too long, or with control characters"
    if not sentence.facts and not sentence.steps:
        return "nothing is cited", ""
    try:
        support = support_of(sentence, brief)
    except UnknownSourceError as error:
        return "something is cited that does not exist", str(error)
    if not english:
        text = re.sub(r"(\d),(\d{1,2})(?!\d)", r"\1.\2", text)  # 3,92 GiB
    moment = wrong_moment(text, support) or (misplaced_moment(text, support) if english else None)
    if moment:
        return "a time that is not cited", moment
    text = without_moments(text)
    if english:
        text = plainly(text)
    for why, test in (*ANY_LANGUAGE, *(ENGLISH if english else OTHERS)):
        detail = test(text, support)
        if detail:
            return why, detail
    return None
