"""SCH134: a roll-out waits for the GPUs of its own old pods."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import room
from diag.catalog.rule import rule
from diag.facts.quantity import show
from diag.findings import Because, Confidence, Finding, Question, Remedy
from diag.trouble.relations.rollout import SURGE, SelfBlocked, self_blocked
from diag.trouble.room.shortage import Lack, Shortage
from diag.trouble.shapes import request_path


@rule(
    "SCH134",
    name="rolling-update-gpu-deadlock",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=(Lack.GPUS.value, Lack.ONE_NODE.value, Lack.BESIDE_GPUS.value),
)
def rolling_update_gpu_deadlock(ctx: Context) -> Iterator[Finding]:
    """A roll-out waits for GPUs that its own old pods hold.

    ## What it means
    The pods of the new revision find no free GPU, a node would take one of them if the old revision's pods there were
    gone, and the strategy ends no old pod before a new one is ready. It waits for ever.

    ## Why it happens
    `maxUnavailable` rounds down: 25 % of up to three replicas is none. Rolling updates need spare GPUs for the surge,
    and the fleet has none. Knative always keeps a revision until the next one is ready, a RayService its cluster; a
    DaemonSet with `maxSurge` keeps each node's old pod until the new one there is.

    ## Evidence
    The new pod's request and the scheduler's words; the old pods' requests; the Deployment's `spec.strategy`, or the
    DaemonSet's `spec.updateStrategy`.

    ## What to do
    Let the roll-out end an old pod first (`maxSurge: 0`, `maxUnavailable: 1`), at the price of capacity meanwhile.

    ## Known limits
    Deployments, Knative revisions, RayServices, and DaemonSets and LeaderWorkerSets that surge only. An autoscaler that
    could add a node is not seen.
    """
    for one in room.shortages(ctx):
        family = ctx.snap.pods_of(ctx.workload(one.group.first))
        blocked = self_blocked(ctx.place, one, family) if one.lack is not Lack.POD_SLOTS else None
        if blocked:
            yield _deadlock(ctx, one, blocked)


def _deadlock(ctx: Context, one: Shortage, blocked: SelfBlocked) -> Finding:
    resource, old = one.resource, blocked.old[0]
    path = request_path(old, resource)
    daemons = blocked.controller.kind == "DaemonSet"
    setting = SURGE if daemons else "spec.strategy.rollingUpdate.maxUnavailable"
    evidence = (
        room.asked(ctx, one.group, resource),
        ctx.cite(old, path) if path else ctx.cite(old, "spec.nodeName"),
        ctx.cite(old, "spec.nodeName"),
        *((ctx.cite_or_lack(blocked.controller, setting),) if daemons or blocked.keeps is not None else ()),
        one.group.evidence[0],
    )
    keeps = f"keeps {blocked.keeps} old pods" if blocked.keeps is not None else "keeps the old revision"
    summary = (
        f"the new revision waits for {show(one.wanted, resource)} × {resource} that its own old pods hold "
        f"({old.name} on {old.spec.node_name}); the update {keeps} until the new one is ready"
    )
    name, namespace, kind = (
        blocked.controller.name,
        blocked.controller.namespace,
        (blocked.controller.kind or "").lower(),
    )
    strategy = "updateStrategy" if daemons else "strategy"
    patch = f'{{"spec":{{"{strategy}":{{"rollingUpdate":{{"maxSurge":0,"maxUnavailable":1}}}}}}}}'
    return Finding(
        subject=blocked.controller.ref,
        summary=summary,
        evidence=evidence,
        accounts_for=(Because(one.group, summary, evidence, members=ctx.pools.remaining(one.group)),),
        confidence=None if ctx.agreement(one.group, resource).trusts_sums else Confidence.LIKELY,
        since=one.group.since,
        remedies=(
            Remedy(
                text="let the update end an old pod before it starts a new one",
                command=f"kubectl -n {namespace} patch {kind} {name} -p '{patch}'"
                if daemons or blocked.keeps
                else None,
                risk="disruptive",
            ),
            Remedy(text="add a node with free GPUs for the time of the update", who="platform"),
        ),
    )
