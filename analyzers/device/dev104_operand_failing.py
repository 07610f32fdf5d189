"""DEV104 and DEV105: an operand of the GPU stack fails, and nothing says more exactly why."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Finding, Question, Remedy
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import operand_of
from diag.vocab.operands import Stage

SYMPTOMS = ("container-crashing", "init-container-failing")

DRIVER = """The container that installs the GPU driver fails for an unknown reason.

## What it means
Without the driver nothing else of the GPU stack comes up on the node, and it offers no GPU.

## Why it happens
The log of the container says it; it was not read, or says what no other rule recognises.

## Evidence
The end of the driver's container: exit code, reason and restarts.

## What to do
Read the log of the driver's container.

## Known limits
This is what remains after all rules that read the log.
"""


@rule(
    "DEV104",
    name="device-plugin-crashing",
    question=Question.STARTED,
    inputs=("Pod",),
    basis=Basis.REMAINDER,
    others=(Named(id="DEV105", name="gpu-driver-install-failed", page=DRIVER, basis=Basis.REMAINDER),),
)
def operand_failing(ctx: Context) -> Iterator[Finding]:
    """The device plugin crashes, so its node offers no GPU.

    ## What it means
    The kubelet takes all devices of a plugin that is gone for unhealthy at once, and forgets them after five minutes.

    ## Why it happens
    The log of the plugin says it; it was not read, or says what no other rule recognises.

    ## Evidence
    The end of the plugin's container: exit code, reason and restarts.

    ## What to do
    Read the log of the plugin's container.

    ## Known limits
    This is what remains after all rules that read the log.
    """
    for group in ctx.groups(*SYMPTOMS):
        pod = group.first
        operand = operand_of(pod) if isinstance(pod, Pod) else None
        if operand is None or operand.stage not in (Stage.DRIVER, Stage.PLUGIN) or not isinstance(pod, Pod):
            continue
        first, *more = group.evidence
        where = f" on {pod.spec.node_name}" if len(group.members) == 1 else f" on {len(group.members)} nodes"
        words = f"its {operand.title} crashes{where}: {group.message}"
        yield Finding(
            name="gpu-driver-install-failed" if operand.stage is Stage.DRIVER else "device-plugin-crashing",
            subject=group.workload,
            summary=words,
            evidence=(first, *more),
            accounts_for=(Because(group, words, group.evidence),),
            since=group.since,
            remedies=(
                Remedy(
                    text="read the log of the container that crashes",
                    command=f"kubectl logs -n {pod.namespace} {pod.name} -c {group.container} --previous",
                    who="platform",
                ),
            ),
        )
