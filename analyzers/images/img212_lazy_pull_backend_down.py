"""IMG212: containers whose image is read lazily get input/output errors, and what reads it for them is down."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, first_text
from diag.facts.pods import statuses
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

# The images of containerd's snapshotters of these names, of awslabs/soci-snapshotter and of overlaybd.
SNAPSHOTTER = re.compile(r"nydus-snapshotter|stargz-snapshotter|soci-snapshotter|overlaybd|accelerated-container-image")
# What programs say when a page of a file cannot be read; 135 is the end by SIGBUS.
UNREADABLE = re.compile(r"(?i:input/output error)|Transport endpoint is not connected|\bEIO\b|Bus error|exitCode=135\b")
BROKEN = ("container-crashing", "container-not-ready", "pod-failed")


class Backend(NamedTuple):
    """The snapshotter's pod on a node, what shows that it is or was down, and whether it is so now."""

    pod: Pod
    proof: Evidence
    now: bool


@rule(
    "IMG212",
    name="lazy-pull-backend-down",
    question=Question.STARTED,
    inputs=("Pod",),
    basis=Basis.SAID,
)
def lazy_pull_backend_down(ctx: Context) -> Iterator[Finding]:
    """The source of lazily pulled layers is gone: running containers get I/O errors.

    ## What it means
    A snapshotter (Nydus, stargz, SOCI, overlaybd) starts containers before their image is on the node and fetches what
    is read, when it is read. While its daemon is down, what is not there yet cannot be read: programs end with
    input/output errors or SIGBUS (135), without any event of a pull.

    ## Why it happens
    The snapshotter's pod crashed, was evicted or updated, or cannot reach the registry any more.

    ## Evidence
    The words or the exit code of the container, the snapshotter's pod on the same node, and its state or its last end.

    ## What to do
    Bring the snapshotter back, and start the containers anew. Pull images whole where they have to outlive it.

    ## Known limits
    Only snapshotters that run as pods are seen, not those of the node's own services. Which container's image is read
    lazily is not told, so the finding is likely at most, and possible where the snapshotter runs again.
    """
    hits: dict[Ref, list[tuple[Group, Text, Backend]]] = {}
    for group in ctx.groups(*BROKEN):
        said = first_text(ctx, group, UNREADABLE, On.LOG, On.ENDED)
        member = said[0].member if said is not None else None
        backend = _backend(ctx, member) if isinstance(member, Pod) and not _is_snapshotter(member) else None
        if said is not None and backend is not None:
            hits.setdefault(ctx.workload(backend.pod).ref, []).append((group, said[0], backend))
    for workload, found in sorted(hits.items()):
        yield _finding(ctx, workload, found)


def _is_snapshotter(pod: Pod) -> bool:
    return any(SNAPSHOTTER.search(container.image or "") for container in pod.spec.containers or ())


def _backend(ctx: Context, victim: Pod) -> Backend | None:
    """The snapshotter on the pod's node, if it is down or ended since the pod was made."""
    for pod in ctx.snap.pods_on(victim.spec.node_name or ""):
        if not _is_snapshotter(pod):
            continue
        for path, status in statuses(pod):
            ended = status.last_state.terminated if status.last_state else None
            if status.ready is False:
                return Backend(pod, ctx.cite(pod, f"{path}.ready"), now=True)
            if ended is not None and (ended.finished_at or "") >= (victim.created or ""):
                return Backend(pod, ctx.cite(pod, f"{path}.lastState.terminated.finishedAt"), now=False)
    return None


def _finding(ctx: Context, workload: Ref, found: list[tuple[Group, Text, Backend]]) -> Finding:
    group, text, backend = found[0]
    state = "is not ready" if backend.now else "was restarted under them"
    node = backend.pod.spec.node_name
    words = f"reads images lazily on {node} and {state}, and containers there cannot read their files"
    return Finding(
        subject=workload,
        summary=f"{words}: {text.text.strip()[:200]}",
        evidence=as_proof(
            (
                backend.proof,
                text.cite(),
                ctx.cite(backend.pod, "spec.nodeName"),
                *(one.cite() for _, one, _ in found[1:4]),
            )
        ),
        accounts_for=tuple(
            Because(
                one,
                f"{said.member.name} cannot read its files, and {held.pod.name} on its node {state}",
                (said.cite(), held.proof),
                members=one.share,
            )
            for one, said, held in found
        ),
        confidence=Confidence.LIKELY if backend.now else Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(
                text="see why the snapshotter is down",
                command=f"kubectl logs -n {backend.pod.namespace} {backend.pod.name} --all-containers --previous",
                who="platform",
            ),
            Remedy(
                text="bring it back, then delete the pods that cannot read, so that they start anew", risk="disruptive"
            ),
        ),
    )
