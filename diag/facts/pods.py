"""What state a pod is in, told from its own status."""

from collections.abc import Iterator
from enum import StrEnum

from diag.projection import Condition
from diag.snapshot.kinds import ContainerStatus, Pod


class PodClass(StrEnum):
    """The classes into which one pass sorts all pods."""

    HEALTHY = "healthy"
    PENDING = "pending"  # not bound to a node
    GATED = "gated"
    STARTING = "starting"  # bound, and a container is not yet started
    FAILED = "failed"
    UNREADY = "unready"
    RESTARTED = "restarted"  # fine now
    TERMINATING = "terminating"
    FINISHED = "finished"


def condition(pod: Pod, kind: str) -> Condition | None:
    """A condition of the pod by its type."""
    return next((found for found in pod.status.conditions or () if found.type == kind), None)


def is_ready(pod: Pod) -> bool:
    """Whether the pod says that it is ready; one that does not say is not."""
    found = condition(pod, "Ready")
    return found is not None and found.status == "True"


def condition_path(pod: Pod, kind: str, part: str) -> str:
    """Where a part of a condition stands in the pod."""
    index = next((i for i, found in enumerate(pod.status.conditions or ()) if found.type == kind), 0)
    return f"status.conditions[{index}].{part}"


def statuses(pod: Pod) -> Iterator[tuple[str, ContainerStatus]]:
    """Container statuses with their paths, init containers first."""
    for index, status in enumerate(pod.status.init_container_statuses or ()):
        yield f"status.initContainerStatuses[{index}]", status
    for index, status in enumerate(pod.status.container_statuses or ()):
        yield f"status.containerStatuses[{index}]", status


def occupies_node(pod: Pod) -> bool:
    """Whether its requests count on its node: bound and not ended. A terminating pod still counts."""
    return bool(pod.spec.node_name) and pod.status.phase not in ("Succeeded", "Failed")


def initialises(pod: Pod, path: str, status: ContainerStatus) -> bool:
    """Whether it is an init container that runs, and for whose end (or start, of a sidecar) the others wait.

    `started` alone does not tell: since 1.28 the kubelet writes it for every init container that runs
    (kubernetes/kubernetes pkg/kubelet/prober/prober_manager.go).
    """
    if not path.startswith("status.init") or status.ready or not (status.state and status.state.running):
        return False
    stays = any(one.name == status.name and one.restart_policy == "Always" for one in pod.spec.init_containers or ())
    return not (stays and status.started)


def runs_well(status: ContainerStatus) -> bool:
    """Whether a container runs and is ready: what its log tells of is then not what keeps its pod from being ready."""
    return bool(status.ready and status.state and status.state.running)


def classify(pod: Pod) -> PodClass:
    """The class of a pod. What is unknown (no status, no conditions) is not trouble."""
    phase = pod.status.phase
    if phase == "Succeeded":
        return PodClass.FINISHED
    if pod.metadata.deletion_timestamp:
        return PodClass.TERMINATING
    if phase == "Failed":
        return PodClass.FAILED
    if not pod.spec.node_name and phase in ("Pending", None):
        if pod.spec.scheduling_gates:
            return PodClass.GATED
        return PodClass.PENDING if phase or condition(pod, "PodScheduled") else PodClass.HEALTHY
    return _bound(pod)


def _bound(pod: Pod) -> PodClass:
    restarted = crashed = False
    for path, status in statuses(pod):
        init = path.startswith("status.init")
        state = status.state
        restarted |= bool(status.restart_count)
        if state is None:
            continue
        if (
            state.waiting
            or (state.terminated and state.terminated.exit_code)
            or (init and status.ready is False and initialises(pod, path, status))
        ):
            crashed = True
    if crashed or pod.status.phase == "Pending":
        return PodClass.STARTING
    ready = condition(pod, "Ready")
    if ready is not None and ready.status in ("False", "Unknown") and ready.reason != "PodCompleted":
        return PodClass.UNREADY
    if ready is None and any(status.ready is False for status in pod.status.container_statuses or ()):
        return PodClass.UNREADY
    return PodClass.RESTARTED if restarted else PodClass.HEALTHY
