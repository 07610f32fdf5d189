"""STO112: a ReadWriteOnce volume is wanted on a second node."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.kinds import Event, Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import claim_names

# kubernetes/kubernetes pkg/controller/volume/attachdetach/reconciler
SAID = re.compile(r"Multi-Attach error for volume \"(?P<volume>[^\"]{1,253})\"")
CLAIM = "PersistentVolumeClaim"


@rule(
    "STO112",
    name="pvc-rwo-multi-attach",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", CLAIM, "Event"),
    refines=("volume-mount-failed",),
)
def pvc_rwo_multi_attach(ctx: Context) -> Iterator[Finding]:
    """A ReadWriteOnce volume is wanted on a second node.

    ## What it means
    The volume is attached to one node and may not be attached to another at the same time. The pod waits on its node
    until the volume is released on the other.

    ## Why it happens
    Two replicas share one claim; a rolling update starts the new pod on another node before the old one ends; or the
    old node is lost, and its volume is not released for minutes.

    ## Evidence
    The event `Multi-Attach error for volume …`, the claim of that volume with its `accessModes`, and the pods that hold
    it elsewhere.

    ## What to do
    Use the strategy Recreate for one replica with such a claim, one claim for each replica (StatefulSet), or a class
    that offers ReadWriteMany.

    ## Known limits
    Holders in namespaces that were not collected are not seen.
    """
    for group in ctx.groups("container-not-started"):
        for member in group.members[:8]:
            found = next(_events(ctx, member), None) if isinstance(member, Pod) else None
            if found and isinstance(member, Pod):
                yield _finding(ctx, group, member, *found)
                break


def _events(ctx: Context, pod: Pod) -> Iterator[tuple[Event, str]]:
    for event in ctx.warnings(pod, "FailedAttachVolume"):
        said = SAID.search(event.text)
        if said:
            yield event, said["volume"]


def _finding(ctx: Context, group: Group, pod: Pod, event: Event, volume: str) -> Finding:
    claims = [ctx.snap.get(CLAIM, pod.namespace, name) for name in claim_names(pod)]
    claim = next((one for one in claims if one is not None and _volume(one) == volume), None)
    said = ctx.cite_event(event)
    pieces: list[Evidence] = []
    what, holders = f"volume {volume}", ""
    if claim is not None:
        what = f"claim {claim.name}"
        pieces.append(ctx.cite_or_lack(claim, "spec.accessModes[0]"))
        held = [
            other
            for other in ctx.snap.pods_in(pod.namespace)
            if other.name != pod.name
            and claim.name in claim_names(other)
            and other.spec.node_name not in (None, "", pod.spec.node_name)
            and other.status.phase not in ("Succeeded", "Failed")
        ]
        pieces += [ctx.cite(other, "spec.nodeName") for other in held[:3]]
        holders = (
            f"; {', '.join(f'{other.name} on {other.spec.node_name}' for other in held[:3])} holds it" if held else ""
        )
    summary = f"{what} is still attached to another node than {pod.spec.node_name}, where {pod.name} wants it{holders}"
    return Finding(
        subject=claim.ref if claim is not None else group.workload,
        summary=summary,
        evidence=(said, *[*pieces, ctx.cite_or_lack(pod, "spec.nodeName")]),
        accounts_for=(Because(group, summary, (said, *pieces)),),
        second_sign=len(pieces) > 1,
        since=group.since,
        remedies=(
            Remedy(text="end the pod that holds the volume, or wait until it has ended", risk="disruptive"),
            Remedy(text="use the strategy Recreate, or one claim per replica (StatefulSet), or a ReadWriteMany class"),
        ),
    )


def _volume(claim: Object) -> str:
    spec = claim.whole.get("spec")
    return str(spec.get("volumeName") or "") if isinstance(spec, dict) else ""
