"""SRV341 and SRV342: an LLMInferenceService without its configuration, or without a way in."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.own_trouble import suffers, unwell_since
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import Told, is_held, is_unread, told
from diag.facts.entries import entries, text
from diag.facts.words import listed, nearest
from diag.findings import Basis, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object

# kserve/kserve pkg/apis/serving/v1alpha2/llm_inference_service_lifecycle.go (conditions alike in v1alpha1)
SERVICE, CONFIG = "serving.kserve.io/LLMInferenceService", "serving.kserve.io/LLMInferenceServiceConfig"
BROKEN = ("ConfigNotFound", "CombineBaseError", "InvalidRenderedConfig")
# What RouterReady sums up, on the way of a request.
WAY = ("GatewaysReady", "HTTPRoutesReady", "InferencePoolReady", "SchedulerWorkloadReady", "TokenizerReady")
SYSTEM = "kserve"  # where shared configurations lie
GATEWAY_NAME = re.compile(r"(?P<namespace>[a-z0-9][a-z0-9-]{0,62})/(?P<name>[a-z0-9][a-z0-9.-]{0,252})")

ROUTER_PAGE = """The gateway, route or scheduler of the LLM service is not ready.

## What it means
Requests to the LLM service pass a gateway, a route, an InferencePool and a scheduler (endpoint picker). One of them is
not ready, so that the service has no way in, though its model may be loaded.

## Why it happens
The Gateway is missing or not programmed, no gateway controller supports InferencePools, references do not resolve, or
the scheduler's pods do not start.

## Evidence
`RouterReady` of the service and the condition below it that is False, with its message.

## What to do
Follow the part that the condition names: the Gateway, the HTTPRoute, the InferencePool or the scheduler's Deployment.

## Known limits
What is wrong with a Gateway or with pods is told of these where they were collected.
"""


@rule(
    "SRV341",
    name="llmisvc-config-missing",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=(SERVICE, CONFIG),
    others=(Named(id="SRV342", name="llmisvc-router-not-ready", page=ROUTER_PAGE, basis=Basis.SAID),),
)
def llm_inference_service(ctx: Context) -> Iterator[Finding]:
    """The service refers to a configuration that is missing or cannot be combined.

    ## What it means
    An LLMInferenceService is put together from configurations (`baseRefs` and KServe's own presets). They cannot be
    combined, so nothing is made of it, or what was made before goes on unchanged.

    ## Why it happens
    The name is mistyped, the configuration lies in another namespace, KServe's presets are not installed, or two of
    them contradict each other.

    ## Evidence
    The condition `PresetsCombined` with its message, and the names in `spec.baseRefs` that do not exist.

    ## What to do
    Correct the name, or create the LLMInferenceServiceConfig in the service's namespace or in that of KServe.

    ## Known limits
    Up to KServe 0.20 `Ready` may stay True with such a fault; it is told all the same.
    """
    for item in ctx.snap.all(SERVICE):
        if is_held(item) or is_unread(item):
            continue
        presets = told(item, "PresetsCombined")
        router = told(item, "RouterReady")
        if presets is not None and presets.status == "False" and presets.reason in BROKEN:
            yield _config(ctx, item, presets)
        elif router is not None and router.status == "False":
            yield from _router(ctx, item, router)


def _config(ctx: Context, item: Object, said: Told) -> Finding:
    proof: list[Evidence] = [ctx.cite(item, said.path)]
    gone, near = [], ""
    there = [one.name for one in ctx.snap.all(CONFIG) if one.namespace in (item.namespace, SYSTEM)]
    for path, one in entries(item, "spec.baseRefs"):
        name = text(one.get("name"))
        if name and name not in there and ctx.snap.lacks(CONFIG, item.namespace, name) is not None:
            gone.append(name)
            proof += [
                ctx.cite(item, f"{path}.name"),
                ctx.absent(item.api_version or "", "LLMInferenceServiceConfig", item.namespace, name),
            ]
            alike = nearest(name, there)
            near = near or (f"; there is {alike}" if alike else "")
    which = f"refers to configuration {listed(gone)}, which does not exist{near}" if gone else "is not put together"
    summary = f"{which} (PresetsCombined=False {said.reason}: {said.message or 'no message'})"
    pieces = as_proof(proof)
    return Finding(
        subject=item.ref,
        summary=summary,
        evidence=pieces,
        accounts_for=tuple(suffers(ctx, item, summary, pieces)),
        since=item.created,
        remedies=(
            Remedy(text="see which configurations there are", command="kubectl get llminferenceserviceconfigs -A"),
            Remedy(text="correct spec.baseRefs, or create the configuration in the service's namespace"),
        ),
    )


def _router(ctx: Context, item: Object, router: Told) -> Iterator[Finding]:
    below = [(name, said) for name in WAY if (said := told(item, name)) is not None and said.status == "False"]
    name, first = below[0] if below else ("RouterReady", router)
    proof = as_proof([ctx.cite(item, said.path) for _, said in (*below, ("", router))])
    more = f"; so are {listed([other for other, _ in below[1:]])}" if below[1:] else ""
    summary = f"has no way in: {name}=False {first.reason}: {first.message or 'no message'}{more}"
    accounts = tuple(suffers(ctx, item, summary, proof))
    if accounts:
        yield Finding(
            name="llmisvc-router-not-ready",
            subject=item.ref,
            summary=summary,
            evidence=proof,
            accounts_for=accounts,
            since=unwell_since(ctx, item),
            needs=tuple(_needs(ctx, name, first)),
            remedies=(
                Remedy(
                    text="look at what its requests pass",
                    command=f"kubectl get gateway,httproute,inferencepool,deployment -n {item.namespace}",
                ),
                Remedy(text=f"repair what {name} names", who="platform"),
            ),
        )


def _needs(ctx: Context, name: str, said: Told) -> Iterator[Ref]:
    """The Gateways that the message names, so that their own trouble is the cause."""
    if name == "GatewaysReady":
        for found in GATEWAY_NAME.finditer(said.message[:2000]):
            yield Ref(ctx.cluster, "gateway.networking.k8s.io/v1", "Gateway", found["namespace"], found["name"])
