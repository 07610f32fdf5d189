"""QUO135: Kueue admitted a workload, and is not let to take the gate off its pods."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Finding, LogEvidence, Question, Ref, Remedy
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.kueue import conditions
from diag.vocab.gates import KNOWN
from diag.vocab.kueue import GROUP, WORKLOAD

DEPLOYMENT = "apps/Deployment"
CONTROLLER = KNOWN[f"{GROUP}/"]
# What the API server answers to an update that admission or RBAC refuses (kubernetes/apiserver pkg/admission,
# pkg/endpoints/handlers/responsewriters), and OpenShift's admission of security contexts.
REFUSED = re.compile(
    r"denied the request|is forbidden: |failed calling webhook"
    r"|unable to validate against any security context constraint"
)
LASTING_S = 2 * 60
MAX_LINES = 5_000


@rule(
    "QUO135",
    name="kueue-ungate-patch-rejected",
    question=Question.ADMITTED,
    basis=Basis.SAID,
    inputs=("Pod", WORKLOAD, DEPLOYMENT),
    refines=("scheduling-gate-not-removed",),
    visits={WORKLOAD: 1},
)
def kueue_gate_kept(ctx: Context) -> Iterator[Finding]:
    """Kueue admitted the workload, and may not take the gate off its pods.

    ## What it means
    Admission of the workload is done; letting its pods go is an update of each pod. The API server refuses that update,
    so the pods stay gated while their quota is in use.

    ## Why it happens
    A webhook or policy validates pods on update as well and does not accept these, or Kueue lacks rights in the
    namespace.

    ## Evidence
    `Admitted=True` of the Workload, the gate of the pod, and the line of Kueue's log in which the update is refused.

    ## What to do
    Let the policy accept updates of Kueue's account, or mend what it finds wrong with the pods.

    ## Known limits
    Needs the log of Kueue's controller, and a line that names the pod.
    """
    gated = [group for group in ctx.groups("pod-gated") if f"{GROUP}/" in group.reason]
    admitted: dict[Ref, Object] = {}
    for item in ctx.snap.all(WORKLOAD):
        since = conditions(item).get("Admitted", (0, {}))[1]
        if since.get("status") == "True" and ctx.older(str(since.get("lastTransitionTime")), LASTING_S):
            admitted[ctx.workload(item).ref] = item
    for group in (one for one in gated if one.workload in admitted):
        line = _refusal(ctx, group)
        if line is not None:
            yield _finding(ctx, group, admitted[group.workload], line)


def _refusal(ctx: Context, group: Group) -> LogEvidence | None:
    """The newest line of Kueue's log that says of a member that an update was refused."""
    names = [member.name for member in group.members]
    for pod in _controllers(ctx):
        for container in pod.spec.containers or ():
            lines = ctx.snap.log(pod, container.name or "")
            for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
                text = lines[number - 1]
                if REFUSED.search(text) and any(name in text for name in names):
                    return ctx.cite_log(pod, container.name or "", number)
    return None


def _controllers(ctx: Context) -> list[Pod]:
    return [pod for item in ctx.snap.all(DEPLOYMENT) if item.name == CONTROLLER for pod in ctx.snap.pods_of(item)]


def _finding(ctx: Context, group: Group, workload: Object, line: LogEvidence) -> Finding:
    place = conditions(workload)["Admitted"][0]
    proof = (line, ctx.cite(workload, f"status.conditions[{place}].status"), *group.evidence)
    why = f"Workload {workload.name} is admitted, and Kueue may not take the gate off: {line.value[:300]}"
    return Finding(
        subject=workload.ref,
        summary=f"is admitted, and Kueue may not take the gate off its pods: {line.value[:300]}",
        evidence=proof,
        accounts_for=(Because(group, why, proof[:2]),),
        since=str(value_at(workload.whole, f"status.conditions[{place}].lastTransitionTime")),
        remedies=(
            Remedy(
                text="let the policy or webhook that is named accept Kueue's update of the pods, or mend the pods",
                command="kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
                who="platform",
            ),
        ),
    )
