"""Yes and no: a sentence may deny only what is denied in what it cites, and affirm only what is affirmed."""

import re
from dataclasses import dataclass
from functools import cache

from diag.llm.check.clauses import Clause, clauses, contrary, zeros
from diag.llm.check.english import alike, ill, opposites, plain_stems, states, stem, words
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import tokens

_UNSURE = re.compile(r"\b(?:but |though )?not (?:yet )?(?:proven|certain|confirmed|sure)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Place:
    """A clause of what is cited, and how the objects are called that its source is about."""

    clause: Clause
    names: frozenset[str]
    kind: str
    title: bool = False  # the name of a finding: (sidecar-blocks-job-completion)


def turned_around(text: str, support: Support) -> str | None:
    """A word that is denied here and affirmed in what is cited, or the other way round; None where they agree."""
    own = [
        _Place(clause, source.names, source.kind, _titles(source).startswith(clause.text.partition(",")[0]))
        for source in support.sources if not _TYPE.search(source.text)
        for told in (source.text, source.state) for clause in clauses(_asserted(told))
    ]  # fmt: skip
    wider = list(own)
    if any(source.kind in ("cost", "since", "step") for source in support.sources):  # of the cause and its symptoms
        told = (Source(fact.text, fact.about) for fact in support.brief.facts if fact.kind in ("cause", "symptom"))
        wider += [_Place(clause, source.names, "") for source in told for clause in clauses(_asserted(source.text))]
    skip = _neutral() | support.kinds | _names(support)
    text = _weighed(text, support)
    if any(token.text.casefold() in _offered(support.lowered) for token in tokens(text)):
        skip |= alike(stem("exist"))  # "there are root, root.prod"
    plain_yes = not any(one.clause.negative for one in own) and all(one.kind in _AFFIRMED for one in own)
    for clause in clauses(text):
        denies = f"denies: {clause.text[:60]}"
        if plain_yes and _NOT.search(clause.text):
            return denies
        if clause.negators - support.stems - {"onli"} and not any(one.clause.negative for one in wider):
            return denies
        if _unlike(
            clause,
            [one.clause for one in own if one.kind != "unchecked" and (one.clause.nots or not one.title)],
            _names(support) | support.kinds,
        ):
            return denies
        if _affirms(clause, [one.clause for one in own if one.kind != "unchecked"], _names(support) | support.kinds):
            return f"affirms: {clause.text[:60]}"
        named = {name for token in tokens(clause.text) if (name := token.text.casefold()) in support.objects}
        agreed = _agreed(clause, [one.clause for one in own])
        doers = {stem(one) for one in _DOER.findall(clause.text)}
        doers |= {stem(one) for one in _THING.findall(clause.text)} & plain_stems()
        said_zero = _zero_of(clause.denied, support.lowered)
        for word in sorted((clause.words | (clause.denied - _pieces(support))) - skip - agreed - doers - said_zero):
            near = [one for one in wider if named & one.names or not one.names] or wider
            if _turned(word, clause, [one for one in near if one.kind != "unchecked"]):
                return f"not {word}" if word in clause.denied else word
    return None


_BOUND = re.compile(
    r"\b(?:no|not) (?:more|less|fewer|later|earlier|higher|lower|longer|better|worse|further|greater) than\b"
)


def _weighed(text: str, support: Support) -> str:
    """The text without what says neither yes nor no: suppositions, bounds, and what is quoted letter for letter."""
    text = re.sub(r"\bnot (?:a single|one)(?= [a-z])", "no", _SUPPOSED.sub(" ", text))
    text = re.sub(r"\"[^\"]*\"|`[^`]*`|“[^”]*”", " ", _BOUND.sub(" ", text))
    if any(source.kind == "ruled_out" for source in support.sources):
        text = re.sub(r"(?:\bnot|n't) (?=(?:\w+ (?:as )?)?(?:the |a )?(?:root )?cause\b)", " ", text)
    return text if support.brief.confidence == "certain" else _UNSURE.sub(" ", text)


_TITLE = re.compile(r"\(([a-z]+(?:-[a-z]+)+)(?=[,)])")


def _titles(source: Source) -> str:
    """The words of the name of a finding that a piece begins with."""
    found = _TITLE.search(source.text) if source.kind in ("cause", "symptom") else None
    return found[1].replace("-", " ") if found else " "


def _offered(lowered: str) -> frozenset[str]:
    """The names that are cited as what there is: "there are root, root.prod"."""
    found = re.findall(r"\bthere (?:is|are) (?:one called )?([\w./-]+(?:, [\w./-]+)*)", lowered)
    return frozenset(name for one in found for name in one.split(", "))


# Neither said to be so nor not: a condition, a purpose, what comes first.
_SUPPOSED = re.compile(r"\b(?:if|unless|before|until|whether|so that)\b[^,;.()]*|\bfor [a-z]+ing\b")


def _asserted(text: str) -> str:
    return _SUPPOSED.sub(" ", text)


_THING = re.compile(r"\b(?:at|on|of|its|their|the|an?|this|that|each|during|for) ([a-z]+)\b")  # "at the start"
_TYPE = re.compile(r"conditions\[\d+\]\.type: ")  # says nothing without its status
_DOER = re.compile(r"\b[a-z]{4,}(?:er|or)s?\b", re.IGNORECASE)  # "the scheduler" schedules nothing by being named
_HAS_NO = re.compile(r" has no \S*?([\w-]+)(?:\[\d+\]|\"\])?$")


_DENIED_VALUE = re.compile(
    r"(?:\bnot|n't)(?: in| at| set to| equal to)? [`\"']?(true|false|[\w.-]*[A-Z_\d-][\w.-]*\w)\b(?!-)", re.IGNORECASE
)


def denied_value(text: str, support: Support) -> str | None:
    """A value that a clause denies of a field, though a cited field has just this."""
    for said in _DENIED_VALUE.finditer(text):
        value = re.escape(said[1].casefold())
        if re.search(rf': "?{value}"?$', support.lowered, re.MULTILINE) and not re.search(
            rf"\bnot {value}\b", support.lowered
        ):
            return said[0]
    return None


def has_it_not(text: str, support: Support) -> str | None:
    """A field that a clause tells of an object of which what is cited says that it has none."""
    for source in support.sources:
        lacking = _HAS_NO.search(source.text)
        for clause in clauses(text) if lacking else ():
            called = source.names | {ref.kind.casefold() for ref in source.about}
            named = {name for token in tokens(clause.text) if (name := token.text.casefold()) in called}
            if (
                lacking
                and named
                and not clause.negative
                and stem(lacking[1]) in {stem(one) for one in re.findall(r"[\w-]+", clause.text)}
            ):
                return f"{min(named)} has no {lacking[1]}"
    return None


_EMPHATIC = re.compile(
    r"\b(?:do|does|did) (?:indeed |in fact )?(?:have|exist)\b"
    r"|\b(?:has|have|had)\b[^,;]*\b(?:all right|alright|just fine|after all)\b",
    re.IGNORECASE,
)
_NONE = re.compile(r"\b(?:has|have|had|is|are) (?:none|no|not|missing)\b|\bno\b|\bnot\b|n't\b|without", re.IGNORECASE)


def stressed(text: str, support: Support) -> str | None:
    """Something that a clause stresses to be there, where each cited piece that holds it says that there is none."""
    for clause in clauses(text):
        found = _EMPHATIC.search(clause.text)
        if found is None or clause.negative:
            continue
        said = {word for word in clause.words | clause.stems if word not in _neutral() | _function()} - _names(support)
        for word in said:
            holding = [source.text for source in support.sources if alike(word) & source.stems]
            if holding and all(map(_NONE.search, holding)):
                return clause.text[:60]
    return None


_NOT = re.compile(r"(?<!rather )\bnot\b|n't\b|\bnever\b", re.IGNORECASE)
_AFFIRMED = frozenset(("cost", "since", "certainty", "step"))  # which say what is, or what to do
_GONE = (
    r"(?:does not|doesn't|do not|don't|did not|didn't) exist|(?:is|are|was|were) (?:missing|absent|not (?:found|there))"
)
_NAMES_GONE = re.compile(
    rf"(?P<before>[\w][\w./:-]*\w)(?:,? (?:which|that))? (?:{_GONE})|"
    r"\b(?:there (?:is|are|was|were) no|no such)(?: [A-Za-z]+){0,3}? (?P<behind>[\w-]+[.:/][\w./:-]*\w)",
    re.IGNORECASE,
)
_SAYS_NO = re.compile(
    r"""not\ ?found|n[o']t\ exist|\bno\ such\b|\bthere\ (?:is|are|was|were)\ no|\bha(?:s|ve)\ no(?:t|ne)?\b|not\ have
    |\b(?:missing|absent|gone|unknown|lacks?|without|404|none)\b|\bno\ longer\b|not\ (?:there|in\ the)|nonexist""",
    re.IGNORECASE | re.VERBOSE,
)


def not_missing(text: str, support: Support) -> str | None:
    """A name that is told not to exist, though every cited piece that holds it says nothing of the kind."""
    for found in _NAMES_GONE.finditer(text):
        name = (found["before"] or found["behind"]).casefold()
        if not re.search(r"[\d./:-]", name) and not re.search(
            rf"\b(?:called|named|there (?:is|are)(?: [\w-]+,)*) {re.escape(name)}\b", support.lowered
        ):
            continue  # a word, which is weighed as one
        holding = [
            piece for source in support.sources for piece in re.split(r"[;\n]|\(?\bthere (?=are\b)", source.text)
            if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w/-])", piece.casefold())
        ]  # fmt: skip
        if holding and not any(_lacks(name, piece) for piece in holding):
            return f"{name} is not missing"
    return None


