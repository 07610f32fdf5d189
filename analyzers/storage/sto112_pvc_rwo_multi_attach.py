"""STO112: a ReadWriteOnce volume is wanted on a second node, or a ReadWriteOncePod volume by a second pod."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event, Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import claim_names

# kubernetes/kubernetes pkg/controller/volume/attachdetach/reconciler
SAID = re.compile(r"Multi-Attach error for volume \"(?P<volume>[^\"]{1,253})\"")
# pkg/scheduler/framework/plugins/volumerestrictions: nothing is attached yet, and no node is taken
ONE_POD = "PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
MODE = "ReadWriteOncePod"
CLAIM, ATTACHMENT = "PersistentVolumeClaim", "storage.k8s.io/VolumeAttachment"
ALONE = (["ReadWriteOnce"], [MODE])  # access modes of a volume that one node at a time may have
MAX_MEMBERS = 8


@rule(
    "STO112",
    name="pvc-rwo-multi-attach",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", CLAIM, "Event", ATTACHMENT),
    refines=("volume-mount-failed",),
    visits={ATTACHMENT: 1},
)
def pvc_rwo_multi_attach(ctx: Context) -> Iterator[Finding]:
    """A ReadWriteOnce volume is wanted on a second node.

    ## What it means
    The volume is attached to one node and may not be attached to another at the same time. The pod waits on its node
    until the volume is released on the other. A volume of the mode ReadWriteOncePod may be used by one pod only; a
    second one is not placed.

    ## Why it happens
    Two replicas share one claim; a rolling update starts the new pod on another node before the old one ends; or the
    old node is lost, and its volume is not released for minutes.

    ## Evidence
    The event `Multi-Attach error for volume …`, the claim of that volume with its `accessModes`, and the pods that hold
    it elsewhere. Where the event has expired, the VolumeAttachment of another node, and none of the pod's own. Of
    ReadWriteOncePod the scheduler's words.

    ## What to do
    Use the strategy Recreate for one replica with such a claim, one claim for each replica (StatefulSet), or a class
    that offers ReadWriteMany.

    ## Known limits
    Holders in namespaces that were not collected are not seen.
    """
    unsaid = []
    for group in ctx.groups("container-not-started"):
        for member in group.members[:MAX_MEMBERS]:
            found = next(_events(ctx, member), None) if isinstance(member, Pod) else None
            if found and isinstance(member, Pod):
                yield _finding(ctx, group, member, ctx.cite_event(found[0]), found[1])
                break
        else:
            unsaid.append(group)
    yield from _attached_elsewhere(ctx, unsaid)
    for group in ctx.groups("pod-unscheduled"):
        if ONE_POD in group.message and isinstance(group.first, Pod):
            yield from _one_pod(ctx, group, group.first)


def _attached_elsewhere(ctx: Context, groups: list[Group]) -> Iterator[Finding]:
    """Pods that nobody speaks of any more, whose volume another node has and theirs has not."""
    nodes: dict[str, dict[str, Object]] = {}  # volume -> node -> its attachment
    for one in ctx.snap.all(ATTACHMENT):
        volume, node = value_at(one.whole, "spec.source.persistentVolumeName"), value_at(one.whole, "spec.nodeName")
        if isinstance(volume, str) and isinstance(node, str) and value_at(one.whole, "status.attached") is True:
            nodes.setdefault(volume, {})[node] = one
    for group in groups:
        found = next(_elsewhere(ctx, group, nodes), None)
        if found is not None:
            pod, claim, attachment = found
            yield _finding(ctx, group, pod, ctx.cite(attachment, "spec.nodeName"), _volume(claim))


def _elsewhere(ctx: Context, group: Group, nodes: dict[str, dict[str, Object]]) -> Iterator[tuple[Pod, Object, Object]]:
    for pod in group.members[:MAX_MEMBERS]:
        for name in claim_names(pod) if isinstance(pod, Pod) else ():
            claim = ctx.snap.get(CLAIM, pod.namespace, name)
            there = nodes.get(_volume(claim), {}) if claim is not None else {}
            alone = claim is not None and value_at(claim.whole, "spec.accessModes") in ALONE
            if isinstance(pod, Pod) and claim is not None and alone and there and pod.spec.node_name not in there:
                yield pod, claim, min(there.items())[1]


def _one_pod(ctx: Context, group: Group, pod: Pod) -> Iterator[Finding]:
    """The claim of the pod that one pod alone may use, where another pod uses it."""
    for name in claim_names(pod):
        claim = ctx.snap.get(CLAIM, pod.namespace, name)
        modes = value_at(claim.whole, "spec.accessModes") if claim is not None else None
        held = [one for one in _holders(ctx, pod, name) if one.spec.node_name]
        if claim is None or not isinstance(modes, list) or MODE not in modes or not held:
            continue
        mode = ctx.cite(claim, f"spec.accessModes[{modes.index(MODE)}]")
        users: list[Evidence] = [ctx.cite(one, "spec.nodeName") for one in held[:3]]
        summary = f"claim {name} may be used by one pod only ({MODE}), and {held[0].name} uses it"
        yield Finding(
            subject=claim.ref,
            summary=summary,
            evidence=(mode, *[group.evidence[0], *users]),
            accounts_for=(Because(group, summary, (group.evidence[0], mode)),),
            second_sign=True,
            since=group.since,
            remedies=(
                Remedy(text=f"end {held[0].name}, or wait until it has ended", risk="disruptive"),
                Remedy(
                    text="use the strategy Recreate, or one claim per replica (StatefulSet), or a ReadWriteMany class"
                ),
            ),
        )
        return


def _holders(ctx: Context, pod: Pod, claim: str) -> list[Pod]:
    """Other pods that use a claim and have not ended."""
    return [
        other
        for other in ctx.snap.pods_in(pod.namespace)
        if other.name != pod.name and claim in claim_names(other) and other.status.phase not in ("Succeeded", "Failed")
    ]


def _events(ctx: Context, pod: Pod) -> Iterator[tuple[Event, str]]:
    for event in ctx.warnings(pod, "FailedAttachVolume"):
        said = SAID.search(event.text)
        if said:
            yield event, said["volume"]


def _finding(ctx: Context, group: Group, pod: Pod, said: Evidence, volume: str) -> Finding:
    claims = [ctx.snap.get(CLAIM, pod.namespace, name) for name in claim_names(pod)]
    claim = next((one for one in claims if one is not None and _volume(one) == volume), None)
    pieces: list[Evidence] = []
    what, holders = f"volume {volume}", ""
    if claim is not None:
        what = f"claim {claim.name}"
        pieces.append(ctx.cite_or_lack(claim, "spec.accessModes[0]"))
        elsewhere = (None, "", pod.spec.node_name)
        held = [other for other in _holders(ctx, pod, claim.name) if other.spec.node_name not in elsewhere]
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
