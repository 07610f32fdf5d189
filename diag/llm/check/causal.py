"""Because: a causal claim needs a proven link, told in the link's direction."""

import re
from dataclasses import dataclass
from functools import cache, partial

from diag.llm.check.amounts import amounts
from diag.llm.check.english import alike, is_plain, stem, stems, words
from diag.llm.check.lasting import LASTING
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import tokens

# Behind these stands the cause …
_CAUSE_BEHIND = re.compile(
    r"""(?<![-./])\b(?:because(?:\ of)?|due\ to|owing\ to|thanks\ to|as\ a\ (?:result|consequence)\ of
    |in\ consequence\ of
    |caused\ by|(?:results?|resulted|stems?|comes?|came|follows?|arises?|resulting|stemming|coming)\ from|explained\ by
    |(?:blocked|prevented|stopped|held\ up|held\ back|triggered|forced|delayed|broken|refused|rejected)\ by
    |since(?!\ \d|\s*[,.;]|\s*$)(?!\ (?:then|at|about|around|the\ (?:start|beginning))\b)
    |on\ account\ of|for(?=\ (?:lack|want)\ of)|(?<!\bcomes\ )(?<!\bcame\ )(?<!\bboils\ )(?<!\bcome\ )down\ to
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
    |hold(?:s|ing)?\ (?:up|back)|delay(?:s|ing)|breaks(?!\ (?:off|down|out))|broke(?!\ (?:off|down|out))|means\ that
    |mak(?:es|ing)\ (?:it|the|them|its|their)\ \S+\ \S+
    |leav(?:es|ing)\ (?!none|no\b|only|just|\d|[^,;.]*\bshort\b)\S+\ \S+|affects?|explains?|responsible\ for
    |(?:is|are|was|were|being)\ the\ (?:root\ )?(?:cause|reason)\ (?:of|for|why)
    |(?:cause|reason)\ (?:of|for|behind)|(?:is|are|was|were|lies|stands)\ behind\ the))\b""",
    re.IGNORECASE | re.VERBOSE,
)


