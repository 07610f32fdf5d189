"""QUO126: the ProvisioningRequest behind an admission check was not served."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, has, page, pieces, said, waiting
from diag.catalog.rule import Named, rule
from diag.findings import Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object, dicts
from diag.trouble.relations.kueue import conditions, part
from diag.vocab.kueue import PROVISIONING_REQUEST

# kubernetes/autoscaler cluster-autoscaler/provisioningrequest/conditions: of a request that is still looked after.
NO_CAPACITY = ("CapacityIsNotFound", "FailedToCheckCapacity", "FailedToCreatePods", "FailedToBookCapacity")
PATIENCE_S = 10 * 60  # the autoscaler accepts a request within a scan, every ten seconds or so

UNANSWERED_PAGE = page(
    "No autoscaler answers the ProvisioningRequest.",
    means="The admission check waits for capacity that nobody looks for.",
    happens="The cluster has no autoscaler, it does not know the provisioning class, or it runs without "
    "`--enable-provisioning-requests`.",
    evidence="A ProvisioningRequest without any condition for over ten minutes.",
    todo="Run an autoscaler that serves the class, or take the check out of the ClusterQueue.",
)


@rule(
    "QUO126",
    name="kueue-provisioning-request-failed",
    question=Question.ADMITTED,
    inputs=(*INPUTS, PROVISIONING_REQUEST),
    others=(Named(id="QUO127", name="kueue-provisioning-request-unanswered", page=UNANSWERED_PAGE),),
)
def kueue_provisioning_request(ctx: Context) -> Iterator[Finding]:
    """The autoscaler found no capacity for the workload's ProvisioningRequest.

    ## What it means
    The workload has quota, but an admission check asks the autoscaler for nodes first, and it could provide none.
    Kueue retries with growing pauses, and gives up in the end.

    ## Why it happens
    The cloud has no such machines free, the node group is at its maximum, or the provisioning class only checks what
    is there.

    ## Evidence
    The condition `Failed` of the newest ProvisioningRequest of the workload, or `Provisioned`, where it has been false
    for ten minutes as no capacity is found; and the state of its admission check.

    ## What to do
    Wait for the next try, use another zone or flavor, ask for less, or raise the node group's maximum.

    ## Known limits
    The text of the condition is the autoscaler's own and tells more for some classes than for others.
    """
    for one in waiting(ctx):
        requests = [item for item in ctx.snap.all(PROVISIONING_REQUEST) if _is_of(ctx, item, one.item)]
        newest = max(requests, key=lambda item: (item.created or "", item.name), default=None)
        if newest is None or has(newest, "Provisioned"):
            continue
        if has(newest, "Failed"):
            yield _failed(ctx, one, newest, "Failed")
        elif _finds_none(ctx, newest):
            yield _failed(ctx, one, newest, "Provisioned")
        elif not conditions(newest) and ctx.older(newest.created, PATIENCE_S):
            yield _unanswered(ctx, one, newest)


def _is_of(ctx: Context, request: Object, workload: Object) -> bool:
    """Whether a ProvisioningRequest was made for a Workload: by its owner, else by its name WORKLOAD-CHECK-ATTEMPT."""
    if request.owners:
        return ctx.snap.owner_of(request) is workload
    checks = (entry.get("name") for entry in dicts(part(workload, "status").get("admissionChecks")))
    names = [f"{workload.name}-{check}-" for check in checks if isinstance(check, str)]
    return request.namespace == workload.namespace and any(
        request.name.startswith(name) and request.name[len(name) :].isdigit() for name in names
    )


def _checks(ctx: Context, one: Waiting) -> list[Evidence]:
    """The states of the workload's admission checks."""
    entries = part(one.item, "status").get("admissionChecks")
    return [
        ctx.cite(one.item, f"status.admissionChecks[{index}].{name}")
        for index, entry in enumerate(entries if isinstance(entries, list) else ())
        for name in ("name", "state", "message")
        if isinstance(entry, dict) and isinstance(entry.get(name), str)
    ]


def _finds_none(ctx: Context, request: Object) -> bool:
    """Whether the autoscaler has told for a while that it finds no capacity, and goes on looking."""
    _, found = conditions(request).get("Provisioned", (0, {}))
    since = found.get("lastTransitionTime")
    return found.get("reason") in NO_CAPACITY and ctx.older(since if isinstance(since, str) else None, PATIENCE_S)


def _failed(ctx: Context, one: Waiting, request: Object, kind: str) -> Finding:
    _, found = conditions(request)[kind]
    who = one.group.workload
    state = "failed" if kind == "Failed" else "is not provisioned"
    return blocked(
        one, "", request.ref,
        f"{state} ({found.get('reason') or 'no reason given'}): {found.get('message') or ''}; {who.kind} {who.name} "
        "needs its nodes before it is admitted",
        pieces(
            said(ctx, request, kind), said(ctx, request, kind, "reason"), said(ctx, one.item, "QuotaReserved"),
            said(ctx, one.item, "Evicted"), *_checks(ctx, one),
        ),
        remedies=(
            Remedy(text="wait for the next try, or use another zone or flavor"),
            Remedy(text="raise the maximum of the node group, or ask the cloud for capacity", who="cloud"),
        ),
    )  # fmt: skip


def _unanswered(ctx: Context, one: Waiting, request: Object) -> Finding:
    who = one.group.workload
    return blocked(
        one, "kueue-provisioning-request-unanswered", request.ref,
        f"has had no answer of an autoscaler since {request.created}, and {who.kind} {who.name} needs it",
        pieces(
            ctx.lack(request, "status.conditions[0]"), ctx.cite(request, "metadata.creationTimestamp"),
            ctx.cite_if(request, "spec.provisioningClassName"),
            *_checks(ctx, one), said(ctx, one.item, "Admitted"),
        ),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(text="run an autoscaler that serves the provisioning class", who="platform"),
            Remedy(text="or take the admission check out of the ClusterQueue", who="queue-admin"),
        ),
    )  # fmt: skip
