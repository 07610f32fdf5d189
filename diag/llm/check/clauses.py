"""Clauses, and what of them is denied."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from diag.llm.check.english import opposites, pieces, stem, words
from diag.llm.check.tokens import tokens

_BREAK = re.compile(
    r"[;!?()]+|[,.:]+(?=\s|$)|\s[—–]\s|"
    r"\b(?:but|and|so|because|which|while|whereas|although|though|therefore|however|as|yet|since|whose|if"
    r"|(?<!\bha[sd] )(?<!\bhave )(?<!\b[oi][fn] )(?<!\bto )(?<!\bwith )that)\b"
)
# Grammar that denies what stands behind it …
_NOT = re.compile(
    r"(?<![-./:=_])\b(?:no|not|never|none|neither|nor|without|cannot|nothing|nobody|nowhere|\w+n't|unable)\b(?![./:=_-]\w)",
    re.IGNORECASE,
)
# … and words that say no by themselves.
_NEGATIVE = re.compile(
    r"""\b(?:absent|missing|lack(?:s|ed|ing)?|short\ of|refus\w+|den(?:y|ies|ied)|reject\w*|forbid\w*|prevent\w*
    |block\w*|fail\w*|stop\w*|un(?:schedul|toler|avail|reach|bound|ready|respons|known|support|author|success|healthy|claim)\w*
    |inaccessible|invalid|impossible|tim(?:ed|es|ing|e)[ -]?out
    |insufficient|out\ of|too[\ -]\w+|non-?existent|exceed\w*|exhaust\w*|full|empty
    |gated|gone|lost|unless|only|un\w+able)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# … and deny what one does not do any more, or did not get to do.
