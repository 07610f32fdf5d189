"""Namespaces, quotas, disruption budgets, claims, Services and the like."""

from collections.abc import Mapping, Sequence

from diag.testing.controllers import APP
from diag.testing.meta import CREATED, Object, manifest, uid_for


def namespace(name: str, *, created: str = CREATED, labels: Mapping[str, str] | None = None) -> Object:
    """An active namespace."""
    return manifest(
        "v1",
        "Namespace",
        name,
        created=created,
        labels={"kubernetes.io/metadata.name": name, **(labels or {})},
        spec={"finalizers": ["kubernetes"]},
        status={"phase": "Active"},
    )


def resource_quota(
    name: str, *, namespace: str, hard: Mapping[str, str], used: Mapping[str, str], created: str = CREATED
) -> Object:
    """A ResourceQuota; a GPU can only be limited as `requests.nvidia.com/gpu`."""
    return manifest(
        "v1",
        "ResourceQuota",
        name,
        namespace=namespace,
        created=created,
        spec={"hard": dict(hard)},
        status={"hard": dict(hard), "used": dict(used)},
    )


def pdb(
    name: str,
    *,
    namespace: str,
    app: str,
    expected: int,
    healthy: int | None = None,
    min_available: int | None = None,
    max_unavailable: int | None = None,
    created: str = CREATED,
) -> Object:
    """A PodDisruptionBudget over the pods of `app`; give one of `min_available` and `max_unavailable`."""
    healthy = expected if healthy is None else healthy
    if max_unavailable is not None:
        limit, desired = {"maxUnavailable": max_unavailable}, max(expected - max_unavailable, 0)
    else:
        desired = min_available or 0
        limit = {"minAvailable": desired}
    allowed = max(healthy - desired, 0)
    return manifest(
        "policy/v1",
        "PodDisruptionBudget",
        name,
        namespace=namespace,
        created=created,
        generation=1,
        spec={**limit, "selector": {"matchLabels": {APP: app}}},
        status={
            "observedGeneration": 1,
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "conditions": [
                {
                    "type": "DisruptionAllowed",
                    "status": "True" if allowed else "False",
                    "observedGeneration": 1,
                    "lastTransitionTime": created,
                    "reason": "SufficientPods" if allowed else "InsufficientPods",
                    "message": "",
                }
            ],
        },
    )


def pvc(
    name: str,
    *,
    namespace: str,
    storage_class: str,
    size: str = "100Gi",
    bound: bool = True,
    created: str = CREATED,
) -> Object:
    """A PersistentVolumeClaim, bound to a volume of its own or still Pending."""
    volume = f"pvc-{uid_for('v1', 'PersistentVolumeClaim', namespace, name)}"
    modes = ["ReadWriteOnce"]
    spec: Object = {"accessModes": modes, "resources": {"requests": {"storage": size}}}
    spec |= {"storageClassName": storage_class, "volumeMode": "Filesystem"}
    status: Object = {"phase": "Pending"}
    if bound:
        spec["volumeName"] = volume
        status = {"phase": "Bound", "accessModes": modes, "capacity": {"storage": size}}
    return manifest("v1", "PersistentVolumeClaim", name, namespace=namespace, created=created, spec=spec, status=status)


def storage_class(
    name: str, *, provisioner: str, binding: str = "WaitForFirstConsumer", created: str = CREATED
) -> Object:
    """A StorageClass; `binding` is its volumeBindingMode."""
    return manifest(
        "storage.k8s.io/v1",
        "StorageClass",
        name,
        created=created,
        provisioner=provisioner,
        reclaimPolicy="Delete",
        allowVolumeExpansion=True,
        volumeBindingMode=binding,
    )


def priority_class(name: str, value: int, *, created: str = CREATED) -> Object:
    """A PriorityClass whose pods may preempt."""
    return manifest(
        "scheduling.k8s.io/v1",
        "PriorityClass",
        name,
        created=created,
        generation=1,
        value=value,
        preemptionPolicy="PreemptLowerPriority",
    )


def service(name: str, *, namespace: str, port: int, app: str = "", created: str = CREATED) -> Object:
    """A ClusterIP Service on port 80 in front of `app` (its own name by default)."""
    seed = uid_for("service", namespace, name)
    address = f"10.96.{int(seed[:2], 16)}.{int(seed[2:4], 16)}"
    return manifest(
        "v1",
        "Service",
        name,
        namespace=namespace,
        created=created,
        labels={APP: app or name},
        spec={
            "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": port}],
            "selector": {APP: app or name},
            "clusterIP": address,
            "clusterIPs": [address],
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
        },
        status={"loadBalancer": {}},
    )


def endpoint_slice(owner: Object, pods: Sequence[Object], *, port: int) -> Object:
    """The EndpointSlice of a Service over `pods`, ready as their Ready condition says."""
    name, space = owner["metadata"]["name"], owner["metadata"]["namespace"]
    endpoints = []
    for item in pods:
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"].get("conditions", ()))
        target = {"kind": "Pod", "namespace": space}
        target |= {"name": item["metadata"]["name"], "uid": item["metadata"]["uid"]}
        endpoints.append(
            {
                "addresses": [item["status"]["podIP"]],
                "conditions": {"ready": ready, "serving": ready, "terminating": False},
                "targetRef": target,
                "nodeName": item["spec"]["nodeName"],
            }
        )
    return manifest(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{name}-{uid_for('slice', space, name)[:5]}",
        namespace=space,
        created=owner["metadata"]["creationTimestamp"],
        labels={
            APP: name,
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": name,
        },
        owner=owner,
        generation=1,
        addressType="IPv4",
        endpoints=endpoints,
        ports=[{"name": "http", "protocol": "TCP", "port": port}],
    )


def config_map(name: str, *, namespace: str, data: Mapping[str, str], created: str = CREATED) -> Object:
    """A ConfigMap."""
    return manifest("v1", "ConfigMap", name, namespace=namespace, created=created, data=dict(data))
