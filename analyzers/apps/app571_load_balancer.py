"""APP571: the cloud's load balancer of a Service cannot be made."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Finding, Question, Remedy, Severity
from diag.projection import dicts
from diag.snapshot.cite import value_at

# kubernetes/cloud-provider controllers/service/controller.go: since 1.14, and before
FAILED = ("SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "UpdateLoadBalancerFailed")
RECENT_S = 3600.0  # an event may be repeated as seldom as the controller backs off


@rule(
    "APP571",
    name="loadbalancer-sync-failed",
    question=Question.READY,
    basis=Basis.SAID,
    inputs=("Service", "Event"),
)
def load_balancer(ctx: Context) -> Iterator[Finding]:
    """The cloud load balancer of the Service cannot be made.

    ## What it means
    Nothing outside the cluster reaches the Service, as its load balancer was not made; or, where it has an address,
    what was changed since has not reached the load balancer.

    ## Why it happens
    A quota of the cloud is used up, the subnets carry no tag for load balancers, an annotation is wrong, or the cloud
    controller's account lacks rights.

    ## Evidence
    The newest event `SyncLoadBalancerFailed` with the cloud's words, and that the Service has no address.

    ## What to do
    Do what the cloud's message says. The controller tries again by itself.

    ## Known limits
    Events are kept for an hour by default; after that a Service without an address is not told of here.
    """
    for item in ctx.snap.all("Service"):
        if value_at(item.whole, "spec.type") != "LoadBalancer" or item.metadata.deletion_timestamp:
            continue
        said = next(iter(ctx.warnings(item, *FAILED, within_s=RECENT_S)), None)
        if said is None:
            continue
        served = bool(dicts(value_at(item.whole, "status.loadBalancer.ingress")))
        yield Finding(
            subject=item.ref,
            summary=f"its load balancer cannot be {'brought up to date' if served else 'made'}: {said.text}",
            evidence=(
                ctx.cite_event(said),
                *([] if served else [ctx.lack(item, "status.loadBalancer.ingress[0]")]),
            ),
            severity=Severity.WARNING if served else None,
            since=said.first_seen,
            remedies=(
                Remedy(
                    text="read what the cloud says", command=f"kubectl describe service {item.name} -n {item.namespace}"
                ),
                Remedy(
                    text="correct the quota, subnet, annotation or right that it names", who="cloud", risk="disruptive"
                ),
            ),
        )
