"""SCL361: an autoscaler follows a metric that tells nothing about the load of a model server."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.facts.entries import entries
from diag.findings import Confidence, Finding, Question, Remedy, Severity
from diag.projection import Object
from diag.trouble.relations.template import template_pod
from diag.trouble.shapes import shape_of
from diag.vocab.engines import SERVERS

SCALED_OBJECT, HPA = "keda.sh/ScaledObject", "autoscaling/HorizontalPodAutoscaler"
TARGETS = ("apps/Deployment", "apps/StatefulSet")
# NVIDIA/dcgm-exporter etc/default-counters.csv; a server takes the memory at its start and never gives it back.
MEMORY = re.compile(r"(?i)DCGM_FI_DEV_FB_(?:USED|FREE)\w*|gpu_memory_(?:used|usage|util)\w*|nvidia_gpu_memory\w*")
BUSY = re.compile(r"DCGM_FI_DEV_GPU_UTIL|DCGM_FI_DEV_MEM_COPY_UTIL|nvidia_gpu_duty_cycle")
KEDA_OWNED = "scaledobject.keda.sh/name"  # label of the HPA that KEDA makes


@rule(
    "SCL361",
    name="scale-metric-unfit",
    question=Question.SCALED,
    severity=Severity.INFO,
    inputs=(SCALED_OBJECT, HPA, *TARGETS),
)
def scale_metric_unfit(ctx: Context) -> Iterator[Finding]:
    """The metric of the autoscaler does not follow the load of a model server.

    ## What it means
    A model server takes nearly all memory of its GPU when it starts, whatever it serves, and one request is enough to
    show its GPU as fully busy. A scaler on such a metric stands at its maximum, or never moves.

    ## Why it happens
    The usual metrics of GPUs are at hand; those of the server's queue must be scraped first.

    ## Evidence
    The query or the name of the metric, and the container of the target that is a model server.

    ## What to do
    Scale on requests that wait or on the use of the KV cache (`vllm:num_requests_waiting`, `vllm:kv_cache_usage_perc`).

    ## Known limits
    Only metrics of GPU memory and of GPU utilisation are known; what the values are is not looked at.
    """
    for kind in (SCALED_OBJECT, HPA):
        for item in ctx.snap.all(kind):
            server = _server(ctx, item) if KEDA_OWNED not in item.labels else ""
            for path, text in _queries(item) if server else ():
                found = MEMORY.search(text) or BUSY.search(text)
                if found:
                    yield _finding(ctx, item, path, found[0], server, sure=bool(MEMORY.search(text)))
                    break


def _server(ctx: Context, item: Object) -> str:
    """The container of what is scaled that is a model server on GPUs; empty where there is none."""
    kind = f"apps/{text_at(item, 'spec.scaleTargetRef.kind') or 'Deployment'}"
    target = ctx.snap.get(kind, item.namespace, text_at(item, "spec.scaleTargetRef.name")) if kind in TARGETS else None
    pod = template_pod(target) if target is not None else None
    if pod is None or not shape_of(pod).gpu_total:
        return ""
    return next((str(one.name) for one in pod.spec.containers or () if SERVERS.search(f"{one.name} {one.image}")), "")


def _queries(item: Object) -> Iterator[tuple[str, str]]:
    """Queries and names of metrics, with their paths."""
    paths = [f"{path}.metadata.query" for path, _ in entries(item, "spec.triggers")]
    paths += [
        f"{path}.{source}.metric.name"
        for path, _ in entries(item, "spec.metrics")
        for source in ("pods", "external", "object")
    ]
    for path in paths:
        text = text_at(item, path)
        if text:
            yield path, text


def _finding(ctx: Context, item: Object, path: str, metric: str, server: str, *, sure: bool) -> Finding:
    why = (
        "a model server takes that memory at its start, whatever it serves"
        if sure
        else "one request is enough to show a GPU as fully busy"
    )
    return Finding(
        subject=item.ref,
        summary=f"scales the model server {server} on {metric}, which does not follow its load: {why}",
        evidence=(ctx.cite(item, path), ctx.cite(item, "spec.scaleTargetRef.name")),
        confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
        remedies=(
            Remedy(text="scale on the server's own queue, for vLLM vllm:num_requests_waiting or its KV cache usage"),
        ),
    )
