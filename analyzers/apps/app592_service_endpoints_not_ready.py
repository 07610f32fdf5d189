"""APP592: no endpoint of a Service is ready, and the pods behind it were not collected."""

from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.backends import SLICE, SLICE_OF
from diag.catalog.rule import rule
from diag.facts.entries import entries
from diag.findings import Basis, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at

ENDPOINTS = "Endpoints"
# kubernetes/kubernetes pkg/apis/core/types.go, EndpointsLastChangeTriggerTime
CHANGED = "endpoints.kubernetes.io/last-change-trigger-time"
SETTLED_S = 5 * 60
SHOWN = 4

Place = tuple[str, str]


class Ends(NamedTuple):
    """What is behind a Service: the endpoints that are not ready, and whether any is ready or on its way out."""

    unready: list[Evidence]
    others: bool
    changed: str  # when that was last so


@rule(
    "APP592",
    name="service-endpoints-not-ready",
    question=Question.KEPT,
    inputs=(SLICE, ENDPOINTS, "Service", "Pod"),
    basis=Basis.REMAINDER,
    severity=Severity.WARNING,
)
def service_endpoints_not_ready(ctx: Context) -> Iterator[Finding]:
    """No endpoint of the Service is ready.

    ## What it means
    Pods stand behind the Service, and none of them passes its readiness probe, so requests to it are refused.

    ## Why it happens
    The pods start, wait for something, or fail; why is told by the pods.

    ## Evidence
    `conditions.ready` of the endpoints in the Service's EndpointSlices (or `notReadyAddresses` of its Endpoints).

    ## What to do
    Read the pods of the namespace as well: they say why they are not ready.

    ## Known limits
    The weakest of explanations: only told where the pods of the namespace were not collected and nothing else of the
    namespace is in trouble. Less than five minutes after a change it is worth knowing only.
    """
    found: dict[Place, Ends] = {}
    for place, ends in _ends(ctx):
        before = found.get(place)
        found[place] = ends if before is None else _both(before, ends)
    if not found:
        return
    troubled = {member.namespace for group in ctx.groups() for member in group.members}
    for (namespace, name), ends in sorted(found.items()):
        if ends.unready and not ends.others and namespace not in troubled:
            yield _finding(ctx, namespace, name, ends)


def _both(one: Ends, other: Ends) -> Ends:
    return Ends([*one.unready, *other.unready], one.others or other.others, max(one.changed, other.changed))


def _ends(ctx: Context) -> Iterator[tuple[Place, Ends]]:
    for item in ctx.snap.all(SLICE):
        name = item.labels.get(SLICE_OF, "")
        if name and not ctx.snap.holds("Pod", item.namespace):
            yield (item.namespace, name), _of_slice(ctx, item)
    for item in ctx.snap.all(ENDPOINTS):
        if not ctx.snap.holds("Pod", item.namespace):
            yield (item.namespace, item.name), _of_endpoints(ctx, item)


def _of_endpoints(ctx: Context, item: Object) -> Ends:
    unready: list[Evidence] = [
        ctx.cite(item, f"{path}.ip")
        for subset, _ in entries(item, "subsets")
        for path, one in entries(item, f"{subset}.notReadyAddresses")
        if isinstance(one.get("ip"), str)
    ]
    ready = any(one.get("addresses") for _, one in entries(item, "subsets"))
    return Ends(unready, ready, item.annotations.get(CHANGED, ""))


def _of_slice(ctx: Context, item: Object) -> Ends:
    """Endpoints of one slice; no statement means ready (discovery.k8s.io/v1), one that ends is nobody's fault."""
    ends = [path for path, _ in entries(item, "endpoints")]
    unready = [
        path
        for path in ends
        if value_at(item.whole, f"{path}.conditions.ready") is False
        and value_at(item.whole, f"{path}.conditions.terminating") is not True
    ]
    proof: list[Evidence] = [ctx.cite(item, f"{path}.conditions.ready") for path in unready]
    return Ends(proof, len(unready) < len(ends), item.annotations.get(CHANGED, ""))


def _finding(ctx: Context, namespace: str, name: str, ends: Ends) -> Finding:
    service = ctx.snap.get("Service", namespace, name)
    ref = service.ref if service is not None else Ref(ctx.cluster, "v1", "Service", namespace, name, seen=False)
    settled = ctx.older(ends.changed, SETTLED_S)
    count = len(ends.unready)
    return Finding(
        subject=ref,
        summary=f"none of its {count} endpoints is ready" if count > 1 else "its only endpoint is not ready",
        evidence=as_proof(ends.unready[:SHOWN]),
        severity=None if settled else Severity.INFO,
        confidence=Confidence.POSSIBLE,
        since=ends.changed or None,
        remedies=(
            Remedy(text="see what the pods behind it say", command=f"kubectl get pods -n {namespace} -o wide"),
            Remedy(text=f"see that the pods of namespace {namespace} are read as well, and look again"),
        ),
    )
