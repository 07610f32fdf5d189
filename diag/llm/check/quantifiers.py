"""All, only, any, before, at most: each is said by what is cited, or adds nothing to it."""

import re
from dataclasses import dataclass
from functools import cache

from diag.llm.check.amounts import amounts, choices
from diag.llm.check.causal import Claim, disproof
from diag.llm.check.english import alike, is_plain, lists, stem, stems, words
from diag.llm.check.lasting import LASTING, spelled
from diag.llm.check.support import Support
from diag.llm.check.tokens import NUMBERS, Token, tokens

_NOT_BEFORE = re.compile(r"\b(?:not|no|none|never|without|cannot|neither|nor)\b[^,;]*$|n't\b[^,;]*$")
_ONE_NODE = re.compile(r"(?:(?<![\d/])(?:1|one)|\b0/1) (?:\S+ )?nodes?\b")
_TWO = re.compile(r"(?<!\d)(?:0/)?(?:2|two) ")
_WHOLE = re.compile(r"(?<!\d)(\d+) (?:of|out of) \1\b|\b(?:each|per|every|all)\b")


@dataclass(frozen=True, slots=True)
class _Use:
    """A quantifier at its place."""

    word: str
    before: str
    after: str
    behind: tuple[Token, ...]
    named: int  # names in the sentence

    def number_within(self, most: int) -> bool:
        """Whether a number is among the next tokens."""
        return any(one.kind == "number" for one in self.behind[:most])


_TWO_OF = 2  # more than two cited facts are several things


def unproven_quantifier(text: str, support: Support) -> str | None:
    """A word like "all" or "only" that nothing cited says; beside a number that is proven it only stresses."""
    text = _turns().sub(lambda turn: " " * len(turn[0]), text)
    found = tokens(text)
    named = sum(token.kind == "name" for token in found)
    for index, token in enumerate(found):
        word = token.text.casefold()
        if token.kind == "word" and word in words("quantifiers"):
            use = _Use(word, text[: token.at], text[token.end :], found[index + 1 :], named)
            if _of_some(use, support):
                return word
            proofs = (
                _said, _bounded, _adds_nothing, _told_in_order, _after_its_cause, _of_each, _whole_of_it, _each_run,
                _not_until,
            )  # fmt: skip
            if not any(proof(use, support) for proof in proofs):
                return word
    return None


@cache
def _turns() -> re.Pattern[str]:
    return re.compile("|".join(lists("turns")), re.IGNORECASE)


def _adds_nothing(use: _Use, support: Support) -> bool:
    known = support.lowered
    match use.word:
        case "only":
            return (
                bool(re.search(r"possib\w+[^,;]*$|\bif $", use.before))
                or bool(_BUT.match(use.after)) or use.number_within(3) or bool(_NO_MORE_THAN.match(use.after))
                or _the_whole_list(use, known)
                or bool(support.steps and _UNDER.match(use.after))
                or bool(_SOLE.match(use.after) and _ONE.search(known))
                or ("node" in use.after and bool(_ONE_NODE.search(known)))
                or bool(_CHOOSES.search(use.before)) or bool(_CHOOSES.match(use.after.strip()))
            )  # fmt: skip
        case "all":
            return (
                bool(_NOT_ALL.search(use.before)) or use.number_within(2) or use.named > 1 or bool(_WHOLE.search(known))
            )
        case "both":
            pair = bool(re.match(r"[^,;.]{1,60}\band\b", use.after)) or _of_one_kind(support) == _TWO_OF
            pair = pair or bool(support.steps and _TWO_OF in choices(support))
            return pair or use.named > 1 or (bool(_TWO.search(known)) and not re.search(r"\b1 (?:out )?of 2\b", known))
        case "after":
            return use.number_within(1) or bool(LASTING.search(spelled(use.after)[:50]))
    simple = {
        "each": _of_a_pod(use, support)
        or (use.named > 1 and re.search(r"[\w.-]+ and [\w./-]+(?: \w+)? $", use.before)),
        "any": _NOT_BEFORE.search(use.before) and not _of_one_only(use, support),
        "few": use.before.endswith("too ") and _TOO_FEW.search(known),
        "several": "some" in known or len(support.sources) > _TWO_OF,
        "until": support.steps and "wait" in known,
        }  # fmt: skip
    if use.word in ("every", "each", "entire", "whole") and _WHOLE.search(known):
        return True
    return bool(simple.get(use.word))


_BUT = re.compile(r" (?:it|they|there)\b")  # "only it has none": but
_UNDER = re.compile(r" (?:if|when|once|where|while|after|provided|as long as|in case)\b")
_TOO_FEW = re.compile(r"insufficient|too little|not enough|too few|\b0/\d|short")
_SOLE = re.compile(r" (?:\w+ )?(?:pod|node|replica|member|gpu|container|worker|machine|cluster)\b", re.IGNORECASE)
_ONE = re.compile(r"(?<![\d/])1 of 1\b|: 1$|\b(?:has|and) 1\b|(?<![\d/])1 pod\b", re.MULTILINE)
_NOT_ALL = re.compile(
    r"(?:\b(?:not|cannot|never|nor)|n't)(?: \w+){0,2} $"
)  # "cannot take all" says less than "takes none"
_UNIVERSAL = ("all", "every", "each", "entire", "whole")


