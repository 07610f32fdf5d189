"""Advice and certainty: only documented steps are advised, and nothing is surer or vaguer than the cause."""

import re

from diag.llm.check.english import alike, is_plain, stem, words
from diag.llm.check.support import Support
from diag.llm.check.tokens import tokens

_MODAL = re.compile(
    r"""\b(?:should|must|ought\ to|(?:has|have|need|needs)\ to\ be|recommend\w*|suggest\w*|advis\w*
    |consider|try\ to|please|make\ sure|ensure|let's|you\ can|you\ could|you\ may
    |one\ can|can\ be\ (?:fixed|solved|resolved|mended)
    |to\ (?:fix|solve|resolve|mend|remedy|repair)\ (?:this|it|that)|the\ (?:fix|solution|remedy)\ is|it\ helps\ to
    |would\ help|will\ (?:fix|solve|resolve|help|clear|free))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SURE = re.compile(
    r"\b(?:certain(?:ly|ty)?|definite(?:ly)?|undoubtedly|surely|clearly|obviously|proven|proves|no doubt"
    r"|confirm(?:ed|s)|guaranteed|(?:without|beyond|no|any) (?:\w+ )?(?:doubt|question)|for sure|sure to"
    r"|undeniabl[ey]|un(?:questionabl|mistakabl|equivocal|ambiguous|deniabl)\w+|indisputabl[ey]|inevitabl[ey]"
    r"|\d+ ?(?:%|percent) (?:sure|certain))\b",
    re.IGNORECASE,
)
_FAIRLY = re.compile(r"\b(?:probabl[ey]|likely|presumably|most likely)\b", re.IGNORECASE)
_VAGUE = re.compile(
    r"""\b(?:possib(?:le|ly)|perhaps|maybe|might|may(?!\ not)|could(?=\ (?:be|have|mean|also|indicate|explain|cause))
    |suspected|apparently|seems?|seemingly|unclear|suspect|assume|presume|potentially|plausibl[ey]|conceivabl[ey]|hypothe\w+
    |certain(?=ty\ (?:about|remains|as\ to))|uncertain(?:ty)?
    |(?<!no\ )(?<!any\ )(?<!without\ )doubt(?:s|ful)?|guess|hunch)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_BOUND = re.compile(r"\bcapabilit|\blimit|\bmay\b|\ballow|\bmax|\bquota|\bonly\b")
_DENIED = re.compile(r"\b(?:no|not|none|never)\b[^,;]*$", re.IGNORECASE)  # "no token could be fetched"
_NOT_SO = re.compile(r"\b(?:not|rather than|instead of|without being|n't|no)\s+(?:\w+\s+)?$", re.IGNORECASE)
_RISK = re.compile(
    r"\b(?:safe(?:ly)?|harmless|without (?:any )?risk|risk-free|disruptive|irreversible|reversible|dangerous|risky)\b",
    re.IGNORECASE,
)
_NO_RISK = re.compile(r"\bnot\s+(?:\w+\s+)?$|\b(?:none|nothing|neither)\b[^,;]*$|\bisn't (?:\w+ )?$", re.IGNORECASE)
_RISK_OF = {
    "safe": "safe", "safely": "safe", "harmless": "safe", "disruptive": "disruptive", "irreversible": "irreversible",
}  # fmt: skip
_OWNS = r"(?:the )?owners? of (?:the|this) (?:job|workload|pod|deployment|service)|whoever owns the \w+|the developers?"
# How those are called who may take a step.
_ACTORS = {
    "user": re.compile(
        rf"\b(?:{_OWNS}|(?:the user|users?|you) (?:has|have|must|should|needs?)"
        r"|(?:(?:the|any|each|a) |^|[.;] )users?(?: \w+){0,3}? (?:may|can|could)"
        r"|as (?:the|a) user|(?:falls? to|lies with|up to|for|by) (?:the )?user)\b",
        re.IGNORECASE,
    ),
    "platform": re.compile(
        r"\b(?:platform(?:'s)? (?:team|engineers?|side|people)|cluster admin\w*|infrastructure team"
        r"|operations team|SREs?|whoever runs the cluster)\b", re.IGNORECASE,
    ),
    "queue-admin": re.compile(r"\bqueue[ -]?(?:'s )?admin\w*", re.IGNORECASE),
    "cloud": re.compile(r"\bcloud (?:provider|vendor|team|side|operator)\b", re.IGNORECASE),
}  # fmt: skip
_BEFORE_ADVICE = (
    "first",
    "then",
    "next",
    "finally",
    "afterwards",
    "or",
    "to",
    "and",
    "alternatively",
    "also",
    "either",
    "otherwise",
    "either",
    "instead",
    "now",
    "please",
)


def unadvised(text: str, support: Support) -> str | None:
    """Advice that no cited step gives; None where there is none, or a step says it."""
    first = next((token for token in tokens(text) if token.kind in ("word", "name")), None)
    head = first.text.casefold() if first else ""
    if head in _BEFORE_ADVICE:
        rest = [token.text.casefold() for token in tokens(text) if token.kind == "word"][1:2]
        head = rest[0] if rest else ""
    imperative = head in words("imperatives")
    modal = _MODAL.search(text)
    if modal and modal[0].casefold() in _OBLIGED and _HAS_TO.search(support.lowered):
        modal = None  # what a component must do
    if not imperative and not modal:
        return None
    if imperative and not modal and not support.steps and not _of_a_cluster(text, support):
        return None  # "take this with a grain of salt"
    if not support.steps:
        return f"advice without a step: {head if imperative else modal[0] if modal else ''}"
    generic = head in ("set", "make", "put", "bring", "give", "let", "have", "get") and _graded(text, support)
    documented = generic or any(step.command and step.command in text for step in support.steps)
    if imperative and not documented and not alike(stem(head)) & support.deeds:
        return f"no step says: {head}"
    return None


_MORE = re.compile(r"\b(?:higher|larger|more|above|longer|bigger|greater)\b", re.IGNORECASE)
_LESS = re.compile(r"\b(?:lower|smaller|less|fewer|below|shorter)\b", re.IGNORECASE)


def _graded(text: str, support: Support) -> bool:
    """Whether "set it higher" says what a step calls to raise, or "make it less" what it calls to lower."""
    return bool(
        (_MORE.search(text) and stem("raise") in support.deeds)
        or (_LESS.search(text) and stem("lower") in support.deeds)
    )


_OBLIGED = ("must", "has to be", "have to be", "needs to be", "need to be")
_HAS_TO = re.compile(r"\b(?:must|ha(?:s|ve) to|needs?|requires?|required)\b")


def _of_a_cluster(text: str, support: Support) -> bool:
    """Whether the clause of an imperative names or claims anything that could be acted on."""
    clause = re.split(r"[:;]", text)[0]
    told = [token for token in tokens(clause)[1:] if token.kind in ("word", "name", "quote", "number")]
    return any(
        (token.kind != "word" and token.text != "1") or stem(token.text) in support.kinds or not is_plain(token.text)
        for token in told
    )


def wrong_certainty(text: str, support: Support) -> str | None:
    """A degree of certainty that is not the cause's; None where none is told, or what is cited says it so."""
    confidence = support.brief.confidence
    allowed = {"certain": (_SURE,), "likely": (_FAIRLY,), "possible": (_VAGUE,)}.get(confidence, ())
    for pattern in (_SURE, _FAIRLY, _VAGUE):
        for found in pattern.finditer(text):
            denied = _DENIED.search(text, 0, found.start()) and pattern is _VAGUE
            if pattern in allowed and _NOT_SO.search(text, 0, found.start()) and not re.search(r"\d", found[0]):
                return f"not {found[0]}"
            if (
                denied
                or _NOT_SO.search(text, 0, found.start())
                or (support.steps and found[0].casefold() in ("may", "could"))
            ):
                continue
            if found[0].casefold() == "may" and _BOUND.search(support.lowered):
                continue  # is allowed to
            if pattern is not _SURE and "?" in support.text:
                continue  # the rule itself asks
            if pattern not in allowed and not re.search(rf"\b{re.escape(found[0].casefold())}\b", support.lowered):
                return found[0]
    return None


def wrong_risk(text: str, support: Support) -> str | None:
    """A risk or an owner that is not the cited steps'; None where they agree, or none is told."""
    for found in _RISK.finditer(text):
        told = _RISK_OF.get(found[0].casefold(), "")
        if _NO_RISK.search(text[: found.start()]):
            if told in ("disruptive", "irreversible", "") and any(step.risk == "safe" for step in support.steps):
                continue  # "none of that is risky"
            return f"not {found[0]}"
        if not any(step.risk == told for step in support.steps) and found[0].casefold() not in support.lowered:
            return found[0]
    owners = {step.who for step in support.steps}
    for who, called in _ACTORS.items():
        actor = called.search(text)
        if actor is None or who in owners or actor[0].casefold() in support.lowered:
            continue
        if support.steps or who != "user":
            return actor[0]
    return None
