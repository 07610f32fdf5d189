"""UPG115: labels left by an interrupted driver upgrade keep the operands off the node."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pods import condition, condition_path
from diag.findings import Because, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.detect.nodes import is_upgrading
from diag.trouble.groups import Group
from diag.trouble.relations.operands import operand_of
from diag.vocab.drains import PAUSED_FOR_UPGRADE
from diag.vocab.operands import DEPLOY, Stage

SETTLED_S = 10 * 60  # k8s-driver-manager puts the labels back within seconds of its end


@rule(
    "UPG115",
    name="operand-labels-stuck-paused",
    question=Question.OFFERS,
    inputs=("Node", "Pod"),
    refines=("device-plugin-not-deployed",),
)
def operand_labels_stuck_paused(ctx: Context) -> Iterator[Finding]:
    """Labels left by an interrupted driver upgrade keep the operands off the node.

    ## What it means
    While a driver is exchanged, its manager pauses the other operands of the node by their deploy labels. Here the
    new driver has been ready for a while and the labels still say paused, so toolkit and device plugin are not put on
    the node and it offers no GPU. Their DaemonSets look healthy, since the node is not counted.

    ## Why it happens
    The manager died between pause and resume, mostly with a reboot of the node.

    ## Evidence
    The labels `nvidia.com/gpu.deploy.*` of the node, and since when the driver pod on it is Ready.

    ## What to do
    Set the labels back to true, or delete the driver pod so that its manager runs again.

    ## Known limits
    While an upgrade is under way on the node, paused labels are right and nothing is said.
    """
    for group in ctx.groups("node-without-gpus"):
        node = group.first
        if not isinstance(node, Node) or is_upgrading(node):
            continue
        paused = sorted(
            name for name, value in node.labels.items() if name.startswith(DEPLOY) and PAUSED_FOR_UPGRADE in value
        )
        driver = next((pod for pod in ctx.snap.pods_on(node.name) if _is_settled_driver(ctx, pod)), None)
        if paused and driver is not None:
            yield _finding(ctx, group, node, paused, driver)


def _is_settled_driver(ctx: Context, pod: Pod) -> bool:
    operand, ready = operand_of(pod), condition(pod, "Ready")
    is_ready = ready is not None and ready.status == "True" and ctx.older(ready.last_transition_time, SETTLED_S)
    return operand is not None and operand.stage is Stage.DRIVER and is_ready


def _finding(ctx: Context, group: Group, node: Node, paused: list[str], driver: Pod) -> Finding:
    labels: list[Evidence] = [ctx.cite(node, f"metadata.labels{key(name)}") for name in paused]
    evidence = (labels[0], *labels[1:], ctx.cite(driver, condition_path(driver, "Ready", "lastTransitionTime")))
    command = f"kubectl label node {node.name} --overwrite " + " ".join(f"{name}=true" for name in paused)
    return Finding(
        subject=node.ref,
        summary=f"{len(paused)} operands are still {PAUSED_FOR_UPGRADE} on {node.name} although its driver pod "
        f"{driver.name} is Ready: an interrupted upgrade left the labels",
        evidence=as_proof((*evidence, *group.evidence)),
        accounts_for=(
            Because(group, f"its deploy labels are {PAUSED_FOR_UPGRADE}, so no device plugin is put there", evidence),
        ),
        since=group.since,
        remedies=(
            Remedy(text="set the labels back", command=command, who="platform", risk="disruptive"),
            Remedy(
                text="or delete the driver pod, so that its manager runs again and sets them back",
                command=f"kubectl delete pod {driver.name} -n {driver.namespace}",
                who="platform",
                risk="disruptive",
            ),
        ),
    )
