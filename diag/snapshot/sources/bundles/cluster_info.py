"""`kubectl cluster-info dump --output-directory`: lists of seven kinds for each namespace, all nodes, and logs.

Origin: kubernetes/kubernetes staging/src/k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go. Only the current runs
of containers are dumped; a log that could not be had is a line with the error in its place.
"""

import re

from diag.snapshot.sources.bundles.tool import LogPlace, Scope, Tool

KINDS = {
    "events": "Event",
    "replication-controllers": "ReplicationController",
    "services": "Service",
    "daemonsets": "apps/DaemonSet",
    "deployments": "apps/Deployment",
    "replicasets": "apps/ReplicaSet",
    "pods": "Pod",
}
_LIST = re.compile(rf"(?P<namespace>[^/]+)/(?P<what>{'|'.join(KINDS)})\.(?:json|yaml)")
_LOG = re.compile(r"(?P<namespace>[^/]+)/(?P<pod>[^/]+)/logs\.txt")


def _scope(path: str) -> Scope | None:
    if re.fullmatch(r"nodes\.(?:json|yaml)", path):
        return Scope(kind="Node")
    found = _LIST.fullmatch(path)
    return Scope(namespace=found["namespace"], kind=KINDS[found["what"]]) if found else None


def _log(path: str) -> LogPlace | None:
    found = _LOG.fullmatch(path)
    return LogPlace(namespace=found["namespace"], pod=found["pod"], marked="sections") if found else None


CLUSTER_INFO = Tool(
    name="kubectl cluster-info dump",
    sign=re.compile(r"(?P<root>(?:.*/)?)[^/]+/replication-controllers\.(?:json|yaml)"),
    scope=_scope,
    log=_log,
)
