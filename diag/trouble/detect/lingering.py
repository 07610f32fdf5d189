"""Pods whose work is done and which do not end, because another container of theirs runs on."""

from diag.facts.gpus import container_requests, gpus_of
from diag.facts.pods import statuses
from diag.findings import Evidence
from diag.snapshot.cite import cite
from diag.snapshot.kinds import ContainerStatus, Pod
from diag.trouble.detect.pod_complaint import complain
from diag.trouble.groups import Complaint
from diag.trouble.scene import Scene
from diag.vocab.sidecars import is_sidecar

GRACE_S = 5 * 60  # a sidecar that is told to end needs a moment


def work_and_rest(pod: Pod) -> tuple[list[tuple[str, ContainerStatus]], list[tuple[str, ContainerStatus]]]:
    """Containers of a pod that is to end, which have ended with 0, and those that run on; empty where neither is sure.

    What runs on has to be a known sidecar, or a container without GPUs beside one that had them.
    """
    if pod.spec.restart_policy not in ("Never", "OnFailure"):
        return [], []
    gpus = {one.name: bool(gpus_of(container_requests(one))) for one in pod.spec.containers or ()}
    done, rest = [], []
    for path, status in statuses(pod):
        if path.startswith("status.init"):
            continue
        ended = status.state.terminated if status.state else None
        if ended is not None and ended.exit_code == 0:
            done.append((path, status))
        elif status.state is not None and status.state.running is not None:
            rest.append((path, status))
        else:
            return [], []
    worked = any(gpus.get(status.name) for _, status in done)
    waits = all(
        is_sidecar(status.name or "", status.image or "") or (worked and not gpus.get(status.name))
        for _, status in rest
    )
    return (done, rest) if done and rest and waits else ([], [])


def not_finishing(scene: Scene, pod: Pod) -> Complaint | None:
    """The complaint of a pod whose main containers have ended for some time while others keep it running."""
    done, rest = work_and_rest(pod)
    ends = [status.state.terminated.finished_at for _, status in done if status.state and status.state.terminated]
    ended = max((end for end in ends if end), default=None)
    if not done or not scene.older(ended, GRACE_S):
        return None
    proofs: list[Evidence] = [cite(pod, f"{path}.state.terminated.exitCode") for path, _ in done]
    proofs += [
        cite(pod, f"{path}.state.terminated.reason")
        for path, status in done
        if status.state and status.state.terminated and status.state.terminated.reason
    ]
    proofs += [cite(pod, f"{path}.name") for path, _ in rest]
    main, others = (", ".join(status.name or "" for _, status in some) for some in (done, rest))
    return complain(
        scene, pod, "job-not-finishing", reason="containers run on", evidence=(proofs[0], *proofs[1:]),
        message=f"{main} ended with exit code 0, and {others} runs on", since=ended,
    )  # fmt: skip