def _lacks(name: str, piece: str) -> bool:
    """Whether a piece says that what is named is not there."""
    if re.search(rf"(?i)\bno (?:[\w.-]+ ){{0,3}}\W?{re.escape(name)}", piece):
        return True
    return _SAYS_NO.search(piece) is not None and not _where(name, piece)


def _where(name: str, piece: str) -> bool:
    """Whether a piece names something only as the place where another thing is missing: "no key a in secret b"."""
    return all(
        re.search(r"\b(?:in|from|on|at)(?: the)?(?: [a-z]+)? \W?$", piece[: one.start()].casefold())
        and not re.match(r"\W*(?:which |that )?(?:is |was |does |do )?(?:not\b|missing)", piece[one.end() :].casefold())
        for one in re.finditer(re.escape(name), piece.casefold())
    )


def _pieces(support: Support) -> frozenset[str]:
    """Stems of the words inside the names of objects."""
    return frozenset(stem(part) for name in support.objects for part in re.split(r"[^a-z]+", name) if part)


def _unlike(clause: Clause, known: list[Clause], names: frozenset[str]) -> bool:
    """Whether a clause denies, or denies twice, and those that are most alike do not."""
    if not clause.nots:
        return False
    denied = clause.denied & clause.words - _function() - names - _neutral()
    once = clause.nots + zeros(clause.text) == 1 and not clause.denied & clause.negators
    if once and any(_says_no(one, word) for word in denied for one in known if alike(word) & one.stems):
        return False  # a cited clause says no of what is denied
    best = _nearest(clause.words - names, known)
    if not best:
        return False
    told = max(one.nots + len(one.negators - _NOTS) for one in best)
    twice = clause.nots + len(clause.negators - _NOTS - {"onli"}) > 1 and any(
        clause.negators - _NOTS & one.negators for one in best
    )
    if twice and told < 2:  # noqa: PLR2004  "not too small" of "too small"
        return True
    return told == 0 or (clause.nots + zeros(clause.text) > 1 and told < 2)  # noqa: PLR2004  a double denial


