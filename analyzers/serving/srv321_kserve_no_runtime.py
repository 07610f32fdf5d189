"""SRV321: no serving runtime takes the model of an InferenceService."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import is_held, is_unread, text_at
from diag.findings import Because, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object

SERVICE = "serving.kserve.io/InferenceService"
RUNTIMES = ("serving.kserve.io/ClusterServingRuntime", "serving.kserve.io/ServingRuntime")
# kserve/kserve pkg/apis/serving/v1beta1/inference_service_status.go
REASON, SAID = "status.modelStatus.lastFailureInfo.reason", "status.modelStatus.lastFailureInfo.message"
# kserve/kserve pkg/controller/v1beta1/inferenceservice/components/predictor.go, utils
NO_RUNTIME = re.compile(
    r"(?:no runtime found to support predictor with model type"
    r"|specified runtime \S{1,253} (?:is disabled|does not support))[^\n]{0,200}"
)
REASONS = ("NoSupportingRuntime", "RuntimeNotRecognized", "RuntimeDisabled")
STATE = "status.modelStatus.transitionStatus"
FORMAT, VERSION = "spec.predictor.model.modelFormat.name", "spec.predictor.model.modelFormat.version"
RUNTIME, PROTOCOL = "spec.predictor.model.runtime", "spec.predictor.model.protocolVersion"


@rule(
    "SRV321",
    name="kserve-no-serving-runtime",
    question=Question.CREATED,
    inputs=(SERVICE, "Event", *RUNTIMES),
)
def kserve_no_runtime(ctx: Context) -> Iterator[Finding]:
    """No serving runtime supports the model's format, or the one named is missing.

    ## What it means
    KServe takes the container of a model from a runtime. Without one nothing is made: no Deployment and no pod.

    ## Why it happens
    The format or its version is not listed by any runtime with `autoSelect`, the runtime that is named is missing or
    disabled, or the runtimes were not installed.

    ## Evidence
    `status.modelStatus` of the InferenceService, or the controller's event where there is none; the model's format, and
    the runtimes that exist.

    ## What to do
    Install or enable a runtime for the format, or correct the format, version or runtime of the model.

    ## Known limits
    Only predictors that name a model are told of by KServe in this way.
    """
    everyone = list(ctx.snap.all(SERVICE))
    services = [item for item in everyone if text_at(item, REASON) in REASONS]
    for item in everyone:
        if not text_at(item, STATE) and not is_held(item):
            yield from _refused(ctx, item)
    runtimes = [one for kind in RUNTIMES for one in ctx.snap.all(kind)] if services else []
    for item in services:
        reason = text_at(item, REASON)
        if text_at(item, STATE) != "InvalidSpec" or is_held(item) or is_unread(item):
            continue
        paths = (REASON, SAID, FORMAT, VERSION, RUNTIME, PROTOCOL)
        proof: list[Evidence] = [ctx.cite(item, path) for path in paths if text_at(item, path)]
        wanted = " ".join(filter(None, (text_at(item, FORMAT), text_at(item, VERSION))))
        named = text_at(item, RUNTIME)
        what = f"runtime {named}" if named else f"format {wanted or '(none named)'}"
        have = [one.name for one in runtimes if one.namespace in ("", item.namespace)]
        there = f"; there are {', '.join(have[:5])}" if have else ""
        summary = f"gets no pod, as no serving runtime takes its model ({reason}: {what}){there}"
        groups = [group for group in ctx.groups() if group.workload == item.ref]
        yield Finding(
            subject=item.ref,
            summary=summary,
            evidence=as_proof(proof),
            accounts_for=tuple(Because(group, summary, tuple(proof[:2])) for group in groups),
            since=item.created,
            remedies=(
                Remedy(text=f"install or enable a runtime for {what}", who="platform",
                       command="kubectl get clusterservingruntimes"),
                Remedy(text="or correct modelFormat, version or runtime of the model"),
            ),
        )  # fmt: skip


def _refused(ctx: Context, item: Object) -> Iterator[Finding]:
    """What the controller says of a service that has no status of its model."""
    for event in ctx.warnings(item, "InternalError"):
        said = NO_RUNTIME.search(event.text)
        if said is None:
            continue
        proof = as_proof(
            [ctx.cite_event(event), *[ctx.cite(item, path) for path in (FORMAT, RUNTIME) if text_at(item, path)]]
        )
        summary = f"gets no pod, as no serving runtime takes its model: {said[0]}"
        groups = [group for group in ctx.groups() if group.workload == item.ref]
        yield Finding(
            subject=item.ref,
            summary=summary,
            evidence=proof,
            accounts_for=tuple(Because(group, summary, proof[:1]) for group in groups),
            since=event.first_seen,
            remedies=(
                Remedy(text="install or enable a runtime for the model", who="platform",
                       command="kubectl get clusterservingruntimes"),
                Remedy(text="or correct modelFormat, version or runtime of the model"),
            ),
        )  # fmt: skip
        return
