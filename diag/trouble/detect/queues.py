"""Workloads that a queue has not admitted (Kueue), and Jobs that wait for a Workload of their own.

Kueue keeps the pods of such a workload away or gated, so the trouble stands on the Workload
(kubernetes-sigs/kueue apis/kueue/v1beta2/workload_types.go), or on the suspended Job where no Workload was made.
"""

from collections.abc import Iterator

from diag.facts.gpus import is_gpu
from diag.facts.quantity import milli
from diag.findings import GRACE_S, Evidence, Severity
from diag.projection import Object, dicts
from diag.snapshot.cite import cite, cite_absent_path, key
from diag.snapshot.kinds import Controller
from diag.trouble.groups import Complaint
from diag.trouble.relations.kueue import Conditions, conditions, is_true, queue_name, text
from diag.trouble.relations.template import template_pod
from diag.trouble.scene import Scene
from diag.trouble.shapes import shape_of
from diag.vocab.kueue import CLUSTER_QUEUE, LOCAL_QUEUE, QUEUE_LABEL, WORKLOAD

# Reasons that no waiting mends (since 0.19; before, all were `Pending` or `Inadmissible`).
STATED = ("Misconfigured", "Suspended", "ExceedsMaxQuota", "NoMatchingFlavor", "TopologyPlacementFailed")
# Events about a job of which Kueue could make no Workload (pkg/controller/jobframework).
NOT_MADE = ("WorkloadPriorityClassNotFound", "ErrWorkloadCompose")
DEACTIVATED_BY_LIMIT = "DeactivatedDueTo"  # the rest of the reason says which limit; a user's own choice has none


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every Workload that waits, and every suspended Job with a queue's name and without a Workload."""
    workloads = [item for _, item in sorted(scene.snap.all(WORKLOAD).items())]
    yield from scene.each(workloads, lambda item: _workload(scene, item))
    jobs = [job for _, job in sorted(scene.snap.all("batch/Job").items()) if isinstance(job, Controller)]
    queued = [job for job in jobs if job.spec.suspend and QUEUE_LABEL in job.labels]
    yield from scene.each(queued, lambda job: _job(scene, job))


def _workload(scene: Scene, item: Object) -> Iterator[Complaint]:
    """A Workload that is not finished and has no quota or no admission."""
    known = conditions(item)
    if is_true(known, "Finished") or is_true(known, "Admitted") or item.metadata.deletion_timestamp:
        return
    for kind in ("QuotaReserved", "Admitted"):
        index, found = known.get(kind, (0, {}))
        if found.get("status") == "False":
            message = str(found.get("message") or "")
            evidence = cite(item, f"status.conditions[{index}].{'message' if message else 'status'}")
            since = found.get("lastTransitionTime")
            yield _complaint(
                scene, item, known, evidence=evidence, reason=str(found.get("reason") or message), message=message,
                since=since if isinstance(since, str) else item.created,
            )  # fmt: skip
            return
    status = item.whole.get("status")
    admitted = isinstance(status, dict) and status.get("admission")
    if not admitted and "QuotaReserved" not in known and "Admitted" not in known:
        path = next((f"status.conditions[{index}].type" for index, _ in known.values()), "status.conditions[0]")
        evidence_of = cite(item, path) if known else cite_absent_path(item, path)
        message = "no queue has looked at it"
        yield _complaint(
            scene, item, known, evidence=evidence_of, reason=message, message=message, since=item.created
        )  # fmt: skip


def _complaint(
    scene: Scene, item: Object, known: Conditions, *, evidence: Evidence, reason: str, message: str, since: str | None
) -> Complaint:
    stated = str(known.get("QuotaReserved", (0, {}))[1].get("reason") or "") in STATED
    old = stated or scene.older(item.created, GRACE_S) or _is_behind(scene, item)
    waits = _active(item) or _given_up(known)
    return Complaint(
        symptom="workload-not-admitted",
        member=item,
        workload=scene.root(item),
        group_by=str(scene.root(item)),
        reason=reason,
        message=message,
        evidence=(evidence,),
        since=since,
        gpus=_gpus(item),
        severity=Severity.ERROR if old and waits else Severity.INFO,
        young=waits and not old and scene.young(item.created),
    )


