"""Pods whose containers run and are not ready, or whose node is lost."""

from collections.abc import Iterator
from dataclasses import replace

from diag.facts.nodes import is_ready, ready
from diag.facts.pods import condition, condition_path, statuses
from diag.findings import GRACE_S, Evidence
from diag.snapshot.cite import cite
from diag.snapshot.kinds import ContainerStatus, Event, Node, Pod
from diag.trouble.detect.lingering import not_finishing
from diag.trouble.detect.pod_complaint import complain
from diag.trouble.detect.starting import crash, crashed_lately
from diag.trouble.groups import Complaint
from diag.trouble.relations.operands import operand_of
from diag.trouble.scene import Scene
from diag.trouble.served import starting_is_served
from diag.vocab.operands import Stage

# NVIDIA/gpu-operator assets/state-driver: the startup probe waits 60 s, then 120 times 10 s, while the driver is built.
BUILD_S = 21 * 60


def unready_pod(scene: Scene, pod: Pod) -> Iterator[Complaint]:
    """What an unready pod complains of, if anything."""
    node = scene.snap.get("Node", "", pod.spec.node_name or "")
    if isinstance(node, Node) and is_ready(node) is False:
        yield _on_lost_node(scene, pod, node)
        return
    if (lingering := not_finishing(scene, pod)) is not None:
        yield lingering
        return
    for path, status in statuses(pod):
        if not status.ready and crashed_lately(scene, status):
            symptom = "init-container-failing" if path.startswith("status.init") else "container-crashing"
            yield crash(scene, pod, symptom, path, status)
            return
    if starting_is_served(scene, pod) or not scene.older(_unready_since(pod), _grace(pod)):
        return
    path, status = next(
        ((path, one) for path, one in statuses(pod) if not one.ready and not path.startswith("status.init")),
        ("", ContainerStatus()),
    )
    said = scene.warnings(pod, "Unhealthy")
    unready = condition(pod, "Ready")
    proof = cite(pod, f"{path}.ready") if path and status.ready is False else (
        cite(pod, condition_path(pod, "Ready", "status")) if unready else cite(pod, "metadata.name")
    )  # fmt: skip
    evidence: tuple[Evidence, *tuple[Evidence, ...]] = (proof, *(scene.sentence(event) for event in said[:1]))
    message = said[0].text if said else (unready.message or "" if unready else "")
    yield complain(
        scene, pod, "container-not-ready", reason=_probe(said), evidence=evidence, message=message,
        since=_unready_since(pod), container=status.name or "",
    )  # fmt: skip


def _grace(pod: Pod) -> float:
    """How long a pod may take to become ready before that is trouble."""
    operand = operand_of(pod)
    builds = operand is not None and operand.stage is Stage.DRIVER
    return BUILD_S if builds and not any(status.restart_count for _, status in statuses(pod)) else GRACE_S


def _on_lost_node(scene: Scene, pod: Pod, node: Node) -> Complaint:
    """One group for each node fault, across owners and shapes: the pods have nothing else in common."""
    found = ready(node)
    fault = f"{found.reason} {found.message}" if found else ""
    unready = condition(pod, "Ready")
    proof = cite(pod, condition_path(pod, "Ready", "status") if unready else "spec.nodeName")
    one = complain(
        scene,
        pod,
        "container-not-ready",
        reason=fault,
        state="node",
        evidence=(proof, cite(pod, "spec.nodeName")),
        message="their nodes are not ready",
        since=_unready_since(pod),
    )
    return replace(one, shape=None, group_by="nodes that are not ready")


def _probe(said: list[Event]) -> str:
    """Which probe fails, so that the wording of its failures does not split a group."""
    return said[0].text.split(" probe", 1)[0] if said else ""


def _unready_since(pod: Pod) -> str | None:
    unready = condition(pod, "Ready")
    return (unready.last_transition_time if unready else None) or pod.status.start_time or pod.created
