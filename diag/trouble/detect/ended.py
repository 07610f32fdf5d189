"""Pods that failed, were evicted, or do not go away."""

from collections.abc import Iterator

from diag.facts.nodes import is_ready
from diag.facts.pods import condition, condition_path, statuses
from diag.findings import Evidence, Severity
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Node, Pod
from diag.trouble.detect.pod_complaint import complain
from diag.trouble.groups import Complaint
from diag.trouble.relations.owners import owner_of
from diag.trouble.scene import Scene
from diag.trouble.served import has_all, is_last_word, rejected_lately, replaced

TERMINATING_S = 5 * 60  # beyond the grace period


def failed(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    """What a failed pod complains of, unless its controller has made good for it."""
    made_good = replaced(scene, pod)
    if made_good and not rejected_lately(scene, pod) and not is_last_word(scene, pod):
        return
    disrupted = condition(pod, "DisruptionTarget")
    evicted = pod.status.reason in ("Evicted", "Preempting", "NodeShutdown", "Terminated") or (
        disrupted is not None and disrupted.status == "True"
    )
    evidence: list[Evidence] = [
        cite(pod, path)
        for path, value in (("status.message", pod.status.message), ("status.reason", pod.status.reason))
        if value
    ]
    reason, message, container = pod.status.reason or "", pod.status.message or "", ""
    if disrupted is not None and disrupted.status == "True" and disrupted.reason:
        evidence.append(cite(pod, condition_path(pod, "DisruptionTarget", "reason")))
        reason, message = reason or disrupted.reason, message or disrupted.message or ""
    for path, status in statuses(pod):
        ended = status.state.terminated if status.state else None
        if ended and ended.exit_code:
            evidence.append(cite(pod, f"{path}.state.terminated.exitCode"))
            reason = reason or f"exit code {ended.exit_code}"
            message = message or f"container {status.name} ended with exit code {ended.exit_code}"
            container = status.name or ""
            break
    evidence.append(cite(pod, "status.phase"))
    # Where pods fail in turn, the next one may be well for now.
    severity = Severity.WARNING if has_all(owner_of(scene.snap, pod)) else Severity.ERROR
    severity = Severity.INFO if made_good else severity
    yield complain(
        scene, pod, "pod-evicted" if evicted else "pod-failed", reason=reason, message=message,
        evidence=(evidence[0], *evidence[1:]), since=_ended_at(pod), container=container,
        severity=severity,
    )  # fmt: skip


def terminating(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    """What a pod complains of that is being deleted for too long."""
    # deletionTimestamp is when the pod should be gone: the API server adds the grace period to it.
    if scene.older(pod.metadata.deletion_timestamp, TERMINATING_S):
        evidence: list[Evidence] = [cite(pod, "metadata.deletionTimestamp")]
        if pod.metadata.finalizers:
            evidence.append(cite(pod, "metadata.finalizers[0]"))
        node = scene.snap.get("Node", "", pod.spec.node_name or "")
        state = "node" if isinstance(node, Node) and is_ready(node) is False else ""
        yield complain(
            scene, pod, "pod-stuck-terminating", reason="finalizers" if pod.metadata.finalizers else "", state=state,
            evidence=(evidence[0], *evidence[1:]), message="still there after its grace period",
            since=pod.metadata.deletion_timestamp, severity=Severity.WARNING,
        )  # fmt: skip


def _ended_at(pod: Pod) -> str | None:
    ends = [
        status.state.terminated.finished_at
        for _, status in statuses(pod)
        if status.state and status.state.terminated and status.state.terminated.finished_at
    ]
    disrupted = condition(pod, "DisruptionTarget")
    return max(ends, default=None) or (disrupted.last_transition_time if disrupted else None) or pod.created
