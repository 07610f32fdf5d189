"""APP581 to APP583: the operator has not seen the newest spec: it is down, nobody leads, or it does not act."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import is_unread
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Controller, Lease
from diag.trouble.groups import Group
from diag.vocab.kueue import WORKLOAD
from diag.vocab.operators import KUEUE, OPERATORS, Operator

DEPLOYMENT, LEASE = "apps/Deployment", "coordination.k8s.io/Lease"
# An object is behind for seconds after each change, and an operator reads all of its objects again within minutes.
BEHIND_S = 300
# kubernetes/client-go tools/leaderelection: a lease is lost after its duration; a dump takes a while to be taken.
LOST_AFTER = 4
LEASE_S = 15
QUEUED = "workload-not-admitted"
SHORT = ("replicas-unavailable", "rollout-deadline-exceeded")

IDLE = """The operator is ready, but has not acted on a change for minutes.

## What it means
The object's `metadata.generation` is above `status.observedGeneration`: what its status says is about an older spec.

## Why it happens
The operator only watches other namespaces, may not read or write what it needs, hangs in a call, or its queue is long.

## Evidence
Both generations, when spec and status were written (`metadata.managedFields`), and the ready pods.

## What to do
Read the operator's log for the object's name; correct its rights or the namespaces that it watches; restart it.

## Known limits
Silent where `managedFields` were not collected, as the age of the change is then unknown.
"""
LEADERLESS = """The operator's pods are ready, but none of them holds the lease.

## What it means
Only the replica that leads reconciles. The lease has not been renewed for many times its duration, so nobody does.

## Why it happens
The operator may not write its Lease, the API server answers too slowly, or the process hangs while its probe succeeds.

## Evidence
`spec.renewTime` of the Lease, the Deployment's ready replicas, and the objects whose last change nobody saw.

## What to do
Read the log for `leases.coordination.k8s.io`; correct the role; restart the operator.

## Known limits
Told only where an object of the operator is behind, as a lease may be left over from an older release.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The operator's workload and its lease. `sure`: the lease led to it, not only its name."""

    workload: Controller
    lease: Lease | None = None
    sure: bool = False


@rule(
    "APP581",
    name="controller-down",
    question=Question.READY,
    inputs=(
        DEPLOYMENT,
        LEASE,
        "Pod",
        WORKLOAD,
        "batch/Job",
        *(f"{one.group}/{kind}" for one in OPERATORS for kind in one.kinds),
    ),
    visits={DEPLOYMENT: len(OPERATORS) + 1, LEASE: len(OPERATORS) + 1},
    others=(
        Named(id="APP582", name="controller-not-reconciling", page=IDLE, severity=Severity.WARNING),
        Named(id="APP583", name="controller-leader-stale", page=LEADERLESS),
    ),
)
def operator_stands_still(ctx: Context) -> Iterator[Finding]:
    """The operator has no ready pod, so its objects are frozen as they were.

    ## What it means
    Objects of the operator were changed, and their status does not know it (`observedGeneration` is behind). Conditions
    and counters go on looking healthy, as nobody writes them any more.

    ## Why it happens
    The operator crashes, was killed for memory, cannot be placed, or was scaled to zero.

    ## Evidence
    The Deployment's ready replicas, and the two generations of each object that is frozen.

    ## What to do
    Bring the operator's pods back; what holds them is told as the cause where it is known.

    ## Known limits
    Operators are known by the lease that bears their API group, or by the names that they ship with. An operator
    without an object that is behind is not spoken of here; Kueue is where work waits of which it has taken no note.
    """
    for operator in OPERATORS:
        behind = [
            item
            for kind in operator.kinds
            for item in ctx.snap.all(f"{operator.group}/{kind}")
            if is_unread(item) and not item.metadata.deletion_timestamp
        ]
        found = _operators(ctx, operator) if behind else []
        if found:
            yield from _judge(ctx, behind, found)
    unseen = [group for group in ctx.groups(QUEUED) if _is_unseen(ctx, group)]
    found = _operators(ctx, KUEUE) if unseen else []
    if found and all(_is_down(one.workload) for one in found):
        yield _queue_down(ctx, found[0], unseen)


def _is_unseen(ctx: Context, group: Group) -> bool:
    """Whether nobody has looked for minutes at work that waits for Kueue: it has no Workload, or that no condition."""
    item = group.first
    if item.kind_id not in (WORKLOAD, "batch/Job") or not ctx.older(item.created, BEHIND_S):
        return False
    return item.kind_id != WORKLOAD or not dicts(value_at(item.whole, "status.conditions"))


