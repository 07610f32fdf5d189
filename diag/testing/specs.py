"""Pod specs: containers, probes, tolerations and volumes."""

from collections.abc import Mapping, Sequence
from typing import Any

from diag.testing.meta import Object

GPU = "nvidia.com/gpu"
GPU_TOLERATION: Object = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
SHARED_MEMORY: Object = {"name": "dshm", "emptyDir": {"medium": "Memory", "sizeLimit": "64Gi"}}
SHARED_MEMORY_MOUNT: Object = {"name": "dshm", "mountPath": "/dev/shm"}  # noqa: S108 - a path inside a container


def container(  # noqa: PLR0913 - the fields of a container
    name: str,
    image: str,
    *,
    cpu: str = "100m",
    memory: str = "128Mi",
    gpus: int = 0,
    gpu_resource: str = GPU,
    command: Sequence[str] = (),
    args: Sequence[str] = (),
    env: Mapping[str, Any] | None = None,
    port: int = 0,
    mounts: Sequence[Object] = (),
    **fields: Any,
) -> Object:
    """A container with a memory limit equal to its request and no CPU limit.

    - `env`: a string, or the whole `valueFrom` of the variable.
    - `port`: of HTTP; none when 0.
    - `fields`: further fields by their API name: `readinessProbe`, `securityContext` …
    """
    limits = {"memory": memory}
    requests = {"cpu": cpu, "memory": memory}
    if gpus:
        limits[gpu_resource] = requests[gpu_resource] = str(gpus)
    body: Object = {"name": name, "image": image}
    if command:
        body["command"] = list(command)
    if args:
        body["args"] = list(args)
    if port:
        body["ports"] = [{"name": "http", "containerPort": port, "protocol": "TCP"}]
    if env:
        body["env"] = [{"name": k, "value" if isinstance(v, str) else "valueFrom": v} for k, v in env.items()]
    body["resources"] = {"limits": limits, "requests": requests}
    if mounts:
        body["volumeMounts"] = list(mounts)
    return body | {
        **fields,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def http_probe(path: str, port: int, *, period: int = 10, failures: int = 3, timeout: int = 1) -> Object:
    """An HTTP probe; its budget is `period` times `failures` seconds."""
    return {
        "httpGet": {"path": path, "port": port, "scheme": "HTTP"},
        "timeoutSeconds": timeout,
        "periodSeconds": period,
        "successThreshold": 1,
        "failureThreshold": failures,
    }


def pod_spec(
    *containers: Object,
    init: Sequence[Object] = (),
    volumes: Sequence[Object] = (),
    node_selector: Mapping[str, str] | None = None,
    tolerations: Sequence[Object] = (),
    restart_policy: str = "Always",
    scheduler: str = "default-scheduler",
    priority_class: str = "",
    **fields: Any,
) -> Object:
    """The `spec` of a pod template, with the defaults that the API server fills in.

    - `fields`: further fields by their API name: `affinity`, `hostNetwork`, `topologySpreadConstraints` …
    """
    body: Object = {}
    if volumes:
        body["volumes"] = list(volumes)
    if init:
        body["initContainers"] = list(init)
    body |= {
        "containers": list(containers),
        "restartPolicy": restart_policy,
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
    }
    if node_selector:
        body["nodeSelector"] = dict(node_selector)
    body |= {"securityContext": {}, "schedulerName": scheduler}
    if tolerations:
        body["tolerations"] = list(tolerations)
    if priority_class:
        body["priorityClassName"] = priority_class
    return body | fields
