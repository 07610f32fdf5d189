"""SRV324: a service of KServe whose predictor is ready and whose way in is not."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.own_trouble import suffers, unwell_since
from diag.catalog.rule import rule
from diag.facts.custom_resources import Told, told
from diag.findings import Basis, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object

# kserve/kserve pkg/apis/serving/v1beta1/inference_service_status.go
SERVICE = "serving.kserve.io/InferenceService"
PARTS = ("PredictorReady", "TransformerReady", "ExplainerReady")
MORE = ("RoutesReady", "PredictorRouteReady", "TransformerRouteReady", "ExplainerRoutesReady")


@rule(
    "SRV324",
    name="kserve-ingress-not-ready",
    question=Question.READY,
    basis=Basis.SAID,
    inputs=(SERVICE,),
)
def kserve_ingress(ctx: Context) -> Iterator[Finding]:
    """The predictor is ready but its ingress or route is not.

    ## What it means
    The model is loaded and could answer, and the address of the service leads nowhere: KServe has not got the Ingress,
    VirtualService or HTTPRoute that brings requests to it, or the gateway has not accepted that.

    ## Why it happens
    The ingress gateway or class that KServe's configuration names is not there, the domain is not set, the gateway's
    controller does not run, or another object holds the same host.

    ## Evidence
    `IngressReady` of the InferenceService with its reason, and `PredictorReady`, which is True.

    ## What to do
    Look at the route that KServe made, and at the gateway in `inferenceservice-config` (key `ingress`).

    ## Known limits
    Where the transformer or explainer is not ready, that is the reason and nothing is said here. What is wrong with
    the gateway itself is told of the gateway.
    """
    for item in ctx.snap.all(SERVICE):
        ingress = told(item, "IngressReady")
        parts = [said for name in PARTS if (said := told(item, name)) is not None]
        predictor = told(item, PARTS[0])
        if ingress is None or ingress.status != "False" or predictor is None:
            continue
        if all(said.status == "True" for said in parts):
            yield from _finding(ctx, item, ingress, predictor)


def _finding(ctx: Context, item: Object, ingress: Told, predictor: Told) -> Iterator[Finding]:
    said = ": ".join(filter(None, (ingress.reason, ingress.message)))
    summary = f"its predictor is ready and its ingress is not (IngressReady=False {said}), so no request reaches it"
    proof: list[Evidence] = [ctx.cite(item, ingress.path), ctx.cite(item, predictor.path)]
    for name in MORE:
        more = told(item, name)
        if more is not None and more.status == "False":
            proof.append(ctx.cite(item, more.path))
    pieces = as_proof(proof)
    accounts = tuple(suffers(ctx, item, summary, pieces))
    if accounts:  # else it is on its way, or what is below it complains itself
        yield Finding(
            subject=item.ref,
            summary=summary,
            evidence=pieces,
            accounts_for=accounts,
            since=unwell_since(ctx, item),
            remedies=(
                Remedy(
                    text="see what KServe made for it, and whether a gateway has taken it",
                    command=f"kubectl get ingress,httproute,virtualservice -n {item.namespace}",
                ),
                Remedy(
                    text="compare ingressGateway, ingressClassName, ingressDomain and enableGatewayApi of ConfigMap "
                    "kserve/inferenceservice-config with what the cluster has",
                    command="kubectl get configmap inferenceservice-config -n kserve -o yaml",
                    who="platform",
                ),
            ),
        )
