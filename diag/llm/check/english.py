"""Words by their stems: which are plain English, and which say the same."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from snowballstemmer import stemmer

from diag.catalog.taxonomy import taxonomy

_ENGLISH = stemmer("english")
_PIECES = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+|\d+")  # NodeNotReady, disruptionsAllowed, hf-token-prod


_BRITISH = re.compile(r"(?<=[a-z]{4})is(e[ds]?|ing|ations?)$")  # quantised: quantized


_FORMS = """
find found; take took taken; make made; hold held; give gave given; keep kept; get got gotten; run ran;
write wrote written; choose chose chosen; break broke broken; send sent; build built; begin began begun;
see saw seen; throw threw thrown;
draw drew drawn; drive drove driven; show shown; fall fell fallen; lose lost; meet met; tell told; say said; come came;
become became; stand stood; sit sat; pay paid; spend spent; lead led; eat ate eaten; grow grew grown; bear bore borne;
stick stuck; die dying; forbid forbade forbidden
"""
_IRREGULAR = {form: line.split()[0] for line in _FORMS.split(";") for form in line.split()[1:]}


@cache
def stem(word: str) -> str:
    """The stem of a word: `evictions`, `evicted` and `evict` are one."""
    bare = word.casefold().removesuffix("'s")
    if bare in ("gpus", "cpus"):  # which English takes for words like "status"
        return bare[:-1]
    found: str = _ENGLISH.stemWord(_BRITISH.sub(r"iz\1", _IRREGULAR.get(bare, bare)))
    return found


@cache
def words(name: str) -> frozenset[str]:
    """One list of `words.toml`, as its words are spelled there."""
    listed = _lists()[name]
    return frozenset(listed.split()) if isinstance(listed, str) else frozenset()


def lists(name: str) -> list[str]:
    """One list of lines of `words.toml`."""
    listed = _lists()[name]
    return listed if isinstance(listed, list) else []


@cache
def states() -> Mapping[str, str]:
    """What the state of each symptom is called, by the symptom's name."""
    return {name: state for name, state in _states().items() if isinstance(state, str)}


def meaning(text: str) -> str:
    """What the words of components that a text quotes mean besides."""
    said = _states()["said"]
    return "; ".join(state for words_of, state in said.items() if words_of in text) if isinstance(said, dict) else ""


@cache
def _states() -> Mapping[str, str | dict[str, str]]:
    return tomllib.loads(_file("states.toml"))


@cache
def plain() -> frozenset[str]:
    """Words that need no proof of their own, as they are spelled."""
    return words("plain") | words("common") | words("ruled")


@cache
def plain_stems() -> frozenset[str]:
    """Their stems."""
    return frozenset(map(stem, plain()))


@cache
def claims() -> frozenset[str]:
    """Stems of words that claim something: they name a cause, count, stand in a group, or are listed."""
    named = {part for name in taxonomy() for part in name.split("-") if part.isalpha()}
    related = (word for name in ("synonyms", "opposites", "deeds") for line in lists(name) for word in line.split())
    told = {*named, *related, *words("counted"), *words("absent"), *words("imperatives")}
    return (frozenset(map(stem, told)) - plain_stems()) | frozenset(map(stem, words("claims")))


@cache
def ill() -> frozenset[str]:
    """Stems of words that tell of trouble, whatever stands beside them."""
    return frozenset(map(stem, words("ill")))


_JOINED = re.compile(r"n't$|'(?:re|ve|ll|d|s|m)$")  # doesn't, we're
_SHORT = frozenset(("ca", "wo", "sha"))  # of can't, won't


@cache
def is_plain(word: str) -> bool:
    """Whether a word claims nothing that would have to be proven; of several tied together, whether none does."""
    first, dash, rest = word.casefold().partition("-")
    if dash:  # "low-risk"; a name of plain words is a name
        return first in words("tied") and all(map(is_plain, rest.split("-")))
    lowered = _JOINED.sub("", word.casefold())
    if stem(lowered) in claims():
        return False
    joined = lowered != word.casefold() and lowered in _SHORT
    return lowered in plain() or joined or (lowered.isalpha() and is_english(lowered))


def plainly(text: str) -> str:
    """The text in plainer words: without turns of speech that claim nothing, and with one verb for several words."""
    for form, plainer in _rewrites():
        text = form.sub(plainer, text)
    return _idioms().sub(lambda found: " " * len(found[0]), text)


@cache
def _rewrites() -> list[tuple[re.Pattern[str], str]]:
    lines = (line.split(": ", 1) for line in lists("rewrites"))
    return [
        (re.compile(rf"\b(?:{said})(?!\w)" if not said.endswith(")") else rf"\b(?:{said})", re.IGNORECASE), plainer)
        for said, plainer in lines
    ]


@cache
def _idioms() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(lists('idioms'))})\b", re.IGNORECASE)


def is_english(word: str) -> bool:
    """Whether a word is one of English, and no rare one."""
    american = _BRITISH.sub(r"iz\1", word.casefold()).replace("our", "or")  # its spelling there
    return max(_english().get(word.casefold(), 0), _english().get(american, 0)) >= _SELDOM


_SELDOM = 100  # times in its corpus of film subtitles; what is rarer is mostly a name or a slip


@cache
def _english() -> Mapping[str, int]:
    """English words by how often they are used (pyspellchecker's list)."""
    from spellchecker import SpellChecker  # noqa: PLC0415  half a second, and only where a model explains

    found: Mapping[str, int] = SpellChecker(language="en").word_frequency.dictionary
    return found


@cache
def _groups() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in lists("synonyms"):
        group = frozenset(map(stem, line.split()))
        for one in group:
            found[one] = found.get(one, frozenset()) | group
    return found


def alike(one: str) -> frozenset[str]:
    """The stems that say the same as a stem, itself among them."""
    return _groups().get(one, frozenset((one,)))


@cache
def opposites() -> Mapping[str, frozenset[str]]:
    """By its stem, what excludes a word."""
    found: dict[str, frozenset[str]] = {}
    for line in lists("opposites"):
        one, _, other = (frozenset(map(stem, side.split())) for side in line.partition("|"))
        found |= {word: found.get(word, frozenset()) | other for word in one}
        found |= {word: found.get(word, frozenset()) | one for word in other}
    return found


def pieces(text: str) -> list[str]:
    """The words inside a text in order, also inside names: `PodDisruptionBudget` holds pod, disruption and budget."""
    return [piece.casefold() for piece in _PIECES.findall(text)]


def stems(text: str) -> frozenset[str]:
    """The stems of all words of a text: whole words, and the words inside names."""
    whole = re.findall(r"[A-Za-z][\w'/.-]*[A-Za-z0-9]|[A-Za-z]", text)
    return frozenset(map(stem, [*whole, *pieces(text)]))


@cache
def _lists() -> dict[str, str | list[str]]:
    return tomllib.loads(_file("words.toml"))


def _file(name: str) -> str:
    return files("diag.llm.check").joinpath(name).read_text(encoding="utf-8")
