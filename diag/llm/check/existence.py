"""There is, there is none, some is left: what is counted as none is not told as there, and the other way round."""

import re

from diag.llm.check.clauses import clauses
from diag.llm.check.english import alike, stem, stems
from diag.llm.check.support import Support

_THERE = re.compile(
    r"\bthere (?:is|are|was|were)(?: still| also| indeed| already)*(?: at least)?(?: an?| one| some| \d+)?"
    r" (?P<there>[a-z]+)"
    r"|\b(?:an?|some|one|at least one) (?P<some>[a-z]+)\b[^,;]*\b(?:is|was|are|were|has been|could be) "
    r"(?:found|there|available|present|known)\b",
    re.IGNORECASE,
)
_NO = re.compile(r"\b(?:no|not|none|nothing|without|nobody|neither|never|hardly)\b|n't\b|\b0\b", re.IGNORECASE)
_FREE = re.compile(r"\b(?:left|free|spare|unused|idle|remaining)\b")
_USED_UP = re.compile(
    r"(?<!\d)(\d+) of (?:the |its )?\1\b[^;\n]{0,80}\b(?:used|taken|held|allocated|in use)\b"
    r"|\bused up\b|\bexhausted\b|\bis full\b|\bno space\b"
)
_NONE_OF = re.compile(
    r"\b(?:none|no (?:one|single)) of (?:the |our |its |all )*(?:other )?"
    r"(?P<what>workloads|jobs|queues|namespaces|deployments|services|clusters|tenants|users)\b",
    re.IGNORECASE,
)


def told_as_there(text: str, support: Support) -> str | None:
    """Something that is told to exist, or to be left, of which what is cited says that there is none."""
    for clause in clauses(text):
        if _NO.search(clause.text):
            continue
        found = _THERE.search(clause.text)
        noun = stem(found["there"] or found["some"]) if found else ""
        if found and _none(noun, support):
            return found[0]
        if _FREE.search(clause.text) and not _FREE.search(support.lowered) and _USED_UP.search(support.lowered):
            return clause.text[:60]
    return None


def _none(noun: str, support: Support) -> bool:
    """Whether what is cited says "no" of a noun, and nowhere that it is there."""
    told = re.findall(r"\b(?:no|none of(?: the)?(?: \d+)?|0(?: of)?) ([\w.-]+(?: [a-z]+)?)", support.lowered)
    there = re.findall(r"\bthere (?:is|are) (?:an? |one )?([a-z]+)", support.lowered)
    return any(alike(noun) & stems(one) for one in told) and not any(alike(noun) & stems(one) for one in there)


def none_of(text: str, support: Support) -> str | None:
    """None of the workloads, where nothing cited says it of them all."""
    for one in _NONE_OF.finditer(text):
        told = re.findall(r"\b(?:none of|no|any|0 of)(?: the| its| all| \d+)* ([\w./-]+(?: [a-z]+)?)", support.lowered)
        if not any(alike(stem(one["what"])) & stems(words) for words in told):
            return one[0]
    return None
