"""UPG113, UPG114: a driver upgrade that goes no further on purpose: it waits for jobs, or nobody starts it."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.words import count_of, listed
from diag.findings import Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.operands import operand_of
from diag.vocab.drains import UPGRADE_STATES
from diag.vocab.operands import Stage

WAITING = "wait-for-jobs-required"  # vendor NVIDIA/k8s-operator-libs pkg/upgrade/consts.go
DAEMON_SET = "apps/DaemonSet"
SHOWN = 3

OUTDATED = """Driver pods stay at the old revision because automatic upgrade is off.

## What it means
The driver's DaemonSet has a new template, and its update strategy is OnDelete: a pod is made anew only after somebody
or the upgrade controller deletes the old one. No node is marked for an upgrade, so nobody will.

## Why it happens
`upgradePolicy.autoUpgrade` is off, so that drivers are exchanged by hand at a time of one's choice.

## Evidence
`spec.updateStrategy.type` and `status.updatedNumberScheduled` of the DaemonSet.

## What to do
Drain a node and delete its driver pod, node by node, or switch the automatic upgrade on.

## Known limits
That the two revisions differ in more than words is not known.
"""


@rule(
    "UPG113",
    name="upgrade-waiting-for-jobs",
    question=Question.DRAINS,
    inputs=("Node", "Pod", DAEMON_SET),
    severity=Severity.INFO,
    visits={"Node": 1},
    others=(Named(id="UPG114", name="driver-pod-outdated-ondelete", page=OUTDATED, severity=Severity.INFO),),
)
def upgrade_on_hold(ctx: Context) -> Iterator[Finding]:
    """A driver upgrade waits for running jobs, as its policy says.

    ## What it means
    The node is cordoned for its upgrade, and the upgrade controller waits until the jobs that its policy selects have
    ended. Nothing else is placed there meanwhile.

    ## Why it happens
    `upgradePolicy.waitForCompletion` names the pods to wait for; with the time-out 0 it waits for ever.

    ## Evidence
    The node's upgrade label and the pods of Jobs that run there.

    ## What to do
    Wait, or end the jobs. A time-out in `waitForCompletion` bounds the wait.

    ## Known limits
    Which pods the policy selects is not looked at: those of Jobs with a GPU are named.
    """
    states = [(node, label) for node in ctx.snap.nodes() for label in UPGRADE_STATES if label in node.labels]
    for node, label in states:
        if node.labels[label] == WAITING:
            yield _waiting(ctx, node, label)
    # A mark that was not collected is not one that is absent.
    unmarked = not states and ctx.snap.holds("Node")
    for item in ctx.snap.all(DAEMON_SET) if unmarked else ():
        operand = operand_of(item)
        if operand is not None and operand.stage is Stage.DRIVER and _is_behind(item):
            yield _outdated(ctx, item)


def _waiting(ctx: Context, node: Node, label: str) -> Finding:
    jobs = [pod for pod in ctx.snap.pods_on(node.name) if pod.status.phase == "Running" and _is_of_job(pod)]
    state = ctx.cite(node, f"metadata.labels{key(label)}")
    names = listed([f"{pod.namespace}/{pod.name}" for pod in jobs], SHOWN)
    running = f": {count_of(len(jobs), 'pod')} of Jobs still run there ({names})" if jobs else ""
    summary = f"its driver upgrade waits for jobs to end ({label} is {WAITING}){running}"
    proof: list[Evidence] = [state, *(ctx.cite(pod, "spec.nodeName") for pod in jobs[:SHOWN])]
    return Finding(
        subject=node.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(
            Because(
                one.group,
                f"{one.pods} of its pods would fit on {node.name}, whose upgrade waits for jobs",
                (state,),
                members=one.pods,
            )
            for one in ctx.pools.charged_to([node.name])
        ),
        remedies=(
            Remedy(
                text="see what runs on the node",
                command=f"kubectl get pods -A -o wide --field-selector spec.nodeName={node.name}",
                who="platform",
            ),
            Remedy(text="bound the wait: waitForCompletion.timeoutSeconds of the upgrade policy", who="platform"),
        ),
    )


def _is_of_job(pod: Pod) -> bool:
    return any(owner.kind == "Job" for owner in pod.owners)


def _is_behind(item: Object) -> bool:
    """Whether a DaemonSet replaces its pods only when they are deleted, and has some of an older template."""
    updated, wanted = (value_at(item.whole, f"status.{one}NumberScheduled") for one in ("updated", "desired"))
    by_hand = value_at(item.whole, "spec.updateStrategy.type") == "OnDelete"
    return by_hand and isinstance(wanted, int) and (updated if isinstance(updated, int) else 0) < wanted


def _outdated(ctx: Context, item: Object) -> Finding:
    wanted = ctx.cite(item, "status.desiredNumberScheduled")
    updated = ctx.cite_or_lack(item, "status.updatedNumberScheduled")
    strategy = ctx.cite(item, "spec.updateStrategy.type")
    has = getattr(updated, "value", 0)
    return Finding(
        name="driver-pod-outdated-ondelete",
        subject=item.ref,
        summary=f"{has} of {wanted.value} driver pods are of its present template: it is OnDelete, and no node is "
        "marked for an upgrade",
        evidence=(updated, wanted, strategy),
        remedies=(
            Remedy(
                text="drain a node and delete its driver pod, node by node, or switch autoUpgrade on",
                command=f"kubectl -n {item.namespace} get daemonset {item.name}",
                who="platform",
            ),
        ),
    )
