"""SCL311: somebody paused a ScaledObject."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import conditions, text_at
from diag.findings import Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key

KINDS = ("keda.sh/ScaledObject", "keda.sh/ScaledJob")
# kedacore/keda apis/keda/v1alpha1/scaledobject_types.go
PAUSED, REPLICAS = "autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"
SYMPTOMS = ("replicas-unavailable", "service-without-endpoints", "scale-up-missing", "rollout-deadline-exceeded")


@rule("SCL311", name="keda-paused", question=Question.SCALED, severity=Severity.INFO, inputs=KINDS)
def keda_paused(ctx: Context) -> Iterator[Finding]:
    """An annotation pins the target and pauses scaling.

    ## What it means
    KEDA keeps the target at the number of replicas that the annotation names, or at what it has, and removes its
    autoscaler. Ready stays True.

    ## Why it happens
    Somebody paused it for maintenance or to save GPUs; it is easily forgotten.

    ## Evidence
    The annotation, and the Paused condition.

    ## What to do
    Remove the annotation.

    ## Known limits
    Who paused it, and why, is not told by the object.
    """
    for kind in KINDS:
        for item in ctx.snap.all(kind):
            name = next((one for one in (REPLICAS, PAUSED) if item.annotations.get(one, "false") != "false"), None)
            if name is not None:
                yield _finding(ctx, item, name)


def _finding(ctx: Context, item: Object, name: str) -> Finding:
    value = item.annotations[name]
    proof: list[Evidence] = [ctx.cite(item, f"metadata.annotations{key(name)}")]
    for index, found in conditions(item):
        if found["type"] == "Paused" and found.get("status") == "True" and isinstance(found.get("reason"), str):
            proof.append(ctx.cite(item, f"status.conditions[{index}].reason"))
    target = text_at(item, "spec.scaleTargetRef.name")
    kind = text_at(item, "spec.scaleTargetRef.kind") or "Deployment"
    pinned = f" at {value} replicas" if name == REPLICAS else ""
    summary = f"is paused by the annotation {name}, which keeps {kind} {target or 'its target'}{pinned}"
    emptied = name == REPLICAS and value == "0"
    held = [
        group
        for group in (ctx.groups(*SYMPTOMS) if emptied else ())
        if (group.workload.kind, group.workload.name, group.workload.namespace) == (kind, target, item.namespace)
    ]
    return Finding(
        subject=item.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(Because(group, summary, tuple(proof)) for group in held),
        remedies=(
            Remedy(
                text=f"remove the annotation {name}",
                command=f"kubectl -n {item.namespace} annotate {item.ref.kind} {item.name} {name}-",
            ),
        ),
    )
