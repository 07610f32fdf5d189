"""Words by their stems: which are plain English, and which say the same."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from snowballstemmer import stemmer

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
def everyday() -> frozenset[str]:
    """Stems of words that need no proof of their own in any of their forms."""
    return frozenset(map(stem, words("everyday")))


_JOINED = re.compile(r"n't$|'(?:re|ve|ll|d|s|m)$")  # doesn't, we're
_SHORT = frozenset(("ca", "wo", "sha"))  # of can't, won't


def is_plain(word: str) -> bool:
    """Whether a word claims nothing that would have to be proven."""
    lowered = _JOINED.sub("", word.casefold())
    return lowered in plain() or stem(lowered) in everyday() or (lowered != word.casefold() and lowered in _SHORT)


def is_english(word: str) -> bool:
    """Whether a word is one of English, and no rare one."""
    return _english()[word.casefold()] >= _SELDOM


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
