"""DEV107: the device plugin waits for an MPS daemon that no node gets."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, first_text
from diag.findings import Basis, Because, Confidence, Finding, Proof, Question, Remedy
from diag.snapshot.kinds import Controller
from diag.trouble.groups import Group
from diag.trouble.relations.operands import operand_of
from diag.vocab.operands import Stage

WAITS = re.compile(r"error (?:waiting for|checking) MPS daemon")
CAPABLE = "nvidia.com/mps.capable"
SELECTOR = f'spec.template.spec.nodeSelector["{CAPABLE}"]'


@rule(
    "DEV107",
    name="mps-daemon-not-deployed",
    question=Question.STARTED,
    inputs=("Node", "Pod", "apps/DaemonSet"),
    basis=Basis.SAID,
    refines=("device-plugin-crashing",),
    visits={"apps/DaemonSet": 1},
)
def mps_daemon_not_deployed(ctx: Context) -> Iterator[Finding]:
    """MPS sharing is configured, and no control daemon runs for the plugin to talk to.

    ## What it means
    With MPS the device plugin registers nothing before the MPS control daemon of the node answers.

    ## Why it happens
    The daemon's DaemonSet wants the node label nvidia.com/mps.capable=true, which feature discovery writes only where
    it runs with the same configuration as the plugin.

    ## Evidence
    The plugin's log, and the DaemonSet of the daemon that no node satisfies.

    ## What to do
    Let feature discovery run with the sharing configuration (or set the label), so that the daemon is deployed.

    ## Known limits
    Where the daemon runs and does not answer, its own log says why. Silent where DaemonSets were not collected.
    """
    if not ctx.snap.holds("apps/DaemonSet"):
        return
    daemons = [item for item in ctx.snap.all("apps/DaemonSet") if isinstance(item, Controller) and _shares(item)]
    idle = next((item for item in daemons if item.status.desired_number_scheduled == 0), None)
    if daemons and idle is None:
        return
    for group in ctx.groups("node-without-gpus", "container-crashing", "container-not-ready"):
        hit = first_text(ctx, group, WAITS, On.LOG)
        if hit is not None:
            yield _finding(ctx, group, hit[0], hit[1][0], idle)


def _finding(ctx: Context, group: Group, text: Text, said: str, idle: Controller | None) -> Finding:
    """The daemon that no node is to get or, where there is none at all, the plugin that waits for it."""
    if idle is not None:
        subject, what = idle.ref, f"the MPS control daemon {idle.name}"
        words = f"is wanted on no node, and the device plugin waits for it: {said}"
        summary = f"{words}; it needs the node label {CAPABLE}=true"
        proof: Proof = (
            text.cite(), ctx.cite(idle, "status.desiredNumberScheduled"), ctx.cite_or_lack(idle, SELECTOR)
        )  # fmt: skip
    else:
        subject, what = ctx.workload(text.member).ref, "the device plugin"
        words = summary = f"shares GPUs by MPS, and no MPS control daemon is deployed for it: {said}"
        proof = (text.cite(),)
    return Finding(
        subject=subject,
        summary=summary,
        evidence=proof,
        accounts_for=(Because(group, f"{what} {words}", proof),),
        confidence=Confidence.LIKELY if idle else Confidence.POSSIBLE,
        second_sign=idle is not None,
        since=group.since,
        remedies=(
            Remedy(
                text=f"let GPU feature discovery run with the same sharing configuration, so that it sets {CAPABLE}; "
                "or switch MPS off in the plugin's configuration"
                if idle
                else "deploy the MPS control daemon (it comes with the plugin's chart and the GPU operator), or switch "
                "MPS off in the plugin's configuration",
                who="platform",
            ),
        ),
    )


def _shares(item: Controller) -> bool:
    """Whether a DaemonSet is that of the MPS control daemon."""
    operand = operand_of(item)
    return operand is not None and operand.stage is Stage.SHARING
