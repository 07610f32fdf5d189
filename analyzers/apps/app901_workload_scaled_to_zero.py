"""APP901: something that others depend on has zero replicas."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Finding, Question, Remedy
from diag.snapshot.kinds import Controller


@rule(
    "APP901",
    name="workload-scaled-to-zero",
    question=Question.READY,
    inputs=("apps/Deployment", "apps/StatefulSet"),
    stage=2,
)
def workload_scaled_to_zero(ctx: Context) -> Iterator[Finding]:
    """The workload has zero replicas although others depend on it.

    ## What it means
    A Deployment or StatefulSet is scaled to zero, and something that fails needs it: a webhook's Service, a
    scheduler, a volume provisioner. Zero replicas by themselves are a state and no fault, so only what is
    needed is looked at.

    ## Why it happens
    Somebody scaled it down for maintenance, a script or an autoscaler did, or an installation was left half done.

    ## Evidence
    `spec.replicas` of the workload, and the finding that needs it.

    ## What to do
    Scale it up again, after asking why it was scaled down.

    ## Known limits
    Who scaled it down and when is not told by the object.
    """
    for ref in sorted(ctx.needed):
        item = ctx.snap.find(ref)
        if isinstance(item, Controller) and item.spec.replicas == 0:
            yield Finding(
                subject=item.ref,
                summary="is scaled to 0 replicas, so nothing of it runs, and something else depends on it",
                evidence=(ctx.cite(item, "spec.replicas"),),
                remedies=(
                    Remedy(
                        text="scale it up again",
                        who="platform",
                        command=f"kubectl -n {item.namespace} scale {ref.kind.lower()} {item.name} --replicas=1",
                    ),
                ),
            )
