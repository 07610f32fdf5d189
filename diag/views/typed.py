"""Objects as people type them: `pod/ml/llama-0`, `Job ml/llama`, `ml/llama-0`, a bare name, kubectl's short names."""

import re
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from diag.document import RefRow
from diag.projection import Object

# Cluster, API group, kind, namespace, name: the same object in another version of its API is the same.
Key = tuple[str, str, str, str, str]

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


def key(ref: RefRow) -> Key:
    """What tells an object from all others."""
    return (ref.cluster, ref.apiVersion.rpartition("/")[0], ref.kind, ref.namespace, ref.name)


def item_key(item: Object) -> Key:
    """The same of an object that was read."""
    ref = item.ref
    return (item.cluster, ref.api_version.rpartition("/")[0], ref.kind, ref.namespace, ref.name)


def meant(refs: Sequence[RefRow], text: str, namespaces: Collection[str]) -> list[RefRow]:
    """Objects that the whole text names, read as kind and name first, then as namespace and name, then as a name.

    `namespaces` (globs) narrow names that come without one.
    """
    parts = [part for part in re.split(r"[/\s]+", text) if part]
    match parts:
        case [kind, namespace, name]:
            return [ref for ref in refs if ref.name == name and ref.namespace == namespace and is_kind(ref, kind)]
        case [first, name]:
            kinds = [ref for ref in refs if ref.name == name and is_kind(ref, first) and inside(ref, namespaces)]
            return kinds or [ref for ref in refs if ref.namespace == first and ref.name == name]
        case [name]:
            found = [ref for ref in refs if ref.name == name and inside(ref, namespaces)]
            # A bare name is a pod's before it is anything else's.
            return [ref for ref in found if ref.kind == "Pod"] or found
        case _:
            return []


def namespace_meant(refs: Sequence[RefRow], text: str) -> RefRow | None:
    """The namespace that `ns/ml`, `namespace ml` or a bare `ml` means, where anything that was read is in it."""
    *kind, name = [part for part in re.split(r"[/\s]+", text) if part] or [""]
    spelled = [spell(each) for each in kind]
    if spelled not in ([], ["namespace"], ["namespaces"]):
        return None
    inhabitant = next((ref for ref in refs if ref.namespace == name), None) if name else None
    if inhabitant is None:
        return None
    return RefRow(cluster=inhabitant.cluster, apiVersion="v1", kind="Namespace", name=name, seen=False)


def inside(ref: RefRow, namespaces: Collection[str]) -> bool:
    """Whether an object lies in one of the namespaces; cluster-scoped ones lie in all."""
    return not namespaces or not ref.namespace or any(fnmatchcase(ref.namespace, glob) for glob in namespaces)


def is_kind(ref: RefRow, typed: str) -> bool:
    """Whether a typed kind means the object's: any case, singular, plural or short, with its API group or not."""
    wanted, have = spell(typed), ref.kind.lower()
    return wanted in (have, f"{have}s", f"{have}es", f"{have[:-1]}ies")


def spell(kind: str) -> str:
    """A typed kind in full and in small letters."""
    wanted = kind.lower().partition(".")[0]
    return _SHORT.get(wanted, wanted)
