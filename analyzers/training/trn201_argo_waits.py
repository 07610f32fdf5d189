"""TRN201, TRN202: workflows that wait for a lock, or for a person."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import text_at
from diag.findings import Because, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at

WORKFLOW = "argoproj.io/Workflow"
# argoproj/argo-workflows workflow/sync/sync_manager.go; locks are NAMESPACE/Mutex/NAME or NAMESPACE/ConfigMap/NAME/KEY
WAITS = re.compile(r"Waiting for (?P<lock>\S{1,300}) lock\. Lock status: (?P<left>\d{1,9})/(?P<all>\d{1,9})")

APPROVAL = """The workflow waits in a suspend step for a person.

## What it means
A step of type Suspend is running: the workflow goes on when somebody resumes it.

## Why it happens
That is what an approval step is for; it is easily forgotten.

## Evidence
The node of the workflow's status with type Suspend and phase Running.

## What to do
Resume the workflow, or stop it.

## Known limits
A step with a duration resumes by itself and is not told apart.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A workflow that waits for a lock, and who holds it."""

    item: Object
    lock: str
    left: str
    all: str
    holder: tuple[str, str] | None  # namespace and name
    proof: tuple[Evidence, ...]


@rule(
    "TRN201",
    name="argo-lock-held",
    question=Question.ADMITTED,
    severity=Severity.INFO,
    inputs=(WORKFLOW,),
    others=(Named(id="TRN202", name="argo-waits-for-approval", page=APPROVAL, severity=Severity.INFO),),
)
def argo_waits(ctx: Context) -> Iterator[Finding]:
    """Another workflow holds the mutex or semaphore.

    ## What it means
    The workflow starts when the lock is free. Meanwhile it is Pending and has no pod.

    ## Why it happens
    Workflows that share a mutex run one after the other. One that hangs, or waits for approval, holds up all others.

    ## Evidence
    The waiter's message, and the holder that its status names; a suspend step of the holder where there is one.

    ## What to do
    Look at the holder: resume it, stop it, or wait.

    ## Known limits
    Of a semaphore the first holder stands for all.
    """
    waits = [wait for item in ctx.snap.all(WORKFLOW) if (wait := _wait(ctx, item)) is not None]
    holders: dict[Ref, list[Wait]] = {}
    for wait in waits:
        holder = ctx.snap.get(WORKFLOW, *wait.holder) if wait.holder else None
        holders.setdefault((holder or wait.item).ref, []).append(wait)
    for ref, behind in holders.items():
        yield _held(ctx, ref, behind)
    for item in ctx.snap.all(WORKFLOW):
        step = _suspended(item)
        if step and item.ref not in holders:
            named = ctx.cite_if(item, f"{step}.displayName")
            name = f" {named.value}" if named is not None else ""
            yield Finding(
                name="argo-waits-for-approval",
                subject=item.ref,
                summary=f"waits in suspend step{name} until somebody resumes it",
                evidence=as_proof(
                    [ctx.cite(item, f"{step}.type"), ctx.cite(item, f"{step}.phase"), *([named] if named else [])]
                ),
                since=text_at(item, f"{step}.startedAt") or item.created,
                remedies=_resume(item.ref),
            )


def _wait(ctx: Context, item: Object) -> Wait | None:
    said = WAITS.search(text_at(item, "status.message"))
    if said is None or text_at(item, "status.phase") not in ("Pending", ""):
        return None
    proof: list[Evidence] = [ctx.cite(item, "status.message")]
    holder = None
    for kind in ("mutex", "semaphore"):
        waiting = value_at(item.whole, f"status.synchronization.{kind}.waiting")
        for index, one in enumerate(waiting if isinstance(waiting, list) else ()):
            if not isinstance(one, dict):
                continue
            holders = one.get("holders")
            part = "holders[0]" if isinstance(holders, list) and holders else "holder"
            path = f"status.synchronization.{kind}.waiting[{index}].{part}"
            if one.get(kind) == said["lock"] and (name := text_at(item, path)):
                holder = _place(name, item.namespace)
                proof.append(ctx.cite(item, path))
    return Wait(
        item=item, lock=said["lock"], left=said["left"], all=said["all"], holder=holder, proof=tuple(proof)
    )  # fmt: skip


def _place(holder: str, namespace: str) -> tuple[str, str]:
    """A holder as older and newer versions write it: NAME, NAMESPACE/NAME, NAMESPACE/NAME/NODE."""
    parts = holder.split("/")
    return (parts[0], parts[1]) if len(parts) > 1 else (namespace, parts[0])


def _held(ctx: Context, ref: Ref, behind: list[Wait]) -> Finding:
    wait = behind[0]
    names = ", ".join(one.item.name for one in behind[:3]) + (f" and {len(behind) - 3} more" if len(behind) > 3 else "")  # noqa: PLR2004  names that fit a line
    holder = ctx.snap.find(ref) if ref != wait.item.ref else None
    step = _suspended(holder) if holder is not None else ""
    proof = [*wait.proof]
    proof += (
        [ctx.cite(holder, f"{step}.type"), ctx.cite(holder, f"{step}.phase")] if holder is not None and step else []
    )
    status = f"lock status {wait.left}/{wait.all}"
    if holder is not None:
        waits = ", and waits in a suspend step itself until somebody resumes it" if step else ""
        summary = f"holds lock {wait.lock} ({status}), for which {names} waits{waits}"
    else:
        who = f", which {'/'.join(wait.holder)} holds" if wait.holder else ""
        summary = f"waits for lock {wait.lock} ({status}){who}"
    blocked = {one.item.ref for one in behind}
    groups = [group for group in ctx.groups() if group.workload in blocked]
    return Finding(
        subject=ref,
        summary=summary,
        evidence=(proof[0], *proof[1:]),
        accounts_for=tuple(Because(group, summary, wait.proof) for group in groups),
        members=tuple(one.item.ref for one in behind if one.item.ref != ref),
        since=wait.item.created,
        remedies=_resume(ref) if step else (Remedy(text=f"see how far {ref.name} is, and whether it still gets on"),),
    )


def _suspended(item: Object) -> str:
    """Where a suspend step stands that is running, empty where there is none."""
    nodes = value_at(item.whole, "status.nodes")
    running = value_at(item.whole, "status.phase") == "Running"
    for name, node in sorted(nodes.items()) if running and isinstance(nodes, dict) else ():
        if isinstance(node, dict) and node.get("type") == "Suspend" and node.get("phase") == "Running":
            return f"status.nodes{key(name)}"
    return ""


def _resume(ref: Ref) -> tuple[Remedy, ...]:
    return (Remedy(text=f"resume workflow {ref.name} (argo resume), or stop it"),)
