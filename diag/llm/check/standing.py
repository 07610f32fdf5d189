"""What was not looked at, and what was ruled out, may be told as just that and nothing else."""

import re

from diag.llm.check.clauses import Clause, clauses
from diag.llm.check.english import alike, is_plain, stem
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import tokens

_UNCHECKED = re.compile(
    r"""(?:\bnot\b|n't|\bnever\b|cannot|\bno\b)[^,;.]*\b(?:check|look|read|list|know|verif|examine\w*|examining|inspect|collect
    |in\ the\ files|say|contain|include|cover)
    |\b(?:nobody|neither|none)\b[^.]*\b(?:look|list|check|see|file)
    |\bunexamined|\bunchecked|\bunknown|missing\ from\ the|\bwithout\ (?:check|look)
    |\babsent\ from\ the|\b(?:stays|remains|is|left)\ (?:an\ )?open\b|\bfor\ (?:want|lack)\ of\b
    |\bno\ telling\b|\banybody's\ guess|\banyone's\ guess|\bup\ in\ the\ air|\bblind\ spot|\bgap\b""",
    re.IGNORECASE | re.VERBOSE,
)
_CLAIMS_LOOK = re.compile(
    r"\b(?:were|was|been|are) (?:checked|inspected|looked at|examined|verified|read)\b", re.IGNORECASE
)
_RULED_OUT = re.compile(
    r"\b(?:ruled out|excluded|dismissed|discarded|discounted|dropped|set aside|struck off"
    r"|(?:on|off) the table|neither (?:confirmed|proven) nor|undecided"
    r"|not the|rejected as|explains more|(?:still|is) open)\b|n't the\b",
    re.IGNORECASE,
)
_NOT_RULED_OUT = re.compile(
    r"(?:\bnot|n't|\bnever) (?:yet )?(?:been |be )?(?:considered and )?(?:ruled out|excluded)", re.IGNORECASE
)
_FUTURE = re.compile(r"\b(?:will|going to|about to|(?<!as )soon|shortly)\b|'ll\b", re.IGNORECASE)


def foretold(text: str, support: Support) -> str | None:
    """A word that tells the future where nothing cited does, and no step is told of."""
    if re.search(r"\bnever\b|refus|\bden(?:y|ied)|cannot|\bnot\b", support.lowered):
        text = re.sub(r"\b(?:will never|will not|won't)\b", " ", text)
    found = _FUTURE.search(text)
    return None if not found or support.steps or _FUTURE.search(support.lowered) else found[0]


_OVER = re.compile(
    r"\b(?:ended|was over|is over|recovered|disappeared|resolved itself|healed)\b(?=[^,;]*\b(?:ago|before|at|on)\b)"
)


def told_as_over(text: str, support: Support) -> str | None:
    """A time since when something lasts told as the time of its end; None where it is not."""
    found = _OVER.search(text)
    lasts = any(source.kind == "since" for source in support.sources)
    return found[0] if found and lasts else None


def unlooked(text: str, support: Support) -> str | None:
    """What no rule could look for, told as looked for or as ruled out; None where it is told as open."""
    if not all(one.kind == "ruled_out" and "could not look" in one.text for one in support.sources):
        return None
    if _CLAIMS_LOOK.search(text) and not _UNCHECKED.search(text):
        return "told as checked"
    denied = re.search(r"\b(?:not|neither|nor|cannot|never)\b|n't\b", text)
    return "told as ruled out" if _STRUCK.search(text) and not denied else None


def untrue_standing(text: str, support: Support) -> str | None:
    """A fact that was not checked told as checked, or one that was ruled out told as true; None where neither is."""
    if any(source.kind == "ruled_out" for source in support.sources) and _NOT_RULED_OUT.search(text):
        return "told as not ruled out"
    for kind, form in (("unchecked", _UNCHECKED), ("ruled_out", _RULED_OUT)):
        of_kind = [source for source in support.sources if source.kind == kind]
        rest = [source for source in support.sources if source.kind != kind]
        if of_kind and not form.search(text) and _needs(text, of_kind, rest):
            return f"{kind.replace('_', ' ')}: {of_kind[0].text[:60]}"
    if any(source.kind == "unchecked" for source in support.sources) and _CLAIMS_LOOK.search(text):
        return "told as checked"
    kinds = {source.kind for source in support.sources}
    if "unchecked" in kinds and kinds <= {"unchecked", "certainty"}:
        return next((one.text[:60] for one in clauses(text) if _looks(one)), None)
    if "ruled_out" in kinds and "cause" not in kinds and _IS_CAUSE.search(text) and not _EXCLUDED.search(text):
        return "ruled out, and told as the cause"
    return None


# What a look is told by, and what was looked into; "files" alone may stand in another clause ("the files lack them").
_LOOK = re.compile(
    r"\b(?:check|inspect|examine|examining|consult|verif|look(?:ed)? (?:at|into)|list(?:ed)? from|read from|seen"
    r"|(?:in|among|part of) the files)",
    re.IGNORECASE,
)
_EXCLUDED = re.compile(r"\b(?:ruled out|excluded|dismissed|discarded|rejected)\b", re.IGNORECASE)
_STRUCK = re.compile(
    r"\b(?:ruled out|excluded|dismissed|discarded|rejected|struck off|discounted|off the table)\b", re.IGNORECASE
)
_IS_CAUSE = re.compile(
    r"(?<!whether it )\b(?:is|was|are|were|being) (?:(?!not\b)\w+ )?(?:as |to be )?the (?:\w+ )?"
    r"(?:cause|reason|culprit)\b",
    re.IGNORECASE,
)


def _looks(clause: Clause) -> bool:
    """Whether a clause tells of a look without saying no, or says no twice: then there was one."""
    beside = clause.negators - frozenset(
        map(stem, ("only", "no", "not", "never", "neither", "nor", "none", "nobody", "cannot", "without", "unable"))
    )
    if clause.nots > 1 and not re.search(r"\bneither\b.*\bnor\b", clause.text, re.IGNORECASE):
        return True
    if clause.nots and beside & _UNSEEN:
        return True
    return not clause.negative and _LOOK.search(clause.text) is not None


_UNSEEN = frozenset(map(stem, ("unknown", "absent", "missing", "lacking", "unchecked", "unexamined")))


def _needs(text: str, of_kind: list[Source], rest: list[Source]) -> bool:
    """Whether a word of the sentence stands in these sources alone; a sentence of plain words rests on them, too."""
    said = [stem(token.text) for token in tokens(text) if token.kind in ("word", "name") and not is_plain(token.text)]
    return not rest or any(
        any(alike(word) & one.stems for one in of_kind) and not any(alike(word) & one.stems for one in rest)
        for word in said
    )