def _is_behind(scene: Scene, item: Object) -> bool:
    """Whether an older Workload that got no quota stands before it in a queue that lets nobody pass."""
    queue = _queue_of(scene, item)
    if queue is None or text(queue, "spec", "queueingStrategy") != "StrictFIFO":
        return False
    return any(
        conditions(other).get("QuotaReserved", (0, {}))[1].get("status") == "False"
        and (other.created or "") < (item.created or "")
        and _queue_of(scene, other) is queue
        for other in scene.snap.all(WORKLOAD).values()
    )


def _queue_of(scene: Scene, item: Object) -> Object | None:
    """The ClusterQueue that a Workload waits in."""
    local = scene.snap.get(LOCAL_QUEUE, item.namespace, queue_name(item)[0])
    return scene.snap.get(CLUSTER_QUEUE, "", text(local, "spec", "clusterQueue")) if local else None


def _active(item: Object) -> bool:
    spec = item.whole.get("spec")
    return not isinstance(spec, dict) or spec.get("active") is not False


def _given_up(known: Conditions) -> bool:
    """Whether Kueue itself set it inactive, after too many tries."""
    _, evicted = known.get("Evicted", (0, {}))
    return str(evicted.get("reason") or "").startswith(DEACTIVATED_BY_LIMIT)


def _job(scene: Scene, job: Controller) -> Iterator[Complaint]:
    """A suspended Job for which Kueue has made no Workload."""
    ended = any(one.type in ("Complete", "Failed") and one.status == "True" for one in job.status.conditions or ())
    managed = any(owner.kind != "CronJob" for owner in job.owners)  # by a JobSet or the like, which has the Workload
    if ended or managed or any(child.kind_id == WORKLOAD for child in scene.snap.children_of(job)):
        return
    template = template_pod(job)
    unseen = scene.snap.coverage(WORKLOAD, job.namespace) == "none"  # not collected, or Kueue is not installed
    missing = scene.snap.lacks(LOCAL_QUEUE, job.namespace, queue_name(job)[0]) is not None
    in_trouble = not unseen or missing or scene.warnings(job, *NOT_MADE)
    yield Complaint(
        symptom="workload-not-admitted",
        member=job,
        workload=scene.root(job),
        group_by=str(scene.root(job)),
        reason="suspended for a queue" if unseen else "no Workload",
        message="it is suspended for a queue, and "
        + ("what waits in queues was not read" if unseen else "has no Workload"),
        evidence=(cite(job, "spec.suspend"), cite(job, f"metadata.labels{key(QUEUE_LABEL)}")),
        since=job.created,
        gpus=(shape_of(template).gpu_total if template else 0) * (job.spec.parallelism or 1),
        severity=Severity.ERROR if in_trouble and scene.older(job.created, GRACE_S) else Severity.INFO,
        young=bool(in_trouble) and scene.young(job.created),
    )


def _gpus(item: Object) -> int:
    """GPUs that all pod sets ask for together."""
    spec = item.whole.get("spec")
    total = 0
    for pod_set in dicts(spec.get("podSets")) if isinstance(spec, dict) else []:
        count = pod_set.get("count")
        template = pod_set.get("template")
        pod = template.get("spec") if isinstance(template, dict) else None
        for container in dicts(pod.get("containers")) if isinstance(pod, dict) else []:
            resources = container.get("resources")
            asked = resources.get("requests") or resources.get("limits") if isinstance(resources, dict) else None
            for name, amount in asked.items() if isinstance(asked, dict) else ():
                if is_gpu(name):
                    total += (milli(amount) or 0) * (count if isinstance(count, int) else 1)
    return -(-total // 1000)
