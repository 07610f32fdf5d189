"""Members of one workload that wait for each other: who has to be ready before others are made or can work.

- JobSet: `startupPolicy` InOrder or `dependsOn` (kubernetes-sigs/jobset api/jobset/v1alpha2/jobset_types.go).
- LeaderWorkerSet: `startupPolicy` LeaderReady (kubernetes-sigs/lws api/leaderworkerset/v1).
- RayCluster: its workers wait for the head (ray-project/kuberay ray-operator/controllers/ray/common/pod.go).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diag.facts import custom_resources
from diag.facts.pods import PodClass, classify, condition, condition_path, statuses
from diag.findings import Because, Charge, Evidence, Proof, as_proof
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import cite, cite_log
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations.template import template_pod
from diag.trouble.shapes import shape_of
from diag.vocab.training import (
    JOBSET,
    JOBSET_NAME,
    LWS,
    LWS_GROUP,
    LWS_NAME,
    LWS_WORKER,
    RAY_CLUSTER,
    RAY_CLUSTER_NAME,
    RAY_ROLE,
    REPLICATED_JOB,
)

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble

WAITS_IN_ORDER = "start order"  # the state of a group that is not made before another is ready
WELL = (PodClass.HEALTHY, PodClass.RESTARTED, PodClass.FINISHED)
# What a worker shows while it waits for its head; its own crash has a story of its own, unless it says that the head's
# store does not answer (ray-project/ray src/ray/rpc/gcs/gcs_rpc_client.h, python/ray/_private/node.py).
HELD_UP = ("container-not-ready", "init-container-failing")
CRASHED = ("container-crashing", "pod-failed")
LOST_HEAD = re.compile(
    r"[Ff]ailed to connect to GCS|[Uu]nable to connect to GCS|[Cc]ould not connect to (?:the )?GCS"
    r"|Timed out while waiting for GCS|[Ll]ost connection to (?:the )?GCS|connect to the head node"
)
MAX_LINES = 60
MAX_PODS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Pods that an operator does not make before others of the same workload are ready."""

    item: Object
    later: str  # in words: which are not made
    first: str  # in words: which have to be ready before
    pods: tuple[Pod, ...]  # those that have to be ready and are not
    missing: int
    gpus: int
    proof: Proof


def waits(snap: Snapshot) -> Iterator[Wait]:
    """Every workload with members that are not made since an earlier one is not ready."""
    for _, item in sorted(snap.all(JOBSET).items()):
        if (found := _job_set(snap, item)) is not None:
            yield found
    for _, item in sorted(snap.all(LWS).items()):
        if (found := _leaders(snap, item)) is not None:
            yield found


def charges(trouble: "Trouble") -> list[Charge]:
    """Links from the members that come first to those that wait for them."""
    return [*_unmade(trouble), *_headless(trouble)]


def _unmade(trouble: "Trouble") -> Iterator[Charge]:
    waiting = {group.first.ref: group for group in trouble.of("pod-not-created") if group.state == WAITS_IN_ORDER}
    for wait in waits(trouble.snap) if waiting else ():
        group = waiting.get(wait.item.ref)
        names = {pod.ref for pod in wait.pods}
        for source in trouble.groups if group is not None else ():
            if group is not None and any(member.ref in names for member in source.members):
                why = f"{wait.later} are not made before {wait.first} is ready"
                yield Charge(source=source, because=Because(group, why, wait.proof))


def _headless(trouble: "Trouble") -> Iterator[Charge]:
    """Workers of a Ray cluster whose head does not work."""
    heads = [(group, pod) for group in trouble.groups for pod in group.members if pod.labels.get(RAY_ROLE) == "head"]
    for source, head in heads:
        cluster = head.labels.get(RAY_CLUSTER_NAME)
        for group in trouble.of(*HELD_UP, *CRASHED):
            held = [pod for pod in group.members if _works_for(pod, head.namespace, cluster)]
            said = _lost_head(trouble.snap, held) if group.symptom in CRASHED and group is not source else []
            if held and cluster and (said or group.symptom in HELD_UP):
                why = f"they are workers of Ray cluster {cluster}, whose head {head.name} {source.kind.title}"
                members = None if len(held) == len(group.members) else len(held)
                proof = as_proof([*_of_head(trouble.snap, head, cluster), *said])
                yield Charge(source=source, because=Because(group, why, proof, members=members))


def _lost_head(snap: Snapshot, workers: list[Object]) -> list[Evidence]:
    """The line in which a worker that ended says that its head does not answer."""
    for pod in workers[:MAX_PODS]:
        for path, status in statuses(pod) if isinstance(pod, Pod) else ():
            for part, state in (("state", status.state), ("lastState", status.last_state)):
                ended = state.terminated if state else None
                if ended and LOST_HEAD.search((ended.message or "")[-2000:]):
                    return [cite(pod, f"{path}.{part}.terminated.message")]
            for previous in (True, False):
                lines = snap.log_lines(pod, status.name or "", previous=previous)
                for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
                    if LOST_HEAD.search(lines[number - 1][:2000]):
                        return [cite_log(pod, status.name or "", number, lines[number - 1], previous=previous)]
    return []


def _works_for(pod: Object, namespace: str, cluster: str | None) -> bool:
    mine = pod.namespace == namespace and pod.labels.get(RAY_CLUSTER_NAME) == cluster
    return mine and pod.labels.get(RAY_ROLE) == "worker"


