"""Whose trouble it is: what is true of one object must not be told of another."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.llm.check.clauses import clauses
from diag.llm.check.english import alike, is_plain, stem, words
from diag.llm.check.names import objects_in
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import Token, tokens

_CLAUSE_END = re.compile(r"[,;:]|\b(?:because|so|and|but|while|which|therefore|as)\b")


def misplaced(text: str, support: Support) -> str | None:
    """A statement about an object to which no cited source that holds it belongs; None where each has its owner.

    The owner of a word or number is the object that was named last before it, else the first named after it.
    """
    named = objects_in(text, support)
    if not named:
        return None
    places = {at for at, _ in named}
    for token in tokens(text):
        if not _tells(token) or token.at in places or stem(token.text) in support.systems:
            continue
        holding = [source for source in support.sources if _holds(source, token)]
        if not holding:
            continue
        owner = _owner(token, text, named)
        if owner and not any(_concerns(source, owner) for source in holding):
            if not _in_clause(token, text, named) and _leads_to(owner, holding, support):
                continue
            return f"{token.text} of {owner}"
    return None


def _owner(token: Token, text: str, named: list[tuple[int, str]]) -> str:
    """The object of the token's clause: named before it there, else behind it there, else before it at all."""
    start = max((one.end() for one in _CLAUSE_END.finditer(text, 0, token.at)), default=0)
    stop = next((one.start() for one in _CLAUSE_END.finditer(text, token.end)), len(text))
    inside = [name for at, name in named if start <= at < token.at] or [
        name for at, name in named if token.at < at < stop
    ]
    if inside and all(_PLACED.search(text, 0, at) for at, name in named if name in inside and start <= at < stop):
        return ""  # where something is does nothing
    if inside:
        # "a ends on b with code 1" tells of a: where something is does nothing
        there = [name for at, name in named if start <= at < token.at and not _PLACED.search(text, 0, at)]
        return (there or inside)[-1] if len(inside) > 1 and not _PLACED.search(text, 0, token.at) else inside[-1]
    before = [name for at, name in named if at < token.at]
    return before[-1] if before else ""


_PLACED = re.compile(r"\b(?:on|in|at|inside|within)(?: the| its)?(?: [A-Za-z]+)? $")


def _in_clause(token: Token, text: str, named: list[tuple[int, str]]) -> bool:
    """Whether an object is named in the clause of a token."""
    start = max((one.end() for one in _CLAUSE_END.finditer(text, 0, token.at)), default=0)
    stop = next((one.start() for one in _CLAUSE_END.finditer(text, token.end)), len(text))
    return any(start <= at < stop for at, _ in named)


def _leads_to(owner: str, holding: list[Source], support: Support) -> bool:
    """Whether a cited link leads from the object to what is told: "as A crashes, its workers are not ready"."""
    if support.link is None:
        return False
    return any(_concerns(cause, owner) and effect in holding for (cause, effect), _ in support.arrows)


def _tells(token: Token) -> bool:
    """Whether a token states something: a number, a name, a quoted text, or a word that is not plain English."""
    if token.kind == "mark":
        return False
    return token.kind != "word" or (not is_plain(token.text) and stem(token.text) not in _KINDS)


def _holds(source: Source, token: Token) -> bool:
    if token.kind == "word":
        return bool(alike(stem(token.text)) & source.stems)
    return token.text.casefold() in source.lowered


def _concerns(source: Source, owner: str) -> bool:
    """Whether a source is about an object, or its words name it; a source about nothing concerns all."""
    if not source.about or source.kind in ("cost", "since", "certainty"):
        return True
    return owner in source.names or re.search(rf"(?<![\w.-]){re.escape(owner)}(?![\w-])", source.lowered) is not None


def elsewhere(text: str, support: Support) -> str | None:
    """A namespace that is told and holds none of the objects told with it; None where it holds one, or none is told."""
    spaces = {one[1].casefold() for one in re.finditer(r"\bnamespace ([\w-]+)", text)}
    named = {name for _, name in objects_in(text, support)}
    own = {ref.namespace.casefold() for name in named for ref in support.objects.get(name, ()) if ref.namespace}
    return f"namespace {min(spaces)}" if len(spaces) == 1 and own and not spaces & own and not spaces & named else None


_RUNS_ON = re.compile(
    r"\b(?:runs?|ran|running|bound|placed|fits?|scheduled|landed|lands|sits?)\b(?: \w+){0,3}?"
    r" (?:on|to) (?:the )?([\w./-]*\w)"
)
_RUN = frozenset(("Pod", "Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"))  # what runs on something else


def runs_on_no_node(text: str, support: Support) -> str | None:
    """Something that is told to run on a pod or a workload, as where node and pod are exchanged."""
    for found in _RUNS_ON.finditer(text):
        kinds = {ref.kind for ref in support.objects.get(found[1].casefold(), ())}
        if kinds and kinds <= _RUN:
            return f"runs on {found[1]}"
    return None


