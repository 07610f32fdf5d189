"""OpenShift's `oc adm must-gather` and `oc adm inspect`: a tree of YAML, by namespace and API group, with pod logs.

Origin: openshift/oc pkg/cli/admin/inspect (resource.go, namespace.go, pod.go) and pkg/cli/admin/mustgather;
openshift/must-gather collection-scripts. A must-gather has one such tree for each image that ran. A list file holds all
objects of its kind in its namespace; what was gathered one by one (cluster-scoped objects, related objects) claims
nothing. Logs carry the kubelet's time stamps. omc reads the same tree.
"""

import re
from collections.abc import Mapping

from diag.snapshot.sources.bundles.resources import KINDS
from diag.snapshot.sources.bundles.tool import LogPlace, Notes, Scope, Tool

_LIST = re.compile(r"namespaces/(?P<namespace>[^/]+)/(?P<group>[^/]+)/(?P<resource>[^/]+)\.ya?ml")
_CLUSTER_LIST = re.compile(r"cluster-scoped-resources/(?P<group>[^/]+)/(?P<resource>[^/]+)\.ya?ml")
_LOGS = r"namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/]+)/(?P<container>[^/]+)/(?:[^/]+/)?logs/"
_LOG = re.compile(_LOGS + r"(?P<run>current|previous)(?:\.insecure)?\.log")
_ROTATED = re.compile(_LOGS + r"rotated/(?P<run>\d{1,9})\.log\.(?P<stamp>\d{8}-\d{6})(?:\.gz)?")
_POD = re.compile(r"namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/]+)/(?P=pod)\.ya?ml")
_TIME = re.compile(rb"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?\d* ([+-]\d\d)(\d\d)")


def _scope(path: str) -> Scope | None:
    if found := _LIST.fullmatch(path):
        kind = KINDS.get((found["group"], found["resource"]), "")
        return Scope(namespace=found["namespace"], kind=kind) if found["group"] != "pods" else None
    if found := _CLUSTER_LIST.fullmatch(path):
        return Scope(kind=KINDS.get((found["group"], found["resource"]), ""))
    return None


def _log(path: str) -> LogPlace | None:
    if found := _LOG.fullmatch(path):
        previous = found["run"] == "previous"
        return LogPlace(
            namespace=found["namespace"],
            pod=found["pod"],
            container=found["container"],
            previous=previous,
            stamped=True,
        )
    if found := _ROTATED.fullmatch(path):
        return LogPlace(
            namespace=found["namespace"],
            pod=found["pod"],
            container=found["container"],
            run=int(found["run"]),
            stamp=found["stamp"],
        )
    return None


def _repeats(path: str) -> str:
    found = _POD.fullmatch(path)
    return f"namespaces/{found['namespace']}/core/pods.yaml" if found else ""


def _notes(texts: Mapping[str, bytes]) -> Notes:
    """The last time in `timestamp` (Go's `time.String()`) is when the gathering ended."""
    times = [
        f"{found[1].decode()}T{found[2].decode()}{(found[3] or b'').decode()}{found[4].decode()}:{found[5].decode()}"
        for path, text in texts.items()
        if path.endswith("timestamp")
        for found in _TIME.finditer(text)
    ]
    return Notes(captured_at=times[-1] if times else None)


MUST_GATHER = Tool(
    name="OpenShift must-gather",
    sign=re.compile(
        r"(?P<root>(?:.*?/)??)(?:namespaces/[^/]+/(?:(?:core|apps|batch)/[^/]+\.ya?ml|pods/[^/]+/.+)"
        r"|cluster-scoped-resources/[^/]+/.+\.ya?ml)"
    ),
    scope=_scope,
    log=_log,
    texts=re.compile(r"(?:.*/)?timestamp"),
    notes=_notes,
    # An insights archive is of an earlier time, and may hold other names (insights-operator docs/gathered-data.md).
    ignores=re.compile(r"aggregated-discovery-apis?\.ya?ml|insights-data/.*"),
    repeats=_repeats,
)
