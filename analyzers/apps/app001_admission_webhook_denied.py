"""APP001: an admission webhook refuses the pods by its policy."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import Refusal, refusals
from diag.trouble.relations.webhooks import MUTATING, VALIDATING, named

# kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go
DENIED = re.compile(
    # Kyverno begins its reason with empty lines and writes it as a list of several.
    r'admission webhook "(?P<name>[^"]{1,253})" denied the request'
    r"(?::\s{1,9}(?P<why>\S[\s\S]{0,600})| without explanation)"
)


@rule(
    "APP001",
    name="admission-webhook-denied",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=(MUTATING, VALIDATING, "Event", "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/Job"),
    visits={VALIDATING: 1, MUTATING: 1},
)
def admission_webhook_denied(ctx: Context) -> Iterator[Finding]:
    """An admission webhook refuses the pods by its policy.

    ## What it means
    The API server asked a webhook about each new pod, and the webhook said no. The pods are never created.

    ## Why it happens
    The pod template breaks a rule that somebody set for the namespace: an image from another registry, a missing
    label, a privileged container. Or the rule is newer than the workload.

    ## Evidence
    The refusal in the controller's `ReplicaFailure` condition or `FailedCreate` event, with the webhook's own reason,
    and the webhook configuration that has a webhook of that name.

    ## What to do
    Change the template so that it satisfies the policy named in the message, or have the workload exempted.

    ## Known limits
    The policy object behind the webhook (a constraint, a ClusterPolicy) is only as well known as the message tells.
    """
    for group in ctx.groups("pod-not-created"):
        for one in refusals(group):
            said = DENIED.search(one.text)
            if said is not None:
                yield _finding(ctx, group, one, name=said["name"], why=_folded(said["why"]))
                break


def _folded(why: str | None) -> str:
    return " ".join(why.split()) if why else "without explanation"


def _finding(ctx: Context, group: Group, refusal: Refusal, *, name: str, why: str) -> Finding:
    found = named([*ctx.snap.all(VALIDATING), *ctx.snap.all(MUTATING)], name)
    proof: list[Evidence] = [ctx.cite(one.config, f"{one.path}.name") for one in found]
    summary = f"its webhook {name} refuses the pods of {group.workload.kind} {group.workload.name}: {why}"
    if not found:
        summary = f"the webhook {name} refuses its pods: {why}"
    return Finding(
        subject=found[0].config.ref if found else group.workload,
        summary=summary,
        evidence=as_proof(list(dict.fromkeys((refusal.evidence, *proof, *group.evidence)))),
        accounts_for=(Because(group, f"webhook {name} denied the request: {why}", (refusal.evidence,)),),
        confidence=Confidence.LIKELY if len(found) != 1 else None,
        members=tuple(one.config.ref for one in found[1:]),
        since=group.since,
        remedies=(
            Remedy(text=f"change the pod template so that it satisfies the policy: {why}"),
            Remedy(text="exempt the namespace or the workload from the webhook", who="platform"),
        ),
    )
