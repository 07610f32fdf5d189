"""QUO124: an admitted workload's pods were not all ready in time."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, page, pieces, said, waiting
from diag.catalog.rule import Named, rule
from diag.findings import Evidence, Finding, Question, Remedy, Severity
from diag.trouble.relations.kueue import part

LIMIT = "RequeuingLimitExceeded"
TIMEOUT = "PodsReadyTimeout"
EVICTED = "EvictedDueToPodsReadyTimeout"  # an event on the Workload (pkg/workload/workload.go)

DEACTIVATED_PAGE = page(
    "The workload was set inactive.",
    means="Kueue does not look at it until somebody sets it active again.",
    happens="A user set it inactive, or Kueue did when a limit (running time, an admission check) was reached.",
    evidence="`spec.active` of the Workload, and its `Evicted` condition.",
    todo="Set `spec.active` to true when the reason is gone.",
)


@rule(
    "QUO124",
    name="kueue-pods-ready-timeout",
    question=Question.ADMITTED,
    inputs=(*INPUTS, "Event"),
    others=(Named(id="QUO125", name="kueue-workload-deactivated", page=DEACTIVATED_PAGE, severity=Severity.INFO),),
)
def kueue_pods_ready_timeout(ctx: Context) -> Iterator[Finding]:
    """The workload was evicted because its pods were not all ready in time.

    ## What it means
    Kueue admitted the workload and gave it a time (`waitForPodsReady`) to have all its pods ready. They were not, so
    it was queued again, and after too many tries it was set inactive.

    ## Why it happens
    The quota is larger than what the nodes offer, so that a pod finds no node; pulling the image or loading the model
    takes longer than the timeout; or a pod fails.

    ## Evidence
    The `Evicted` condition, `spec.active`, `status.requeueState`, and the eviction's event.

    ## What to do
    See why the pods were not ready (their own events), then set the workload active again; or raise the timeout.

    ## Known limits
    The pods are gone by now, so why they were not ready is known only as far as their events are still here.
    """
    for one in waiting(ctx):
        index, evicted = one.known.get("Evicted", (0, {}))
        reason = str(evicted.get("reason") or "") if evicted.get("status") == "True" else ""
        inactive = part(one.item, "spec").get("active") is False
        if LIMIT in reason or (reason == TIMEOUT and not one.decisive()):
            yield _timeout(ctx, one, f"status.conditions[{index}]", reason, inactive=inactive)
        elif inactive:
            yield _deactivated(ctx, one, reason)


def _timeout(ctx: Context, one: Waiting, path: str, reason: str, *, inactive: bool) -> Finding:
    events = [event for event in ctx.snap.events(one.item) if event.reason == EVICTED]
    tries = part(one.item, "status", "requeueState").get("count")
    count = f" after {tries} tries" if isinstance(tries, int) else ""
    proof: list[Evidence] = pieces(
        ctx.cite(one.item, f"{path}.reason"), said(ctx, one.item, "Evicted"),
        ctx.cite(one.item, "spec.active") if inactive else None,
        ctx.cite(one.item, "status.requeueState.count") if isinstance(tries, int) else None,
        said(ctx, one.item, "PodsReady"), *(ctx.cite_event(event) for event in events[:1]),
    )  # fmt: skip
    end = f"set inactive{count} ({LIMIT})" if LIMIT in reason else f"queued again{count}"
    return blocked(
        one, "", one.item.ref,
        f"was admitted, but its pods were not all ready within waitForPodsReady (PodsReady timeout), and it was {end}",
        proof,
        remedies=(
            Remedy(
                text="see why its pods were not ready: too few nodes, a slow start, or a failing pod",
                command=f"kubectl get events -n {one.item.namespace} --field-selector involvedObject.kind=Pod",
            ),
            Remedy(text="then set spec.active of the Workload to true", when="it was set inactive"),
            Remedy(text="or raise waitForPodsReady.timeout in Kueue's configuration", who="queue-admin"),
        ),
    )  # fmt: skip


def _deactivated(ctx: Context, one: Waiting, reason: str) -> Finding:
    by = f" ({reason})" if reason and reason != "Deactivated" else ""
    return blocked(
        one, "kueue-workload-deactivated", one.item.ref, f"is inactive (spec.active false){by}",
        pieces(ctx.cite(one.item, "spec.active"), said(ctx, one.item, "Evicted"), said(ctx, one.item, "QuotaReserved")),
        remedies=(Remedy(text="set spec.active of the Workload to true when it may run again"),),
    )  # fmt: skip
