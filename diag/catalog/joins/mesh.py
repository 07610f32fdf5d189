"""Istio's mesh: who has a proxy, which policy demands mTLS of whom, and which Service a host of a route means."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.paths import Said, said
from diag.facts.entries import text
from diag.facts.selection import matches_labels
from diag.findings import Evidence
from diag.projection import Object
from diag.snapshot.cite import MISSING, key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import selector_of
from diag.vocab.sidecars import is_mesh_proxy

PEER = "security.istio.io/PeerAuthentication"
ROOT_NAMESPACE = "istio-system"
CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready")
# istio/istio manifests/charts/istio-control/istio-discovery: labels that the injector's webhook selects namespaces by.
INJECTION, REVISION = "istio-injection", "istio.io/rev"
INJECT = "sidecar.istio.io/inject"
DATAPLANE = "istio.io/dataplane-mode"  # ambient: no sidecar at all
# What a caller reads of a request that the proxies could not bring to its end (envoyproxy/envoy response flags).
HTTP_FAILED = re.compile(r"\b(?:503|404)\b|no healthy upstream|upstream connect error|Service Unavailable")
SHORT = re.compile(r"(?P<name>[a-z0-9-]{1,63})(?:\.(?P<namespace>[a-z0-9-]{1,63})\.svc(?:\.[a-z0-9.-]+)?)?$")


def proxy_of(pod: Pod) -> str:
    """The mesh's proxy among the containers of a pod, an ordinary or a native sidecar; empty where there is none."""
    containers = (*(pod.spec.containers or ()), *(pod.spec.init_containers or ()))
    return next((one.name or "" for one in containers if is_mesh_proxy(one.name or "", one.image or "")), "")


def injection(ctx: Context, pod: Pod) -> Evidence | None:
    """The label by which the pod's namespace asks for sidecars, None where none does or the pod is left out."""
    space = ctx.snap.get("Namespace", "", pod.namespace)
    out = "false" in (pod.labels.get(INJECT), pod.annotations.get(INJECT))
    if space is None or out or pod.spec.host_network or space.labels.get(INJECTION) == "disabled":
        return None
    for label in (INJECTION, REVISION):
        if space.labels.get(label) not in (None, ""):
            return ctx.cite(space, f"metadata.labels{key(label)}")
    return None


def demands_mtls(ctx: Context, pod: Pod) -> Object | None:
    """The policy by which the pod's proxy takes mTLS only: its workload's, else its namespace's, else the mesh's."""
    policies = [one for one in ctx.snap.all(PEER) if _mode(one) != "UNSET"]
    own = [one for one in policies if one.namespace == pod.namespace and _chooses(one, pod)]
    of_mesh = [one for one in policies if one.namespace == ROOT_NAMESPACE and not _is_narrow(one)]
    best = next(iter([*sorted(own, key=lambda one: not _is_narrow(one)), *of_mesh]), None)
    return best if best is not None and _mode(best) == "STRICT" and not _has_ports(best) else None


def _is_narrow(policy: Object) -> bool:
    return isinstance(value_at(policy.whole, "spec.selector"), dict)


def _chooses(policy: Object, pod: Pod) -> bool:
    return not _is_narrow(policy) or matches_labels(pod.labels, value_at(policy.whole, "spec.selector"))


def _mode(policy: Object) -> str:
    return text(value_at(policy.whole, "spec.mtls.mode")) or "UNSET"


def _has_ports(policy: Object) -> bool:
    return value_at(policy.whole, "spec.portLevelMtls") not in (MISSING, None)


def pods_behind(ctx: Context, service: Object) -> list[Pod]:
    """The pods that a Service selects and that have not ended."""
    wanted = selector_of(service).items()
    pods = ctx.snap.pods_in(service.namespace) if wanted else []
    return [pod for pod in pods if wanted <= pod.labels.items() and pod.status.phase not in ("Failed", "Succeeded")]


class Host(NamedTuple):
    """The Service that a host means."""

    namespace: str
    name: str


def service_of_host(host: object, namespace: str) -> Host | None:
    """Which Service a host of an Istio object of that namespace means; None for one that is none of the cluster's.

    A name without dots is completed with the object's own namespace (istio.io/latest/docs/reference/config/networking).
    """
    found = SHORT.match(host) if isinstance(host, str) else None
    return Host(found["namespace"] or namespace, found["name"]) if found else None


def callers(ctx: Context, hosts: list[str], pattern: re.Pattern[str] = HTTP_FAILED) -> Iterator[tuple[Group, Said]]:
    """Groups whose log tells of a failed request to one of the hosts."""
    names = "|".join(re.escape(host) for host in sorted(set(hosts)) if host and "*" not in host)
    if not names:
        return
    both = re.compile(rf"(?=.*(?<![\w.-])(?:{names})(?![\w-]))(?=.*(?:{pattern.pattern}))")
    for group in ctx.groups(*CLIENTS):
        words = said(ctx, group, both)
        if words is not None:
            yield group, words