_OF_NODES = re.compile(r"\b0/(\d+) nodes are (?:un)?available: ((?:[^.;\n]|\.(?=\w))+)")


def _of_some(use: _Use, support: Support) -> bool:
    """Whether "both nodes" is told of what the scheduler says of fewer: "1 node(s) had untolerated taint"."""
    if use.word not in (*_UNIVERSAL, "both") or not re.match(r"(?: of)?(?: the)?(?: \w+)? nodes?\b", use.after):
        return False
    said = {stem(token.text) for token in use.behind if token.kind in ("word", "name") and not is_plain(token.text)}
    said -= frozenset(map(stem, words("neutral")))
    counts = [
        (int(part.split()[0]), int(whole))
        for whole, parts in _OF_NODES.findall(support.text) for part in parts.split(", ")
        if part.split()[0].isdigit() and any(alike(word) & stems(part) for word in said)
    ]  # fmt: skip
    return bool(counts) and all(count < whole for count, whole in counts)


def _whole_of_it(use: _Use, support: Support) -> bool:
    """Whether "the entire group" is told of what is cited as whole, every or all, with the same noun behind it."""
    if use.word not in _UNIVERSAL:
        return False
    nouns = [alike(stem(token.text)) for token in use.behind[:2] if token.kind == "word"]
    told = re.finditer(rf"\b(?:{'|'.join(_UNIVERSAL)}) (?:of (?:the |its )?)?([\w-]+)(?: ([\w-]+))?", support.lowered)
    return any(stem(noun) in same for one in told for noun in one.groups() if noun for same in nouns)


_ENDED = re.compile(r"ended with [^;\n]*\b\d+ restarts|again and again")


def _each_run(use: _Use, support: Support) -> bool:
    """Whether "each time" or "always" is told of how the runs of a container that is restarted end."""
    of_runs = use.word == "always" or re.match(r" (?:time|run|attempt|start|restart)s?\b", use.after)
    return use.word in ("each", "every", "always") and bool(of_runs) and bool(_ENDED.search(support.lowered))


_DIES = re.compile(
    r" (?:dying|it (?:died|ended|exited|crashed|went down|stopped)|(?:exiting|crashing|stopping|ending)|its end)\b"
)
_AWAITS = re.compile(
    r"\b(?:before|until|waits?|waiting|needs?|not yet|yet|pending|after|once|gate\w*|again later)\b|ready after"
)
_HELD_BACK = re.compile(
    r"\b(?:not|no|never|cannot|without|stays?|remains?|waits?|waiting|pending|held|un\w+ed|stuck|took|takes)\b|n't\b"
)


def _not_until(use: _Use, support: Support) -> bool:
    """Whether "not until", "waits until" or "before it died" says in time what is cited of waiting, or of a log."""
    if use.word == "before" and _DIES.match(use.after):
        return re.search(r"\blogs?\b", support.lowered) is not None
    if use.word != "until" or not _HELD_BACK.search(use.before) or not _AWAITS.search(support.lowered):
        return False
    awaited = (
        name for token in use.behind if (name := token.text.casefold()) in support.objects.keys() | support.naming
    )
    return all(
        re.search(rf"\b(?:for|needs?|before|until|of|behind|by)\b[^.;]{{0,60}}{re.escape(name)}", support.lowered)
        for name in awaited
    )


def _of_a_pod(use: _Use, support: Support) -> bool:
    """Whether "each pod" is told of a field of one: the pods of a template are alike."""
    told = re.search(r"^Pod \S+ spec\.", support.text, re.MULTILINE)
    return told is not None and re.match(r" pod\b", use.after) is not None


def _after_its_cause(use: _Use, support: Support) -> bool:
    """Whether "A after B" tells a proven cause as what came first."""
    if use.word != "after":
        return False
    behind, _, rest = use.after.partition(",")
    effect = use.before if use.before.strip() else rest
    return bool(_telling(behind) and _telling(effect)) and disproof(Claim(behind, effect), support) is None


_EACH = re.compile(r"(\d+|" + "|".join(NUMBERS) + r") [\w./-]+ $", re.IGNORECASE)


def _of_each(use: _Use, support: Support) -> bool:
    """Whether "8 GPUs each" shares out a number that is cited of one, not of all: a sum is a cost or was counted."""
    told = _EACH.search(use.before) if use.word == "each" else None
    if told is None:
        return False
    digits = NUMBERS.get(told[1].casefold(), told[1])
    single = (one for one in support.sources if one.kind != "cost" and not one.text.startswith("counted: "))
    return any(amount.digits == digits for one in single for amount in amounts(one.text))


