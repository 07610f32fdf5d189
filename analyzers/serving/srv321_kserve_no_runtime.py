"""SRV321: no serving runtime takes the model of an InferenceService."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import is_held, is_unread, text_at
from diag.findings import Because, Evidence, Finding, Question, Remedy, as_proof

SERVICE = "serving.kserve.io/InferenceService"
RUNTIMES = ("serving.kserve.io/ClusterServingRuntime", "serving.kserve.io/ServingRuntime")
# kserve/kserve pkg/apis/serving/v1beta1/inference_service_status.go
REASON, SAID = "status.modelStatus.lastFailureInfo.reason", "status.modelStatus.lastFailureInfo.message"
REASONS = ("NoSupportingRuntime", "RuntimeNotRecognized", "RuntimeDisabled")
STATE = "status.modelStatus.transitionStatus"
FORMAT, VERSION = "spec.predictor.model.modelFormat.name", "spec.predictor.model.modelFormat.version"
RUNTIME, PROTOCOL = "spec.predictor.model.runtime", "spec.predictor.model.protocolVersion"


@rule(
    "SRV321",
    name="kserve-no-serving-runtime",
    question=Question.CREATED,
    inputs=(SERVICE, *RUNTIMES),
)
def kserve_no_runtime(ctx: Context) -> Iterator[Finding]:
    """No serving runtime supports the model's format, or the one named is missing.

    ## What it means
    KServe takes the container of a model from a runtime. Without one nothing is made: no Deployment and no pod.

    ## Why it happens
    The format or its version is not listed by any runtime with `autoSelect`, the runtime that is named is missing or
    disabled, or the runtimes were not installed.

    ## Evidence
    `status.modelStatus` of the InferenceService, the model's format, and the runtimes that exist.

    ## What to do
    Install or enable a runtime for the format, or correct the format, version or runtime of the model.

    ## Known limits
    Only predictors that name a model are told of by KServe in this way.
    """
    services = [item for item in ctx.snap.all(SERVICE) if text_at(item, REASON) in REASONS]
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
