"""STO117: a claim asks for more than its volume has, and the volume cannot be enlarged."""

import re
from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.joins.paths import mounted_at, said
from diag.catalog.rule import rule
from diag.facts.quantity import amount
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

CLAIM = "PersistentVolumeClaim"
CRASHED = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready")
FULL = re.compile(r"No space left on device|no space left on device|Disk quota exceeded|ENOSPC")
# kubernetes/kubernetes staging/src/k8s.io/api/core/v1/types.go (conditions since 1.31; the states were called …Failed
# before 1.31), kubernetes-csi/external-resizer pkg/controller, pkg/volume/util/operationexecutor.
CONDITIONS = ("ControllerResizeError", "NodeResizeError")
STATES = ("ControllerResizeInfeasible", "NodeResizeInfeasible", "ControllerResizeFailed", "NodeResizeFailed")
STATE = "status.allocatedResourceStatuses.storage"
EVENTS = ("VolumeResizeFailed", "FileSystemResizeFailed")
NOBODY = "ExternalExpanding"  # the claim waits for a resizer; as long as that runs it answers within a moment
NOBODY_S = 10 * 60


@rule(
    "STO117",
    name="pvc-resize-failed",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=(CLAIM, "Event", "Pod"),
    severity=Severity.WARNING,
    refines=("volume-full",),
)
def pvc_resize_failed(ctx: Context) -> Iterator[Finding]:
    """The volume cannot be enlarged as its claim asks.

    ## What it means
    The claim's request was raised, and the volume is still as small as before. What writes to it runs full.

    ## Why it happens
    The backend has no space or quota for more, the driver or its resizer does not run, the volume's kind cannot grow,
    or only while no pod uses it.

    ## Evidence
    `spec.resources.requests.storage` above `status.capacity.storage`, and the claim's conditions, its
    `allocatedResourceStatuses` or the event of the resizer with the backend's words.

    ## What to do
    Act on the backend's words. A request that was too large may be lowered again, down to just above the present size
    (Kubernetes 1.34; earlier with the gate RecoverVolumeExpansionFailure).

    ## Known limits
    A growth that waits for the pod to be started anew (`FileSystemResizePending`) is no failure.
    """
    crashed = ctx.groups(*CRASHED)
    for claim in ctx.snap.all(CLAIM):
        wanted, has = _size(claim, "spec.resources.requests.storage"), _size(claim, "status.capacity.storage")
        if wanted is None or has is None or wanted <= has:
            continue
        failed = _failed(ctx, claim)
        if failed is not None:
            yield _finding(ctx, claim, *failed, full=[one for one in crashed if _fills(ctx, one, claim)])


def _size(claim: Object, path: str) -> int | None:
    return amount(value_at(claim.whole, path))


def _failed(ctx: Context, claim: Object) -> tuple[Evidence, str] | None:
    """What says that the volume did not grow, and in which words."""
    listed: Any = value_at(claim.whole, "status.conditions")
    for index, found in enumerate(listed if isinstance(listed, list) else ()):
        if dicts([found]) and found.get("type") in CONDITIONS and found.get("status") == "True":
            words = found.get("message")
            part = "message" if isinstance(words, str) and words else "type"
            return ctx.cite(claim, f"status.conditions[{index}].{part}"), str(found[part])
    events = ctx.warnings(claim, *EVENTS)
    if events:
        return ctx.cite_event(events[0]), events[0].text
    if (state := value_at(claim.whole, STATE)) in STATES:
        return ctx.cite(claim, STATE), str(state)
    waits = [event for event in ctx.snap.events(claim) if event.reason == NOBODY]
    if waits and ctx.older(waits[0].first_seen, NOBODY_S):
        return ctx.cite_event(waits[0]), waits[0].text
    return None


def _fills(ctx: Context, group: Group, claim: Object) -> bool:
    """Whether a container of the group says that the claim's volume is full."""
    words = said(ctx, group, FULL) if group.first.namespace == claim.namespace else None
    mount = mounted_at(words) if words is not None else None
    return mount is not None and mount.claim == claim.name


def _finding(ctx: Context, claim: Object, proof: Evidence, words: str, *, full: list[Group]) -> Finding:
    asked, has = ctx.cite(claim, "spec.resources.requests.storage"), ctx.cite(claim, "status.capacity.storage")
    summary = f"asks for {asked.value} and has {has.value}: its volume was not enlarged ({words.strip()[:300]})"
    why = f"its volume {claim.name} is full, and could not be enlarged to {asked.value}"
    return Finding(
        subject=claim.ref,
        summary=summary,
        evidence=(proof, asked, has),
        accounts_for=tuple(Because(group, why, (proof, asked, has)) for group in full),
        confidence=Confidence.LIKELY if full else None,
        remedies=(
            Remedy(
                text="act on the backend's words: quota, capacity, or a volume that grows only while no pod uses it",
                command=f"kubectl -n {claim.namespace} describe pvc {claim.name}",
                who="platform",
            ),
            Remedy(text="remove what is not needed from the volume meanwhile", when="it is full"),
        ),
    )
