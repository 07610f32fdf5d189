"""Names that are much like one that does not exist: an object that was renamed, or a slip of the keyboard.

What is absent is told by a finding's evidence: as such, or in the API server's own words (`deployments.apps "x" not
found`; kubernetes/apimachinery pkg/api/errors), which the kubelet and many operators repeat.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from diag.facts.words import nearest
from diag.findings import AbsentEvidence, Evidence, FieldEvidence, Finding, LogEvidence, Ref, Remedy
from diag.projection import kind_id
from diag.snapshot.snapshot import Snapshot

NOT_FOUND = re.compile(
    r'\b(?P<kind>[a-z]{3,60})(?:\.(?P<group>[a-z0-9.-]{1,100}))? "(?P<name>[a-z0-9.-]{1,253})" not found'
)
# Of many that are alike by nature none is meant by the name of another: gpu-3 is no slip for gpu-2.
NUMBERED = ("Pod", "Node", "PersistentVolume", "Event")
MAX_NAMES = 3
MARK = 2
MAX_TEXT = 2_000


def with_near_names(snap: Snapshot, finding: Finding) -> Finding:
    """The finding with a further remedy for each absent object of whose kind one with a similar name is there."""
    found: dict[str, Remedy] = {}
    for kind, namespace, name in _absent(snap, finding.evidence):
        if kind.rpartition("/")[2] in NUMBERED or snap.get(kind, namespace, name) is not None:
            continue
        others = [other for space, other in snap.all(kind) if space == namespace and not _counted(name, other)]
        near = nearest(name, others)
        if near is not None and len(found) < MAX_NAMES:
            short = kind.rpartition("/")[2]
            where = f" in {namespace}" if namespace else ""
            found[name] = Remedy(text=f"if {short} {near} is meant, which is there{where}, name it instead of {name}")
    return replace(finding, remedies=(*finding.remedies, *found.values())) if found else finding


def _counted(one: str, other: str) -> bool:
    """Whether two names are of one row, which tells nothing: pool-a and pool-b, model-v1 and model-v2."""
    (stem, _, end), (other_stem, _, other_end) = one.rpartition("-"), other.rpartition("-")
    return stem == other_stem and len(end) <= MARK and len(other_end) <= MARK


def _absent(snap: Snapshot, evidence: tuple[Evidence, ...]) -> Iterator[tuple[str, str, str]]:
    """Kind, namespace and name of what is said not to exist."""
    for piece in evidence:
        match piece:
            case AbsentEvidence(absent=ref):
                yield kind_id(ref.api_version, ref.kind), ref.namespace, ref.name
            case FieldEvidence(object=about, value=str(text)):
                yield from _told(snap, about, text)
            case LogEvidence(pod=about, value=text):
                yield from _told(snap, about, text)


def _told(snap: Snapshot, about: Ref, text: str) -> Iterator[tuple[str, str, str]]:
    if "not found" not in text[:MAX_TEXT]:
        return
    for said in NOT_FOUND.finditer(text[:MAX_TEXT]):
        for kind in snap.tables:
            group, _, word = kind.rpartition("/")
            if _calls(said["kind"], word.lower()) and said["group"] in (None, group):
                yield kind, about.namespace, said["name"]
                yield kind, "", said["name"]


def _calls(said: str, kind: str) -> bool:
    """Whether a word of a sentence means a kind: in the plural of resources, or as the kubelet writes it."""
    return said in (kind, f"{kind}s", f"{kind}es", f"{kind.removesuffix('y')}ies")
