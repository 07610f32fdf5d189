"""What the scheduler says of claims that it cannot look at: those that are not there, and selectors that fail."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.facts.devices import CLAIM
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Ref, Remedy
from diag.projection import dicts
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

# kubernetes/kubernetes pkg/scheduler/framework/plugins/dynamicresources (1.26 to 1.36), dynamic-resource-allocation
ABSENT = re.compile(r"resourceclaim(?:\.resource\.k8s\.io)? \"(?P<claim>[a-z0-9.-]{1,253})\" not found")
CEL = re.compile(
    r"(?:claim (?:[a-z0-9-]{1,63}/)?(?P<claim>[a-z0-9.-]{1,253}): |class (?P<kind>[a-z0-9.-]{1,253}): )?"
    r"selector #(?P<number>\d{1,3}): CEL (?P<stage>compile|runtime) error: (?P<why>[^\n]{1,300}?)\.?(?: still not|$)"
)


def claim_absent(ctx: Context, group: Group, name: str) -> Iterator[Finding]:
    """The pod names a ResourceClaim that does not exist."""
    said = ABSENT.search(group.message)
    claims = dicts(value_at(group.first.whole, "spec.resourceClaims"))
    named = [index for index, one in enumerate(claims) if said and one.get("resourceClaimName") == said["claim"]]
    if said is None or not named:
        return
    space = group.first.namespace
    here = ctx.snap.get(CLAIM, space, said["claim"])
    others = [one.name for one in ctx.snap.all(CLAIM) if one.namespace == space and one is not here]
    lacking = ctx.snap.lacks(CLAIM, space, said["claim"]) is not None
    proof: tuple[Evidence, ...] = (ctx.cite(group.first, f"spec.resourceClaims[{named[0]}].resourceClaimName"),)
    proof += (ctx.absent("resource.k8s.io/v1", "ResourceClaim", space, said["claim"]),) if lacking else ()
    near = f"; the namespace has {listed(others, 3)}" if others else ""
    summary = f"names the ResourceClaim {said['claim']}, which does not exist in namespace {space}{near}"
    yield Finding(
        name=name,
        subject=group.workload,
        summary=summary,
        evidence=(group.evidence[0], *proof),
        accounts_for=(Because(group, summary, proof),),
        confidence=Confidence.POSSIBLE if here else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="see which claims there are", command=f"kubectl get resourceclaims -n {space}"),
            Remedy(text="create the claim, or correct its name in the pod template"),
        ),
    )


def selector_fails(ctx: Context, group: Group, name: str) -> Iterator[Finding]:
    """A CEL selector that the scheduler cannot evaluate on what the nodes publish."""
    said = CEL.search(group.message)
    if said is None:
        return
    space = group.first.namespace
    claim = ctx.snap.get(CLAIM, space, said["claim"]) if said["claim"] else None
    root = group.workload if claim is None or claim.owners else claim.ref
    whose = (
        f"claim {said['claim']}" if said["claim"] else f"DeviceClass {said['kind']}" if said["kind"] else "its claim"
    )
    summary = f"selector #{said['number']} of {whose} cannot be evaluated: CEL {said['stage']} error: {said['why']}"
    if said["kind"]:
        root = Ref(ctx.cluster, "resource.k8s.io/v1", "DeviceClass", "", said["kind"], seen=False)
    yield Finding(
        name=name,
        subject=root,
        summary=summary,
        evidence=group.evidence,
        accounts_for=(Because(group, summary, group.evidence),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="see what the devices publish, and under which names",
                command="kubectl get resourceslices -o yaml",
            ),
            Remedy(text="correct the selector; ask with `has()` or `in` for what not every device publishes"),
        ),
    )
