"""More and less: a comparison says the same as what is cited, by its words or by the numbers compared."""

import re

from diag.llm.check.bindings import bound
from diag.llm.check.english import alike, pieces, stem, stems, words
from diag.llm.check.lasting import spelled
from diag.llm.check.support import Support

_GAP = r"(?:\s+\S+){0,8}?\s+than\b"
_MORE = re.compile(
    rf"\b(?:exceed\w*|above|surpass\w*|outgr\w+|over(?=\s+the\b)|beyond|(?:greater|larger|bigger|higher|longer|older)\s+than"
    rf"|more(?:{_GAP})|longer\s+than)",
    re.IGNORECASE,
)
_LESS = re.compile(
    rf"\b(?:below|beneath|within(?=\s+(?:its|the|their))|under(?=\s+(?:the|its))|(?:smaller|lower|shorter|newer)\s+than"
    rf"|(?:less|fewer)(?:{_GAP}))",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:no|not|never|n't)\s+(?:\w+\s+)?$", re.IGNORECASE)


def _said_exceeded(behind: str, support: Support) -> bool:
    """Whether one cited piece says by a name that just this was exceeded: `RequeuingLimitExceeded`."""
    what = _content(re.split(r"[,;(]|\band\b", behind)[0])
    names = (pieces(one) for one in re.findall(r"\b[A-Za-z]+Exceeded\b", support.text))
    return bool(what) and any(what <= frozenset(map(stem, name)) for name in names)


_REACHED = re.compile(r"\b(?:is|are|was|were|been|being) exceeded$", re.IGNORECASE)
_AT_THE_LIMIT = re.compile(
    r"\b(\d+) of (?:the )?\1\b|exceed|\bover (?:the|its) limit|\bover limit|beyond|would go above"
)


_ALREADY = re.compile(
    r"\b(?:now|already|meanwhile|in the meantime|since then|has been|have been|was|were)\b", re.IGNORECASE
)
_UPWARD = re.compile(
    r"\b(?:higher|more|larger|longer|newer|bigger|greater|rais\w+|increase\w*|above|enlarg\w+|enough)\b"
)
_POSSIBLE = re.compile(r"\s*(?:an? |the )?(?:possib|probab|likel|chance|suspicion|guess)")  # "no more than possible"
_DOWNWARD = re.compile(r"\b(?:lower|fewer|less|smaller|shorter|older|reduc\w+|shrink\w*|below|decrease\w*)\b")


def _raised(text: str, support: Support, *, more: bool) -> bool:
    """Whether a step raises or lowers something, which goes above or below what it was by that."""
    if _ALREADY.search(text):
        return False
    return any((_UPWARD if more else _DOWNWARD).search(step.text) for step in support.steps)


def inverted(text: str, support: Support) -> str | None:
    """A comparison that nothing cited makes, or makes the other way round; None where each is proven."""
    text = spelled(text)
    for found, more in _told(text):
        if _REACHED.search(text[: found.end()]) and re.search(r"\bexceeded\b", support.lowered):
            continue  # "the quota was exceeded"
        if _POSSIBLE.match(text[found.end() :]) or _raised(text, support, more=more):
            continue
        if found[0].casefold().startswith("exceed") and _said_exceeded(text[found.end() :], support):
            continue
        if re.match(
            r"[^,;]{0,12}\d[\d.]*\s?(?:second|minute|hour|day|[smhd]\b)|[^,;]{0,8}(?:half )?an? (?:hour|day|minute)\b",
            text[found.end() :],
        ):
            continue  # a duration is compared with what lasted
        if re.search(r"\bno\s+$", text[: found.start()]) and re.match(r"\s*\d", text[found.end() :]):
            bound_word = r"at most|\bmax|no more than" if found[0].casefold().startswith("more") else r"at least|\bmin"
            if re.search(bound_word, support.lowered):
                continue  # "no more than 4" of "at most 4"
        if not more and _AT_THE_LIMIT.search(support.lowered) and re.match(r"[^,;.]*\blimit\b", text[found.end() :]):
            return f"{found[0]} the limit"
        before, behind = _operands(text, found)
        if not _proven(before, behind, support, more=more):
            return found[0]
    return None


_OPPOSITES = {
    "newer": "older", "larger": "smaller", "bigger": "smaller", "more": "fewer", "higher": "lower",
    "greater": "smaller", "longer": "shorter", "largest": "smallest", "highest": "lowest", "newest": "oldest",
    "first": "last", "best": "worst", "faster": "slower", "upper": "lower", "raise": "lower", "increase": "decrease",
}  # fmt: skip
_OPPOSITES |= {other: one for one, other in _OPPOSITES.items()}
_STATES = (
    ("on", "off"), ("active", "inactive"), ("enabled", "disabled"), ("open", "closed"), ("up", "down"),
    ("full", "empty"), ("idle", "busy"), ("present", "absent"), ("online", "offline"), ("healthy", "unhealthy"),
    ("ready", "unready"),
    ("running", "stopped"), ("public", "private"), ("bound", "unbound"), ("paused", "resumed"),
)  # fmt: skip
_STATE_OF = {**dict(_STATES), **{other: one for one, other in _STATES}}
_IS = r"(?:is|are|was|were|be|been|still|now|remains?|stays?|turned|switched|set)"


def opposite_state(text: str, support: Support) -> str | None:
    """A state ("is on") of which what is cited says only the opposite ("is off")."""
    for found in re.finditer(rf"(?i)\b{_IS} ({'|'.join(_STATE_OF)})\b(?! [\w`\"'])(?!-)", text):
        other = _STATE_OF[found[1].casefold()]
        if re.search(rf"\b{_IS} {other}\b", support.lowered) and not re.search(rf"\b{found[1]}\b", support.lowered):
            return found[0]
    return None


# Of such words one excludes the others before the same noun: a head pod is no worker pod.
_EXCLUSIVE = tuple(frozenset(line.split()) for line in (
    "head worker leader launcher master driver", "startup liveness readiness", "cpu memory gpu disk storage network",
    "init main sidecar", "ingress egress", "minimum maximum", "prefill decode", "parent child", "source target",
    "primary secondary", "local remote", "old new", "first last second third", "input output", "internal external",
    "hard soft", "host virtual", "read write", "client server", "control data",
))  # fmt: skip
_QUALIFIED = re.compile("|".join(sorted({rf"\b{word}" for line in _EXCLUSIVE for word in line})), re.IGNORECASE)


def otherwise_called(text: str, support: Support) -> str | None:
    """A noun told with a word that excludes the one it is cited with ("the head pod" of a worker pod)."""
    for found in re.finditer(rf"(?i)({_QUALIFIED.pattern})[ -]([a-z]+)", text):
        said, noun = found[1].casefold(), stem(found[2])
        known = {one[1] for one in re.finditer(r"\b([a-z]+)(?=[ -]([a-z]+))", support.lowered) if stem(one[2]) == noun}
        others = frozenset[str]().union(*(line for line in _EXCLUSIVE if said in line)) - {said}
        if said not in known and known & others:
            return found[0]
    return None


_RESOURCE = re.compile(
    r"(?i)(?<![\w./-])(gpu|cpu|disk|network|video|shared|ephemeral|host|system)s?[ -]"
    r"(memory|limits?|quotas?|usage|requests?)\b"
)


def of_another_resource(text: str, support: Support) -> str | None:
    """A resource told by a word that no cited place has beside it ("GPU memory" of memory)."""
    for found in _RESOURCE.finditer(text):
        noun = stem(found[2])
        places = [part for part in re.split(r"[;\n]", support.lowered) if alike(noun) & stems(part)]
        if places and not any(stem(found[1]) in stems(part) for part in places):
            return found[0]
    return None


def opposite_of_cited(text: str, support: Support) -> str | None:
    """A word whose opposite stands before the same word in what is cited ("a newer CUDA" for an older)."""
    for found in re.finditer(r"(?i)\b(" + "|".join(_OPPOSITES) + r")\s+(?:the\s+|its\s+)?([\w-]+)", text):
        noun, said = re.escape(found[2].casefold()), found[1].casefold()
        known = [one[1] for one in re.finditer(rf"\b(\w+)\s+(?:the\s+|its\s+)?{noun}\b", support.lowered)]
        if _OPPOSITES[said] in known and said not in known:
            return found[0]
    return None


def _told(text: str) -> list[tuple[re.Match[str], bool]]:
    """The comparisons of a text, and whether what stands first is the greater."""
    told = [(one, True) for one in _MORE.finditer(text)] + [(one, False) for one in _LESS.finditer(text)]
    return [(one, more != bool(_NOT.search(text[: one.start()]))) for one, more in told]


def _operands(text: str, found: re.Match[str]) -> tuple[str, str]:
    inner = re.sub(r"(?i)^(?:more|less|fewer)\b|\bthan$", "", found[0])
    return f"{text[: found.start()]} {inner}", text[found.end() :]


def _proven(before: str, behind: str, support: Support, *, more: bool) -> bool:
    left, right = _value(before, support), _value(behind, support)
    if left is not None and right is not None:
        if left != right:
            return (left > right) == more
        if bound(before) and bound(behind):
            return False
    for source in support.sources:
        for found, known in _told(source.text.replace("-", " ")):
            front, back = _operands(source.text.replace("-", " "), found)
            same = _shared(before, front) + _shared(behind, back)
            swapped = _shared(before, back) + _shared(behind, front)
            if (known == more and same >= swapped) or (known != more and swapped > same):
                return True
    return False


def _shared(one: str, other: str) -> int:
    here, there = _content(one), stems(other)
    return sum(bool(alike(word) & there) for word in here)


def _content(text: str) -> frozenset[str]:
    return stems(text) - frozenset(map(stem, words("function")))


def _value(side: str, support: Support) -> float | None:
    """The number of a side of a comparison: told there, or the one cited number whose surroundings fit best."""
    told = [one.amount.digits for one in bound(side)]
    if told:
        return _number(told[-1])
    here = _content(side)
    ranked = sorted(
        ((sum(bool(alike(word) & one.around) for word in here), one.amount.digits)
         for source in support.sources for one in bound(source.text)), reverse=True,
    )  # fmt: skip
    best = {digits for score, digits in ranked if score and score == ranked[0][0]}
    return _number(best.pop()) if len(best) == 1 else None


def _number(digits: str) -> float | None:
    try:
        return float(digits)
    except ValueError:
        return None
