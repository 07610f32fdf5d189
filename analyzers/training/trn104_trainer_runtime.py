"""TRN104: a TrainJob names a training runtime that does not exist."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import conditions, text_at
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object

TRAIN_JOB = "trainer.kubeflow.org/TrainJob"
API = "trainer.kubeflow.org"
NAMESPACED = {"ClusterTrainingRuntime": False, "TrainingRuntime": True}
FAILED = "TrainJobResourcesCreationFailed"  # kubeflow/trainer pkg/controller/trainjob_controller.go


@rule(
    "TRN104",
    name="trainer-runtime-missing",
    question=Question.CREATED,
    inputs=(TRAIN_JOB, f"{API}/ClusterTrainingRuntime", f"{API}/TrainingRuntime", "Event"),
)
def trainer_runtime(ctx: Context) -> Iterator[Finding]:
    """The TrainJob names a training runtime that does not exist.

    ## What it means
    A TrainJob takes its pods' template from a runtime. Without it nothing is made: no JobSet, no pod, and the status
    stays empty.

    ## Why it happens
    The name is misspelt, the runtimes were not installed, or a namespaced runtime is named as one of the cluster.

    ## Evidence
    `spec.runtimeRef`, the runtime's absence, and the controller's event.

    ## What to do
    `runtimeRef` cannot be changed: create the TrainJob again with the right name, or create the runtime.

    ## Known limits
    A TrainJob that has begun is not looked at: it no longer needs its runtime.
    """
    for item in ctx.snap.all(TRAIN_JOB):
        kind = text_at(item, "spec.runtimeRef.kind") or "ClusterTrainingRuntime"
        name = text_at(item, "spec.runtimeRef.name")
        group = text_at(item, "spec.runtimeRef.apiGroup") or API
        if (
            group != API
            or kind not in NAMESPACED
            or not name
            or any(conditions(item))
            or item.metadata.deletion_timestamp
        ):
            continue
        namespace = item.namespace if NAMESPACED[kind] else ""
        missing = ctx.snap.lacks(f"{API}/{kind}", namespace, name)
        said = [event for event in ctx.warnings(item, FAILED) if name in event.text and "not found" in event.text]
        if missing is None and said and ctx.snap.get(f"{API}/{kind}", namespace, name) is None:
            found = _finding(ctx, item, kind, name, [ctx.cite_event(said[0])])
            yield replace(found, confidence=Confidence.LIKELY)
        elif missing is not None:
            proof: list[Evidence] = [ctx.absent(item.api_version or f"{API}/v1alpha1", kind, namespace, name)]
            proof += [ctx.cite_event(event) for event in said[:1]]
            found = _finding(ctx, item, kind, name, proof)
            yield replace(found, confidence=None if said else missing)


def _finding(ctx: Context, item: Object, kind: str, name: str, proof: list[Evidence]) -> Finding:
    others = [one.name for one in ctx.snap.all(f"{API}/{kind}") if one.namespace in ("", item.namespace)]
    near = get_close_matches(name, others, n=1)
    hint = f"; there is one called {near[0]}" if near else f"; there are {', '.join(others[:4])}" if others else ""
    summary = f"its runtime is not found: there is no {kind} {name}{hint}"
    evidence = (*proof, ctx.cite(item, "spec.runtimeRef.name"))
    groups = [group for group in ctx.groups() if group.workload == item.ref]
    return Finding(
        subject=item.ref,
        summary=summary,
        evidence=(evidence[0], *evidence[1:]),
        accounts_for=tuple(Because(group, summary, tuple(proof)) for group in groups),
        since=item.created,
        remedies=(
            Remedy(
                text=f"create the TrainJob again with a runtime that exists{' (' + near[0] + '?)' if near else ''}",
                command="kubectl get clustertrainingruntimes,trainingruntimes -A",
            ),
        ),
    )
