"""SCL411 and SCL412: the cloud gives the scaler no machine for a pod that waits."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.scale_ups import MAX_TEXT, POOL, Refused
from diag.catalog.rule import Named, rule
from diag.facts import cluster_autoscaler as facts
from diag.facts import karpenter
from diag.facts.karpenter import CLAIM, Refusal
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Event
from diag.trouble.groups import Group

FAILED_GROUP = ("FailedToScaleUpGroup", "ScaleUpFailed")
FAILED_FOR_POD = "FailedScaleUp"  # an event of the pod, written by the autoscaler that GKE runs
SHOWN = 3  # events that are cited

QUOTA = """The cloud account's quota does not allow another machine.

## What it means
The autoscaler asked for a machine, and the cloud refused it because of the account's quota. The node group is in
back-off and is asked again after a while, with the same result.

## Why it happens
Quotas of GPUs and of large machine families are small or zero in new accounts and regions.

## Evidence
The error of the node group in the status ConfigMap or in an event, and the autoscaler's sentence about the pod.

## What to do
Ask the provider to raise the quota that the error names.

## Known limits
Versions before 1.30 do not tell the error in the ConfigMap.
"""


@rule(
    "SCL411",
    name="cloud-insufficient-capacity",
    question=Question.SCALED,
    inputs=("Pod", "Node", "Event", "ConfigMap", POOL, CLAIM),
    basis=Basis.SAID,
    refines=("karpenter-no-instance-type",),
    others=(Named(id="SCL412", name="cloud-quota-exceeded", page=QUOTA, basis=Basis.SAID),),
)
def cloud_has_no_machine(ctx: Context) -> Iterator[Finding]:
    """The cloud has no machine of the wanted type in the allowed zones.

    ## What it means
    Karpenter or the cluster-autoscaler asked the cloud for a machine for the pod, and the cloud had none. Karpenter
    deletes the NodeClaim again, so that only its events remain; the cluster-autoscaler leaves the node group in
    back-off, five minutes at first, then longer, up to half an hour.

    ## Why it happens
    Large GPU machines are scarce. The NodePool or node group allows one machine type, one zone, or only on-demand
    machines.

    ## Evidence
    Events `InsufficientCapacityError` of the NodeClaims, or their condition Launched; `backoffInfo` of the node group
    in the ConfigMap `cluster-autoscaler-status`, or an event of the failed scale-up; and the scaler's sentence about
    the pod.

    ## What to do
    Allow more zones, machine types or capacity types, or reserve capacity. Neither the quota nor the pod is at fault.

    ## Known limits
    Events live for an hour. A NodeClaim that is gone is told to be of a NodePool by its name. Versions of the
    cluster-autoscaler before 1.30 do not tell the error in the ConfigMap, and its event about the pod does not name
    the group: it is known from an earlier scale-up for the pod, or because only one group is in back-off.
    """
    refused: list[Refused] | None = None
    for group in scale_ups.waiting(ctx):
        refusal = scale_ups.autoscaler_said(ctx, group) or scale_ups.ordered(ctx, group)
        failed = _failed(ctx, group, refusal) if refusal is not None else None
        if failed is not None:
            yield failed
            continue
        said, waited_for = scale_ups.karpenter_said(ctx, group), scale_ups.nominated(ctx, group)
        told = karpenter.answer(said.text, group.shape.gpus if group.shape else ()) if said is not None else None
        if told is not None and told.refusal not in (Refusal.OFFERING, Refusal.NO_TYPE):
            continue
        refused = scale_ups.without_machine(ctx) if refused is None else refused
        mine = _mine(ctx, group, refused, waited_for, told.pool if told else "")
        if mine:
            yield _claims(ctx, group, mine, told.pool if told else "", said if told else None)


def _mine(ctx: Context, group: Group, refused: list[Refused], waited_for: set[str], pool: str) -> list[Refused]:
    """Those that were made for the group: its pods waited for one, or they are of the NodePool that it needs."""
    born = min((pod.created for pod in group.members if pod.created), default="")
    pools = {pool} | {scale_ups.pool_of(ctx, name) for name in waited_for}
    return sorted(
        (one for one in refused if (one.at or "~") >= born and _is_mine(ctx, group, one, waited_for, pools - {""})),
        key=lambda one: (one.at, one.claim),
        reverse=True,
    )


def _is_mine(ctx: Context, group: Group, one: Refused, waited_for: set[str], pools: set[str]) -> bool:
    if one.claim in waited_for or scale_ups.pool_of(ctx, one.claim) in pools:
        return True
    claim = ctx.snap.get(CLAIM, "", one.claim) if not pools else None
    return claim is not None and scale_ups.made_for(ctx, group, claim)


def _claims(ctx: Context, group: Group, mine: list[Refused], pool: str, said: Event | None) -> Finding:
    newest = next((one for one in mine if one.is_quota), mine[0])
    name = pool or scale_ups.pool_of(ctx, newest.claim)
    subject, _ = scale_ups.pool(ctx, name)
    signs = [one.evidence for one in ([newest] + [one for one in mine if one is not newest])[:SHOWN]]
    own = [ctx.cite_event(said)] if said is not None else []
    many = f"{len(mine)} NodeClaims failed, the last" if len(mine) > 1 else f"NodeClaim {newest.claim} failed"
    word = "the account's quota allows no machine more" if newest.is_quota else "the cloud has no machine for it"
    return Finding(
        name="cloud-quota-exceeded" if newest.is_quota else "",
        subject=subject,
        summary=f"{word}; {many}: {newest.reason or 'an event'}: {newest.text[:MAX_TEXT]}",
        evidence=as_proof((*signs, *own, *group.evidence)),
        accounts_for=(Because(group, f"Karpenter asked for a machine, and {word}", (*signs, *own)),),
        # That a claim was made for the pods is inferred where Karpenter names neither it nor its NodePool.
        confidence=None if own or scale_ups.nominated(ctx, group) else Confidence.LIKELY,
        second_sign=bool(own),
        since=group.since,
        remedies=(
            Remedy(text="see what Karpenter asked for", command="kubectl get events -A --field-selector "
                   "involvedObject.kind=NodeClaim", who="platform"),
            *_mends(name, quota=newest.is_quota),
        ),
    )  # fmt: skip


def _mends(pool: str, *, quota: bool) -> tuple[Remedy, ...]:
    if quota:
        return (Remedy(text="ask the provider to raise the quota that the error names", who="cloud"),)
    return (
        Remedy(text=f"let NodePool {pool} use more zones, instance families or capacity types", who="platform"),
        Remedy(text="reserve capacity of that type, or ask the provider when there is some", who="cloud"),
    )


def _failed(ctx: Context, group: Group, said: Event) -> Finding | None:
    """A scale-up that the cloud refused: the node group, and in whose words."""
    asked = scale_ups.asked_for(ctx, group)
    subject, status = scale_ups.status(ctx)
    errors: list[tuple[str, str, Evidence]] = []
    if facts.BACKOFF in said.text or said.reason in (FAILED_FOR_POD, facts.TRIGGERED):
        waiting = [one for one in scale_ups.node_groups(status) if one.backoff and one.error]
        mine = [one for one in waiting if one.name in asked] or (waiting if len(waiting) == 1 else [])
        errors += [(one.name, one.error, ctx.cite(status, "data.status")) for one in mine if status is not None]
        errors += [
            (facts.failed_group(event.text), event.text, ctx.cite_event(event))
            for event in ctx.snap.events(subject)
            if event.reason in FAILED_GROUP and (facts.failed_group(event.text) in asked or not asked)
        ]
    if facts.BACKOFF in said.text or said.reason == FAILED_FOR_POD:
        errors += [("", event.text, ctx.cite_event(event)) for event in _refusals(ctx, group)]
    for cause, pattern in (("cloud-quota-exceeded", facts.QUOTA), ("cloud-insufficient-capacity", facts.SOLD_OUT)):
        found = next((one for one in errors if pattern.search(one[1])), None)
        if found is not None:
            return _refused(ctx, group, said, cause=cause, error=found, asked=asked.get(found[0]))
    return None


def _refusals(ctx: Context, group: Group) -> list[Event]:
    """What was said of the pods when a scale-up for them failed, the newest first."""
    events = [event for pod in group.members for event in ctx.snap.events(pod) if event.reason == FAILED_FOR_POD]
    return sorted(events, key=lambda event: event.last_seen or "", reverse=True)


def _refused(
    ctx: Context,
    group: Group,
    said: Event,
    *,
    cause: str,
    error: tuple[str, str, Evidence],
    asked: Event | None,
) -> Finding:
    name, text, proof = error
    subject, _ = scale_ups.status(ctx)
    evidence = list(dict.fromkeys([ctx.cite_event(said), proof, *([ctx.cite_event(asked)] if asked else [])]))
    short = name.rpartition("/")[2] or "its node group"
    quota = cause == "cloud-quota-exceeded"
    word = "the account's quota allows no machine more" if quota else "the cloud has no machine"
    next_step = (
        Remedy(text="ask the provider to raise the quota that the error names", who="cloud")
        if quota
        else Remedy(text="add node groups in other zones or of other machine types, or a reservation", who="cloud")
    )
    return Finding(
        name=cause,
        subject=subject,
        summary=f"{word} for {short}: {text[:MAX_TEXT]} ({said.text[:MAX_TEXT]})",
        evidence=as_proof((*evidence, *group.evidence)),
        accounts_for=(Because(group, f"{short} is not made larger: {text[:MAX_TEXT]}", tuple(evidence)),),
        # That this group would have taken the pod is proven only by a scale-up that was made for it.
        second_sign=asked is not None,
        since=group.since,
        remedies=(
            Remedy(
                text="look at the back-off of the node groups",
                command=f"kubectl get configmap {subject.name} -n {subject.namespace} -o yaml",
                who="platform",
            ),
            next_step,
        ),
    )
