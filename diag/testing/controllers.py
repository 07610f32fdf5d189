"""Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs, with the status that their controllers write."""

from collections.abc import Mapping
from typing import Any

from diag.testing.meta import CREATED, Object, manifest, name_of, namespace_of, suffix, uid_for

APP = "app.kubernetes.io/name"


def deployment(  # noqa: PLR0913 - what tells one Deployment from another
    name: str,
    spec: Object,
    *,
    namespace: str = "default",
    replicas: int = 1,
    existing: int | None = None,
    ready: int | None = None,
    created: str = CREATED,
    progressed: str = "",
    labels: Mapping[str, str] | None = None,
    progress_deadline: int = 600,
    failure: tuple[str, str] | None = None,
    timed_out: str = "",
) -> Object:
    """A Deployment at its first revision; healthy by default.

    - `spec`: of the pod template (`pod_spec`).
    - `existing`: pods that exist, `replicas` by default.
    - `ready`: pods that are ready, all existing ones by default.
    - `progressed`: when its roll-out last made progress; `created` by default.
    - `failure`: when and with which message the ReplicaSet failed to make a pod.
    - `timed_out`: since when the roll-out has been beyond its deadline.
    """
    existing = replicas if existing is None else existing
    ready = existing if ready is None else ready
    progressed = progressed or created
    labels = {APP: name, **(labels or {})}
    rs = f'ReplicaSet "{replica_set_name(name, namespace)}"'
    if timed_out:
        progressing = ("False", "ProgressDeadlineExceeded", f"{rs} has timed out progressing.", timed_out)
    elif ready == existing:
        progressing = ("True", "NewReplicaSetAvailable", f"{rs} has successfully progressed.", progressed)
    else:
        progressing = ("True", "ReplicaSetUpdated", f"{rs} is progressing.", progressed)
    # maxUnavailable of 25 % is rounded down (kubernetes `pkg/controller/deployment/util`).
    if ready >= replicas - replicas // 4:
        available = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.", progressed)
    else:
        missing_since = timed_out or (failure[0] if failure else progressed)
        message = "Deployment does not have minimum availability."
        available = ("False", "MinimumReplicasUnavailable", message, missing_since)
    conditions = [_rollout_condition("Available", *available), _rollout_condition("Progressing", *progressing)]
    if failure:
        conditions.append(_rollout_condition("ReplicaFailure", "True", "FailedCreate", failure[1], failure[0]))
    status: Object = {"observedGeneration": 1, "replicas": existing, "updatedReplicas": existing}
    if ready:
        status |= {"readyReplicas": ready, "availableReplicas": ready}
    if replicas > ready:
        status["unavailableReplicas"] = replicas - ready
    return manifest(
        "apps/v1",
        "Deployment",
        name,
        namespace=namespace,
        created=created,
        labels=labels,
        annotations={"deployment.kubernetes.io/revision": "1"},
        generation=1,
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": {APP: name}},
            "template": {"metadata": {"labels": labels}, "spec": spec},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": progress_deadline,
        },
        status={**status, "terminatingReplicas": 0, "conditions": conditions},
    )


def template_hash(name: str, namespace: str) -> str:
    """The `pod-template-hash` of the only revision."""
    return suffix("template", namespace, name, length=10)


def replica_set_name(name: str, namespace: str) -> str:
    """The ReplicaSet of the Deployment's only revision."""
    return f"{name}-{template_hash(name, namespace)}"


