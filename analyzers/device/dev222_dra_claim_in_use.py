"""DEV222: the claim that pods share is full, or bound to a node that has no room for this one."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import listed
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

CLAIM = "resource.k8s.io/ResourceClaim"
# kubernetes/kubernetes pkg/scheduler/framework/plugins/dynamicresources (1.26 to 1.36)
SAID = re.compile(r"resourceclaim (?P<how>in use|not available on the node)")


@rule(
    "DEV222",
    name="dra-claim-in-use",
    question=Question.PLACED,
    basis=Basis.SAID,
    inputs=("Pod", CLAIM),
    refines=("dra-claim-unallocatable",),
)
def dra_claim_in_use(ctx: Context) -> Iterator[Finding]:
    """The shared claim is full or bound to another node.

    ## What it means
    Pods that share a ResourceClaim run on the node to which it was allocated, and only so many of them. That node has
    no room for this pod, or the claim has all the users that it may have.

    ## Why it happens
    Several pods name one ResourceClaim instead of a ResourceClaimTemplate, which would give each one of its own.

    ## Evidence
    The scheduler's words, and of the claims that the pod names: where they were allocated, and for whom they are
    reserved.

    ## What to do
    Give each pod a claim of its own by a ResourceClaimTemplate, make room on the claim's node, or end a pod that holds
    the claim.

    ## Known limits
    Where ResourceClaims were not collected, or the pod names several that are allocated, the workload is named.
    """
    for group in ctx.groups("pod-unscheduled"):
        said = SAID.search(group.message)
        if said is not None:
            yield _finding(ctx, group, said["how"])


def _finding(ctx: Context, group: Group, how: str) -> Finding:
    claims = list(_claims(ctx, group))
    proof = tuple(piece for claim in claims for piece in _allocated(ctx, claim))
    one = claims[0] if len(claims) == 1 else None
    where = f" ({'; '.join(_words(claim) for claim in claims)})" if claims else ""
    summary = f"others hold the claim that {group.workload.kind} {group.workload.name} waits for: resourceclaim {how}"
    return Finding(
        subject=one.ref if one is not None else group.workload,
        summary=summary + where,
        evidence=as_proof((*group.evidence, *proof)),
        accounts_for=(Because(group, summary + where, (*group.evidence, *proof)),),
        second_sign=bool(proof),
        since=group.since,
        remedies=(
            Remedy(
                text="see who holds the claims (RESERVED) and where they were allocated",
                command="kubectl get resourceclaims -A -o wide",
            ),
            Remedy(text="give each pod a claim of its own by a ResourceClaimTemplate"),
            Remedy(text="end a pod that holds the claim", risk="disruptive"),
        ),
    )


def _claims(ctx: Context, group: Group) -> Iterator[Object]:
    """The claims that the pod names and that were allocated."""
    for entry in dicts(value_at(group.first.whole, "spec.resourceClaims")):
        name = entry.get("resourceClaimName")
        claim = ctx.snap.get(CLAIM, group.first.namespace, name) if isinstance(name, str) else None
        if claim is not None and isinstance(value_at(claim.whole, "status.allocation"), dict):
            yield claim


def _words(claim: Object) -> str:
    results = dicts(value_at(claim.whole, "status.allocation.devices.results"))
    devices = [f"{one.get('pool')}/{one.get('device')}" for one in results]
    users = dicts(value_at(claim.whole, "status.reservedFor"))
    held = f", reserved for {listed([str(one.get('name')) for one in users], 3)}" if users else ""
    return f"claim {claim.name} is allocated{' to ' if devices else ''}{listed(devices, 3)}{held}"


def _allocated(ctx: Context, claim: Object) -> Iterator[Evidence]:
    for index, _ in enumerate(dicts(value_at(claim.whole, "status.allocation.devices.results"))[:3]):
        yield ctx.cite(claim, f"status.allocation.devices.results[{index}].pool")
    for index, _ in enumerate(dicts(value_at(claim.whole, "status.reservedFor"))[:3]):
        yield ctx.cite_or_lack(claim, f"status.reservedFor[{index}].name")
