"""What a person has in hand (ids, a name, a rule, a pasted line), matched against what the report names.

Understood: `C1`, `F3`, a fingerprint's first letters (four at least), a rule or a cause's name, `kind/name`,
`kind/ns/name`, `Kind ns/name`, `ns/name`, a bare name, `namespace/NAME` (all that is in it), several of these, and any
line that holds a name (an event, a row of `kubectl get`) or the words of a message that the report cites.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from diag.document import CauseRow, IgnoredRow, LogRow, RefRow, Report
from diag.views.circle import circles
from diag.views.pasted import heard, named_in, speak_of
from diag.views.typed import Key, key, meant, namespace_meant

_MIN_PREFIX = 4
_MOST_SUBJECTS = 20  # a longer text is a message
_TYPED = re.compile(r"[CcFf]\d+|[A-Za-z]{3}\d{3}|[\w.-]+(?:/[\w.-]+){1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The answer: causes that concern the subject, or what is nearest. `subject` is the object meant, if one was found.

    No causes with a subject: the object is known, and nothing was found that concerns it, or only what the user asked
    not to see (`ignored`). `also` are further causes whose evidence names the subject. `asked` is the part of the text
    that was not understood; `searched` counts the texts in which a pasted message was looked for.
    """

    causes: tuple[CauseRow, ...] = ()
    also: tuple[CauseRow, ...] = ()
    subject: RefRow | None = None
    ignored: tuple[IgnoredRow, ...] = ()
    suggestions: tuple[str, ...] = ()
    asked: str = ""
    searched: int = 0

    @property
    def found(self) -> bool:
        """Whether the text means anything that is there."""
        return bool(self.causes or self.subject or self.ignored)


def resolve(
    report: Report,
    text: str,
    *,
    namespaces: Collection[str] = (),
    known: Iterable[RefRow] = (),
    put_aside: Sequence[Sequence[RefRow]] = (),
) -> Match:
    """The causes that `text` means.

    `namespaces` (globs, `-n`) narrow bare names; `known` are objects that exist although the report does not name them;
    `put_aside` holds what each row of `report.ignored` reaches.
    """
    text = text.strip()
    if causes := _by_id(report, text):
        return Match(causes=causes)
    refs = list({key(ref): ref for ref in (*known, *_refs(report))}.values())
    search = _Search(report, refs, namespaces, put_aside)
    words = text.split()
    whole = search.one(text)
    if whole.found or len(words) <= 1:
        return whole if whole.found else _spoken(report, text, refs)
    if len(words) > _MOST_SUBJECTS:
        return search.pasted(text)
    each = [search.one(word) for word in words]
    missing = next((word for word, match in zip(words, each, strict=True) if not match.found), None)
    if missing is None:
        return _joined(report, each)
    if all(map(_TYPED.fullmatch, words)):
        return Match(asked=missing, suggestions=_nearest(report, missing, refs))
    return search.pasted(text)


