"""SCL351: KEDA scales on a share of CPU or memory that the target's containers never ask for."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.facts.entries import entries
from diag.facts.gpus import container_requests
from diag.findings import Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object
from diag.snapshot.kinds import Pod
from diag.trouble.relations.template import template_pod

SCALED_OBJECT, LIMIT_RANGE = "keda.sh/ScaledObject", "LimitRange"
TARGETS = ("apps/Deployment", "apps/StatefulSet")
# kedacore/keda pkg/scalers/cpu_memory_scaler.go; the type of the metric stood in the metadata before.
RESOURCES, SHARE = ("cpu", "memory"), "Utilization"


@rule(
    "SCL351",
    name="keda-target-without-requests",
    question=Question.SCALED,
    severity=Severity.WARNING,
    inputs=(SCALED_OBJECT, *TARGETS, LIMIT_RANGE, "Pod"),
    refines=("hpa-target-without-requests",),
)
def keda_target_without_requests(ctx: Context) -> Iterator[Finding]:
    """A cpu or memory trigger is set on a target without requests.

    ## What it means
    Such a trigger scales on usage as a share of what the container requests. A container that requests nothing has no
    share, so the autoscaler that KEDA makes computes nothing and does not scale.

    ## Why it happens
    The target is a model server whose manifest only states GPUs, or a sidecar without requests stands beside it.

    ## Evidence
    The trigger, and the containers of the target that state neither request nor limit of that resource.

    ## What to do
    State requests, scale on `AverageValue`, or name the container (`containerName`) that has them. For a model server
    use its queue instead.

    ## Known limits
    Silent where a LimitRange of the namespace may fill in requests and no pod of the target is there to show it.
    """
    for item in ctx.snap.all(SCALED_OBJECT):
        target = _target(ctx, item)
        for path, trigger in entries(item, "spec.triggers") if target else ():
            resource = str(trigger.get("type"))
            if target is not None and resource in RESOURCES and _is_share(trigger):
                yield from _judge(ctx, item, target, resource, _container(trigger), f"{path}.type")


def _target(ctx: Context, item: Object) -> Object | None:
    kind = text_at(item, "spec.scaleTargetRef.kind") or "Deployment"
    found = f"apps/{kind}"
    return ctx.snap.get(found, item.namespace, text_at(item, "spec.scaleTargetRef.name")) if found in TARGETS else None


def _is_share(trigger: JsonDict) -> bool:
    metadata = trigger.get("metadata")
    said = trigger.get("metricType") or (metadata.get("type") if isinstance(metadata, dict) else None)
    return said == SHARE


def _container(trigger: JsonDict) -> str:
    metadata = trigger.get("metadata")
    name = metadata.get("containerName") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def _judge(
    ctx: Context, item: Object, target: Object, resource: str, only: str, path: str
) -> Iterator[Finding]:  # fmt: skip
    pods = ctx.snap.pods_of(target)
    template = template_pod(target)
    shown = pods[0] if pods else template
    if shown is None or (not pods and any(one.namespace == item.namespace for one in ctx.snap.all(LIMIT_RANGE))):
        return
    bare = _bare(shown, resource, only)
    if not bare:
        return
    where = shown if pods else target
    prefix = "spec.containers" if pods else "spec.template.spec.containers"
    proof: list[Evidence] = [ctx.cite(item, path)]
    proof += [ctx.lack(where, f"{prefix}[{index}].resources.requests.{resource}") for index, _ in bare[:3]]
    names = ", ".join(name for _, name in bare[:3])
    summary = f"scales on {resource} as a share of requests, and container {names} of {target.name} states none"
    groups = [
        group
        for group in ctx.groups("scale-up-missing")
        if item.ref in (group.workload, *ctx.lineage(group.first), group.first.ref)
    ]
    yield Finding(
        subject=item.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(Because(group, summary, tuple(proof)) for group in groups),
        remedies=(
            Remedy(text=f"state a request for {resource} in every container of {target.kind} {target.name}"),
            Remedy(text="or scale on the requests that wait in the model server, with a prometheus trigger"),
        ),
    )


def _bare(pod: Pod, resource: str, only: str) -> list[tuple[int, str]]:
    """Containers that ask for nothing of the resource, with their places; only the named one where one is named."""
    return [
        (index, one.name or "")
        for index, one in enumerate(pod.spec.containers or ())
        if only in ("", one.name) and not container_requests(one).get(resource)
    ]
