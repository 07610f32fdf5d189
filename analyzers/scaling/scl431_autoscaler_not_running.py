"""SCL431: the node autoscaler of the cluster has no ready pod while pods wait for nodes."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.rule import rule
from diag.facts.cluster_autoscaler import is_autoscaler
from diag.facts.words import count_of
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.snapshot.kinds import Controller

DEPLOYMENT = "apps/Deployment"
STOPPED_S = 5 * 60
SHORT = ("replicas-unavailable", "rollout-deadline-exceeded")


@rule(
    "SCL431",
    name="autoscaler-not-running",
    question=Question.SCALED,
    severity=Severity.WARNING,
    inputs=(DEPLOYMENT, "Pod", "Node", "Event"),
)
def autoscaler_not_running(ctx: Context) -> Iterator[Finding]:
    """The autoscaler itself does not run.

    ## What it means
    Pods wait for room, and what would add nodes has no ready pod. Whether it could add one that fits is not known
    before it runs: this is told beside the reason for which the pods find no node.

    ## Why it happens
    Its pods crash, lack credentials of the cloud, find no node themselves, or were scaled to zero.

    ## Evidence
    The Deployment of the cluster-autoscaler or of Karpenter, known by its image, without a ready pod.

    ## What to do
    Bring it back; what holds its pods is told as their own cause.

    ## Known limits
    An autoscaler that the cloud runs is not seen. Silent where one of several runs, and while no pod waits for a node.
    """
    found = [item for item in ctx.snap.all(DEPLOYMENT) if isinstance(item, Controller) and is_autoscaler(item)]
    down = [item for item in found if not (item.status.ready_replicas or item.status.available_replicas)]
    waiting = [group for group in scale_ups.waiting(ctx) if group.state == "refused"] if down else []
    if not waiting or len(down) < len(found) or not _is_settled(ctx, down[0]):
        return
    item = down[0]
    zero = item.spec.replicas == 0
    proof: list[Evidence] = [
        ctx.cite(item, "spec.replicas") if zero else ctx.cite_or_lack(item, "status.readyReplicas"),
        *waiting[0].evidence[:1],
    ]
    state = "is scaled to 0 replicas" if zero else "has no ready pod"
    pods = sum(group.size for group in waiting)
    summary = f"{state}, so no node is added for {count_of(pods, 'pod')} that wait for one"
    short = [one for one in ctx.groups(*SHORT) if one.workload == item.ref]
    yield Finding(
        subject=item.ref,
        summary=summary,
        evidence=as_proof(proof),
        confidence=Confidence.LIKELY,
        accounts_for=tuple(Because(group, summary, tuple(proof)) for group in short),
        needs=() if short else (item.ref,),
        remedies=(
            Remedy(
                text="bring the autoscaler back, then see what it says of the pods",
                command=f"kubectl -n {item.namespace} get deployment {item.name} -o wide",
                who="platform",
            ),
        ),
    )


def _is_settled(ctx: Context, item: Controller) -> bool:
    """Whether it has been without a ready pod for minutes: one that is being replaced comes back."""
    told = next((one for one in item.status.conditions or () if one.type == "Available"), None)
    return ctx.older(told.last_transition_time if told is not None else item.created, STOPPED_S)
