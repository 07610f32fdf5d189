"""UPG116: a driver upgrade is called failed because its validation pod did not become ready in time."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.nodes import gpus
from diag.facts.pods import condition, condition_path, is_ready
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.detect.upgrades import LABEL
from diag.trouble.relations.operands import operand_of
from diag.vocab.drains import DRIVER_UPGRADES, UPGRADE_FAILED
from diag.vocab.operands import Stage

VALIDATOR = "nvidia-operator-validator"  # NVIDIA/gpu-operator controllers/upgrade_controller.go, validatorAppLabelValue
TIMEOUT_S = 600  # NVIDIA/k8s-operator-libs pkg/upgrade/validation_manager.go
VALIDATING = "validation-required"


@rule(
    "UPG116",
    name="upgrade-validation-timeout",
    question=Question.STARTED,
    basis=Basis.REMAINDER,
    inputs=("Node", "Pod", "Event"),
    refines=("nodes-cordoned",),
    visits={"Node": 1},
)
def upgrade_validation_timeout(ctx: Context) -> Iterator[Finding]:
    """A driver upgrade failed as its validation pod was not ready in time.

    ## What it means
    After a new driver has started, the upgrade controller waits ten minutes for the validator's pod on that node. It
    was not ready by then, so the node is marked upgrade-failed and stays cordoned.

    ## Why it happens
    The validator tries driver, toolkit, CUDA and device plugin in turn, and one of them does not work with the new
    driver; or the validator's own pod cannot start.

    ## Evidence
    The node's upgrade label, the validator's pod there, that the driver's pod is Ready, and the operator's events.

    ## What to do
    Read the log of the validator's pod: the init container that fails names the part that does not work.

    ## Known limits
    Likely at most. Where something else says why the validator fails, that is the cause of its failing, and this
    tells what the node's cordon comes from. Validators of other operators than NVIDIA's GPU operator are not known.
    """
    for node in ctx.snap.nodes():
        if node.labels.get(LABEL) == UPGRADE_FAILED:
            pods = ctx.snap.pods_on(node.name)
            driver = next((pod for pod in pods if _is_driver(pod) and is_ready(pod)), None)
            validator = next((pod for pod in pods if _is_late(ctx, pod)), None)
            if driver is not None and validator is not None:
                yield _finding(ctx, node, driver, validator)


def _is_driver(pod: Pod) -> bool:
    operand = operand_of(pod)
    return operand is not None and operand.stage is Stage.DRIVER


def _is_late(ctx: Context, pod: Pod) -> bool:
    """Whether it is the validator's pod, and has not been ready for as long as the controller waits."""
    unready = condition(pod, "Ready")
    mine = pod.labels.get("app") == VALIDATOR or pod.name.startswith(f"{VALIDATOR}-")
    return (
        mine
        and unready is not None
        and unready.status == "False"
        and ctx.older(unready.last_transition_time, TIMEOUT_S)
    )


def _finding(ctx: Context, node: Node, driver: Pod, validator: Pod) -> Finding:
    state = ctx.cite(node, f"metadata.labels{key(LABEL)}")
    unready = ctx.cite(validator, condition_path(validator, "Ready", "status"))
    steps = [event for event in ctx.snap.events(node) if event.reason in DRIVER_UPGRADES]
    told = [ctx.cite_event(event) for event in steps if event.text.endswith(f" {VALIDATING}")][:1]
    driven = ctx.cite(driver, condition_path(driver, "Ready", "status"))
    proof: list[Evidence] = [state, unready, ctx.cite(validator, "spec.nodeName"), driven, *told]
    why = f"{validator.name} is not ready on {node.name}, so that its driver upgrade failed and the node stays closed"
    held = [group for group in ctx.groups("drain-stuck") if group.first.name == node.name]
    mine = [group for group in ctx.groups() if any(member is validator for member in group.members)]
    return Finding(
        subject=validator.ref,
        summary=f"was not ready within {TIMEOUT_S // 60} minutes after the new driver had started on {node.name}, so "
        f"the upgrade of the node failed ({LABEL} is {UPGRADE_FAILED})",
        evidence=as_proof(proof),
        accounts_for=(
            *(Because(group, why, (unready, state)) for group in held),
            *(Because(group, why, (unready, state), members=1) for group in mine),
            *(
                Because(one.group, f"{one.pods} of its pods would fit there; {why}", (state, unready), members=one.pods)
                for one in ctx.pools.charged_to([node.name])
            ),
        ),
        confidence=Confidence.LIKELY,
        since=min((group.since for group in mine if group.since), default=None),
        members=(node.ref,),
        gpus_lost=0 if held or not node.spec.unschedulable else gpus(node),
        remedies=(
            Remedy(
                text="see which of its containers fails, and read its log",
                command=f"kubectl logs -n {validator.namespace} {validator.name} --all-containers --prefix",
                who="platform",
            ),
            Remedy(
                text="after the repair, have the upgrade tried anew",
                command=f"kubectl label node {node.name} --overwrite {LABEL}=upgrade-required",
                who="platform",
                risk="disruptive",
            ),
        ),
    )