def of_nothing_cited(text: str, support: Support) -> str | None:
    """An object that a clause is about alone, and of which nothing that is cited speaks."""
    for clause in clauses(text):
        named = {name for _, name in objects_in(clause.text, support)}
        if len(named) == 1 and not any(_concerns(source, *named) for source in support.sources):
            return f"nothing cited is about {named.pop()}"
    return None


def swapped(text: str, support: Support) -> str | None:
    """A statement whose subject is another object than in the one place that makes it; None where subjects agree.

    The subject is the object named last before a word in its clause. What is cited has a subject for each word, too:
    the one named before it there, or else what the whole piece is about.
    """
    known = frozenset(support.objects) | support.mentioned | _related(support.text)
    for clause in _spoken(_with_names(text, support), known):
        for word in clause.said:
            owners = [
                place.subjects or source.names | _led(source, known) | place.before
                for source in support.sources
                if source.kind not in ("cost", "since", "certainty")
                for place in _spoken(source.text, known)
                if alike(word) & place.words
            ]
            if clause.subjects and owners and not any(clause.subjects & one for one in owners):
                return f"{word} of {min(clause.subjects)}"
    return None


_WHERE = frozenset(("on", "in", "at", "to", "from", "by", "with", "into", "onto"))
_YET = frozenset(("already", "currently", "also", "yet", "then", "simply", "merely"))
_OF_MANY = frozenset(map(stem, (
    "pod", "node", "job", "deployment", "statefulset", "daemonset", "replicaset", "event", "service", "container",
)))  # fmt: skip


def _with_names(text: str, support: Support) -> str:
    """The text with the name of an object for its kind, where the brief has one object of the kind ("the Work")."""
    if support.steps:
        return text
    kinds: dict[str, set[str]] = {}
    for name, refs in support.objects.items():
        for ref in refs:
            if stem(ref.kind) not in _OF_MANY and "/" not in name:
                kinds.setdefault(ref.kind, set()).add(name)
    for kind, names in kinds.items():
        if len(names) == 1:
            text = re.sub(rf"\b[Tt]he {kind}\b(?! \S*[-\d/])", min(names), text)
    return text


_RELATED = re.compile(r"\((?:above|below|beside|over|under) ([\w-]+)\)|\bNamespace ([a-z][\w-]*)")


def _related(text: str) -> frozenset[str]:
    """What a text names beside what it is about: "quota a (above b)"."""
    return frozenset(one.casefold() for pair in _RELATED.findall(text) for one in pair if one)


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A clause: how its subject is called (nothing where it names none first), what is said first, and all words."""

    subjects: frozenset[str]
    said: tuple[str, ...]
    words: frozenset[str]
    before: frozenset[str]  # what was named before in the same piece


def _spoken(text: str, known: frozenset[str]) -> Iterator[_Spoken]:
    before = frozenset[str]()
    aside = " ".join(
        re.findall(r"\([^()]*\)", text)
    ).casefold()  # what stands in brackets is not what the rest is about
    for clause in clauses(text):
        found = [token for token in tokens(clause.text) if token.kind in ("word", "name")]
        names = [at for at, token in enumerate(found) if token.text.casefold().removesuffix("'s") in known]
        at = names[0] if names else -1
        placed = at > 0 and found[at - 1].text.casefold() in _WHERE  # "would fit on a" is not of a
        leads = (
            bool(names)
            and not placed
            and not any(_tells(token) and stem(token.text) not in _KINDS for token in found[:at])
        )
        behind = [
            token
            for token in found[at + 1 :]
            if token.kind == "word" and token.text.casefold() not in words("function") | _YET
        ]
        said = tuple(stem(token.text) for token in behind if stem(token.text) not in _KINDS)[:1] if leads else ()
        subjects = _short(found[at].text) if leads else frozenset[str]()
        yield _Spoken(subjects, said, frozenset(map(stem, (token.text for token in found))), before)
        named = (
            found[at].text
            for at in names
            if not re.search(rf"(?<![\w-]){re.escape(found[at].text.casefold())}(?![\w-])", aside)
        )
        before |= frozenset(name for one in named for name in _short(one))


def _short(name: str) -> frozenset[str]:
    name = name.casefold().removesuffix("'s")
    return frozenset((name, name.rpartition("/")[2]))


def _led(source: Source, known: frozenset[str]) -> frozenset[str]:
    """The object that a piece begins with."""
    first = next((token.text for token in tokens(source.text) if token.text.casefold() in known), "")
    return _short(first) if first else frozenset()


_KINDS = frozenset(map(stem, (
    "job", "pod", "node", "deployment", "workload", "clusterqueue", "queue", "container", "daemonset", "budget", "gpu",
    "server", "nodepool", "raycluster", "workflow", "podgroup", "statefulset", "the", "kubelet", "disk", "cluster",
)))  # fmt: skip