# Times of day and dates are taken out before: "since , 7 minutes before …", "goes back to  on ".
_OF_TIME = re.compile(
    r"(?:since|(?:goes|dates|comes) back to)[\s,.;]*(?:$|(?:on|at|before|in|and|or|but)\b|\d)", re.IGNORECASE
)
_PASSED = re.compile(r"\b(?:passed|elapsed|gone by|went by|lay|lie[sd]?)\b", re.IGNORECASE)
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
_LASTED = re.compile(rf"^\s*(?:for|since|after)\b.*{LASTING.pattern},?|^\s*so far,?", re.IGNORECASE)
_THEREFORE = re.compile(r"(?:therefore|thus|hence|consequently|accordingly)\b", re.IGNORECASE)
_WEAK = re.compile(r"(?:refused|rejected|held) |means that", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """A causal claim taken apart."""

    cause: str
    effect: str
    weak: bool = False  # rather who did it, or what it means, than why
    verb: str = ""  # the stem of a single verb that tells it


def claims(text: str) -> list[Claim]:
    """The causal claims of a text: each marker splits the sentence at its place."""
    found = []
    for match in _CAUSE_BEHIND.finditer(text):
        before, behind = text[: match.start()], text[match.end() :]
        if _OF_TIME.match(match[0] + behind):
            continue
        if _PASSED.search(before) and match[0].casefold() == "since":
            continue
        if not before.strip(" ,;"):  # "Because the budget is spent, the drain …"
            behind, _, before = behind.partition(",")
        found.append(Claim(behind, before, bool(_WEAK.match(match[0]))))
    for one in _CAUSE_BEFORE.finditer(text):
        before, behind = text[: one.start()], text[one.end() :]
        if not behind.strip(" .,;!") or (
            _THEREFORE.match(one[0]) and not re.search(r"[,;:]|\b(?:and|but|so)\b", before)
        ):
            before, behind = "", before + behind  # "The service is therefore down": of what was said before
        behind = re.split(r"[;:](?=\s)", behind)[0]
        verb = stem(one[0]) if one[0].isalpha() else ""
        found.append(Claim(before, behind, bool(_WEAK.match(one[0])), verb))
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
        if not _of_the_cluster(f"{claim.cause} {claim.effect}", support):
            continue
        against = disproof(claim, support)
        if against:
            return against
    asides = (_exchanged(claim, ends, why, by=1) for claim in _beside(text) for ends, why in support.arrows)
    return next(filter(None, asides), None)


def _of_the_cluster(text: str, support: Support) -> bool:
    """Whether a text tells anything of a cluster: a claim, a name, a kind of object or a number."""
    things = support.kinds | frozenset(map(stem, words("neutral") | words("counted")))
    return bool(_words(text) or amounts(text) or LASTING.search(text) or stems(text) & things)


_NO_AS = r"(?:soon|long|far|well|for|of|to|if|such)"
_AS = re.compile(
    r"(?:^|(?<=, )|(?<=; ))(?:as|with|given that|given|now that|once|after|when|without)"
    rf"(?! (?:a (?:result|consequence|step|remedy|first|last|user)|{_NO_AS})\b) (?P<cause>[^,;]+),(?P<effect>.+)|"
    rf"(?P<before>.+)(?:, (?:as|given that|now that)(?! (?:an?|{_NO_AS})\b)"
    r"| as (?=(?:it|its|they|their|there|no|none|neither|nothing)\b)) ?(?P<behind>[^,;]+)",
    re.IGNORECASE,
)


def _beside(text: str) -> list[Claim]:
    """What a text tells as a circumstance ("as A is down, B waits"): it needs no link, but may not go against one."""
    return [Claim(one["cause"] or one["behind"], one["effect"] or one["before"]) for one in _AS.finditer(text)]


def disproof(claim: Claim, support: Support) -> str | None:
    """Why a causal claim is not proven; None where a cited text says it, or a link leads that way."""
    cited = (_exchanged(claim, ends, why) for ends, why in support.arrows if support.link)
    if exchanged := next(filter(None, cited), None):
        return exchanged
    if any(_states(source, claim) or _repeats(source, claim) for source in support.sources):
        return None
    # "Hence …", "… by this": what was said before is the cause, and the cited fact is what a link leads to.
    if not _content(claim.cause) - _anaphora() and any(map(partial(_within, claim.effect), support.effects)):
        return None
    if support.link is None and any(_explains(one, claim, support) for one in support.sources):
        return None
    against = [
        _against(claim, ends, why)
        for ends, why in support.arrows
        if support.link or (_within(claim.cause, f"{ends[0].text} {why}") and _within(claim.effect, ends[1].text))
    ]
    return None if None in against else next(iter(against), "a cause without a link")


_VENDORS = frozenset(("NVIDIA", "AMD", "Intel", "Kubernetes"))


def _without_systems(text: str, support: Support) -> str:
    """The text without what it calls the system itself: "so Kueue deactivated it" for "and it was set inactive"."""
    own = [token for token in tokens(text) if token.text[:1].isupper() and stem(token.text) in support.systems]
    for token in own:
        if token.text.casefold() not in support.lowered or token.text in _VENDORS:
            text = text[: token.at] + " " * len(token.text) + text[token.end :]
    return text


def _against(claim: Claim, ends: tuple[Source, Source], why: str) -> str | None:
    """None unless the claim has the link's ends the wrong way round, or speaks of neither."""
    cause, effect = ends
    exchanged = _exchanged(claim, ends, why)
    if exchanged:
        return exchanged
    in_cause, in_effect = _names(claim.cause), _names(claim.effect)
    said, known = _words(claim.cause), stems(why)
    numbers = {one.digits for one in amounts(claim.cause)}
    counted = {one.digits for text in (cause.text, why) for one in amounts(text)}
    shared = in_cause & cause.names or said & _alike(cause.stems | known)
    if not shared and (said or numbers) and not (numbers and numbers <= counted):
        return "the link has another cause"
    told = frozenset(one for one in _content(claim.cause) if not one.isdigit()) - _anaphora()
    if not shared and not said and told and not told & _alike(cause.stems | known | stems(cause.state)):
        return "the link has another cause"
    in_any = _words(claim.effect)
    state = _content(claim.effect) & stems(effect.state)
    if not (in_effect & effect.names or in_any & _alike(effect.stems | known) or not in_any or state):
        return "the link has another effect"
    return None


def _exchanged(claim: Claim, ends: tuple[Source, Source], why: str, by: int = 0) -> str | None:
    """Whether the claim has the link's ends the wrong way round, by more than so many words."""
    cause, effect = ends
    in_cause, in_effect = _names(claim.cause), _names(claim.effect)
    only_cause, only_effect = cause.names - effect.names, effect.names - cause.names
    if (in_cause & only_effect and not in_cause & cause.names) or (
        in_effect & only_cause and not in_effect & effect.names
    ):
        return "cause and effect are exchanged"
    forward = _overlap(claim.cause, cause, effect) + _overlap(claim.effect, effect, cause)
    backward = _overlap(claim.cause, effect, cause) + _overlap(claim.effect, cause, effect)
    if not (in_cause & only_cause and in_effect & only_effect):
        # What the effect is called is a sign of it wherever it stands; the cause's own words often tell of it, too.
        state = stems(f"{_titled(effect.text)} {effect.state}") - _aside()
        reason = stems(f"{_titled(cause.text)} {cause.state} {why}") - _aside()
        known = stems(f"{cause.named} {effect.named}")
        before, behind = _content(claim.cause) - known, _content(claim.effect) - known
        if before and behind:
            own = _alike(reason) - state
            forward += len(before & own) + len(behind & (state - reason))
            backward += len(before & (state - reason)) + len(behind & own)
        if backward > forward + by:
            return "cause and effect are exchanged"
    return None


@cache
def _anaphora() -> frozenset[str]:
    found = ("this", "that", "it", "reason", "problem", "fault", "trouble", "failure", "issue", "incident", "state")
    return frozenset(map(stem, found))


def _titled(text: str) -> str:
    """What a fact says of its object, without what a component says of that."""
    return re.split(r": ", text.partition("): ")[2])[0]


def _content(text: str) -> frozenset[str]:
    return stems(text) - _aside()


def _overlap(text: str, mine: Source, other: Source) -> int:
    """How many words of a text are of one end only; a name counts for several."""
    names = _names(text)
    own, others = mine.stems - other.stems, other.stems
    words = [word for word in _words(text) if alike(word) & own and not alike(word) & others]
    return len(words) + 3 * len(names & (mine.names - other.names))


def _repeats(source: Source, claim: Claim) -> bool:
    """Whether a piece tells it by the very verb: "somebody stopped it" of what is stopped."""
    known = f"{source.text} {source.named}"
    return claim.verb in source.stems and _within(claim.cause, known) and _within(claim.effect, known)


def _states(source: Source, claim: Claim) -> bool:
    """Whether one cited text itself says so: it has a cause and an effect, and each holds what is told on its side."""
    if source.kind in ("step", "unchecked", "ruled_out"):  # a step's purpose, why it was not looked at
        return _words(claim.cause) | _words(claim.effect) <= source.stems | _alike(source.stems)
    if source.kind == "cost" and amounts(claim.effect) and _within(claim.effect, source.text):
        # What it costs is what the cause does: that is named, or meant by "this".
        return bool(_words(claim.cause)) or bool(_THIS.fullmatch(_LASTED.sub("", claim.cause).partition(",")[0]))
    if _in_order(claim, source):
        return True
    if not _words(claim.cause) and _content(claim.cause) - _anaphora():
        return False
    if claim.weak:  # it may be told of one thing alone
        effect = re.split(r"[,;]|\band\b", claim.effect)[0]
        cause = re.split(r"[,;]", claim.cause)[0] or claim.cause
        return _within(cause, source.text) and _within(effect, source.text)
    return any(_within(claim.cause, own.cause) and _within(claim.effect, own.effect) for own in claims(source.text))


def _explains(cause: Source, claim: Claim, support: Support) -> bool:
    """Whether the fact of a cause, which tells why by itself, holds both sides of a claim with the evidence about it.

    What it tells the other way round is no proof, and nothing that the cause leads to is its reason. A word that
    another cited fact alone holds needs a link; one that none holds is proven in other words, and tells nothing here.
    """
    if cause.kind != "cause" or any(one.names & _names(claim.cause) - cause.names for one in support.led_to):
        return False
    if _in_order(Claim(claim.effect, claim.cause), cause) or _backward(claim, cause):
        return False
    own = [one for one in support.sources if one.kind == "evidence" and one.names & cause.names]
    whole = " ".join((_summary(cause), cause.named, *(one.text for one in own if not one.text.startswith("counted: "))))
    others = [one.text for one in support.sources if one is not cause and one not in own]
    for side in (claim.cause, claim.effect):
        said = _words(side) - support.systems
        lacking = [word for word in said if not _holds(whole, frozenset((word,)))]
        if any(_holds(other, frozenset((word,))) for word in lacking for other in others):
            return False
        if said and len(lacking) == len(said):
            return False
    if _words(claim.cause):
        return True
    told = [word for word in _content(claim.cause) - _anaphora() if not word.isdigit()]
    return bool(told) and 3 * sum(_holds(whole, frozenset((word,))) for word in told) >= 2 * len(told)


def _summary(source: Source) -> str:
    """What a cause fact says of its object; all of another piece."""
    return source.text.partition("): ")[2] if source.kind == "cause" else source.text


_CAUSE_FIRST = re.compile(r"[;:,] (?!(?:as|since|because)\b)|,? and |,? so ")
_CAUSE_LAST = re.compile(r": | \(|; (?=it (?:needs|lacks|has no)\b)|,? (?:as(?! a\b)|since|because) ")
_PART = re.compile(r"\)(?=[,;]|$)|, so\b|; ")
_FAILED = re.compile(
    r"\b(?:cannot|can't|could ?n[o']t|unable|fail(?:ed|s|ure)?|forbidden|refuse[sd]?|rejected"
    r"|denied|back-off|stopped|0/\d+)\b[^:]*$",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:(?:is|are|was|does|do|did|has) not|no|none)\b[^:(]*$", re.IGNORECASE)


def _in_order(claim: Claim, source: Source) -> bool:
    """Whether a piece holds both sides whole and in an order that tells why.

    A cause fact says "A, so B" or "A: B", and "B, as A"; errors are chained as "B failed: A".
    """
    known, names = _summary(source), f" {source.named} {source.state}"
    cause, effect = _words(claim.cause), _words(claim.effect)
    if source.kind == "cause":  # whose few words all tell
        cause, effect = _telling(claim.cause), _telling(claim.effect)
    if not (cause and effect and _holds(known + names, cause | effect)):
        return False
    ends = [one.start() for one in _PART.finditer(known)]
    for cut in _CAUSE_LAST.finditer(known):
        front = known[: cut.start()]
        says_no = _FAILED.search(front) or (source.kind == "cause" and _DENIED.search(front))
        stop = min((end for end in ends if end > cut.start()), default=None)
        tells = says_no or cut[0].strip(" ,:(;")
        if tells and _holds(front + names, effect) and _holds(known[cut.end() : stop] + names, cause):
            return True
    return source.kind == "cause" and any(
        _holds(known[: cut.start()] + names, cause) and _holds(known[cut.end() :] + names, effect)
        for cut in _CAUSE_FIRST.finditer(known)
        if not (cut[0].startswith(":") and _DENIED.search(known[: cut.start()]))
    )


def _backward(claim: Claim, source: Source) -> bool:
    """Whether more words of a claim stand on the wrong side of a fact's own "so", "as" or colon than on the right."""
    known = _summary(source)
    reason, effect = (_content(side) - _anaphora() for side in (claim.cause, claim.effect))
    both = reason & effect
    best = {True: 0, False: 0}
    for cut in (*_CAUSE_LAST.finditer(known), *_CAUSE_FIRST.finditer(known)):
        front, behind = known[: cut.start()], known[cut.end() :]
        last = cut.re is _CAUSE_LAST
        if cut[0].strip() == ":" and last != bool(_FAILED.search(front) or _DENIED.search(front)):
            continue
        why, then = (behind, front) if last else (front, behind)
        why_stems, then_stems = _alike(stems(why)), _alike(stems(then))
        for forward, (one, other) in ((True, (reason - both, effect - both)), (False, (effect - both, reason - both))):
            score = len(one & why_stems - then_stems) + len(other & then_stems - why_stems)
            best[forward] = max(best[forward], score)
    return best[False] > best[True]


def _within(said: str, known: str) -> bool:
    """Whether each telling word stands in a text, as it is or by one that says the same."""
    return _holds(known, _words(said))


def _holds(known: str, said: frozenset[str]) -> bool:
    held, lowered = stems(known), known.casefold()
    return all(alike(word) & held or word in lowered for word in said)


def _telling(text: str) -> frozenset[str]:
    """The words of a text that tell something; of one in plain words these, but for what only points back."""
    return _words(text) or frozenset(one for one in _content(text) - _anaphora() if not one.isdigit())


def _alike(known: frozenset[str]) -> frozenset[str]:
    return frozenset(other for one in known for other in alike(one))


def _names(text: str) -> frozenset[str]:
    return frozenset(
        token.text.casefold().removesuffix("'s") for token in tokens(text) if token.kind in ("name", "word")
    )


def _words(text: str) -> frozenset[str]:
    """Stems of the words and names that tell something: plain words, kinds and comparisons are left out."""
    found = (token.text.casefold() for token in tokens(text) if token.kind in ("name", "word", "quote"))
    told = (word for word in found if not is_plain(word) and word not in words("absent") and "n't" not in word)
    return frozenset(map(stem, told)) - _aside()


@cache
def _aside() -> frozenset[str]:
    return frozenset(map(stem, words("neutral") | words("function")))
