"""APP326: a container is ended for its liveness probe, and nothing says why the probe fails."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pods import statuses
from diag.findings import Basis, Because, Confidence, Finding, Question, Remedy
from diag.snapshot.kinds import Event, Pod
from diag.trouble.groups import Group

# kubernetes/kubernetes pkg/kubelet/prober (events `Unhealthy`) and pkg/kubelet/kuberuntime (`Killing`)
FAILED = re.compile(r"^Liveness probe (?:failed|errored)")
MAX_MEMBERS = 8
ENDS = (0, 137, 143)  # of a container that is ended: by SIGKILL, by SIGTERM, or in good order at that


@rule(
    "APP326",
    name="liveness-probe-failing",
    question=Question.READY,
    inputs=("Pod", "Event"),
    basis=Basis.REMAINDER,
)
def liveness_probe_failing(ctx: Context) -> Iterator[Finding]:
    """The liveness probe fails and the container is restarted for it.

    ## What it means
    The kubelet asked the container whether it lives, got no good answer several times in a row, and ended it. The
    container may have been well, or hung.

    ## Why it happens
    The application hangs or is overloaded, answers with an error, waits for a dependency that its health check asks, or
    is not up yet when it is asked.

    ## Evidence
    The newest event `Liveness probe failed` with what was answered, and the event `Killing`.

    ## What to do
    Read the log of the run that was ended, and ask the probe's address from within the pod. A health check should not
    ask what the application depends on.

    ## Known limits
    Among the weakest of explanations: told only where nothing else explains why the container ends.
    """
    for group in ctx.groups("container-crashing"):
        pods = (member for member in group.members[:MAX_MEMBERS] if isinstance(member, Pod))
        found = next((one for pod in pods if (one := _finding(ctx, group, pod)) is not None), None)
        if found is not None:
            yield found


def _finding(ctx: Context, group: Group, pod: Pod) -> Finding | None:
    name = group.container
    words = f"Container {name} failed liveness probe"
    killed = next((event for event in ctx.warnings(pod, "Killing") if words in event.text), None)
    failed = next((event for event in ctx.warnings(pod, "Unhealthy") if _is_about(event, name)), None)
    if killed is None or failed is None or not _may_be_ended(pod, name):
        return None
    said, proof = ctx.cite_event(failed), ctx.cite_event(killed)
    summary = f"container {name} is ended and started again for its liveness probe: {failed.text}"
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(said, proof, *group.evidence),
        accounts_for=(Because(group, summary, (said, proof)),),
        confidence=Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(
                text="read what the run that was ended said",
                command=f"kubectl -n {pod.namespace} logs {pod.name} -c {name} --previous",
            ),
            Remedy(text="ask the probe's address from within the pod, and see how long an answer takes"),
        ),
    )


def _is_about(event: Event, container: str) -> bool:
    """Whether a probe of that container failed; an event that names no container may be about it."""
    named = (event.subject.field_path or "").partition("{")[2].removesuffix("}")
    return bool(FAILED.search(event.text)) and named in ("", container)


def _may_be_ended(pod: Pod, container: str) -> bool:
    """Whether the last run may have been ended from outside: by itself, or for its memory, it ends otherwise."""
    status = next((one for _, one in statuses(pod) if one.name == container), None)
    ended = status.last_state.terminated if status is not None and status.last_state else None
    return ended is None or (ended.exit_code in ENDS and ended.reason != "OOMKilled")
