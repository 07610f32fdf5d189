"""A second opinion on sentences that the checker kept. It shares no code with it, and is simpler and stricter.

It looks at plain words only: every number, every name-like word and every command of a sentence has to stand in the
texts that the sentence cites; a sentence with a causal word has to name a link; a "not" needs one in what is cited.
"""

import re
from collections.abc import Iterator

from diag.llm.brief import Brief
from diag.llm.form import Sentence

_NUMBER = re.compile(r"(?<![\w.-])\d+(?:[.,]\d+)*")
_NAME = re.compile(r"[A-Za-z0-9]+(?:[-_./:@][A-Za-z0-9]+)+|[a-z]+[A-Z]\w*|[A-Za-z]+\d\w*|\b[A-Z]{2,}\b")
_COMMAND = re.compile(r"`([^`]+)`|\b(?:kubectl|nvidia-smi|helm|docker|systemctl)\b[^.;]*")
_BECAUSE = re.compile(r"\b(?:because|due to|caused by|as a result|leads? to|therefore|hence)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|no|never|none|cannot|without|nothing|nobody)\b|n't\b", re.IGNORECASE)
_WORDS = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}
_ALLOWED = {"GPU", "GPUs", "CPU", "ID", "API", "UTC"}


def objections(sentence: Sentence, brief: Brief) -> list[str]:
    """Why a sentence is not supported by what it cites, in words; empty where it is."""
    facts = {fact.id: fact.whole for fact in brief.facts}
    steps = {
        step.id: f"{step.text} {step.command or ''} {step.condition or ''} {step.risk} {step.who}"
        for step in brief.steps
    }
    links = {link.id: link for link in brief.links}
    cited = [facts.get(key, "") for key in sentence.facts] + [steps.get(key, "") for key in sentence.steps]
    if sentence.because in links:
        link = links[sentence.because]
        cited += [link.why, facts.get(link.cause, ""), facts.get(link.effect, "")]
    return list(_found(sentence, "\n".join(cited)))


def _found(sentence: Sentence, cited: str) -> Iterator[str]:
    text, lowered = sentence.text, cited.casefold()
    for number in _NUMBER.findall(text):
        if number not in _NUMBER.findall(cited) and number not in cited and number not in _spelled(cited):
            yield f"the number {number}"
    for name in _NAME.findall(text):
        if name not in _ALLOWED and name.casefold().rstrip("s") not in lowered and not _hyphenated(name, lowered):
            yield f"the name {name}"
    for command in _COMMAND.finditer(text):
        told = (command[1] or command[0]).strip()
        if told.casefold() not in lowered:
            yield f"the command {told}"
    if _BECAUSE.search(text) and sentence.because is None and not _BECAUSE.search(cited):
        yield "a cause without a link"
    if (
        _NOT.search(text)
        and not _NOT.search(cited)
        and not re.search(r"\b(?:un|in)[a-z]{4,}|fail|refus|lack|0\b", cited)
    ):
        yield "a denial"


def _spelled(cited: str) -> set[str]:
    return {_WORDS[word] for word in re.findall(r"[a-z]+", cited.casefold()) if word in _WORDS}


def _hyphenated(name: str, lowered: str) -> bool:
    """Whether it is English with a hyphen, each part of which is cited (`root-cause`)."""
    parts = re.split(r"[-/]", name)
    return all(part.isalpha() and part.casefold() in lowered for part in parts)
