"""Controllers that are not well although none of their pods says why."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from diag.facts.pods import PodClass
from diag.findings import Evidence, Severity
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Controller, Pod
from diag.trouble.groups import Complaint
from diag.trouble.relations.template import template_pod
from diag.trouble.scene import Scene
from diag.trouble.served import superseded
from diag.trouble.shapes import shape_of

GRACE_S = 5 * 60
SETTLED = (PodClass.HEALTHY, PodClass.RESTARTED, PodClass.FINISHED, PodClass.FAILED)
# The Deployment has no ReplicaSet for its newest template (kubernetes/kubernetes pkg/controller/deployment/util).
NOT_CREATED = "ReplicaSetCreateError"
OLD_S = 24 * 3600  # a Job that failed longer ago is history


def complaints(scene: Scene, explained: set[str]) -> Iterator[Complaint]:
    """Roll-outs beyond their deadline, missing replicas, failed Jobs. `explained` are workloads whose pods complain."""
    for kind, detect in (
        ("apps/Deployment", _deployment),
        ("apps/StatefulSet", _stateful_set),
        ("apps/DaemonSet", _daemon_set),
        ("batch/Job", _job),
    ):
        there = [item for _, item in sorted(scene.snap.all(kind).items()) if isinstance(item, Controller)]
        unexplained = [item for item in there if str(scene.root(item)) not in explained]
        yield from scene.each(unexplained, partial(detect, scene))


def _under_way(scene: Scene, item: Controller) -> int:
    """Pods of the controller that are not ready and do not complain: they are within their budgets."""
    below = [item, *scene.snap.children_of(item)]
    pods = [pod for owner in below for pod in scene.snap.children_of(owner) if isinstance(pod, Pod)]
    return sum(scene.class_of(pod) not in SETTLED for pod in pods)


def _unknown(scene: Scene, item: Controller) -> bool:
    """Whether pods were not collected, so that those on their way cannot be told from those in trouble."""
    return scene.snap.coverage("Pod", item.namespace) == "none"


def _complaint(
    scene: Scene,
    item: Controller,
    symptom: str,
    paths: list[str],
    *,
    reason: str,
    message: str,
    since: str | None,
    severity: Severity = Severity.ERROR,
) -> Complaint:
    evidence: list[Evidence] = [cite(item, path) for path in paths]
    return Complaint(
        symptom=symptom,
        member=item,
        workload=scene.root(item),
        group_by=str(scene.root(item)),
        reason=reason,
        message=message,
        evidence=(evidence[0], *evidence[1:]),
        since=since,
        gpus=_unmet_gpus(item),
        severity=severity,
    )


def _unmet_gpus(item: Controller) -> int:
    """GPUs of the replicas that are wanted and not available; 0 where the template or the counts are not here."""
    wanted, have = item.spec.replicas, item.status.available_replicas or item.status.ready_replicas or 0
    template = template_pod(item) if wanted is not None and wanted > have else None
    return shape_of(template).gpu_total * (wanted - have) if template is not None and wanted is not None else 0


def _refused(scene: Scene, item: Controller) -> Iterator[Complaint]:
    """What a Deployment repeats of its ReplicaSet, which is not here: it could not make pods.

    The condition goes when pods can be made again (kubernetes/kubernetes pkg/controller/deployment/util
    deployment_util.go), so it needs no event and no second look.
    """
    missing = (item.spec.replicas or 0) - (item.status.replicas or 0)
    for index, found in enumerate(item.status.conditions or ()):
        if found.type == "ReplicaFailure" and found.status == "True" and found.message and missing > 0:
            complaint = _complaint(
                scene, item, "pod-not-created", [f"status.conditions[{index}].message"],
                reason=found.message, message=found.message, since=found.last_transition_time,
            )  # fmt: skip
            yield replace(complaint, missing=missing, state="stated")
            return


def _deployment(scene: Scene, item: Controller) -> Iterator[Complaint]:
    refused = list(_refused(scene, item))
    yield from refused or _stands_still(scene, item)


def _stands_still(scene: Scene, item: Controller) -> Iterator[Complaint]:
    for index, found in enumerate(item.status.conditions or ()):
        if found.type == "Progressing" and found.status == "False":
            part = "message" if found.message else "status"
            complaint = _complaint(
                scene, item, "rollout-deadline-exceeded", [f"status.conditions[{index}].{part}"],
                reason=found.reason or "", message=found.message or "", since=found.last_transition_time,
            )  # fmt: skip
            if found.reason == NOT_CREATED:
                complaint = replace(complaint, symptom="pod-not-created", missing=item.spec.replicas or 0)
            yield complaint
            return
    for index, found in enumerate(item.status.conditions or ()):
        if found.type == "Available" and found.status == "False" and scene.older(found.last_transition_time, GRACE_S):
            if _under_way(scene, item):
                return
            part = "message" if found.message else "status"
            yield _complaint(
                scene, item, "replicas-unavailable", [f"status.conditions[{index}].{part}"],
                reason=found.reason or "", message=found.message or "", since=found.last_transition_time,
            )  # fmt: skip
            return


def _stateful_set(scene: Scene, item: Controller) -> Iterator[Complaint]:
    wanted, have = item.spec.replicas, item.status.ready_replicas
    if (
        wanted is not None
        and have is not None
        and have + _under_way(scene, item) < wanted
        and scene.older(item.created, GRACE_S)
    ):
        yield _complaint(
            scene, item, "replicas-unavailable", ["status.readyReplicas", "spec.replicas"],
            reason="replicas", message=f"{have} of {wanted} replicas are ready", since=None,
            severity=Severity.INFO if _unknown(scene, item) else Severity.ERROR,
        )  # fmt: skip


def _daemon_set(scene: Scene, item: Controller) -> Iterator[Complaint]:
    wanted, have = item.status.desired_number_scheduled, item.status.number_ready
    if (
        wanted is not None
        and have is not None
        and have + _under_way(scene, item) < wanted
        and scene.older(item.created, GRACE_S)
    ):
        yield _complaint(
            scene, item, "daemonset-pods-not-ready", ["status.numberReady", "status.desiredNumberScheduled"],
            reason="pods", message=f"{have} of {wanted} pods are ready", since=None,
            severity=Severity.INFO if _unknown(scene, item) else Severity.WARNING,
        )  # fmt: skip


def _job(scene: Scene, item: Controller) -> Iterator[Complaint]:
    for index, found in enumerate(item.status.conditions or ()):
        if found.type == "Failed" and found.status == "True" and not scene.older(found.last_transition_time, OLD_S):
            paths = [f"status.conditions[{index}].{part}" for part in ("message", "reason") if getattr(found, part)]
            yield _complaint(
                scene, item, "job-failed", paths or [f"status.conditions[{index}].type"],
                reason=found.reason or "", message=found.message or "", since=found.last_transition_time,
                severity=Severity.INFO if superseded(scene, item) else Severity.ERROR,
            )  # fmt: skip
