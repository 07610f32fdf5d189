"""How far one object has come: whether it is well, and which questions of its way are still open."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diag.document import RefRow
from diag.facts.pods import PodClass, classify
from diag.findings import Question, Ref
from diag.projection import Object, dicts
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot

_WORKLOAD = (Question.CREATED, Question.ADMITTED, Question.PLACED, Question.STARTED, Question.READY, Question.KEPT)
_BOUND = frozenset({Question.STARTED, Question.READY, Question.KEPT})
_FINE = (PodClass.HEALTHY, PodClass.FINISHED, PodClass.RESTARTED)
_OF_PODS = {PodClass.STARTING: _BOUND, PodClass.UNREADY: _BOUND} | dict.fromkeys(
    (*_FINE, PodClass.FAILED, PodClass.TERMINATING), frozenset({Question.KEPT})
)
_SCALERS = ("autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject", "keda.sh/ScaledJob")
# Kinds that pods come from; of other systems' kinds nobody knows which questions theirs are.
_WORKLOADS = ("apps/Deployment", "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/Job", "batch/CronJob")
# What a kind says when all is done; a condition of other kinds may mean anything.
_GOOD = ("Ready", "Available", "Complete", "Succeeded")


def item_of(ref: RefRow, snapshots: Iterable[Snapshot]) -> Object | None:
    """The object that a row names, None when it was not read."""
    own = Ref(ref.cluster, ref.apiVersion, ref.kind, ref.namespace, ref.name)
    return next((snap.find(own) for snap in snapshots if snap.cluster == ref.cluster), None)


def open_questions(item: Object) -> frozenset[Question] | None:
    """The questions that may still be answered "no" of the object, None where nobody knows which those are."""
    if isinstance(item, Pod):
        return _OF_PODS.get(classify(item), frozenset(_WORKLOAD[1:]))
    if item.kind_id == "Node":
        return frozenset({Question.OFFERS, Question.DRAINS})
    if item.kind_id in _SCALERS:
        return frozenset({Question.SCALED})
    if item.kind_id in _WORKLOADS:
        return frozenset({Question.KEPT}) if is_well(item) else frozenset(_WORKLOAD)
    return None


def is_well(item: Object) -> bool:
    """Whether it has all that it asks for: a pod is ready, a workload's newest pods are, a job is done."""
    if isinstance(item, Pod):
        return classify(item) in _FINE
    spec, status = _dict(item.whole.get("spec")), _dict(item.whole.get("status"))
    generation = item.metadata.generation or 0
    if _number(status, "observedGeneration", generation) < generation:
        return False  # its controller has not looked yet
    return _WELL.get(item.kind_id, _others)(spec, status)


def _daemon_set(_: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    ready = min(_number(status, "numberReady"), _number(status, "updatedNumberScheduled"))
    return isinstance(wanted := status.get("desiredNumberScheduled"), int) and ready >= wanted


def _job(_: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    return _conditions(status).get("Complete") == "True" or 0 < _number(status, "active") <= _number(status, "ready")


# Both as kubectl waits for them (kubernetes/kubectl pkg/polymorphichelpers/rollout_status.go).
def _deployment(spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    wanted, new = _number(spec, "replicas", 1), _number(status, "updatedReplicas")
    return new >= wanted and _number(status, "replicas") <= new and _number(status, "readyReplicas") >= wanted


def _stateful_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    strategy = _dict(spec.get("updateStrategy"))
    by_hand = strategy.get("type") == "OnDelete" or _dict(strategy.get("rollingUpdate")).get("partition")
    all_new = bool(by_hand) or status.get("currentRevision") == status.get("updateRevision")
    return all_new and _number(status, "readyReplicas") >= _number(spec, "replicas", 1)


def _claim(_: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    return status.get("phase") == "Bound"


def _others(spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    if isinstance(wanted := spec.get("replicas"), int) and "readyReplicas" in status:
        return _number(status, "readyReplicas") >= wanted
    said = _conditions(status)
    return said.get("Ready", "True") == "True" and "True" in {said.get(kind) for kind in _GOOD}


_WELL: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], bool]] = {
    "apps/DaemonSet": _daemon_set, "apps/Deployment": _deployment, "apps/StatefulSet": _stateful_set,
    "batch/Job": _job, "PersistentVolumeClaim": _claim,
}  # fmt: skip


def _conditions(status: Mapping[str, Any]) -> dict[object, object]:
    return {one.get("type"): one.get("status") for one in dicts(status.get("conditions"))}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(found: Mapping[str, Any], key: str, absent: int = 0) -> int:
    value = found.get(key, absent)
    return value if isinstance(value, int) else absent