def replica_set(owner: Object) -> Object:
    """The ReplicaSet of a Deployment, its numbers taken from there."""
    namespace, name = namespace_of(owner), name_of(owner)
    revision = {"pod-template-hash": template_hash(name, namespace)}
    template = owner["spec"]["template"]
    labels = {**template["metadata"]["labels"], **revision}
    replicas, said = owner["spec"]["replicas"], owner["status"]
    status: Object = {"replicas": said["replicas"]}
    if said["replicas"]:
        status["fullyLabeledReplicas"] = said["replicas"]
    status |= {key: said[key] for key in ("readyReplicas", "availableReplicas") if key in said}
    status["observedGeneration"] = 1
    failures = [c for c in said["conditions"] if c["type"] == "ReplicaFailure"]
    if failures:
        status["conditions"] = [{k: v for k, v in c.items() if k != "lastUpdateTime"} for c in failures]
    return manifest(
        "apps/v1",
        "ReplicaSet",
        replica_set_name(name, namespace),
        namespace=namespace,
        created=owner["metadata"]["creationTimestamp"],
        labels=labels,
        annotations={
            "deployment.kubernetes.io/desired-replicas": str(replicas),
            "deployment.kubernetes.io/max-replicas": str(replicas + -(-replicas // 4)),
            "deployment.kubernetes.io/revision": "1",
        },
        owner=owner,
        generation=1,
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": {APP: name, **revision}},
            "template": {"metadata": {"labels": labels}, "spec": template["spec"]},
        },
        status=status,
    )


def stateful_set(
    name: str,
    spec: Object,
    *,
    namespace: str = "default",
    replicas: int = 1,
    existing: int | None = None,
    ready: int | None = None,
    created: str = CREATED,
    claims: tuple[Object, ...] = (),
) -> Object:
    """A StatefulSet whose revision is rolled out; `claims` are its volumeClaimTemplates."""
    existing = replicas if existing is None else existing
    ready = existing if ready is None else ready
    revision = f"{name}-{suffix('revision', namespace, name, length=10)}"
    body: Object = {
        "replicas": replicas,
        "selector": {"matchLabels": {APP: name}},
        "template": {"metadata": {"labels": {APP: name}}, "spec": spec},
        "serviceName": name,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 10,
    }
    if claims:
        body["volumeClaimTemplates"] = list(claims)
    return manifest(
        "apps/v1",
        "StatefulSet",
        name,
        namespace=namespace,
        created=created,
        labels={APP: name},
        generation=1,
        spec=body,
        status={
            "observedGeneration": 1,
            "replicas": existing,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "currentReplicas": existing,
            "updatedReplicas": existing,
            "currentRevision": revision,
            "updateRevision": revision,
            "collisionCount": 0,
        },
    )


def daemon_set(  # noqa: PLR0913 - what tells one DaemonSet from another
    name: str,
    spec: Object,
    *,
    namespace: str = "default",
    desired: int = 0,
    ready: int | None = None,
    updated: int | None = None,
    created: str = CREATED,
    labels: Mapping[str, str] | None = None,
    on_delete: bool = False,
    generation: int = 1,
) -> Object:
    """A DaemonSet with a pod on each of `desired` nodes.

    - `ready`: pods that are ready, all by default.
    - `updated`: pods of the newest revision, all by default.
    - `on_delete`: update strategy OnDelete, as the GPU operator's driver has it.
    """
    ready = desired if ready is None else ready
    labels = {"app": name, **(labels or {})}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}
    status: Object = {
        "currentNumberScheduled": desired,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": desired,
        "numberReady": ready,
        "observedGeneration": generation,
        "updatedNumberScheduled": desired if updated is None else updated,
    }
    if ready:
        status["numberAvailable"] = ready
    if desired > ready:
        status["numberUnavailable"] = desired - ready
    return manifest(
        "apps/v1",
        "DaemonSet",
        name,
        namespace=namespace,
        created=created,
        labels=labels,
        annotations={"deprecated.daemonset.template.generation": str(generation)},
        generation=generation,
        spec={
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": spec},
            "updateStrategy": {"type": "OnDelete"} if on_delete else rolling,
            "revisionHistoryLimit": 10,
        },
        status=status,
    )


def job(  # noqa: PLR0913 - what tells one Job from another
    name: str,
    spec: Object,
    *,
    namespace: str = "default",
    parallelism: int = 1,
    active: int | None = None,
    ready: int | None = None,
    succeeded: int = 0,
    completed: str = "",
    created: str = CREATED,
    labels: Mapping[str, str] | None = None,
    indexed: bool = False,
) -> Object:
    """A Job of as many completions as `parallelism`; all its pods are active and ready by default.

    - `completed`: when it ended well; then nothing is active.
    """
    if active is None:
        active = 0 if completed else parallelism
    ready = active if ready is None else ready
    uid = uid_for("batch/v1", "Job", namespace, name)
    status: Object = {"startTime": created}
    if completed:
        status = {"conditions": _completed(completed), **status, "completionTime": completed}
    status |= {k: v for k, v in (("active", active), ("succeeded", succeeded)) if v}
    status |= {"terminating": 0, "uncountedTerminatedPods": {}, "ready": ready}
    return manifest(
        "batch/v1",
        "Job",
        name,
        namespace=namespace,
        created=created,
        labels={APP: name, **(labels or {})},
        generation=1,
        spec={
            "parallelism": parallelism,
            "completions": parallelism,
            "backoffLimit": 6,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
            "manualSelector": False,
            "template": {"metadata": {"labels": job_pod_labels(name, uid, labels)}, "spec": spec},
            "completionMode": "Indexed" if indexed else "NonIndexed",
            "suspend": False,
            "podReplacementPolicy": "TerminatingOrFailed",
        },
        status=status,
    )


def job_pod_labels(name: str, uid: str, labels: Mapping[str, str] | None = None) -> dict[str, str]:
    """The labels that the Job controller gives to its pods, after their own."""
    return {
        APP: name,
        **(labels or {}),
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }


def _completed(at: str) -> list[Object]:
    fields: dict[str, Any] = {"status": "True", "lastProbeTime": at, "lastTransitionTime": at}
    words = {"reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}
    return [{"type": kind, **fields, **words} for kind in ("SuccessCriteriaMet", "Complete")]


def _rollout_condition(kind: str, status: str, reason: str, message: str, since: str) -> Object:
    times = {"lastUpdateTime": since, "lastTransitionTime": since}
    return {"type": kind, "status": status, **times, "reason": reason, "message": message}
