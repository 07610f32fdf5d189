"""Files that were meant to hold objects and hold none: what their names promise is lost, and no absence is known."""

import re

from diag.projection import kind_id
from diag.snapshot.sources.budget import NotObjectsError
from diag.snapshot.sources.bundles.resources import KINDS
from diag.snapshot.sources.documents import KUBECTL_JSON, Documents
from diag.snapshot.sources.part import Lost, Problem

_SUFFIX = re.compile(r"(?P<stem>[^/]*)\.(?P<form>json|ya?ml)(?:\.(?:gz|zst|bz2|xz))?\Z", re.IGNORECASE)
_RESOURCES = {resource: kind for (_, resource), kind in KINDS.items()}
# The short names of cluster-scoped kinds, as `kubectl api-resources` has them.
_SHORT = {"pv": "PersistentVolume", "sc": "storage.k8s.io/StorageClass", "pc": "scheduling.k8s.io/PriorityClass"}
_OF_CLUSTER = frozenset(_SHORT.values()) | {"storage.k8s.io/CSINode", "storage.k8s.io/VolumeAttachment"}
# No list of these is empty in a cluster that works: the wrong namespace was asked, or the wrong cluster.
_NEVER_EMPTY = frozenset({"Pod", "Node", "Event", "Namespace"})
# What the API server says of a refusal: kubernetes/kubernetes
# staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go.
_REFUSED = re.compile(r'cannot \w+ resource "([\w./-]+)" in API group "([\w.-]*)"(?: in the namespace "([\w.-]+)")?')


def missing(path: str, error: NotObjectsError, kind: str = "") -> tuple[Problem, Lost] | None:
    """The problem of a file without objects, and what is lost with it; None where the file is plainly something else.

    `kind` is what the layout says of the place. A file of well-formed JSON or YAML that names no kind is something else
    (settings, a package), unless its name or its place is that of a list of objects.
    """
    found = _SUFFIX.search(path)
    if found is None and not kind:
        return None
    stem = found["stem"].lower() if found else ""
    well_formed = error.form == "json" or (
        error.form == "yaml" and found is not None and found["form"].lower() != "json"
    )
    if well_formed and not kind and stem.partition(".")[0] not in _RESOURCES:
        return None
    detail = error.message.partition(found[0] if found else path)[2].strip() or error.message
    problem = Problem(
        what=f"{path} ({detail})", why="unreadable", detail=error.message, fix=error.hint or KUBECTL_JSON
    )  # fmt: skip
    return problem, _lost(error.message, stem, kind)


def empty_kinds(documents: Documents, path: str) -> set[str]:
    """Kinds of which a file holds an empty list, so that they were collected, as far as they are no namespace's.

    A typed list (`PersistentVolumeList`) says its kind. kubectl prints a plain List, whose kind only the file's name
    tells (`pv.json`); taken for cluster-scoped kinds alone, as one without `-A` is empty wherever nobody looked.
    """
    if documents.part(None).problems:
        return set()
    typed = {kind_id(one.api_version, one.kind) for one in documents.lists if one.first == one.end}
    if documents.listed and not documents.items and not documents.lists and (found := _SUFFIX.search(path)):
        stem = found["stem"].lower().partition(".")[0]
        typed = {_SHORT.get(stem) or _RESOURCES.get(stem, "")} & _OF_CLUSTER
    return typed - _NEVER_EMPTY


def _lost(message: str, stem: str, kind: str) -> Lost:
    """What was meant: by the words of a refusal, else by the place, else by the only resource in the name."""
    refused = _REFUSED.search(message)
    if refused:
        said = KINDS.get((refused[2] or "core", refused[1].partition("/")[0]), "")
        return Lost(kind=said, namespace=refused[3]) if said else Lost()
    named = {_RESOURCES[word] for word in re.split(r"[-_. ]", stem) if word in _RESOURCES}
    return Lost(kind=kind or (named.pop() if len(named) == 1 else ""))
