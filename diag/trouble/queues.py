"""Workloads that a queue has not admitted (Kueue's Workload objects).

Kueue keeps the pods of such a workload away or gated, so the trouble stands on the Workload
(kubernetes-sigs/kueue apis/kueue/v1beta2/workload_types.go).
"""

from collections.abc import Iterator

from diag.facts.gpus import is_gpu
from diag.facts.quantity import milli
from diag.findings import Evidence, Severity
from diag.projection import Object, dicts
from diag.snapshot.cite import cite
from diag.trouble.groups import Complaint
from diag.trouble.scene import Scene

KIND = "kueue.x-k8s.io/Workload"
GRACE_S = 60


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every Workload that waits: not finished, active, and without quota or admission."""
    for _, item in sorted(scene.snap.all(KIND).items()):
        whole = item.whole
        spec, status = whole.get("spec"), whole.get("status")
        spec = spec if isinstance(spec, dict) else {}
        conditions = dicts(status.get("conditions")) if isinstance(status, dict) else []
        by_type = {one.get("type"): (index, one) for index, one in enumerate(conditions)}
        if _true(by_type, "Finished") or _true(by_type, "Admitted"):
            continue
        for kind in ("QuotaReserved", "Admitted"):
            index, found = by_type.get(kind, (0, None))
            if found is not None and found.get("status") == "False":
                yield _complaint(scene, item, index, found, active=spec.get("active") is not False)
                break


def _true(by_type: dict[object, tuple[int, dict[str, object]]], kind: str) -> bool:
    return kind in by_type and by_type[kind][1].get("status") == "True"


def _complaint(scene: Scene, item: Object, index: int, found: dict[str, object], *, active: bool) -> Complaint:
    message = str(found.get("message") or "")
    part = "message" if message else "status"
    since = found.get("lastTransitionTime")
    evidence: Evidence = cite(item, f"status.conditions[{index}].{part}")
    return Complaint(
        symptom="workload-not-admitted",
        member=item,
        workload=scene.root(item),
        group_by=str(scene.root(item)),
        reason=str(found.get("reason") or message),
        message=message,
        evidence=(evidence,),
        since=since if isinstance(since, str) else item.created,
        gpus=_gpus(item),
        severity=Severity.ERROR if active and scene.older(item.created, GRACE_S) else Severity.INFO,
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
