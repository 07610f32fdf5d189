"""An answer without a model: the facts, steps and citations that a question speaks of, word for word."""

import re
from collections.abc import Iterator

from diag.document import RefRow, SentenceRow
from diag.llm.brief import Brief, Fact, Step

_MOST = 4  # facts of an answer
_LEAST = 4  # letters of a word that tells something
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z0-9]")
# Names, numbers with their unit, versions: what no English word looks like.
_NAME = re.compile(r"(?=.*[A-Za-z])(?:.*[\d_/]|[^.]*\.[^.]|.*-).*")
_NAMELIKE = re.compile(r"[-\d]")
_ENGLISH = re.compile(r"[a-z]+(?:-[a-z]+)*")
# What a question asks for, by its words; in the order in which they are looked for.
_ASKED = (
    (
        "steps",
        r"\b(?:fix|fixed|mend|repair|solve|resolve|remedy|remedies|what (?:to|should|can|must) .*do|next|command)",
    ),
    ("since", r"\b(?:since|when|how long)\b"),
    ("cost", r"\b(?:cost|costs|how many|affected|impact|lost)\b"),
    ("certainty", r"\b(?:sure|certain|confident|confidence|proof|prove)\b"),
    ("ruled_out", r"\b(?:ruled|else|other|alternative|instead|rather)\b"),
    ("unchecked", r"\b(?:unchecked|missing|not checked|could not|unknown)\b"),
    ("cause", r"\b(?:why|cause|caused|reason|wrong|broken|happened|what is (?:it|this|going))\b"),
)
# Words of four letters and more that tell nothing of what is asked.
_PLAIN = frozenset((
    "about", "again", "also", "because", "been", "being", "could", "does", "doing", "done", "from", "have", "here",
    "into", "just", "many", "more", "most", "much", "must", "need", "only", "other", "over", "please", "same", "should",
    "some", "such", "tell", "than", "that", "their", "them", "then", "there", "these", "they", "this", "those", "very",
    "want", "were", "what", "when", "where", "which", "while", "will", "with", "would", "your",
))  # fmt: skip


def answered(brief: Brief, question: str) -> tuple[SentenceRow, ...]:
    """Up to four facts or steps that a question speaks of, empty where none does."""
    if unknown_name(brief, question):
        return ()
    asked = [kind for kind, words in _ASKED if re.search(words, question, re.IGNORECASE)]
    words = content_words(question)
    scored = [(_score(fact, asked, words), fact) for fact in brief.facts]
    steps = [_row(f"{step.text}{_rest(step)}", ()) for step in brief.steps] if asked[:1] == ["steps"] else []
    best = max((score for score, _ in scored), default=0)
    told = [_row(fact.whole, fact.evidence) for score, fact in scored if score and score == best]
    return tuple((steps or told)[:_MOST])


def content_words(question: str) -> list[str]:
    """The stems of a question's words that tell what is asked."""
    return [
        _stem(word) for word in map(str.casefold, _WORD.findall(question)) if len(word) >= _LEAST and word not in _PLAIN
    ]


def unknown_name(brief: Brief, question: str) -> str:
    """A name in a question of which no fact speaks, empty where there is none; the cause's own id is known."""
    said = "\n".join((
        brief.cause, brief.name,
        *(fact.whole for fact in brief.facts), *(name for fact in brief.facts for name in _names(fact.about)),
        *(link.why for link in brief.links), *(f"{step.text} {step.command or ''}" for step in brief.steps),
    )).casefold()  # fmt: skip
    for found in _WORD.finditer(question):
        word = found[0].casefold()
        quoted = (
            question[: found.start()][-1:] in "\"'`" and question[found.end() :][:1] in "\"'`" and found.start() > 0
        )
        if (quoted or (_NAME.fullmatch(word) and not _ENGLISH.fullmatch(word))) and word not in said:
            return found[0]
    return ""


def _names(refs: tuple[RefRow, ...]) -> Iterator[str]:
    for ref in refs:
        yield f"{ref.kind}/{ref.namespace}/{ref.name}"
        yield f"{ref.namespace}/{ref.name}"


def _score(fact: Fact, asked: list[str], words: list[str]) -> int:
    whole = fact.whole.casefold()
    # A name weighs as much as what is asked for: beside the cause stands how the one that is named depends on it.
    return 2 * (fact.kind in asked) + sum((2 if _NAMELIKE.search(word) else 1) for word in words if word in whole)


def _stem(word: str) -> str:
    """A word without its ending, as far as that can be told without a dictionary."""
    return re.sub(r"(?:ing|ed|es|s)$", "", word) if word.isalpha() else word


def _rest(step: Step) -> str:
    told = (f"if {step.condition}" if step.condition else "", step.risk, f"for: {step.who}", step.command or "")
    return f" ({'; '.join(filter(None, told))})"


def _row(text: str, evidence: tuple[str, ...]) -> SentenceRow:
    return SentenceRow(text=text, citations=list(evidence))
