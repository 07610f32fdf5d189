"""A namespace whose GPU quota is used up: two workloads are short of pods that were never made."""

from diag.demo.cluster import Cluster, owned_pods
from diag.demo.fleet import SERVE
from diag.demo.workloads import TRAINER, model_server
from diag.testing import (
    GPU_TOLERATION,
    Object,
    container,
    deployment,
    event,
    job,
    pod_spec,
    replica_set,
    resource_quota,
    running,
    suffix,
)

NAMESPACE = "tidal-forecast"
QUOTA = "gpu-budget"
LIMIT = 8  # GPUs of the namespace: four pods of two


def build(cluster: Cluster) -> None:
    """Adds the quota, a Deployment with four of six pods, and a Job with none."""
    clock = cluster.clock
    limit = {"requests.nvidia.com/gpu": str(LIMIT)}
    cluster.add(resource_quota(QUOTA, namespace=NAMESPACE, hard=limit, used=limit, created=clock.ago(days=95)))
    _deployment(cluster)
    _job(cluster)


def _deployment(cluster: Cluster) -> None:
    clock = cluster.clock
    name = "demand-forecast"
    refusal = _refusal(f"{name}-{suffix('template', NAMESPACE, name, length=10)}", gpus=2)
    top = deployment(
        name,
        model_server(name, gpus=2),
        namespace=NAMESPACE,
        replicas=6,
        existing=4,
        created=clock.ago(days=33),
        progressed=clock.ago(minutes=255),
        failure=(clock.ago(minutes=41), refusal),
    )
    middle = replica_set(top)
    nodes = [SERVE[0], SERVE[0], SERVE[1], SERVE[1]]
    pods = owned_pods(cluster, middle, nodes, minutes=260)
    cluster.add(top, middle, *(running(item, since=clock.ago(minutes=255)) for item in pods))
    cluster.add(_failed_create(cluster, middle, refusal, component="replicaset-controller", first=41, count=18))


def _job(cluster: Cluster) -> None:
    name = "weekly-refit"
    process = container("trainer", TRAINER, cpu="16", memory="128Gi", gpus=4, args=["python", "refit.py"])
    spec = pod_spec(process, tolerations=[GPU_TOLERATION], restart_policy="Never")
    created = cluster.clock.ago(minutes=35)
    short = job(name, spec, namespace=NAMESPACE, parallelism=1, active=0, created=created)
    cluster.add(short)
    refusal = _refusal(name, gpus=4)
    cluster.add(_failed_create(cluster, short, refusal, component="job-controller", first=35, count=9))


def _refusal(prefix: str, *, gpus: int) -> str:
    """What the quota admission answers (apiserver `plugin/pkg/admission/resourcequota`)."""
    resource = "requests.nvidia.com/gpu"
    return (
        f'pods "{prefix}-{suffix("refused", prefix)}" is forbidden: exceeded quota: {QUOTA}, '
        f"requested: {resource}={gpus}, used: {resource}={LIMIT}, limited: {resource}={LIMIT}"
    )


def _failed_create(
    cluster: Cluster, subject: Object, refusal: str, *, component: str, first: float, count: int
) -> Object:
    return event(
        subject,
        "FailedCreate",
        f"Error creating: {refusal}",
        first=cluster.clock.ago(minutes=first),
        last=cluster.clock.ago(minutes=3),
        count=count,
        warning=True,
        component=component,
    )