def _zero_of(denied: frozenset[str], lowered: str) -> frozenset[str]:
    """What is denied and counted as none behind its name: "free nvidia.com/gpu: member1 8, member2 0"."""
    return frozenset(
        word for word in denied if re.search(rf"\b{re.escape(word)}[^;\n]*: [^;\n]*(?<![\d.])0(?![\d.])", lowered)
    )


def _affirms(clause: Clause, known: list[Clause], names: frozenset[str]) -> bool:
    """Whether a clause says no nowhere, and each cited clause that is most like it denies a word of it."""
    if clause.negative or clause.denied or clause.words & ill() or zeros(clause.text):
        return False
    said = clause.words - names - _function()
    if len(said) < _FEW:
        return False
    best = _nearest(said, known)
    same = [one.denied & frozenset(other for word in said for other in alike(word)) - _neutral_nouns() for one in best]
    return bool(best) and all(one.nots for one in best) and all(same)


_FEW = 2  # words that tell two clauses alike


@cache
def _neutral_nouns() -> frozenset[str]:
    return frozenset(map(stem, words("neutral")))


_NOTS = frozenset(map(stem, ("no", "not", "never", "none", "neither", "nor", "without", "cannot", "nothing", "unable")))


def _says_no(clause: Clause, word: str) -> bool:
    """Whether a cited clause denies a word: by grammar, by its opposite, or as something else in it says no."""
    same = alike(word)
    if same & clause.denied or any(contrary(word, other) for other in clause.stems):
        return True
    return not same & clause.negators and bool(clause.negators - _bounds())


