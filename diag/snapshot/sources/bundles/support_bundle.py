"""troubleshoot.sh support bundles: JSON by resource and namespace, logs of unhealthy pods, and what collectors met.

Origin: replicatedhq/troubleshoot pkg/collect (cluster_resources.go, cluster_info.go, logs.go) and pkg/constants. Older
bundles hold bare arrays whose items say no kind. `<resource>-errors.json` is an array of sentences, or an object of
them by namespace; `version.yaml` is the bundle's own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from diag.snapshot.sources.bundles.tool import LogPlace, Notes, Scope, Tool
from diag.snapshot.sources.part import Problem

NAMESPACED = {
    "configmaps": "ConfigMap",
    "cronjobs": "batch/CronJob",
    "daemonsets": "apps/DaemonSet",
    "deployments": "apps/Deployment",
    "endpoints": "Endpoints",
    "endpointslices": "discovery.k8s.io/EndpointSlice",
    "events": "Event",
    "ingress": "networking.k8s.io/Ingress",
    "jobs": "batch/Job",
    "leases": "coordination.k8s.io/Lease",
    "limitranges": "LimitRange",
    "network-policy": "networking.k8s.io/NetworkPolicy",
    "pod-disruption-budgets": "policy/PodDisruptionBudget",
    "pods": "Pod",
    "pvcs": "PersistentVolumeClaim",
    "replicasets": "apps/ReplicaSet",
    "resource-quota": "ResourceQuota",
    "serviceaccounts": "ServiceAccount",
    "services": "Service",
    "statefulsets": "apps/StatefulSet",
}
CLUSTER_SCOPED = {
    "custom-resource-definitions": "apiextensions.k8s.io/CustomResourceDefinition",
    "nodes": "Node",
    "priorityclasses": "scheduling.k8s.io/PriorityClass",
    "pvs": "PersistentVolume",
    "storage-classes": "storage.k8s.io/StorageClass",
    "volumeattachments": "storage.k8s.io/VolumeAttachment",
}
NAMESPACES = "namespaces"  # only those that the bundle was asked for, so the list claims nothing

_OF_NAMESPACE = re.compile(r"cluster-resources/(?P<resource>[^/]+)/(?P<namespace>[^/]+)\.json")
_OF_CLUSTER = re.compile(r"cluster-resources/(?P<resource>[^/]+?)(?:\.json)?")
_CUSTOM = re.compile(r"cluster-resources/custom-resources/[^/]+/(?P<namespace>[^/]+)\.(?:json|yaml)")
_LOG = re.compile(
    r"cluster-resources/pods/logs/(?P<namespace>[^/]+)/(?P<pod>[^/]+)/(?P<container>[^/]+?)(?P<run>-previous)?\.log"
)
_COLLECTED = re.compile(r"(?:[^/]+/)+(?P<pod>[^/]+)/(?P<container>[^/]+?)(?P<run>-previous)?\.log")
_COLLECTED_ONE = re.compile(r"[^/]+/(?P<pod>[^/]+?)(?P<run>-previous)?\.log")  # of a pod with one container
_NOT_LOGS = re.compile(r"-(?:logs-)?errors\.(?:log|json)$")
_ERRORS = re.compile(r"(?:.*/)?cluster-resources/(?P<resource>[^/]+)-errors\.json")
_WORDS = msgspec.json.Decoder(dict[str, str] | list[str] | None)


class _Version(msgspec.Struct):
    string: str | None = None


def _scope(path: str) -> Scope | None:
    if found := _CUSTOM.fullmatch(path):
        return Scope(namespace=found["namespace"])
    if found := _OF_NAMESPACE.fullmatch(path):
        kind = NAMESPACED.get(found["resource"])
        return Scope(namespace=found["namespace"], kind=kind) if kind else None
    found = _OF_CLUSTER.fullmatch(path)
    if not found:
        return None
    if found["resource"] == NAMESPACES:
        return Scope(kind="Namespace", complete=False)
    kind = CLUSTER_SCOPED.get(found["resource"])
    return Scope(kind=kind) if kind else None


def _log(path: str) -> LogPlace | None:
    if _NOT_LOGS.search(path):
        return None
    if found := _LOG.fullmatch(path):
        return LogPlace(
            namespace=found["namespace"],
            pod=found["pod"],
            container=found["container"],
            previous=bool(found["run"]),
        )
    if not path.startswith("cluster-resources/") and (found := _COLLECTED.fullmatch(path)):
        return LogPlace(namespace="", pod=found["pod"], container=found["container"], previous=bool(found["run"]))
    if not path.startswith("cluster-resources/") and (found := _COLLECTED_ONE.fullmatch(path)):
        return LogPlace(namespace="", pod=found["pod"], previous=bool(found["run"]))
    return None


def _notes(texts: Mapping[str, bytes]) -> Notes:
    version = None
    problems: list[Problem] = []
    for path, text in texts.items():
        if path.endswith("cluster_version.json"):
            version = _version(text)
        elif found := _ERRORS.fullmatch(path):
            problems += _problems(found["resource"], text)
    return Notes(server_version=version, problems=tuple(problems))


def _version(text: bytes) -> str | None:
    try:
        return msgspec.json.decode(text, type=_Version).string
    except (ValueError, RecursionError):
        return None


def _problems(resource: str, text: bytes) -> Iterator[Problem]:
    kind = NAMESPACED.get(resource) or CLUSTER_SCOPED.get(resource) or ("Namespace" if resource == NAMESPACES else "")
    try:
        said = _WORDS.decode(text) if text.strip() else None
    except (ValueError, RecursionError):
        said = None
    by_namespace = said if isinstance(said, dict) else dict.fromkeys(said or (), "")
    for first, second in by_namespace.items():
        namespace, words = (first, second) if isinstance(said, dict) else ("", first)
        yield Problem(
            what=f"list {kind or resource}" + (f" in {namespace}" if namespace else ""),
            why=_why(words),
            detail=words[:500],
            fix="give the collector's service account `list` for it, or collect again",
            kinds=(kind,) if kind else (),
            namespace=namespace,
        )


def _why(words: str) -> Literal["forbidden", "timeout", "error"]:
    if "forbidden" in words.lower():
        return "forbidden"
    return "timeout" if "timeout" in words.lower() or "deadline" in words.lower() else "error"


SUPPORT_BUNDLE = Tool(
    name="troubleshoot support bundle",
    sign=re.compile(
        r"(?P<root>(?:.*?/)??)cluster-resources/(?:pods|events|nodes|namespaces|deployments)(?:/[^/]+)?\.json"
    ),
    scope=_scope,
    log=_log,
    texts=re.compile(r"(?:.*/)?(?:cluster-info/cluster_version\.json|cluster-resources/[^/]+-errors\.json)"),
    notes=_notes,
    ignores=re.compile(
        r"version\.yaml|analysis\.json|cluster-resources/(?:auth-cani-list/.*|groups\.json|resources\.json)"
    ),
)