_CEASED = re.compile(
    r"\b(?:stop(?:s|ped)?|ceas(?:es|ed)|no longer)(?= \w+ing\b)"
    r"|\b(?:fail(?:s|ed)?|refus(?:es|ed)|declin(?:es|ed)) to\b"
    r"|\b(?:keep(?:s|ing)?|kept|prevent\w*) (?:\S+ ){1,4}?from(?= )",
    re.IGNORECASE,
)
# Says no where nothing else does: "never allows any, 0 of 2" is one denial.
_NOTHING = re.compile(
    r"(?<![\w.\[-])(?:0%?|zero|false|null|(?!1\b)(\d+) of (?:the |its )?\1)(?![\w.-]*\w)", re.IGNORECASE
)
_OPPOSITE = re.compile(
    r"un(?:schedul|toler|avail|reach|bound|ready|respons|author|success|healthy)|insuffici|inaccess|invalid|missing|"
    r"^miss$|absent|lack|short$"
)
_RELATIVE = re.compile(r"\b(no \w+) that (?=is|are|has|have|was|were)", re.IGNORECASE)  # it denies both
_QUOTED = re.compile(r"\"([^\"\n]*\s[^\"\n]*)\"")  # a message, whose own words say no or yes
_TOPIC = re.compile(r"(^|[.;:] )([\w-]+ ?[\w-]*):(?= [A-Za-z])")  # what the next words are about
_NAMED = re.compile(r"\((?:[a-z]+-)+[a-z]+(?=[,)])")  # a finding's name: (container-not-started)
_HALT = re.compile(r"\b(?:for|with|in|on|by|at|from|of|than|when|where)\b", re.IGNORECASE)
_NO = frozenset(map(stem, ("no", "none", "nothing", "neither")))
_REACH = 5  # words behind a "not" that it may deny
_RESTRICTED = re.compile(
    r"(\w+)\s+only\s+(?:where|when|if|while|on|in|inside|within|for|with|after)\b"
    r"|\bonly\s+(\w+)\s+(?:where|when|if|while|on|in|inside|within|for|with|after)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: all its stems, those of plain words, those that grammar denies, and what says no in it."""

    text: str
    stems: frozenset[str]
    words: frozenset[str]
    denied: frozenset[str]
    negators: frozenset[str]
    nots: int = 0  # how often grammar denies

    @property
    def negative(self) -> bool:
        """Whether anything in it says no."""
        return bool(self.negators)


def zeros(text: str) -> int:
    """How often a text says nothing by a number: `0/3`, zero."""
    return sum(1 for _ in _NOTHING.finditer(text))


def contrary(one: str, other: str) -> bool:
    """Whether two stems that belong together say the opposite, as `toler` and `untoler`, `enough` and `insuffici`."""
    if other in opposites().get(one, ()) or {one, other} & {f"un{one}", f"un{other}", f"in{one}", f"in{other}"}:
        return True
    if bool(_OPPOSITE.search(one)) == bool(_OPPOSITE.search(other)):
        return False
    short, long = sorted((one, other), key=len)
    return {one, other} <= _MUCH or (long[:2] in ("un", "in") and long[2:6] == short[:4])


_MUCH = frozenset(map(stem, ("insufficient", "enough", "sufficient", "short", "lack", "lacks", "lacking")))


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a text, in order. A path and its value are one: `status.disruptionsAllowed: 0` denies."""
    value = re.match(r"^(\S+ \S+ \S+): (\S{1,30})$", text)
    if value:
        told = _clause(f"{value[1]} {value[2]}")
        field = re.split(r"[.\[]", value[1])[-1]
        no = frozenset(_parts(field)) if _NOTHING.fullmatch(value[2].strip('"')) else frozenset[str]()
        return (replace(told, denied=told.denied | no),)
    text = _TOPIC.sub(r"\1\2 ", _QUOTED.sub(r" \1 ", text))
    text = _NAMED.sub(lambda one: one[0].replace("-", " "), text)
    text = _RELATIVE.sub(r"\1 ", text.replace("(s)", "s"))
    return tuple(_clause(part.strip()) for part in _BREAK.split(text) if part and part.strip())


def _clause(text: str) -> Clause:
    found = [token for token in tokens(text) if token.kind in ("word", "name", "quote")]
    nots = [(one.end(), stem(one[0])) for one in _NOT.finditer(text)]
    inner = " ".join(piece for token in found if not token.text.islower() for piece in pieces(token.text))
    said = {stem(re.split(r"[ -]", one[0])[0]) for one in _NEGATIVE.finditer(f"{text} {inner}")} | {
        word for _, word in nots
    }
    said |= {"error"} & set(inner.split())  # UnexpectedAdmissionError
    nothing = set() if said else {"0" for _ in _NOTHING.finditer(text)}
    denied: set[str] = set()
    # "0/3 nodes are available", "offers 0 of its GPUs"; not a value in quotes
    zero = [
        (one.end(), "no")
        for one in _NOTHING.finditer(text)
        if not one[1] and text[one.start() - 1 : one.start()] != "'"
    ]
    for end, word in (*nots, *zero, *((one.end(), "") for one in _CEASED.finditer(text))):
        if word in _NO and not (text[end - 1].isdigit() and re.match(r" (?!of\b)", text[end:])):  # "allows no other"
            start = end - len(text[:end].rsplit(maxsplit=1)[-1]) - 1
            denied |= {one for token in found if token.end == start for one in _parts(token.text)}
            if text.startswith(" of", end) and denied:
                continue  # "matches none of the devices" denies that, and no devices
        halt = _HALT.search(text, end + 2)  # "none of them" goes on
        stop = halt.start() if halt else len(text)
        behind = [token for token in found if end <= token.at < stop and token.text.casefold() not in words("function")]
        denied |= {one for token in behind[:_REACH] for one in _parts(token.text)}
    denied |= {one for name in re.findall(r"(\w+)=(?:False|Unknown)\b", text) for one in _parts(name)}
    denied |= {stem(one[1] or one[2]) for one in _RESTRICTED.finditer(text)}
    return Clause(
        text,
        frozenset(one for token in found for one in _parts(token.text)),
        frozenset(stem(token.text) for token in found if token.kind == "word"),
        frozenset(denied), frozenset(said | nothing), len(nots),
    )  # fmt: skip


def _parts(text: str) -> set[str]:
    if re.fullmatch(r"[a-z0-9]+(?:[-/][a-z0-9]+)+", text):
        return set()  # a name, whose words say nothing
    return {stem(word) for word in (text, *pieces(text)) if word.isalpha()}
