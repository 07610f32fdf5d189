"""Rules as people ask for them: ids, names, synonyms, retired ids, prefixes, globs, or words of their titles."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from diag.catalog import retired
from diag.catalog.registry import RuleInfo
from diag.catalog.taxonomy import taxonomy
from diag.errors import UsageError

# Names about the tool's own set-up, which a report tells in another form than as a cause.
TOLD_ELSEWHERE = {
    "rbac-forbids-listing": "a gap of the report tells it, with the reason `forbidden` and the right that is missing",
    "snapshot-incomplete": "a gap of the report tells it, with the reason `not-collected` and the rules that it blinds",
    "ignore-expired": "a note of the scan tells it, and what the entry hid is shown again",
}
_PREFIX = re.compile(r"[A-Za-z]{3}\d{0,2}")


def asked_for(rules: Sequence[RuleInfo], words: Sequence[str]) -> tuple[list[RuleInfo], bool]:
    """The rules that the words mean, and whether each word named one, so that pages are wanted and no list.

    Where a word means nothing by itself, all of them are searched for in names and titles. Raises UsageError with what
    is nearest when that finds nothing either.
    """
    found: dict[str, RuleInfo] = {}
    pages = bool(words)
    for word in words:
        exact = named(rules, word)
        several = [] if exact else _several(rules, word)
        if not exact and not several:
            if searched := _searched(rules, words):
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
    glob = f"{word}*" if _PREFIX.fullmatch(word) else word
    return [rule for rule in rules if fnmatchcase(rule.id, glob.upper()) or fnmatchcase(rule.name, glob.lower())]


def _searched(rules: Sequence[RuleInfo], words: Sequence[str]) -> list[RuleInfo]:
    """The rules whose name or title holds every word, in any order."""
    wanted = [part for word in words for part in word.casefold().split()]
    if any({*"*?["}.intersection(word) for word in words):
        return []
    return [rule for rule in rules if all(part in f"{rule.name} {rule.summary}".casefold() for part in wanted)]


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
