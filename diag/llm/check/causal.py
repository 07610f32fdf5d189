"""Because: a causal claim needs a proven link, told in the link's direction."""

import re
from dataclasses import dataclass
from functools import cache

from diag.llm.check.amounts import amounts
from diag.llm.check.english import alike, is_plain, stem, stems, words
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import tokens

# Behind these stands the cause …
_CAUSE_BEHIND = re.compile(
    r"""(?<![-./])\b(?:because(?:\ of)?|due\ to|owing\ to|thanks\ to|as\ a\ (?:result|consequence)\ of
    |in\ consequence\ of
    |caused\ by|(?:results?|resulted|stems?|comes?|came|follows?|arises?|resulting|stemming|coming)\ from|explained\ by
    |(?:blocked|prevented|stopped|held\ up|held\ back|triggered|forced|delayed|broken|refused|rejected)\ by
    |since(?!\ \d|\s*[,.;]|\s*$)(?!\ (?:then|at|about|around|the\ (?:start|beginning))\b)
    |on\ account\ of|for\ (?:lack|want)\ of|(?<!\bcomes\ )(?<!\bcame\ )(?<!\bboils\ )(?<!\bcome\ )down\ to
    |attributable\ to|goes\ back\ to
    |the\ (?:root\ )?(?:cause|reason)\ (?:for\ this\ is|of\ this\ is
    |is(?!\ (?:(?:not|considered|rated|regarded|deemed|thought|judged|stated|reported|given|listed|marked)\ )?
    (?:to\ be\ |as\ |a\ |an\ )?(?:certain|sure|likely|probabl|possibl|prove|only|known)))|the\ reason\ why)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# "has been blocked for an hour" names no cause.
_ACTIVE = "".join(rf"(?<!\b{one}\ )" for one in ("been", "is", "are", "was", "were", "be", "being", "it", "them"))
# … and in front of these.
_CAUSE_BEFORE = re.compile(
    rf"""(?:(?<!\bsay)(?<!\bsays)(?<!\bsaid),?\ (?:and\ )?so(?!\ (?:far|little|few|many|much|long))(?:\ that)?
    |(?<![-./])\b(?:therefore|thus|hence|consequently|accordingly
    |as\ a\ (?:result|consequence)(?!\ of)|which\ is\ why|that\ is\ why|this\ is\ why|for\ (?:this|that)\ reason
    |lead(?:s|ing)?\ to|led\ to|result(?:s|ed|ing)?\ in
    |(?<!the\ )(?<!this\ )(?<!root\ )(?<!that\ )(?<!a\ )(?<!its\ )(?<!possible\ )(?<!likely\ )(?<!probable\ )(?<!only\ )
    (?<!actual\ )(?<!real\ )(?<!underlying\ )caus(?:es|e|ing)
    |caused(?!\ by)|prevent(?:s|ing)?
    |{_ACTIVE}prevented(?!\ by)|block(?:s|ing)?|{_ACTIVE}blocked(?!\ by)
    |(?:keep(?:s|ing)?|kept)\ \S+(?:\ \S+){{0,4}}\ (?:from|out|off|pending|waiting|down|closed)
    |stop(?:s|ping)|{_ACTIVE}stopped(?!\ by)|forc(?:es|ing)|{_ACTIVE}forced(?!\ by)
    |trigger(?:s|ing)|triggered(?!\ by)|starv(?:es|ed|ing)|(?:takes|took)\ down
    |(?:exhaust|overload|fill)(?:s|ed|ing)?(?:\ up)?(?=\ (?:the|its|all|every))|us(?:es|ed|ing)\ up(?=\ (?:the|its|all))
    |hold(?:s|ing)?\ (?:up|back)|delay(?:s|ing)|breaks|broke|means\ that
    |mak(?:es|ing)\ (?:it|the|them|its|their)\ \S+\ \S+
    |leav(?:es|ing)\ (?!none|no\b|only|just|\d)\S+\ \S+|affects?|explains?|responsible\ for
    |(?:is|are|was|were|being)\ the\ (?:root\ )?(?:cause|reason)\ (?:of|for|why)
    |(?:cause|reason)\ (?:of|for|behind)|behind\ the))\b""",
    re.IGNORECASE | re.VERBOSE,
)


# Times of day and dates are taken out before: "since , 7 minutes before …", "goes back to  on ".
_OF_TIME = re.compile(
    r"(?:since|(?:goes|dates|comes) back to)[\s,.;]*(?:$|(?:on|at|before|in|and|or|but)\b|\d)", re.IGNORECASE
)
_PURPOSE = re.compile(r"\bso that\b", re.IGNORECASE)
_NO_CAUSE = re.compile(
    r"(?:\bnot|n't|\bruled out as)(?: being)?(?: (?:regarded|considered|deemed|seen|taken))?(?: as| to be)? "
    r"(?:the |a )?(?:root )?(?:cause|reason)\b|\bexplains? (?:more|less)\b",
    re.IGNORECASE,
)
_THIS = re.compile(
    r"[\W]*(?:of )?(?:this|that|it|which|(?:the|this) (?:root )?(?:cause|problem|fault|failure|issue|incident))?\W*",
    re.IGNORECASE,
)
_THEREFORE = re.compile(r"(?:therefore|thus|hence|consequently|accordingly)\b", re.IGNORECASE)
_WEAK = re.compile(r"(?:refused|rejected|held) |means that", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """A causal claim taken apart."""

    cause: str
    effect: str
    weak: bool = False  # rather who did it, or what it means, than why


def claims(text: str) -> list[Claim]:
    """The causal claims of a text: each marker splits the sentence at its place."""
    found = []
    for match in _CAUSE_BEHIND.finditer(text):
        before, behind = text[: match.start()], text[match.end() :]
        if _OF_TIME.match(match[0] + behind):
            continue
        if not before.strip(" ,;"):  # "Because the budget is spent, the drain …"
            behind, _, before = behind.partition(",")
        found.append(Claim(behind, before, bool(_WEAK.match(match[0]))))
    for one in _CAUSE_BEFORE.finditer(text):
        before, behind = text[: one.start()], text[one.end() :]
        if _THEREFORE.match(one[0]) and not re.search(r"[,;:]|\b(?:and|but|so)\b", before):
            before, behind = "", before + behind  # "The service is therefore down": of what was said before
        found.append(Claim(before, behind, bool(_WEAK.match(one[0]))))
    return found


def unlinked(text: str, support: Support) -> str | None:
    """What is wrong with the causal claims of a sentence: no link, or not what its link says. None where all hold."""
    if all(source.kind == "unchecked" for source in support.sources):
        return None  # why it was not looked at
    if support.steps:
        text = _PURPOSE.sub(" ", text)  # what a documented step is for
    if any(source.kind == "ruled_out" for source in support.sources):
        text = _NO_CAUSE.sub(" ", text)
    for claim in claims(_without_systems(text, support)):
        if any(_states(source, claim) for source in support.sources):
            continue
        # "Hence …", "… by this": what was said before is the cause, and the cited fact is what a link leads to.
        if not _words(claim.cause) and any(_within(claim.effect, one) for one in support.effects):
            continue
        against = [
            _against(claim, ends, stems(why))
            for ends, why in support.arrows
            if support.link or (_within(claim.cause, f"{ends[0].text} {why}") and _within(claim.effect, ends[1].text))
        ]
        if None not in against:
            return next(iter(against), "a cause without a link")
    return None


def _without_systems(text: str, support: Support) -> str:
    """The text without what it calls the system itself: "so Kueue deactivated it" for "and it was set inactive"."""
    own = [token for token in tokens(text) if token.text[:1].isupper() and stem(token.text) in support.systems]
    for token in own:
        if token.text.casefold() not in support.lowered:
            text = text[: token.at] + " " * len(token.text) + text[token.end :]
    return text


def _against(claim: Claim, ends: tuple[Source, ...], why: frozenset[str]) -> str | None:
    """None unless the claim has the link's ends the wrong way round, or speaks of neither."""
    cause, effect = ends
    in_cause, in_effect = _names(claim.cause), _names(claim.effect)
    only_cause, only_effect = cause.names - effect.names, effect.names - cause.names
    if (in_cause & only_effect and not in_cause & cause.names) or (
        in_effect & only_cause and not in_effect & effect.names
    ):
        return "cause and effect are exchanged"
    forward = _overlap(claim.cause, cause, effect) + _overlap(claim.effect, effect, cause)
    backward = _overlap(claim.cause, effect, cause) + _overlap(claim.effect, cause, effect)
    if backward > forward and not (in_cause & only_cause and in_effect & only_effect):
        return "cause and effect are exchanged"
    if not (in_cause & cause.names or _words(claim.cause) & _alike(cause.stems | why) or not _words(claim.cause)):
        return "the link has another cause"
    if not (in_effect & effect.names or _words(claim.effect) & _alike(effect.stems) or not _words(claim.effect)):
        return "the link has another effect"
    return None


def _overlap(text: str, mine: Source, other: Source) -> int:
    """How many words of a text are of one end only; a name counts for several."""
    names = _names(text)
    return len(_words(text) & (mine.stems - other.stems)) + 3 * len(names & (mine.names - other.names))


def _states(source: Source, claim: Claim) -> bool:
    """Whether one cited text itself says so: it has a cause and an effect, and each holds what is told on its side."""
    if source.kind in ("step", "unchecked", "ruled_out"):  # a step's purpose, why it was not looked at
        return _words(claim.cause) | _words(claim.effect) <= source.stems | _alike(source.stems)
    if source.kind == "cost" and amounts(claim.effect) and _within(claim.effect, source.text):
        # What it costs is what the cause does: that is named, or meant by "this".
        return bool(_words(claim.cause)) or bool(_THIS.fullmatch(claim.cause))
    if (source.kind == "cause" and _in_order(claim, source.text)) or _behind_colon(claim, source):
        return True
    if claim.weak:  # it may be told of one thing alone
        effect = re.split(r"[,;]|\band\b", claim.effect)[0]
        cause = re.split(r"[,;]", claim.cause)[0] or claim.cause
        return _within(cause, source.text) and _within(effect, source.text)
    told = claims(source.text) + [
        Claim(source.text[one.end() :], source.text[: one.start()]) for one in re.finditer(r", as (?!a )", source.text)
    ]
    return any(_within(claim.cause, own.cause) and _within(claim.effect, own.effect) for own in told)


def _in_order(claim: Claim, known: str) -> bool:
    """Whether the cause fact holds both sides whole, the cause first: it tells why by itself."""
    if not (_within(claim.cause, known) and _within(claim.effect, known)):
        return False
    if not (_words(claim.cause) and _words(claim.effect)):
        return False
    cuts = (one.start() for one in re.finditer(r"[;:,] | and ", known))
    return any(_within(claim.cause, known[:cut]) and _within(claim.effect, known[cut:]) for cut in cuts)


_FAILED = re.compile(r"\b(?:cannot|can't|could ?n[o']t|unable|fail(?:ed|s|ure)?)\b[^:]*$", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:is|are|was|does|do|did|has) not\b[^:(]*$", re.IGNORECASE
)  # of a cause: "is not ready (no image)"


def _behind_colon(claim: Claim, source: Source) -> bool:
    """Whether a text is "effect: cause", as the errors of Go programs are chained, or a cause's "effect (cause)"."""
    if not (_words(claim.cause) and _words(claim.effect)):
        return False
    known, names = source.text, " " + " ".join(source.names)
    cuts = (one.start() for one in re.finditer(r": | \(", known))
    ends = [one.start() for one in re.finditer(r"\)(?=[,;]|$)|, so\b|; ", known)]
    return any(
        (_FAILED.search(known, 0, cut) or (source.kind == "cause" and _DENIED.search(known, 0, cut)))
        and _within(claim.effect, known[:cut] + names)
        and _within(claim.cause, known[cut : min((end for end in ends if end > cut), default=None)] + names)
        for cut in cuts
    )


def _within(said: str, known: str) -> bool:
    """Whether each telling word stands in a text, as it is or by one that says the same."""
    held, lowered = stems(known), known.casefold()
    return all(alike(word) & held or word in lowered for word in _words(said))


def _alike(known: frozenset[str]) -> frozenset[str]:
    return frozenset(other for one in known for other in alike(one))


def _names(text: str) -> frozenset[str]:
    return frozenset(
        token.text.casefold().removesuffix("'s") for token in tokens(text) if token.kind in ("name", "word")
    )


def _words(text: str) -> frozenset[str]:
    """Stems of the words and names that tell something: plain words, kinds and comparisons are left out."""
    found = (token.text.casefold() for token in tokens(text) if token.kind in ("name", "word", "quote"))
    return frozenset(stem(word) for word in found if not is_plain(word)) - _aside()


@cache
def _aside() -> frozenset[str]:
    return frozenset(map(stem, words("neutral") | words("function")))
