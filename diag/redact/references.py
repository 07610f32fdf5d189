"""The names that an object calls others by: they are names of somebody's whether those others are there or not.

Told by the shape of a field, never by a list of paths, so that a resource nobody has heard of is read like a Pod:
`secretName: x`, `queue: x`, `claimRef: {name: x}`, `configMap: {name: x}`, `{kind: x, name: y}`, or by words:
`secret "x" not found`.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from diag.document import RefRow
from diag.redact.shipped import is_public_host

# Kinds by which fields, labels and messages call what they name (`storageClass: x`, `secret "x"`), singular.
_KINDS = frozenset((
    "admissioncheck", "application", "cluster", "clusterqueue", "clusterrole", "clusterrolebinding", "cohort",
    "configmap", "cronjob", "daemonset", "deployment", "deviceclass", "endpointslice", "flavor",
    "imagepullsecret", "inferenceservice", "ingress", "ingressclass", "job", "jobset", "leaderworkerset",
    "limitrange", "localqueue", "machine", "machineset", "namespace", "node", "nodeclaim", "nodeclass", "nodegroup",
    "nodepool", "persistentvolume", "persistentvolumeclaim", "pod", "podgroup", "priorityclass", "pv", "pvc", "queue",
    "raycluster", "rayjob", "rayservice", "replicaset", "replicationcontroller", "resourceclaim",
    "resourceclaimtemplate", "resourceflavor", "resourcequota", "role", "rolebinding", "runtimeclass", "secret",
    "service", "serviceaccount", "statefulset", "storageclass", "topology", "trainingruntime",
    "volumeattributesclass", "volumesnapshot", "workload", "workloadpriorityclass",
))  # fmt: skip
_SUFFIXES = ("references", "reference", "selector", "refs", "ref")
# What is called so within its own object or by a standard, and is no object: `resourceName: nvidia.com/gpu`.
_PARTS = (
    "algorithm", "command", "common", "container", "device", "display", "dns", "driver", "env", "field", "file", "gpu",
    "image", "interface", "key", "metric", "model", "mount", "parameter", "podclaim", "port", "product", "resource",
    "server", "signer", "step", "task", "type", "user", "variable",
)  # fmt: skip
_OWN = ("resourceClaims", "groupName")  # a pod's own names for its claims, a RayCluster's for its workers
_TYPES = ("Event", "CustomResourceDefinition")  # whose names are nobody's
_NAME = re.compile(r"(?=[^a-z]*[a-z])[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")  # of an object (RFC 1123)
_FIELD = re.compile(r"\[\"(.+?)\"\]|([A-Za-z]+)")  # of a path as evidence cites it
_NO_NAMES = ("true", "false", "none", "null", "auto", "enabled", "disabled")
# As API server and kubelet put it: `secret "x" not found`, `Secret ml/x`, `object "ml"/"x" not registered`.
_QUOTED = re.compile(r"([A-Za-z]+)(?:\.[a-z0-9.-]+)? \"([a-z0-9][a-z0-9.-]*)\"")
_IN_NAMESPACES = (
    "configmap",
    "job",
    "object",
    "persistentvolumeclaim",
    "pod",
    "pvc",
    "secret",
    "service",
    "serviceaccount",
)
_PLACED = re.compile(r"([A-Za-z]+) \"?([a-z0-9][a-z0-9-]*)\"?/\"?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\"?")


def referenced(whole: Any) -> Iterator[RefRow]:
    """The references that any JSON value holds, with the kind that the field tells, as `secret`."""
    left: list[tuple[str, Any]] = [("", whole)]
    while left:
        role, value = left.pop()
        if isinstance(value, dict):
            yield from _of_map(role, value)
            left += ((_role(key), each) for key, each in value.items() if isinstance(key, str))
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, str):
                    yield from _row(role, each)
                left.append((role, each))
        elif isinstance(value, str):
            yield from in_text(value)
            if value[:1] in ("{", "[") and (inside := _json(value)) is not None:
                left.append(("", inside))


def in_field(path: str, value: str) -> Iterator[RefRow]:
    """The name that a cited field holds (`spec.volumes[0].secret.secretName`), if it holds one."""
    fields = [label or field for label, field in _FIELD.findall(path)][-2:]
    yield from _row(_role(fields[0] if fields[-1] == "name" else fields[-1]) if fields else "", value)


def in_text(text: str) -> Iterator[RefRow]:
    """The names behind the word of a kind, as components write them into messages and logs."""
    for found in _QUOTED.finditer(text) if '"' in text else ():
        if kind := _kind(found[1]):
            yield from _row(kind, found[2])
    for found in _PLACED.finditer(text) if "/" in text else ():
        if (kind := _kind(found[1]) or found[1]) in _IN_NAMESPACES:
            yield from _row("namespace", found[2])
            yield from _row(kind, found[3])


def _of_map(role: str, value: dict[Any, Any]) -> Iterator[RefRow]:
    kind, name = value.get("kind"), value.get("name")
    if isinstance(name, str) and ((isinstance(kind, str) and kind not in _TYPES) or role):
        yield from _row(kind if isinstance(kind, str) else role, name)
    key = value.get("key")  # of an expression or a toleration: the key of a label, and its values beside
    if isinstance(key, str) and (told := _role(key)):
        values = value.get("values")
        for each in values if isinstance(values, list) else (value.get("value"),):
            if isinstance(each, str):
                yield from _row(told, each)
    for field, each in value.items():
        if isinstance(field, str) and isinstance(each, str) and field not in ("kind", "name", "key", "value"):
            # `flavors: {nvidia.com/gpu: x}` names by resource
            yield from _row(_role(field) or (role if "/" in field and role == "flavor" else ""), each)


def _role(key: str) -> str:
    """The kind that a field or a label names, in small letters (`secretName`, `kueue.x-k8s.io/queue-name`), or none."""
    if key in _OWN:
        return ""
    word = re.sub(r"[^a-z]", "", key.rpartition("/")[2].casefold())
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and (stem := word.removesuffix(suffix)):
            return _kind(stem.removesuffix("key")) or ("" if suffix == "selector" else stem.removesuffix("key"))
    if word in ("involvedobject", "regarding", "related"):
        return "object"
    for suffix in ("names", "name"):
        if word.endswith(suffix) and (stem := word.removesuffix(suffix)):
            return "" if stem.endswith(_PARTS) else {"metadata": "namespace", "generate": "object"}.get(stem, stem)
    return "namespace" if word.endswith("namespace") else _kind(word)


def _kind(word: str) -> str:
    """A word as a kind, its plural taken off; empty for what is none."""
    small = word.casefold()
    ends = (small, small.removesuffix("s"), small.removesuffix("es"))
    return next((each for each in ends if each in _KINDS), "")


def _row(kind: str, name: str) -> Iterator[RefRow]:
    name = name.removesuffix("-")  # `generateName: x-`
    if kind and _NAME.fullmatch(name) and name not in _NO_NAMES and not ("." in name and is_public_host(name)):
        shown = "Namespace" if kind.casefold() in ("namespace", "namespaces") else kind
        yield RefRow(cluster="", apiVersion="", kind=shown, name=name, seen=False)


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
