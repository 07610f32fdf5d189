"""Lines that people paste: a row of `kubectl get`, an event, a message without any name."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from diag.document import CauseRow, RefRow, Report
from diag.views.circle import Reached, reached
from diag.views.typed import inside, meant

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z0-9]")
_NAMELIKE = re.compile(r"[-.0-9]")
_NAME_COLUMNS = 2  # where `kubectl get` prints namespace and name
_MIN_WORDS, _MIN_CHARS = 3, 16
_MARKS = ".,:;"  # ends of sentences and labels are no part of a word
_STRAIGHT = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\\": None})


def named_in(refs: Sequence[RefRow], text: str, namespaces: Collection[str]) -> list[RefRow]:
    """Objects whose name stands in a pasted line; `kind/name` and `ns/name` in it weigh more than a bare word."""
    words = [word for found in _WORD.findall(text) for word in dict.fromkeys((found, found.rstrip(".")))]
    for word in words:
        if "/" in word and (exact := meant(refs, word, namespaces)):
            return exact
    # In a sentence, a plain word is a word: "available" is no object, whatever the cluster has by that name.
    present = {word for at, word in enumerate(words) if at < _NAME_COLUMNS or _NAMELIKE.search(word)}
    found = [ref for ref in refs if ref.name in present and inside(ref, namespaces)]
    with_namespace = [ref for ref in found if ref.namespace in words]
    # The longest name says most: `llama-ft-0` before a namespace or a node called `ml`.
    return sorted(with_namespace or found, key=lambda ref: -len(ref.name))[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The causes that say what was pasted, best match only, and how many texts were searched for it."""

    causes: tuple[CauseRow, ...]
    searched: int


def heard(report: Report, text: str) -> Heard:
    """The causes whose sentences or cited values hold the longest stretch of the pasted words.

    Columns before the message (type, reason, age, source) do no harm: they are words that no text continues.
    """
    words = _normal(text)
    best, causes, searched = 0, list[CauseRow](), 0
    for one in reached(report):
        texts = _texts(one)
        searched += len(texts)
        longest = max((_stretch(words, each) for each in texts), default=0)
        if longest > best:
            best, causes = longest, []
        if best and longest == best:
            causes.append(one.cause)
    return Heard(causes=tuple(causes), searched=searched)


def speak_of(report: Report, name: str) -> tuple[CauseRow, ...]:
    """The causes whose sentences or cited values hold a name that no object here has: a Secret that is missing.

    A plain word is no such name: `memory` stands in many sentences.
    """
    if not _NAMELIKE.search(name):
        return ()
    whole = re.compile(rf"(?<![\w./-]){re.escape(name)}(?![\w/-]|\.\w)", re.IGNORECASE)
    return tuple(
        one.cause
        for one in reached(report)
        if any(
            map(whole.search, (*one.sentences(), *(row.value for row in one.evidence if isinstance(row.value, str))))
        )
    )


def _texts(one: Reached) -> set[str]:
    texts = {*one.sentences(), *(row.value for row in one.evidence if isinstance(row.value, str))}
    return {f" {' '.join(_normal(each))} " for each in texts}


def _normal(text: str) -> list[str]:
    """The words, in small letters and with straight quotes; what an ellipsis cut off is no word."""
    words = text.translate(_STRAIGHT).casefold().split()
    return [word.rstrip(_MARKS) or word for word in words if not word.endswith("…")]


def _stretch(words: Sequence[str], text: str) -> int:
    """Characters of the longest run of words that stands in the text; 0 for one too short to mean anything."""
    best, begin = 0, 0
    for end in range(1, len(words) + 1):
        while begin < end and f" {' '.join(words[begin:end])} " not in text:
            begin += 1
        run = " ".join(words[begin:end])
        whole = end - begin == len(words) > 1
        if whole or (end - begin >= _MIN_WORDS and len(run) >= _MIN_CHARS):
            best = max(best, len(run))
    return best