_CHOOSES = re.compile(
    r"\b(?:selects?|matche?s?|accepts?|takes?|tolerates?|watches)(?: \S+)?\s*$|(?:selects?|matches|accepts?|watches)\b"
)
_NO_MORE_THAN = re.compile(r" (?:considered |rated |deemed |judged )?(?:an?\b|possib|likel|probab)")
_THEN = re.compile(r"[;,] | and (?:then )?|, then |; ")


def _told_in_order(use: _Use, support: Support) -> bool:
    """Whether one cause or step tells two things in the order of "A before B" or "B after A"."""
    if use.word not in ("before", "after"):
        return False
    behind, _, rest = use.after.partition(",")
    if use.word == "after" and any(
        " then " in step.text and stems(step.text) & _telling(use.after[:30]) for step in support.steps
    ):
        return True
    before = use.before if use.before.strip() else rest  # "Before A, B"
    if use.word == "before":
        first, then = _telling(re.split("[,;:]", before)[-1]), _telling(behind)
    else:
        first, then = _telling(behind), _telling(before)
    if not first or not then:
        return False
    for source in support.sources:
        for cut in _THEN.finditer(source.text if source.kind in ("cause", "step") else ""):
            front, back = stems(source.text[: cut.start()]), stems(source.text[cut.end() :])
            if all(alike(one) & front and one not in back for one in first) and any(
                alike(one) & back and not alike(one) & front for one in then
            ):
                return True
    return False


def _telling(text: str) -> frozenset[str]:
    found = (token.text for token in tokens(text) if token.kind in ("word", "name"))
    return frozenset(stem(one) for one in found if not is_plain(one))


def _of_one_only(use: _Use, support: Support) -> bool:
    """Whether a denial of any object of a kind rests on one that is named: "for any NodePool" of `NodePool gpu-a10`."""
    countable = support.kinds | frozenset(map(stem, words("counted"))) | {"zone", "region"}
    for token in use.behind[:2]:
        if stem(token.text) not in countable:
            continue
        kind = re.escape(token.text.casefold())
        told = re.findall(rf"\b{kind}\b (\S+)", support.lowered)
        every = re.search(rf"\b(?:any|all|every|each|no) (?:\w+ )?{kind}", support.lowered)
        if not every and any(re.search(r"[a-z0-9][-/][a-z0-9]|\d", name) for name in told):
            return True
    return False


def _the_whole_list(use: _Use, known: str) -> bool:
    """Whether "only" tells the names that are cited as all that there are: "there are default, root"."""
    lists_of = re.findall(r"\bthere (?:is|are) ([\w.-]+(?:, [\w.-]+)*)", known)
    listed = {one for found in lists_of for one in found.split(", ")}
    return bool(listed) and listed <= {token.text.casefold() for token in use.behind}


def _of_one_kind(support: Support) -> int:
    """How many facts are cited, where all are of one kind that is not evidence; 0 else."""
    kinds = {source.kind for source in support.sources}
    return len(support.sources) if len(kinds) == 1 and kinds <= {"unchecked", "step", "ruled_out"} else 0


def _said(use: _Use, support: Support) -> bool:
    """Whether what is cited says the word; of before and after, with the same thing behind it."""
    said = "until|before" if use.word == "until" else use.word  # not before the leader is ready: not until then
    places = [one.end() for one in re.finditer(rf"(?<![\w-])(?:{said})(?![\w-])", support.lowered)]
    if use.word == "any":
        return bool(places) and not _of_one_only(use, support)
    if use.word not in ("before", "after", "until"):
        return bool(places)
    if places and any(f"{use.word} it " in step.text for step in support.steps):
        return True  # what was "logged before it ended"
    aside = words("function") | words("quantifiers")
    then = next((stem(one.text) for one in use.behind if one.text.casefold() not in aside), "")
    if then in support.kinds and any(support.lowered.startswith(" it", place) for place in places):
        return True  # "cannot end before it", of the very object
    return any(alike(then) & stems(support.lowered[place : place + 60]) for place in places)


_BOUND = re.compile(
    r"\bat most\b|\bmax|\bmost\b|\blimits?\b|\bwould fit\b|\ballows?\b|\bmay hold|\bcapability|\bcapacity|"
    r"\bno more than|\bbelow\b", re.IGNORECASE,
)  # fmt: skip
_LEAST = re.compile(
    r"\bat least\b|\bmin|\bneeds?\b|\basked for\b|\basks for\b|\brequests?\b|\babove\b|\bwanted\b", re.IGNORECASE
)


def _bounded(use: _Use, support: Support) -> bool:
    """Whether "most" and "least" are a bound ("at most 16") of something that bounds."""
    if use.word not in ("most", "least") or not use.before.casefold().endswith("at "):
        return False
    other = "at least" if use.word == "most" else "at most"
    if other in support.lowered and f"at {use.word}" not in support.lowered:
        return False
    return bool((_BOUND if use.word == "most" else _LEAST).search(support.text))