def _queue_down(ctx: Context, found: Found, unseen: list[Group]) -> Finding:
    """Kueue itself has no ready pod, so nothing is admitted."""
    item = found.workload
    zero = item.spec.replicas == 0
    state = "is scaled to 0 replicas" if zero else "has no ready pod"
    count = sum(group.size for group in unseen)
    summary = f"{state}, so nobody looks at {count_of(count, 'workload')} that wait to be admitted"
    proof: list[Evidence] = [
        ctx.cite(item, "spec.replicas") if zero else ctx.cite_or_lack(item, "status.readyReplicas")
    ]
    finding = _finding(ctx, "controller-down", found, [], subject=item.ref, summary=summary, proof=proof,
                       remedies=_bring_back(item))  # fmt: skip
    why = f"{item.kind} {item.name} {state}"
    waiting = tuple(Because(group, why, as_proof([*proof, *group.evidence[:1]])) for group in unseen)
    since = min((group.since for group in unseen if group.since), default=None)
    return replace(finding, accounts_for=(*finding.accounts_for, *waiting), since=since)


def _operators(ctx: Context, operator: Operator) -> list[Found]:
    """Whoever serves the group: by the holder of its lease, else by name."""
    found = []
    for lease in ctx.snap.all(LEASE):
        if isinstance(lease, Lease) and operator.group in lease.name:
            pod = ctx.snap.pod(lease.namespace, (lease.spec.holder_identity or "").partition("_")[0])
            workload = ctx.workload(pod) if pod is not None else None
            if isinstance(workload, Controller) and workload.kind == "Deployment":
                found.append(Found(workload=workload, lease=lease, sure=True))
    if found:
        return found
    return [
        Found(workload=item, lease=_held_by(ctx, item))
        for item in ctx.snap.all(DEPLOYMENT)
        if isinstance(item, Controller)
        and any(item.name == one or item.name.endswith(f"-{one}") for one in operator.deployments)
    ]


def _held_by(ctx: Context, workload: Controller) -> Lease | None:
    """The only lease of the namespace whose holder is, or was, a pod of the Deployment, told by its name."""
    pod = re.compile(rf"{re.escape(workload.name)}-[a-z0-9]{{1,10}}-[a-z0-9]{{5}}(?:_|$)")
    held = [
        lease
        for lease in ctx.snap.all(LEASE)
        if isinstance(lease, Lease)
        and lease.namespace == workload.namespace
        and pod.match(lease.spec.holder_identity or "")
    ]
    return held[0] if len(held) == 1 else None


def _judge(ctx: Context, behind: list[Object], found: list[Found]) -> Iterator[Finding]:
    down = [one for one in found if _is_down(one.workload)]
    stale = [(one, one.lease) for one in found if one.lease is not None and _is_stale(ctx, one.lease)]
    if len(down) == len(found):
        late = [
            item
            for item in behind
            if ctx.older(_written(item, status=False) or _unready_since(down[0].workload), BEHIND_S)
        ]
        if late:
            yield _down(ctx, down[0], late)
        return
    if any(not _is_settled(ctx, one.workload) for one in found):
        return
    late = [item for item in behind if ctx.older(_written(item, status=False), BEHIND_S) and _is_ignored(item)]
    if late and len(stale) == len(found):
        yield _leaderless(ctx, *stale[0], late)
    elif late:
        yield _idle(ctx, found[0], late)


def _is_down(item: Controller) -> bool:
    status = item.status
    known = status.replicas is not None or status.observed_generation is not None
    return item.spec.replicas == 0 or (known and not (status.ready_replicas or status.available_replicas))


def _available(item: Controller) -> tuple[int, str, str] | None:
    """Place, status and time of the condition Available."""
    for index, one in enumerate(item.status.conditions or ()):
        if one.type == "Available":
            return index, one.status or "", one.last_transition_time or ""
    return None


def _unready_since(item: Controller) -> str | None:
    said = _available(item)
    return said[2] if said is not None and said[1] == "False" else None


def _is_settled(ctx: Context, item: Controller) -> bool:
    """Whether it has been available for long enough to have read its objects."""
    said = _available(item)
    return said is not None and said[1] == "True" and ctx.older(said[2], BEHIND_S)


def _is_stale(ctx: Context, lease: Lease) -> bool:
    lost = LOST_AFTER * (lease.spec.lease_duration_seconds or LEASE_S)
    return ctx.older(lease.spec.renew_time, max(lost, BEHIND_S))