def _agreed(clause: Clause, known: list[Clause]) -> frozenset[str]:
    """What a clause denies, where one that is most like it says no, too; of a double denial nothing."""
    if clause.nots != 1 or clause.denied & clause.negators:
        return frozenset()
    near = _nearest(clause.stems, known)
    return frozenset(word for word in clause.denied if any(one.nots or one.negators - alike(word) for one in near))


def _nearest(said: frozenset[str], known: list[Clause]) -> list[Clause]:
    """The cited clauses that have most of these words; a word that few of them have counts more."""
    scores = [0.0] * len(known)
    for word in said - _function():
        having = [at for at, one in enumerate(known) if alike(word) & one.stems]
        for at in having:
            scores[at] += 1 / len(having)
    best = max(scores, default=0)
    return [one for one, score in zip(known, scores, strict=True) if score and score > best - 0.01]


@cache
def _function() -> frozenset[str]:
    return frozenset(map(stem, words("function")))


def _against(word: str) -> frozenset[str]:
    """What excludes a word: its opposites, and the word with a prefix that denies, or without it."""
    bare = {word[2:]} if word[:2] in ("un", "in") else set[str]()
    return opposites().get(word, frozenset()) | {f"un{word}", f"in{word}"} | bare


def _turned(word: str, clause: Clause, known: list[_Place]) -> bool:
    """Whether every place that holds the word says the contrary.

    A denial is found wherever something else says no beside the word ("refuses to let go" for "does not let go"); an
    affirmation is false only where each place denies the very word.
    """
    held = [(one.clause, other) for one in known for other in (alike(word) | _against(word)) & one.clause.stems]
    held = [
        place for place in held if place[1] == word or place[1] not in clause.stems
    ]  # "the scheduler … unschedulable"
    held = [place for place in held if place[1] == word or contrary(word, place[1])] or held
    if not held:
        return False
    if word not in clause.denied:  # of several places, those that are most alike
        near = [len((one.stems & clause.stems) - _neutral() - {word}) for one, _ in held]
        held = [place for place, score in zip(held, near, strict=True) if score == max(near)]
    no = [(other in one.denied) != contrary(word, other) for one, other in held]
    if word in clause.denied:
        return not any(_says_no(one, other) for one, other in held)
    return not clause.negators - {word} - _bounds() and all(no)


@cache
def _bounds() -> frozenset[str]:
    """Stems of what says no of itself alone: "only 16 is allowed" and "is full" deny nothing else."""
    return frozenset(
        map(stem, ("only", "unless", "full", "empty", "too", "exceed", "exceeded", "exhaust", "exhausted", "gated"))
    )


@cache
def _neutral() -> frozenset[str]:
    """Stems of nouns that stand in statements of either sort, and of plain words."""
    nouns = frozenset(map(stem, words("neutral"))) | plain_stems()
    return nouns - frozenset(map(stem, words("polar"))) - _of_states() - _excluding()


@cache
def _excluding() -> frozenset[str]:
    """Stems of words that have an opposite, particles aside."""
    particles = ("on", "off", "up", "down", "there", "present", "fine", "fresh", "new", "old")
    return frozenset(opposites()) - frozenset(map(stem, particles))


@cache
def _of_states() -> frozenset[str]:
    """Stems of what the states of symptoms are not."""
    return (
        frozenset(one for state in states().values() for clause in clauses(state) for one in clause.denied)
        - _function()
    )


def _names(support: Support) -> frozenset[str]:
    return frozenset(stem(part) for source in support.sources for name in source.names for part in name.split("/"))
