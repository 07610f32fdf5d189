"""OBS111 and OBS112: an aggregated API that nobody serves, and the one of metrics-server."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.backends import INPUTS, backend
from diag.catalog.joins.own_trouble import suffers, unwell_since
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import Told, text_at, told
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.trouble.groups import Group

# kubernetes/kube-aggregator pkg/apis/apiregistration/v1/types.go, pkg/controllers/status/remote
API_SERVICE = "apiregistration.k8s.io/APIService"
HPA = "autoscaling/HorizontalPodAutoscaler"
# How the autoscaler calls what it asks (kubernetes/kubernetes pkg/controller/podautoscaler/metrics/client.go), by the
# API group that answers.
ASKED = {
    "metrics.k8s.io": "resource metrics API",
    "custom.metrics.k8s.io": "custom metrics API",
    "external.metrics.k8s.io": "external metrics API",
}
USAGE = "metrics.k8s.io"

USAGE_PAGE = """The resource metrics API (metrics-server) is unavailable.

## What it means
`kubectl top` fails, and no HorizontalPodAutoscaler that scales on CPU or memory scales any more. Pods run on.

## Why it happens
metrics-server has no ready pod: it was not installed in this cluster, it cannot read the kubelets (their certificates),
or its pod does not start.

## Evidence
The condition `Available` of the APIService of `metrics.k8s.io`, and what is behind its Service.

## What to do
Look at the pods of metrics-server; where kubelets have self-signed certificates it needs `--kubelet-insecure-tls` or
certificates that it can verify.

## Known limits
A firewall between API server and nodes shows only as a timeout.
"""


@rule(
    "OBS111",
    name="apiservice-unavailable",
    question=Question.READY,
    severity=Severity.WARNING,
    basis=Basis.SAID,
    inputs=(API_SERVICE, HPA, *INPUTS),
    refines=("hpa-metrics-api-missing",),
    others=(
        Named(
            id="OBS112",
            name="metrics-server-down",
            page=USAGE_PAGE,
            severity=Severity.WARNING,
            basis=Basis.SAID,
            refines=("hpa-metrics-api-missing",),
        ),
    ),
)
def apiservice(ctx: Context) -> Iterator[Finding]:
    """An aggregated API has no backend that answers.

    ## What it means
    Requests to the API group fail. That slows down discovery for every client, stops garbage collection, and keeps
    namespaces that are deleted from ending; autoscalers that read metrics from it stand still.

    ## Why it happens
    The Service behind it has no ready pod, was removed with an operator that left its APIService behind, or cannot be
    reached from the API server.

    ## Evidence
    The condition `Available` of the APIService with its reason (`MissingEndpoints`, `ServiceNotFound`,
    `FailedDiscoveryCheck`), and the workload behind its Service.

    ## What to do
    Bring the workload behind the Service back; delete the APIService of an operator that is gone for good.

    ## Known limits
    A network policy or firewall between the API server and the pods shows only as a timeout.
    """
    for item in ctx.snap.all(API_SERVICE):
        said = told(item, "Available")
        place = (text_at(item, "spec.service.namespace"), text_at(item, "spec.service.name"))
        if said is not None and said.status == "False" and all(place):
            yield from _judge(ctx, item, said, place)


def _judge(ctx: Context, item: Object, said: Told, place: tuple[str, str]) -> Iterator[Finding]:
    back = backend(ctx, place)
    group = text_at(item, "spec.group")
    service = f"Service {'/'.join(place)}"
    state = f"; {back.words}" if back.words else ""
    summary = f"nobody serves {group or item.name} from {service} ({said.reason}: {said.message or said.status}){state}"
    sign = ctx.cite(item, said.path)
    proof = as_proof([sign, ctx.cite(item, "spec.service.name"), *back.proof])
    scalers = [one for one in ctx.groups("scale-up-missing") if _asks(one, group)]
    why = f"it reads metrics from {group}, which nobody serves ({said.reason})"
    asked: list[Evidence] = [piece for one in scalers for piece in one.evidence[:1]]
    accounts = (
        *suffers(ctx, item, summary, proof),
        *(Because(one, why, (sign, *one.evidence[:1])) for one in scalers),
    )
    if not accounts:
        return  # for less than some minutes: a restart of its server
    yield Finding(
        name="metrics-server-down" if group == USAGE else "",
        subject=item.ref,
        summary=summary,
        evidence=as_proof([*proof, *asked]),
        accounts_for=accounts,
        second_sign=bool(back.words),
        since=unwell_since(ctx, item),
        needs=back.needs,
        remedies=(
            Remedy(
                text=f"look at what is behind {service}",
                command=f"kubectl get service,endpointslices,pods -n {place[0]}",
            ),
            Remedy(text=f"bring the workload behind {service} back", who="platform"),
            Remedy(
                text=f"delete APIService {item.name}",
                when="what served it is gone for good",
                command=f"kubectl delete apiservice {item.name}",
                who="platform",
                risk="irreversible",
            ),
        ),
    )


def _asks(group: Group, api: str) -> bool:
    """Whether an autoscaler says that it got no metrics from an API."""
    asked = ASKED.get(api)
    return asked is not None and group.first.kind_id == HPA and f"metrics from {asked}" in group.message