class _Search:
    """One report, and every object that it or the snapshot names."""

    def __init__(
        self,
        report: Report,
        refs: list[RefRow],
        namespaces: Collection[str],
        put_aside: Sequence[Sequence[RefRow]],
    ) -> None:
        self.report, self.refs, self.namespaces = report, refs, namespaces
        self.circles = circles(report)
        reached = [{key(ref) for ref in each} for each in put_aside] or [set[Key]() for _ in report.ignored]
        self.put_aside = [
            (row, keys | {key(ref) for ref in (row.finding.subject, *row.finding.members)})
            for row, keys in zip(report.ignored, reached, strict=False)
        ]

    def one(self, text: str) -> Match:
        """What a single subject means; nothing is found where it means nothing."""
        if causes := _by_id(self.report, text):
            return Match(causes=causes)
        lowered = text.lower()
        if ignored := [row for row in self.report.ignored if lowered in (row.finding.rule.lower(), row.finding.name)]:
            return Match(ignored=tuple(ignored))
        found = meant(self.refs, text, self.namespaces)
        if found and found[0].kind != "Namespace":
            return self._about(found)
        namespace = namespace_meant(self.refs, text)
        if namespace is None:
            return self._about(found) if found else Match()
        return self._within(namespace, {key(ref) for ref in found})

    def pasted(self, text: str) -> Match:
        """What a pasted line means: the object that it names, else the causes that say the same."""
        named = named_in(self.refs, text, self.namespaces)
        match = self._about(named) if named else Match()
        if match.causes or match.ignored:
            return match
        said = heard(self.report, text)
        return replace(match, causes=said.causes, asked=text, searched=said.searched)

    def _about(self, refs: Sequence[RefRow]) -> Match:
        """The causes that concern the objects; where there are none, those whose evidence names them."""
        about = [each.cause for each in self.circles if any(map(each.is_about, refs))]
        ids = {cause.id for cause in about}
        named = [each.cause for each in self.circles if each.cause.id not in ids and any(map(each.names, refs))]
        wanted = {key(ref) for ref in refs}
        ignored = [row for row, keys in self.put_aside if keys & wanted]
        return Match(
            causes=tuple(about or named),
            also=tuple(named if about else ()),
            subject=refs[0],
            ignored=() if about or named else tuple(ignored),
        )

    def _within(self, namespace: RefRow, objects: set[Key]) -> Match:
        """The causes with anything in a namespace, or about the namespace itself."""
        name = namespace.name
        causes = [each.cause for each in self.circles if name in each.namespaces() or objects & each.about]
        ignored = [row for row, keys in self.put_aside if objects & keys or any(each[3] == name for each in keys)]
        return Match(causes=tuple(causes), subject=namespace, ignored=() if causes else tuple(ignored))


def _spoken(report: Report, name: str, refs: Collection[RefRow]) -> Match:
    """The causes that speak of a name which no object has; where none does, what may have been meant."""
    causes = speak_of(report, name)
    return Match(causes=causes) if causes else Match(asked=name, suggestions=_nearest(report, name, refs))


def _joined(report: Report, each: Sequence[Match]) -> Match:
    ids = {cause.id for match in each for cause in match.causes}
    return Match(
        causes=tuple(cause for cause in report.causes if cause.id in ids),
        subject=next((match.subject for match in each if match.subject), None),
        ignored=() if ids else tuple(row for match in each for row in match.ignored),
    )


def _by_id(report: Report, text: str) -> tuple[CauseRow, ...]:
    """Causes by their id, a finding's, a rule's, a name, or the beginning of a fingerprint."""
    wanted, lowered = text.upper(), text.lower()
    if causes := tuple(cause for cause in report.causes if wanted in (cause.id, cause.rule) or lowered == cause.name):
        return causes
    found = {row.id for row in report.findings if wanted in (row.id, row.rule) or lowered == row.name}
    if not found and len(lowered) >= _MIN_PREFIX:
        if causes := tuple(cause for cause in report.causes if cause.fingerprint.startswith(lowered)):
            return causes
        found = {row.id for row in report.findings if row.fingerprint.startswith(lowered)}
    return tuple(cause for cause in report.causes if found.intersection((cause.finding, *cause.symptoms)))


def _refs(report: Report) -> Iterator[RefRow]:
    """Every object that the report names."""
    for cause in report.causes:
        yield from (cause.root, *cause.lineage, *cause.affected.objects)
    for finding in (*report.findings, *(ignored.finding for ignored in report.ignored)):
        yield from (finding.subject, *finding.members)
    for row in report.evidence:
        yield from (ref for ref in (row.object, row.absent) if isinstance(ref, RefRow))
        if isinstance(row.log, LogRow):
            yield row.log.pod
    yield from (timeline.pod for timeline in report.timelines)


def _nearest(report: Report, text: str, refs: Collection[RefRow]) -> tuple[str, ...]:
    """Up to three things that the text may have meant, as one would type them."""
    by_word: dict[str, str] = {}
    for ref in refs:
        for spelled in (str(ref), f"{ref.namespace}/{ref.name}", f"{ref.kind}/{ref.name}", ref.name):
            by_word.setdefault(spelled.lower(), str(ref))
    by_word |= {cause.id.lower(): cause.id for cause in report.causes}
    by_word |= {cause.name: cause.name for cause in report.causes}
    by_word |= {
        cause.fingerprint[: len(text)]: cause.fingerprint for cause in report.causes if len(text) >= _MIN_PREFIX
    }
    near = get_close_matches(text.lower(), by_word, n=6, cutoff=0.6)
    return tuple(dict.fromkeys(by_word[word] for word in near))[:3]