def _of_head(snap: Snapshot, head: Object, cluster: str) -> Proof:
    """What says that the head is not ready: the cluster's condition, else the head's own."""
    proof: list[Evidence] = []
    item = snap.get(RAY_CLUSTER, head.namespace, cluster)
    told = custom_resources.told(item, "HeadPodReady") if item is not None else None
    if item is not None and told is not None and told.status == "False":
        proof.append(cite(item, told.path))
    if isinstance(head, Pod) and (unready := condition(head, "Ready")) is not None and unready.status != "True":
        proof.append(cite(head, condition_path(head, "Ready", "status")))
    return as_proof([*proof, cite(head, f'metadata.labels["{RAY_ROLE}"]')])


def _job_set(snap: Snapshot, item: Object) -> Wait | None:
    spec, status = item.whole.get("spec"), item.whole.get("status")
    listed = spec.get("replicatedJobs") if isinstance(spec, dict) else None
    jobs = [one for one in dicts(listed) if isinstance(one.get("name"), str)]
    told = dicts(status.get("replicatedJobsStatus")) if isinstance(status, dict) else []
    made = {one.get("name") for one in told if any(_number(one.get(key)) for key in MADE)}
    pods = [pod for pod in snap.pods_by_namespace.get(item.namespace, ()) if pod.labels.get(JOBSET_NAME) == item.name]
    made |= {pod.labels.get(REPLICATED_JOB) for pod in pods}
    if (
        not told
        or not isinstance(listed, list)
        or len(jobs) != len(listed)
        or custom_resources.is_held(item)
        or custom_resources.is_true(item, "Completed", "Failed")
    ):
        return None
    first = next((one["name"] for one in jobs if _unwell(pods, one["name"])), None)
    later = [(place, one) for place, one in enumerate(jobs) if one["name"] not in made and first is not None]
    proof = [piece for place, one in later for piece in _order(item, jobs, first or "", one, place)]
    if first is None or not later or not proof:
        return None
    under_way = custom_resources.told(item, "StartupPolicyInProgress")
    if under_way is not None and under_way.status == "True":
        proof = [cite(item, f"{under_way.path.rpartition('.')[0]}.type"), cite(item, under_way.path), *proof]
    sizes = [_size(item, one, place) for place, one in later]
    return Wait(
        item=item, later=f"pods of {', '.join(one['name'] for _, one in later)}", first=first,
        pods=_unwell(pods, first), missing=sum(count for count, _ in sizes), gpus=sum(gpus for _, gpus in sizes),
        proof=as_proof(dict.fromkeys(proof)),
    )  # fmt: skip


MADE = ("ready", "succeeded", "failed", "active", "suspended")


def _order(item: Object, jobs: list[JsonDict], first: str, later: Mapping[str, Any], place: int) -> list[Evidence]:
    """What says that a replicated job comes after another."""
    names = [one["name"] for one in jobs]
    if custom_resources.text_at(item, "spec.startupPolicy.startupPolicyOrder") == "InOrder":
        return [cite(item, "spec.startupPolicy.startupPolicyOrder")] if names.index(first) < place else []
    after = later.get("dependsOn")
    for number, one in enumerate(after if isinstance(after, list) else ()):
        if isinstance(one, dict) and one.get("name") == first:
            return [cite(item, f"spec.replicatedJobs[{place}].dependsOn[{number}].name")]
    return []


def _size(item: Object, job: Mapping[str, Any], place: int) -> tuple[int, int]:
    """Pods of a replicated job, and the devices that they ask for."""
    outer = job.get("template")
    spec = outer.get("spec") if isinstance(outer, dict) else None
    each = _number(spec.get("parallelism")) if isinstance(spec, dict) else None
    replicas = _number(job.get("replicas"))
    count = (1 if replicas is None else replicas) * (1 if each is None else each)
    pod = template_pod(item, "spec", "replicatedJobs", str(place), "template", "spec", "template")
    return max(count, 0), max(count, 0) * (shape_of(pod).gpu_total if pod else 0)


def _unwell(pods: list[Pod], job: str) -> tuple[Pod, ...]:
    return tuple(pod for pod in pods if pod.labels.get(REPLICATED_JOB) == job and classify(pod) not in WELL)


def _leaders(snap: Snapshot, item: Object) -> Wait | None:
    if custom_resources.text_at(item, "spec.startupPolicy") != "LeaderReady":
        return None
    template = item.whole["spec"].get("leaderWorkerTemplate")
    size = _number(template.get("size")) if isinstance(template, dict) else None
    pods = [pod for pod in snap.pods_by_namespace.get(item.namespace, ()) if pod.labels.get(LWS_NAME) == item.name]
    begun = {pod.labels.get(LWS_GROUP) for pod in pods if pod.labels.get(LWS_WORKER) != "0"}
    leaders = tuple(
        pod
        for pod in pods
        if pod.labels.get(LWS_WORKER) == "0" and pod.labels.get(LWS_GROUP) not in begun and classify(pod) not in WELL
    )
    if not leaders or size is None or size < 2:  # noqa: PLR2004  a leader alone waits for nobody
        return None
    missing = len(leaders) * (size - 1)
    pod = template_pod(item, "spec", "leaderWorkerTemplate", "workerTemplate")
    return Wait(
        item=item, later="workers", first=f"the leader {leaders[0].name}", pods=leaders, missing=missing,
        gpus=missing * (shape_of(pod).gpu_total if pod else 0),
        proof=(cite(item, "spec.startupPolicy"), cite(item, "spec.leaderWorkerTemplate.size")),
    )  # fmt: skip


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
