"""HWX130: an Xid that the process itself has caused."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.facts.pods import statuses
from diag.facts.times import seconds
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.kinds import Event, Pod
from diag.trouble.groups import Group
from diag.vocab.gpu_health import APPLICATION_XIDS, XID

# What CUDA prints for an illegal address (cudaErrorIllegalAddress, cudaErrorLaunchFailure …).
ILLEGAL = re.compile(
    r"an illegal memory access was encountered|CUDA_ERROR_ILLEGAL_ADDRESS|an illegal instruction was encountered"
    r"|misaligned address|device-side assert triggered|CUDA_EXCEPTION"
)
NEAR_S = 30 * 60.0


@rule(
    "HWX130",
    name="xid-application-error",
    question=Question.STARTED,
    inputs=("Pod", "Node", "Event"),
    basis=Basis.SAID,
)
def xid_application_error(ctx: Context) -> Iterator[Finding]:
    """The process made the GPU fault; the hardware is well.

    ## What it means
    The driver reported Xid 13, 31, 43 or 45, the codes of a program that touched memory it does not own, and the
    program says the same. No part has to be replaced.

    ## Why it happens
    A faulty kernel or extension, a wrong index, a library built for another GPU.

    ## Evidence
    The process's own CUDA error, and the Xid that an agent reported of the node it ran on.

    ## What to do
    Look at the program: run it with CUDA_LAUNCH_BLOCKING=1 or compute-sanitizer. Leave the nodes alone.

    ## Known limits
    Where the same Xid follows one GPU through several programs, the GPU may be at fault after all.
    """
    for group in ctx.groups("pod-failed", "container-crashing"):
        hit = first_text(ctx, group, ILLEGAL, On.LOG)
        if hit is None:
            continue
        event = _event(ctx, group)
        if event is None:
            continue
        nodes = {member.spec.node_name for member in group.members if isinstance(member, Pod)}
        where = f"; it failed on {len(nodes)} nodes alike" if len(nodes) > 1 else ""
        words = f"made the GPU fault ({event.reason or 'an event'}): {hit[1][0]}{where}"
        evidence: tuple[Evidence, Evidence] = (hit[0].cite(), ctx.cite_event(event))
        yield Finding(
            subject=group.workload,
            summary=words,
            evidence=(*evidence, ctx.cite(event, "reason")),
            accounts_for=(Because(group, words, evidence),),
            confidence=Confidence.LIKELY,
            second_sign=True,
            since=group.since,
            remedies=(
                Remedy(text="find the faulty access: CUDA_LAUNCH_BLOCKING=1, or compute-sanitizer around the program"),
            ),
        )


def _event(ctx: Context, group: Group) -> Event | None:
    """An event about a node of the group that names an Xid of applications, near the time of the failure."""
    for pod in group.members:
        node = ctx.snap.node(pod.spec.node_name) if isinstance(pod, Pod) else None
        ended = list(_ends(pod)) if isinstance(pod, Pod) else []
        for event in ctx.snap.events(node) if node is not None else ():
            found = XID.search(f"{event.reason} {event.text}")
            xid = next((int(value) for value in found.groups() if value), 0) if found else 0
            if xid in APPLICATION_XIDS and _near(ctx, event, ended):
                return event
    return None


def _ends(pod: Pod) -> Iterator[float]:
    """When the pod's containers ended, this time and the time before."""
    for _, status in statuses(pod):
        for state in (status.state, status.last_state):
            ended = seconds(state.terminated.finished_at) if state and state.terminated else None
            if ended is not None:
                yield ended


def _near(ctx: Context, event: Event, ended: list[float]) -> bool:
    """Whether the agent told of it about when a container ended; where neither time is known, whether it was lately."""
    told = seconds(event.last_seen)
    if told is None or not ended:
        return not ctx.older(event.last_seen, NEAR_S)
    return any(abs(told - end) <= NEAR_S for end in ended)
