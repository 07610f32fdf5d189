"""DEV277: the pod of a DRA driver fails, for a reason that its log does not narrow down further."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Confidence, Finding, Question, Remedy
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import is_dra_driver


@rule(
    "DEV277",
    name="dra-driver-not-running",
    question=Question.STARTED,
    inputs=("Pod",),
    basis=Basis.REMAINDER,
)
def dra_driver_pod_fails(ctx: Context) -> Iterator[Finding]:
    """The pod of a DRA driver fails, and nothing says why more exactly.

    ## What it means
    The driver's pod on each node publishes the node's devices and prepares claims. Without it no claim is prepared
    there: pods with claims stay in ContainerCreating, and devices that are not published yet cannot be claimed.

    ## Why it happens
    Its log says so: a driver or a library that it does not find, a setting, a node that lacks what it needs.

    ## Evidence
    The status of the driver's pod, which is known by its image (`…dra-driver…`).

    ## What to do
    Read the log of the pod.

    ## Known limits
    What remains where no rule recognises the log.
    """
    for group in ctx.groups("container-crashing", "container-not-started", "init-container-failing"):
        pod = group.first
        if not isinstance(pod, Pod) or not is_dra_driver(pod) or not group.evidence:
            continue
        where = f" on {pod.spec.node_name}" if pod.spec.node_name and len(group.members) == 1 else ""
        words = f"its pods fail{where}, so claims on their devices are not prepared: {group.message or group.reason}"
        yield Finding(
            subject=group.workload,
            summary=words[:400],
            evidence=group.evidence,
            accounts_for=(Because(group, "it is the driver's own pod that fails", group.evidence),),
            confidence=Confidence.POSSIBLE,
            since=group.since,
            remedies=(
                Remedy(
                    text="read the log of the driver's pod",
                    command=f"kubectl logs {pod.name} -n {pod.namespace} --all-containers --previous",
                    who="platform",
                ),
            ),
        )
