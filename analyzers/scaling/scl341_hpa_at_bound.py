"""SCL341, SCL342: an autoscaler would have more replicas, or fewer, than its bounds allow."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts import custom_resources as facts
from diag.facts.pods import condition
from diag.findings import Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.trouble.shapes import shape_of

HPA = "autoscaling/HorizontalPodAutoscaler"
TARGETS = ("apps/Deployment", "apps/StatefulSet", "apps/ReplicaSet")
# kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go: reasons of the condition ScalingLimited.
MANY, FEW = "TooManyReplicas", "TooFewReplicas"
LASTING_S = 30 * 60
MAX_PODS = 1000

FEWER = """The HPA wants fewer replicas than minReplicas allows.

## What it means
The load would do with fewer pods, and `minReplicas` keeps them, each with its GPU. That may be meant: a start from
nothing takes minutes.

## Why it happens
minReplicas was set for another load, or as a reserve.

## Evidence
The condition ScalingLimited with the reason TooFewReplicas, and the GPUs of one pod.

## What to do
Lower minReplicas where nobody needs the reserve.

## Known limits
Only targets whose pods hold GPUs, with a minimum above 1, for half an hour.
"""


@rule(
    "SCL341",
    name="hpa-at-max-replicas",
    question=Question.SCALED,
    severity=Severity.INFO,
    inputs=(HPA, "Pod", *TARGETS),
    others=(Named(id="SCL342", name="hpa-desired-below-minimum", page=FEWER, severity=Severity.INFO),),
)
def hpa_at_bound(ctx: Context) -> Iterator[Finding]:
    """The demand is above maxReplicas.

    ## What it means
    The autoscaler works: its metric asks for more replicas than it may make. What is there is as busy as it gets.

    ## Why it happens
    The load grew, or the metric's target is set too low.

    ## Evidence
    The condition ScalingLimited with the reason TooManyReplicas, `spec.maxReplicas`, and replicas that wait.

    ## What to do
    Where replicas wait for nodes, add room first. Then raise maxReplicas.

    ## Known limits
    How many replicas the load would need is not told by the HPA.
    """
    for item in ctx.snap.all(HPA):
        for index, found in facts.conditions(item):
            if found["type"] == "ScalingLimited" and found.get("status") == "True":
                path = f"status.conditions[{index}]"
                if found.get("reason") == MANY:
                    yield _many(ctx, item, path)
                elif found.get("reason") == FEW:
                    yield from _few(ctx, item, path)


def _many(ctx: Context, item: Object, path: str) -> Finding:
    proof: list[Evidence] = [ctx.cite(item, f"{path}.reason")]
    numbers = [piece for where in ("spec.maxReplicas", "status.currentReplicas") if (piece := ctx.cite_if(item, where))]
    most = "".join(f" of {piece.value}" for piece in numbers if piece.path == "spec.maxReplicas")
    waiting = [group for group in ctx.groups("pod-unscheduled") if group.workload == _target(ctx, item)]
    held_up = sum(group.size for group in waiting)
    more = f", and {held_up} of its replicas wait for a node: more would wait as well" if held_up else ""
    return Finding(
        subject=item.ref,
        summary=f"would have more replicas than its maximum{most} ({MANY}){more}",
        evidence=as_proof([*proof, *numbers]),
        since=facts.text_at(item, f"{path}.lastTransitionTime") or None,
        remedies=(
            Remedy(text="see its metrics and bounds", command=f"kubectl -n {item.namespace} describe hpa {item.name}"),
            Remedy(text="add nodes first, and raise maxReplicas then", who="platform")
            if held_up
            else Remedy(text="raise maxReplicas, if the nodes have room for more"),
        ),
    )


def _target(ctx: Context, item: Object) -> object:
    """The object that it scales; None where that is not here."""
    kind, name = (facts.text_at(item, f"spec.scaleTargetRef.{part}") for part in ("kind", "name"))
    found = ctx.snap.get(f"apps/{kind}", item.namespace, name) if f"apps/{kind}" in TARGETS else None
    return found.ref if found is not None else None


def _few(ctx: Context, item: Object, path: str) -> Iterator[Finding]:
    since = facts.text_at(item, f"{path}.lastTransitionTime") or None
    least, target = ctx.cite_if(item, "spec.minReplicas"), _target(ctx, item)
    if least is None or not isinstance(least.value, int) or least.value <= 1 or not ctx.older(since, LASTING_S):
        return
    pods = [pod for pod in ctx.snap.pods_in(item.namespace)[:MAX_PODS] if ctx.workload(pod).ref == target]
    ready = [pod for pod in pods if (told := condition(pod, "Ready")) is not None and told.status == "True"]
    gpus = sum(shape_of(pod).gpu_total for pod in ready)
    if gpus:
        yield Finding(
            name="hpa-desired-below-minimum",
            subject=item.ref,
            summary=f"would have fewer replicas than its minimum of {least.value} ({FEW}); {len(ready)} pods hold "
            f"{gpus} GPUs",
            evidence=(ctx.cite(item, f"{path}.reason"), least),
            since=since,
            remedies=(
                Remedy(
                    text="see its metrics and bounds", command=f"kubectl -n {item.namespace} describe hpa {item.name}"
                ),
                Remedy(text="lower minReplicas where nobody needs the reserve"),
            ),
        )
