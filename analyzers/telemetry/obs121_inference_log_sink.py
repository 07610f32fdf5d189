"""OBS121: the sink to which KServe's agent sends the requests of a model does not take them."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.backends import INPUTS, Backend, backend
from diag.catalog.rule import rule
from diag.facts.custom_resources import is_held, text_at
from diag.findings import Confidence, Evidence, Finding, LogEvidence, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Pod

SERVICE = "serving.kserve.io/InferenceService"
OF_SERVICE = "serving.kserve.io/inferenceservice"
AGENT = "agent"
# kserve/kserve pkg/logger/worker.go
LOST = re.compile(
    r"Failed to send cloud event|while sending event:|Failed to log cloud event|Logger store not configured"
)
HOST = re.compile(r"^https?://(?P<host>[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?::\d{1,5})?(?:/|$)")
PARTS = ("predictor", "transformer", "explainer")
MAX_PODS, MAX_LINES = 4, 400


@rule(
    "OBS121",
    name="inference-log-sink-down",
    question=Question.KEPT,
    severity=Severity.WARNING,
    inputs=(SERVICE, "Pod", *INPUTS),
)
def inference_log_sink(ctx: Context) -> Iterator[Finding]:
    """The sink of the payload logger is down, so it blocks or drops.

    ## What it means
    KServe's agent sends each request and answer of the model to the URL of its `logger`. Nobody takes them there.
    Monitoring of the model gets no data; as the agent's queue holds 100 entries and then blocks, requests of the model
    become slow as well, while its GPU is idle.

    ## Why it happens
    The Service behind the URL has no pod that is ready, was removed, or the URL is wrong.

    ## Evidence
    `logger.url` of the InferenceService, the agent's lines about events that it could not send, and what is behind the
    Service.

    ## What to do
    Bring the sink back, or take `logger` out of the service until then.

    ## Known limits
    A sink outside the cluster is told only by the agent's lines. Drift detectors behind a broker are not followed.
    """
    for item in ctx.snap.all(SERVICE):
        if is_held(item) or item.metadata.deletion_timestamp:
            continue
        for part in PARTS:
            path = f"spec.{part}.logger.url"
            host = HOST.search(text_at(item, path))
            found = _judge(ctx, item, path, host["host"]) if host is not None else None
            if found is not None:
                yield found
                break


def _judge(ctx: Context, item: Object, path: str, host: str) -> Finding | None:
    place = _place(host, item.namespace)
    back = backend(ctx, place) if place is not None else Backend()
    words = _lost(ctx, item)
    if not back.words and (words is None or back.ready):
        return None  # nothing is against it, or it has come back since
    line = [words] if words is not None else []
    proof: list[Evidence] = [*line, ctx.cite(item, path), *back.proof]
    says = f", and its agent says: {words.value.strip()[:200]}" if words is not None else ""
    state = back.words or f"{host} does not take them"
    service = ctx.snap.get("Service", *place) if place is not None else None
    root = item.ref
    if place is not None:
        root = service.ref if service is not None else Ref(ctx.cluster, "v1", "Service", *place, seen=False)
    return Finding(
        subject=root,
        summary=f"InferenceService {item.namespace}/{item.name} logs its requests to {host}: {state}{says}",
        evidence=as_proof(proof),
        confidence=None if words is not None and back.words else Confidence.LIKELY,
        since=item.created,
        needs=back.needs,
        remedies=(
            Remedy(text=f"bring back what answers at {host}, or correct the URL"),
            Remedy(text=f"or take logger out of InferenceService {item.name} until then", risk="disruptive"),
        ),
    )


def _place(host: str, namespace: str) -> tuple[str, str] | None:
    """Namespace and name of the Service that a host name means; None for one outside the cluster."""
    parts = host.split(".")
    if parts[0].isdigit() or (len(parts) > 2 and parts[2] != "svc"):  # noqa: PLR2004  name, namespace, svc
        return None
    return (parts[1] if parts[1:] else namespace, parts[0])


def _lost(ctx: Context, item: Object) -> LogEvidence | None:
    """The last line of an agent of the service that tells of events which it could not send."""
    pods = [pod for pod in ctx.snap.pods_in(item.namespace) if pod.labels.get(OF_SERVICE) == item.name]
    for pod in pods[:MAX_PODS]:
        found = _line(ctx, pod)
        if found is not None:
            return found
    return None


def _line(ctx: Context, pod: Pod) -> LogEvidence | None:
    lines = ctx.snap.log(pod, AGENT)
    for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
        if LOST.search(lines[number - 1][:2000]):
            return ctx.cite_log(pod, AGENT, number)
    return None
