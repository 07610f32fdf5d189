"""Rules as people ask for them: ids, names, synonyms, retired ids, prefixes, globs, or words of a message or a page."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from diag.catalog import retired
from diag.catalog.registry import RuleInfo
from diag.catalog.signature import Signature
from diag.catalog.taxonomy import taxonomy
from diag.catalog.texts import MAX_LINE
from diag.errors import UsageError

# Names about the tool's own set-up, which a report tells in another form than as a cause.
TOLD_ELSEWHERE = {
    "rbac-forbids-listing": "a gap of the report tells it, with the reason `forbidden` and the right that is missing",
    "snapshot-incomplete": "a gap of the report tells it, with the reason `not-collected` and the rules that it blinds",
    "ignore-expired": "a note of the scan tells it, and what the entry hid is shown again",
}
_PREFIX = re.compile(r"[A-Za-z]{3}\d{0,2}")
_LEAST = 3  # letters and digits of a literal that tells one message from another
_ID = re.compile(r"[A-Za-z]{3}\d{3}")


def asked_for(
    rules: Sequence[RuleInfo], words: Sequence[str], rows: Sequence[Signature] = ()
) -> tuple[list[RuleInfo], bool]:
    """The rules that the words mean, and whether each word named one, so that pages are wanted and no list.

    Where a word means nothing by itself, all of them are searched for in names, titles and pages, and as a message by
    the patterns of `rows`. Raises UsageError with what is nearest when that finds nothing either.
    """
    found: dict[str, RuleInfo] = {}
    pages = bool(words)
    for word in words:
        exact = named(rules, word)
        several = [] if exact else _several(rules, word)
        if not exact and not several:
            if searched := _searched(rules, words, rows):
                return searched, False
            raise _unknown(rules, word)
        pages = pages and bool(exact)
        found |= {rule.id: rule for rule in (*exact, *several)}
    return (sorted(found.values(), key=lambda rule: rule.id) if words else list(rules)), pages


def named(rules: Sequence[RuleInfo], word: str) -> list[RuleInfo]:
    """The rules of an id, a retired id, a name or a synonym."""
    known = taxonomy().get(word.lower())
    meant = {word.upper(), retired.successors().get(word.upper(), ""), word.lower(), known.name if known else ""}
    return [rule for rule in rules if rule.id in meant or rule.name in meant]


def _several(rules: Sequence[RuleInfo], word: str) -> list[RuleInfo]:
    """The rules of a glob, or of the beginning of an id."""
    if _PREFIX.fullmatch(word):
        return [rule for rule in rules if rule.id.startswith(word.upper())]
    return [rule for rule in rules if fnmatchcase(rule.id, word.upper()) or fnmatchcase(rule.name, word.lower())]


def _searched(rules: Sequence[RuleInfo], words: Sequence[str], rows: Sequence[Signature]) -> list[RuleInfo]:
    """The rules whose pattern matches the words, whose name or title holds each of them, or whose page says them.

    Where none does, the rules whose page holds each word somewhere.
    """
    text = " ".join(" ".join(words).split())[:MAX_LINE]
    wanted = text.casefold().split()
    if not wanted or any({*"*?["}.intersection(word) for word in words):
        return []
    titled = [rule for rule in rules if all(part in f"{rule.name} {rule.summary}".casefold() for part in wanted)]
    if len(wanted) == 1 and (_ID.fullmatch(text) or text.lower() in taxonomy()):
        return titled
    ids = {rule.id for rule in titled} | {row.id for row in rows if _says(row, text)}
    bodies = {rule.id: " ".join(rule.doc.casefold().split()) for rule in rules}
    ids |= {each for each, body in bodies.items() if _holds(body, text.casefold())}
    if not ids:
        ids = {each for each, body in bodies.items() if all(_holds(body, part) for part in wanted)}
    return [rule for rule in rules if rule.id in ids]


def _says(row: Signature, text: str) -> bool:
    """Whether a row would recognise the message, however its letters are written."""
    told = sum(map(str.isalnum, row.literal)) >= _LEAST  # a blank or a mark stands in every message
    if not told or row.literal.casefold() not in text.casefold():
        return False
    return re.search(row.pattern, text, re.IGNORECASE) is not None


def _holds(body: str, words: str) -> bool:
    return words in body and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", body) is not None


def _unknown(rules: Sequence[RuleInfo], word: str) -> UsageError:
    names = taxonomy()
    known = names.get(word.lower())
    if known and known.name in TOLD_ELSEWHERE:
        return UsageError(
            f"{known.name!r} is no rule's: {TOLD_ELSEWHERE[known.name]}", hint=f"it means: {known.meaning}"
        )
    if known:
        return UsageError(f"no rule finds {known.name!r} by itself yet", hint=f"it means: {known.meaning}")
    if word.upper() in retired.successors():
        return UsageError(f"{word.upper()} was retired, and no rule took its place", hint="`diag rules` lists all")
    detected = {rule.name for rule in rules}
    words = [
        *(rule.id for rule in rules),
        *(spelled for spelled, cause in names.items() if cause.name in detected),
        *detected,
    ]
    near = get_close_matches(word.upper(), words, n=1) or get_close_matches(word.lower(), words, n=1)
    return UsageError(
        f"there is no rule {word!r}", hint=f"did you mean {near[0]}?" if near else "`diag rules` lists all"
    )
