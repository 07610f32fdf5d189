"""Why nobody is evicted for a pod that waits for room."""

from diag.catalog.context import Context
from diag.facts.words import count_of
from diag.findings import Evidence
from diag.snapshot.kinds import Pod
from diag.trouble.room.shortage import Shortage
from diag.trouble.room.victims import victims

NEVER = "Never"  # kubernetes/kubernetes pkg/apis/core PreemptNever


def why_not(ctx: Context, one: Shortage) -> tuple[str, list[Evidence]]:
    """Half a sentence and its proof; empty where nothing is known, or where nobody would expect an eviction."""
    pod = one.group.first
    if not isinstance(pod, Pod):
        return "", []
    found = next((there for node in one.nodes if (there := victims(ctx.place, one.shape, node))), ())
    if found and pod.spec.preemption_policy == NEVER:
        node = found[0].spec.node_name
        what = count_of(len(found), "pod")
        proof: list[Evidence] = [ctx.cite(pod, "spec.preemptionPolicy"), ctx.cite(found[0], "spec.nodeName")]
        return f"it may not preempt (preemptionPolicy {NEVER}): {what} of lower priority on {node} would make room", [
            *proof,
            *_priorities(ctx, pod, found[0]),
        ]
    said = ctx.agreement(one.group).message
    told = said.preemption if said is not None else None
    if told is not None and told.no_victims and not found and pod.spec.priority:
        return f"preemption does not help: no pod of lower priority than {pod.spec.priority} holds enough of them", [
            *_priorities(ctx, pod)
        ]
    return "", []


def _priorities(ctx: Context, *pods: Pod) -> list[Evidence]:
    return [piece for pod in pods if (piece := ctx.cite_if(pod, "spec.priority")) is not None]
