"""SCH191: Katalyst's agent does not run on a node, so the node takes no reclaimed pods."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import conditions, text_at
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

CNR = "node.katalyst.kubewharf.io/CustomNodeResource"  # named after its node
LEVEL, RECLAIMED = "katalyst.kubewharf.io/qos_level", "reclaimed_cores"
# What the agent reports to its node, so that none is there without it (kubewharf/katalyst-api pkg/consts).
REPORTED = "resource.katalyst.kubewharf.io/reclaimed_"
AGENT = "katalyst-agent"
BROKEN = ("container-crashing", "container-not-started", "container-not-ready", "init-container-failing", "pod-failed")


@rule(
    "SCH191",
    name="katalyst-agent-down",
    question=Question.PLACED,
    basis=Basis.REMAINDER,
    inputs=("Pod", CNR),
    refines=("reclaimed-capacity-exhausted",),
)
def katalyst_agent_down(ctx: Context) -> Iterator[Finding]:
    """Katalyst's agent does not run on the node, so it takes no reclaimed pods.

    ## What it means
    Katalyst taints the CustomNodeResource of a node whose agent is gone, for reclaimed pods only. The Node itself has
    no taint, so that `kubectl describe node` shows nothing.

    ## Why it happens
    The agent crashes or cannot start there.

    ## Evidence
    `AgentReady=False` and the taint of the CustomNodeResource, and the agent's pod on that node.

    ## What to do
    Repair the agent: see its log.

    ## Known limits
    Likely at most. Where the agent itself says why it ends, that is the cause.
    """
    for item in ctx.snap.all(CNR):
        down = next((index for index, one in conditions(item) if _is_down(one)), None)
        if down is None:
            continue
        agents = [pod for pod in ctx.snap.pods_on(item.name) if AGENT in pod.name]
        broken = [group for group in ctx.groups(*BROKEN) if any(pod in group.members for pod in agents)]
        if broken:
            pod = next(one for one in agents if one in broken[0].members)
            yield _finding(ctx, item, down, pod, broken)


def _is_down(found: dict[str, object]) -> bool:
    return (found["type"], found.get("status")) in (("AgentReady", "False"), ("AgentNotFound", "True"))


def _finding(ctx: Context, item: Object, down: int, pod: Pod, broken: list[Group]) -> Finding:
    proof: list[Evidence] = [ctx.cite(item, f"status.conditions[{down}].{part}") for part in ("status", "type")]
    taints = value_at(item.whole, "spec.taints")
    tainted = [
        index
        for index in range(len(taints) if isinstance(taints, list) else 0)
        if text_at(item, f"spec.taints[{index}].qosLevel") == RECLAIMED
    ]
    proof += [ctx.cite(item, f"spec.taints[{index}].qosLevel") for index in tainted]
    proof.append(ctx.cite(pod, "spec.nodeName"))
    summary = f"{pod.name} does not work on {item.name}, whose CustomNodeResource is closed to {RECLAIMED} meanwhile"
    held = [
        group for group in ctx.groups("custom-resource-not-ready") if item.ref in [one.ref for one in group.members]
    ]
    waiting = [group for group in ctx.groups("pod-unscheduled") if _waits(group)] if tainted else []
    claims = [Because(group, summary, tuple(proof)) for group in (*broken, *held)]
    for group in waiting:
        level = ctx.cite_if(group.first, f"metadata.annotations{key(LEVEL)}")
        said = (*((level,) if level is not None else (group.evidence[0],)), *proof)
        claims.append(Because(group, f"{group.first.name} is {RECLAIMED}: {summary}", said))
    return Finding(
        subject=ctx.workload(pod).ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(claims),
        since=broken[0].since,
        remedies=(
            Remedy(text=f"see why {pod.name} ends", who="platform",
                   command=f"kubectl -n {pod.namespace} logs {pod.name} --previous"),
        ),
    )  # fmt: skip


def _waits(group: Group) -> bool:
    """Whether reclaimed pods are turned away by a taint that may not be on any Node, or lack what an agent reports."""
    if f"Insufficient {REPORTED}" in group.message:
        return True
    return group.first.annotations.get(LEVEL) == RECLAIMED and "untolerated taint" in group.message
