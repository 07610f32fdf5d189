"""What a person has in hand (an id, a name, a pasted line), matched against what the report names.

Understood: `C1`, `F3`, a fingerprint's first letters (four at least), `kind/name`, `kind/ns/name`, `Kind ns/name`,
`ns/name`, a bare name, and any line that contains a name (an event, a row of `kubectl get`).
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from diag.document import CauseRow, LogRow, RefRow, Report

# kubectl's short names (`kubectl api-resources`) and those of the batch systems that people type.
_SHORT = {
    "po": "pod",
    "no": "node",
    "ns": "namespace",
    "svc": "service",
    "deploy": "deployment",
    "rs": "replicaset",
    "sts": "statefulset",
    "ds": "daemonset",
    "cj": "cronjob",
    "pvc": "persistentvolumeclaim",
    "pv": "persistentvolume",
    "sc": "storageclass",
    "pdb": "poddisruptionbudget",
    "quota": "resourcequota",
    "hpa": "horizontalpodautoscaler",
    "cm": "configmap",
    "sa": "serviceaccount",
    "ing": "ingress",
    "pc": "priorityclass",
    "crd": "customresourcedefinition",
    "wl": "workload",
    "cq": "clusterqueue",
    "lq": "localqueue",
    "rf": "resourceflavor",
    "pg": "podgroup",
    "vcjob": "job",
    "isvc": "inferenceservice",
    "ksvc": "service",
    "so": "scaledobject",
    "lws": "leaderworkerset",
}
_MIN_PREFIX = 4
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The answer: causes that concern the subject, or what is nearest. `subject` is the object meant, if one was found.

    No causes with a subject: the object is known, and nothing was found that concerns it.
    """

    causes: tuple[CauseRow, ...] = ()
    subject: RefRow | None = None
    suggestions: tuple[str, ...] = ()


def resolve(report: Report, text: str, *, namespaces: Collection[str] = (), known: Iterable[RefRow] = ()) -> Match:
    """The causes that `text` means.

    `namespaces` narrow bare names (`-n`); `known` are objects that exist although the report does not name them.
    """
    text = text.strip()
    if by_id := _by_id(report, text):
        return Match(causes=by_id)
    refs = {_key(ref): ref for ref in (*known, *_refs(report))}
    meant = _meant(list(refs.values()), text, namespaces)
    if not meant and (" " in text or "\t" in text):
        meant = _pasted(list(refs.values()), text, namespaces)
    if not meant:
        return Match(suggestions=_nearest(report, text, refs.values()))
    wanted = {_key(ref) for ref in meant}
    return Match(causes=tuple(_concerned(report, wanted)), subject=meant[0])


def _by_id(report: Report, text: str) -> tuple[CauseRow, ...]:
    wanted = text.upper()
    lowered = text.lower()
    if named := [cause for cause in report.causes if cause.id == wanted]:
        return tuple(named)
    if named := [cause for cause in report.causes if wanted in (cause.finding, *cause.symptoms)]:
        return tuple(named)
    if len(lowered) < _MIN_PREFIX:
        return ()
    if named := [cause for cause in report.causes if cause.fingerprint.startswith(lowered)]:
        return tuple(named)
    found = {finding.id for finding in report.findings if finding.fingerprint.startswith(lowered)}
    return tuple(cause for cause in report.causes if found.intersection((cause.finding, *cause.symptoms)))


def _key(ref: RefRow) -> tuple[str, str, str, str, str]:
    return (ref.cluster, ref.apiVersion.rpartition("/")[0], ref.kind, ref.namespace, ref.name)


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


def _meant(refs: list[RefRow], text: str, namespaces: Collection[str]) -> list[RefRow]:
    """Objects that the whole text names, read as kind and name first, then as namespace and name, then as a name."""
    parts = [part for part in re.split(r"[/\s]+", text) if part]
    match parts:
        case [kind, namespace, name]:
            return [ref for ref in refs if _is(ref, kind) and ref.namespace == namespace and ref.name == name]
        case [first, name]:
            kinds = [ref for ref in refs if _is(ref, first) and ref.name == name and _inside(ref, namespaces)]
            return kinds or [ref for ref in refs if ref.namespace == first and ref.name == name]
        case [name]:
            found = [ref for ref in refs if ref.name == name and _inside(ref, namespaces)]
            # A bare name is a pod's before it is anything else's.
            return [ref for ref in found if ref.kind == "Pod"] or found
        case _:
            return []


def _pasted(refs: list[RefRow], text: str, namespaces: Collection[str]) -> list[RefRow]:
    """Objects whose name stands in a pasted line; `kind/name` and `ns/name` in it weigh more than a bare word."""
    words = [word for found in _WORD.findall(text) for word in dict.fromkeys((found, found.rstrip(".")))]
    for word in words:
        if "/" in word and (exact := _meant(refs, word, namespaces)):
            return exact
    present = set(words)
    found = [ref for ref in refs if ref.name in present and _inside(ref, namespaces)]
    with_namespace = [ref for ref in found if ref.namespace in present]
    # The longest name says most: `llama-ft-0` before a namespace or a node called `ml`.
    return sorted(with_namespace or found, key=lambda ref: -len(ref.name))[:1]


def _inside(ref: RefRow, namespaces: Collection[str]) -> bool:
    return not namespaces or not ref.namespace or ref.namespace in namespaces


def _is(ref: RefRow, kind: str) -> bool:
    wanted = kind.lower().partition(".")[0]
    wanted = _SHORT.get(wanted, wanted)
    have = ref.kind.lower()
    return wanted in (have, f"{have}s", f"{have}es", f"{have[:-1]}ies")


def _concerned(report: Report, wanted: set[tuple[str, str, str, str, str]]) -> Iterator[CauseRow]:
    touching = {
        finding.id
        for finding in report.findings
        if any(_key(ref) in wanted for ref in (finding.subject, *finding.members))
    }
    for cause in report.causes:
        objects = (cause.root, *cause.lineage, *cause.affected.objects)
        if touching.intersection((cause.finding, *cause.symptoms)) or any(_key(ref) in wanted for ref in objects):
            yield cause


def _nearest(report: Report, text: str, refs: Collection[RefRow]) -> tuple[str, ...]:
    """Up to three things that the text may have meant, as one would type them."""
    by_word: dict[str, str] = {}
    for ref in refs:
        for spelled in (str(ref), f"{ref.namespace}/{ref.name}", f"{ref.kind}/{ref.name}", ref.name):
            by_word.setdefault(spelled.lower(), str(ref))
    by_word |= {cause.id.lower(): cause.id for cause in report.causes}
    by_word |= {
        cause.fingerprint[: len(text)]: cause.fingerprint for cause in report.causes if len(text) >= _MIN_PREFIX
    }
    near = get_close_matches(text.lower(), by_word, n=6, cutoff=0.6)
    return tuple(dict.fromkeys(by_word[word] for word in near))[:3]
