"""IMG122: a pull secret that the pod names does not exist, and the registry refuses the pull without it."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy
from diag.projection import Object, dicts
from diag.trouble.groups import Group

REASON = "FailedToRetrieveImagePullSecret"  # kubernetes/kubernetes pkg/kubelet/events/event.go
NAMES = re.compile(r"image pull secrets \((?P<names>[^)]{1,1000})\)")
REFUSED = re.compile(
    r"40[13]\b|(?i:unauthorized|forbidden|authentication required)|pull access denied|no basic auth credentials"
    r"|anonymous token|insufficient_scope|denied"
)


@rule(
    "IMG122",
    name="image-pull-secret-missing",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", "Event"),
    refines=("image-pull-unauthorized",),
)
def image_pull_secret_missing(ctx: Context) -> Iterator[Finding]:
    """The pod names a pull secret that does not exist in its namespace.

    ## What it means
    The kubelet could not find a Secret of `imagePullSecrets`, pulled without it, and the registry refused.

    ## Why it happens
    Secrets are of one namespace: the one for the registry was made in another, under another name, or not yet.

    ## Evidence
    The kubelet's event `FailedToRetrieveImagePullSecret`, the name in `spec.imagePullSecrets`, and the registry's
    refusal.

    ## What to do
    Create the Secret (type kubernetes.io/dockerconfigjson) in the pod's namespace, or correct the name in the pod
    template or the service account.

    ## Known limits
    Secrets are never read, so the finding rests on the kubelet's words, and is likely at most.
    """
    for group in ctx.groups("container-not-started"):
        refused = first_text(ctx, group, REFUSED, On.WAITING, On.EVENT)
        if not refused:
            continue
        for member in group.members[:1]:
            for event in ctx.warnings(member, REASON)[:1]:
                yield _finding(ctx, group, member, said=ctx.cite_event(event), refusal=refused[0].cite())


def _finding(ctx: Context, group: Group, member: Object, *, said: Evidence, refusal: Evidence) -> Finding:
    words = NAMES.search(str(getattr(said, "value", "")))
    missing = [name.strip() for name in words["names"].split(",")] if words else []
    spec = member.whole.get("spec")
    listed = dicts(spec.get("imagePullSecrets")) if isinstance(spec, dict) else []
    named = [
        ctx.cite(member, f"spec.imagePullSecrets[{index}].name")
        for index, one in enumerate(listed)
        if isinstance(one.get("name"), str) and (not missing or one["name"] in missing)
    ]
    what = ", ".join(missing or [str(piece.value) for piece in named]) or "that it names"
    summary = (
        f"the pull secret {what} is not in namespace {member.namespace}, and the registry refuses the pull without it"
    )
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(said, *[refusal, *named]),
        accounts_for=(Because(group, summary, (said, refusal)),),
        since=group.since,
        remedies=(
            Remedy(
                text=f"create the Secret {what} (kubernetes.io/dockerconfigjson) in namespace {member.namespace}, or "
                "correct its name in the pod template or the service account",
                command=f"kubectl get secrets -n {member.namespace}",
            ),
        ),
    )
