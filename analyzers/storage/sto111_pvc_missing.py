"""STO111: the pod names a PersistentVolumeClaim that does not exist."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.trouble.groups import Group

# kubernetes/kubernetes pkg/scheduler/framework/plugins/volumebinding; pkg/kubelet/volumemanager
SAID = re.compile(r"persistentvolumeclaim \"(?P<claim>[^\"]{1,253})\" not found", re.IGNORECASE)


@rule(
    "STO111",
    name="pvc-missing",
    question=Question.PLACED,
    basis=Basis.SAID,
    inputs=("Pod", "PersistentVolumeClaim", "Event"),
)
def pvc_missing(ctx: Context) -> Iterator[Finding]:
    """The pod names a PersistentVolumeClaim that does not exist.

    ## What it means
    The scheduler cannot place a pod whose claim is not there, and does not look at any node.

    ## Why it happens
    The claim was not made, is in another namespace, was deleted, or its name is misspelt.

    ## Evidence
    The scheduler's (or kubelet's) words, the name in `spec.volumes`, and that no such claim is in the namespace.

    ## What to do
    Make the claim, or correct its name in the pod template.

    ## Known limits
    Says nothing where the claim is there by now: the scheduler's words are then old.
    """
    for group in ctx.groups("pod-unscheduled", "container-not-started"):
        said = SAID.search(group.message)
        if said and ctx.snap.get("PersistentVolumeClaim", group.first.namespace, said["claim"]) is None:
            yield _finding(ctx, group, said["claim"])


def _finding(ctx: Context, group: Group, claim: str) -> Finding:
    space = group.first.namespace
    lacking = ctx.snap.lacks("PersistentVolumeClaim", space, claim)
    absence: list[Evidence] = [ctx.absent("v1", "PersistentVolumeClaim", space, claim)] if lacking else []
    named = [piece for member in group.members[:8] for piece in _named(ctx, member, claim)][:1]
    summary = f"its claim {claim} does not exist in namespace {space}"
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(group.evidence[0], *[*absence, *named]),
        accounts_for=(Because(group, summary, (group.evidence[0], *absence)),),
        second_sign=lacking is not None,
        since=group.since,
        remedies=(
            Remedy(
                text=f"make the claim {claim}, or correct the name in the pod template",
                command=f"kubectl get pvc -n {space}",
            ),
        ),
    )


def _named(ctx: Context, member: Object, claim: str) -> Iterator[Evidence]:
    """Where the pod names the claim."""
    spec = member.whole.get("spec")
    volumes = spec.get("volumes") if isinstance(spec, dict) else None
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        source = volume.get("persistentVolumeClaim") if isinstance(volume, dict) else None
        if isinstance(source, dict) and source.get("claimName") == claim:
            yield ctx.cite(member, f"spec.volumes[{index}].persistentVolumeClaim.claimName")