def _written(item: Object, *, status: bool) -> str | None:
    """When its status, or the rest of it, was last written, None where nobody says."""
    entries = dicts(value_at(item.whole, "metadata.managedFields"))
    times = [one.get("time") for one in entries if (one.get("subresource") == "status") is status]
    return max((time for time in times if isinstance(time, str)), default=None)


def _is_ignored(item: Object) -> bool:
    """Whether nobody wrote the status after the spec."""
    return (_written(item, status=False) or "") > (_written(item, status=True) or "")


def _generations(ctx: Context, items: list[Object]) -> list[Evidence]:
    return [
        piece
        for item in items[:3]
        for piece in (ctx.cite(item, "metadata.generation"), ctx.cite(item, "status.observedGeneration"))
    ]


def _names(items: list[Object]) -> str:
    return listed([f"{item.kind} {item.namespace}/{item.name}" for item in items], 3)


def _finding(
    ctx: Context, name: str, found: Found, late: list[Object], *, subject: Ref, summary: str, proof: list[Evidence],
    remedies: tuple[Remedy, ...],
) -> Finding:  # fmt: skip
    workload = found.workload
    look = Remedy(
        text="read the operator's log for these objects and for what it may not do",
        command=f"kubectl -n {workload.namespace} logs deployment/{workload.name} --tail=100",
        who="platform",
    )
    since = [time for item in late if (time := _written(item, status=False))]
    # What holds its pods is the cause of all this; where nobody complains but the Deployment, this is.
    short = [one for one in ctx.groups(*SHORT) if name == "controller-down" and one.workload == workload.ref]
    return Finding(
        name=name,
        subject=subject,
        summary=summary,
        evidence=as_proof([*proof, *_generations(ctx, late)]),
        confidence=None if found.sure else Confidence.LIKELY,
        accounts_for=tuple(Because(group, summary, tuple(proof)) for group in short),
        since=min(since, default=None),
        needs=() if short else (workload.ref,),
        remedies=(look, *remedies),
    )


def _down(ctx: Context, found: Found, late: list[Object]) -> Finding:
    item = found.workload
    zero = item.spec.replicas == 0
    state = "is scaled to 0 replicas" if zero else "has no ready pod"
    proof: list[Evidence] = [
        ctx.cite(item, "spec.replicas") if zero else ctx.cite_or_lack(item, "status.readyReplicas")
    ]
    proof += [ctx.cite(found.lease, "spec.renewTime")] if found.lease and _is_stale(ctx, found.lease) else []
    return _finding(
        ctx, "controller-down", found, late, subject=item.ref, proof=proof,
        summary=f"{state}, so {_names(late)} is frozen as it was: {count_of(len(late), 'object')} whose last change "
        "nobody has acted on",
        remedies=_bring_back(item),
    )  # fmt: skip


def _bring_back(item: Controller) -> tuple[Remedy, ...]:
    return (
        Remedy(
            text="bring the operator back; its objects follow by themselves", who="platform",
            command=f"kubectl -n {item.namespace} get deployment {item.name} -o wide",
        ),
    )  # fmt: skip


def _leaderless(ctx: Context, found: Found, lease: Lease, late: list[Object]) -> Finding:
    item = found.workload
    return _finding(
        ctx, "controller-leader-stale", found, late, subject=lease.ref,
        proof=[ctx.cite(lease, "spec.renewTime"), ctx.cite_or_lack(item, "status.readyReplicas")],
        summary=f"has not been renewed since {lease.spec.renew_time} although Deployment {item.name} is ready: nobody "
        f"leads, and {_names(late)} is frozen as it was",
        remedies=_restart(item),
    )  # fmt: skip


def _idle(ctx: Context, found: Found, late: list[Object]) -> Finding:
    item = found.workload
    return _finding(
        ctx, "controller-not-reconciling", Found(workload=item), late, subject=item.ref,
        proof=[ctx.cite_or_lack(item, "status.readyReplicas")],
        summary=f"is ready, and has not acted on the last change of {_names(late)} "
        f"for more than {BEHIND_S // 60} minutes",
        remedies=_restart(item),
    )  # fmt: skip


def _restart(item: Controller) -> tuple[Remedy, ...]:
    return (
        Remedy(
            text="correct its rights or the namespaces that it watches, or restart it", who="platform",
            risk="disruptive",
            command=f"kubectl -n {item.namespace} rollout restart deployment {item.name}",
        ),
    )  # fmt: skip
