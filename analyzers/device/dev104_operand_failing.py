"""DEV104 and DEV105: an operand of the GPU stack fails, and nothing says more exactly why."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Finding, LogEvidence, Question, Remedy
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import operand_of
from diag.vocab.operands import Stage

SYMPTOMS = ("container-crashing", "init-container-failing")
# Words by which programs of the stack begin or end a complaint (shell scripts, Go's loggers, klog, the kernel).
COMPLAINS = re.compile(r"(?i)\b(?:error|fatal|failed|failure|cannot|could not|unable to|panic)\b")
LONGEST = 400

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
    The end of the plugin's container: exit code, reason and restarts; the last line of its log that complains.

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
        last = _last_complaint(ctx, pod, group.container or "")
        words = f"its {operand.title} crashes{where}: {group.message}"
        if last is not None:
            words, more = f"{words}; it says: {str(last.value).strip()[:200]}", [*more, last]
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


def _last_complaint(ctx: Context, pod: Pod, container: str) -> LogEvidence | None:
    """The last line of the run that ended, or else of this one, that complains."""
    for previous in (True, False):
        lines = ctx.snap.log(pod, container, previous=previous)
        for number in range(len(lines), 0, -1):
            if COMPLAINS.search(lines[number - 1][:LONGEST]):
                return ctx.cite_log(pod, container, number, previous=previous)
    return None
