"""SCL406, SCL407: a machine that Karpenter ordered is refused by the cloud, or never joins the cluster."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.scale_ups import MAX_TEXT, POOL
from diag.catalog.rule import Named, rule
from diag.facts import custom_resources as facts
from diag.facts.custom_resources import Told
from diag.facts.karpenter import CLAIM
from diag.facts.times import show_age
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.trouble.groups import Group

# kubernetes-sigs/karpenter pkg/controllers/nodeclaim/lifecycle: deleted when it has not registered in 15 minutes.
JOINS_S = 10 * 60
NOT_THERE = "NodeNotFound"
REGISTRATION_FAILED = "RegistrationFailed"  # of the NodePool's condition NodeRegistrationHealthy, since 1.5
# aws/karpenter-provider-aws pkg/errors/errors.go (ToReasonMessage): what no waiting mends, unlike sold out and quota.
REFUSED = {
    "SpotSLRCreationFailed": "the service-linked role for spot machines may not be made",
    "Unauthorized": "its identity may not start machines",
    "AMIAuthorizationFailure": "its identity may not use the image",
    "SecurityGroupSubnetVPCMismatch": "security groups and subnets are of different networks",
    "InstanceProfileNameInvalid": "the instance profile does not exist",
    "LaunchTemplateNotFound": "the launch template does not exist",
    "UserDataSizeLimitExceeded": "the user data is too long",
    "InvalidAMIID": "the image does not exist",
    "AMINotFound": "the image does not exist",
    "FreeTierIeligible": "the account may only start machines of the free tier",
    "FreeTierIneligible": "the account may only start machines of the free tier",
    "AccountPendingVerification": "the cloud still verifies the account",
    "InsufficientFreeAddressesInSubnet": "the subnet has no address left",
}

JOIN = """The machine starts, and its kubelet never joins.

## What it means
The cloud gave a machine, and no node of it has come. Karpenter deletes the NodeClaim after 15 minutes and tries again,
so that pods wait for ever while machines come and go.

## Why it happens
The machine cannot reach the API server, its role may not join the cluster, or its image or user data do not start the
kubelet.

## Evidence
The conditions Launched and Registered of the NodeClaim, and the pods that it was made for.

## What to do
Look at the machine's console and the log of its kubelet while it is there; see whether its role may join.

## Known limits
Why the kubelet does not join is told by the machine only. Silent in the first ten minutes.
"""


@rule(
    "SCL406",
    name="karpenter-launch-refused",
    question=Question.SCALED,
    severity=Severity.WARNING,
    basis=Basis.SAID,
    inputs=("Pod", "Event", CLAIM, POOL),
    others=(
        Named(
            id="SCL407", name="karpenter-node-never-registered", page=JOIN, severity=Severity.WARNING, basis=Basis.SAID
        ),
    ),
)
def karpenter_machine_not_joining(ctx: Context) -> Iterator[Finding]:
    """The cloud refuses the launch for permissions, templates or addresses.

    ## What it means
    Karpenter chose a machine and asked for it, and the cloud answered with an error that no other machine type or zone
    mends. Karpenter deletes the NodeClaim after five minutes and tries again, with the same result.

    ## Why it happens
    A role lost a permission, an image, launch template or instance profile was deleted, or a subnet ran out of
    addresses.

    ## Evidence
    The reason and message of the NodeClaim's condition Launched, and the pods that it was made for.

    ## What to do
    Correct what the message names, in the node class or in the cloud account.

    ## Known limits
    The NodeClaim is deleted after some minutes: between two attempts nothing is seen.
    """
    for claim in ctx.snap.all(CLAIM):
        if claim.metadata.deletion_timestamp:
            continue
        launched, registered = facts.told(claim, "Launched"), facts.told(claim, "Registered")
        if launched is not None and launched.status != "True":
            if launched.reason in REFUSED:
                yield _refused(ctx, claim, launched)
        elif registered is not None and registered.reason == NOT_THERE and ctx.older(claim.created, JOINS_S):
            yield _absent(ctx, claim, registered)


def _pods(ctx: Context, claim: Object) -> list[Group]:
    """The groups whose pods wait for the claim's machine."""
    return [group for group in ctx.groups("pod-unscheduled") if scale_ups.made_for(ctx, group, claim)]


def _refused(ctx: Context, claim: Object, told: Told) -> Finding:
    pool = scale_ups.pool_of(ctx, claim.name)
    why = REFUSED[told.reason]
    proof: list[Evidence] = [ctx.cite(claim, told.path)]
    groups = _pods(ctx, claim)
    named = all(scale_ups.nominated(ctx, group) for group in groups)
    return Finding(
        subject=claim.ref,
        summary=f"the cloud refuses the machine of NodePool {pool}: {why} ({told.reason}: {told.message[:MAX_TEXT]})",
        evidence=as_proof(proof),
        accounts_for=tuple(Because(group, f"the machine for it is refused: {why}", tuple(proof)) for group in groups),
        confidence=None if named else Confidence.LIKELY,
        since=claim.created,
        remedies=(
            _look(claim.name),
            Remedy(text=f"correct it in the node class of NodePool {pool}, or in the cloud account", who="platform"),
        ),
    )


def _absent(ctx: Context, claim: Object, told: Told) -> Finding:
    pool = scale_ups.pool_of(ctx, claim.name)
    age = show_age(ctx.age(claim.created) or 0.0)
    proof: list[Evidence] = [ctx.cite(claim, told.path)]
    proof += [piece for path in ("status.providerID", "metadata.creationTimestamp")
              if (piece := ctx.cite_if(claim, path)) is not None]  # fmt: skip
    own = [
        group
        for group in ctx.groups("custom-resource-not-ready")
        if group.first.kind_id == POOL and group.first.name == pool and REGISTRATION_FAILED in group.message
    ]
    return Finding(
        name="karpenter-node-never-registered",
        subject=claim.ref,
        summary=f"its machine (NodePool {pool}) was ordered {age} ago, and no node of it has joined the cluster",
        evidence=as_proof([*proof, *(piece for group in own for piece in group.evidence)]),
        accounts_for=tuple(
            Because(group, f"the machine {claim.name} that was made for it does not join", tuple(proof))
            for group in (*_pods(ctx, claim), *own)
        ),
        confidence=Confidence.LIKELY,
        since=claim.created,
        remedies=(
            _look(claim.name),
            Remedy(
                text="look at the machine's console and its kubelet's log; see whether its role may join the cluster",
                who="platform",
            ),
        ),
    )


def _look(name: str) -> Remedy:
    return Remedy(
        text="look at the NodeClaim", command=f"kubectl describe nodeclaims.karpenter.sh {name}", who="platform"
    )
