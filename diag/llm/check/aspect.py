"""What is told as done or over: advice is no deed, and a state lasts until something cited ends it."""

import re

from diag.llm.check.clauses import clauses
from diag.llm.check.english import alike, ill, stem
from diag.llm.check.support import Support

_UNDER = re.compile(
    r"\b(?:once|if|after|until|when|whenever|unless|before|as soon as|would|should|could|can|may|might|must|needs? to"
    r"|has to|have to|whether|will|to have)\b[^,;]*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?<![\w./-])[a-z]+(?![\w/-])")
_NO = re.compile(r"(?:\b(?:not|never|no|nobody|yet to|nothing|none)\b|n't\b)[^,;]*$", re.IGNORECASE)
_PARTICIPLE = r"[a-z]+(?:ed|en|wn|un|ut|et|ilt|id|ade|ought|elt|eft|one)"
_PERFECT = re.compile(
    rf"(?<!\bthat )(?<!\bwhich )\b(?:has|have|had)(?: \w+ly| already| just| since| now| also| meanwhile| finally)*"
    rf"(?: been| got(?:ten)?)?(?: \w+ly| already| just| since| now)* (?P<deed>{_PARTICIPLE})\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    rf"\b(?:was|were|got)(?: \w+ly| already| just| since| now)* (?P<deed>{_PARTICIPLE})\b", re.IGNORECASE
)
_DOER = re.compile(
    r"\b(?:somebody|someone|teams?|users?|admin\w*|operators?|people|folks|they|we|you|provider|engineers?)"
    r"(?: \w+ly| already| just| since| now)* (?P<deed>[a-z]+(?:ed|aised|ut|et|ook|ade|ave|ixed))\b(?! to\b)",
    re.IGNORECASE,
)


_CAUSATIVE = re.compile(
    rf"\b(?:has|have) had (?:its|their|the) (?:\w+ ){{1,2}}(?P<deed>{_PARTICIPLE})\b", re.IGNORECASE
)
_NOW = re.compile(r"\bnow (?:lies|is|are|stands|reads|has|have|sits|runs)\b|\b(?:lies|stands) now\b", re.IGNORECASE)


def told_as_done(text: str, support: Support) -> str | None:
    """A deed of a cited step told as done, where no cited fact says that it was; None where none is."""
    if not support.steps:
        return None
    told = (source.lowered for source in support.sources if source.kind not in ("step", "cost"))
    facts = frozenset(other for text in told for one in _WORD.findall(text) for other in alike(stem(one)))
    for found in _NOW.finditer(text):
        if found[0].casefold() not in support.lowered and not _UNDER.search(text, 0, found.start()):
            return found[0]
    for form in (_CAUSATIVE, _PERFECT, _PASSIVE, _DOER):
        for found in form.finditer(text):
            deed = stem(found["deed"])
            if deed in _STATES or alike(deed) & facts:
                continue
            if _UNDER.search(text, 0, found.start()) or _NO.search(text, 0, found.start()):
                continue
            return found[0]
    return None


# What one has without having done it.
_STATES = frozenset(map(stem, ("been", "had", "rated", "considered", "documented", "listed", "meant", "needed",
                               "called",
                               "room", "access", "the", "two", "three", "one", "its", "their", "more", "less", "enough",
                               "ruled", "marked", "classed", "deemed", "suggested", "recommended", "asked",
                               "said")))  # fmt: skip

_SINCE_THEN = re.compile(
    r"\b(?:in the meantime|meanwhile|by now|since then|once again|at last|finally|eventually|these days|by itself"
    r"|on its own|no longer|any ?more|again|anew|after all|already|in the end"
    r"|by the time of the snapshot|sorted|over with|in place)\b",
    re.IGNORECASE,
)
_NOW_SO = re.compile(
    r"\b(?:has|have)(?: \w+ly| since| now| already| finally| meanwhile)* (?:been )?[a-z]+|"
    r"\b(?:is|are)(?: now| all| already| once)* "
    r"(?:back|fine|well|up|through|healthy|ready|running|available|gone|over|again)\b"
    r"|\b(?:works?|runs?|functions?|flows?|responds?|answers?|starts?|scales?|succeeds?)\b",
    re.IGNORECASE,
)


_WELL = re.compile(
    r"\b(?:serves|works|succeeds|recovered|(?:is|are) (?:through|up|back|ready|running|healthy|fine)"
    r"|ha(?:s|ve) (?:started|recovered|succeeded|come up))\b(?! to\b| only\b)",
    re.IGNORECASE,
)


def told_as_mended(text: str, support: Support) -> str | None:
    """A turn to the better of which nothing cited knows ("has started in the meantime"); None where none is told."""
    cited = [source for source in support.sources if source.kind in ("symptom", "cause")]
    for clause in clauses(text) if cited else ():
        well = _WELL.search(clause.text)
        if well and not clause.negative and not support.steps and stem(well[0].split()[-1]) not in support.stems:
            return well[0]
    if not cited or not _SINCE_THEN.search(text) or _SINCE_THEN.search(support.lowered):
        return None
    for clause in clauses(text):
        found = _NOW_SO.search(clause.text)
        if found and not clause.negative and not re.search(r"\d", clause.text) and not clause.stems & ill():
            return found[0]
    return None


_SNAPSHOT_OLD = re.compile(
    r"\bsnapshot (?:is|was|has been|had been) (?:\S+ ){0,6}?old\b|\b(?:after|since|later than|past) the snapshot\b"
    r"|\bsnapshot (?:\S+ ){0,3}?(?:came|was taken|was made|is from|dates from) (?:\S+ ){0,6}?(?:before|earlier)\b"
    r"|\bsnapshot (?:predates|precedes|preceded)\b",
    re.IGNORECASE,
)


def after_the_snapshot(text: str, support: Support) -> str | None:
    """Something told as later than the snapshot, or the snapshot as old; nothing that is cited can be."""
    found = _SNAPSHOT_OLD.search(text)
    return None if not found or found[0].casefold() in support.lowered else found[0]


_BEFORE_IT = re.compile(r"\b(?:before|until) (?:it|they|the \w+) (?:was|were|is|are|has|had)(?: been)? (\w+)")


def not_yet(text: str, support: Support) -> str | None:
    """Something told as so, of which what is cited tells what came before it: "kills it before it was ready"."""
    for late in _BEFORE_IT.findall(support.lowered):
        for clause in clauses(text):
            said = re.search(
                r"\b(?:had|has|have|was|were|is|are|turned|became|got)(?: \w+){0,3}? (\w+)\b",
                clause.text,
                re.IGNORECASE,
            )
            told = {stem(one) for one in re.findall(r"[a-z]+", clause.text.casefold())}
            if said and alike(stem(late)) & told and not clause.nots and not _NOT_YET.search(text):
                return f"{late} before it was"
    return None


_NOT_YET = re.compile(r"\b(?:before|until|not|never|without|unless|no)\b|n't\b", re.IGNORECASE)
