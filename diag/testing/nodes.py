"""Nodes with and without GPUs, and their Leases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from diag.testing.meta import CREATED, Object, digest, manifest, name_of, uid_for
from diag.testing.pods import host_address
from diag.testing.specs import GPU

KUBELET_VERSION = "v1.36.2"
GPU_TAINT: Object = {"key": GPU, "value": "present", "effect": "NoSchedule"}
CORDON_TAINT_KEY = "node.kubernetes.io/unschedulable"

# Labels with which the GPU operator asks for its operands on a node (NVIDIA/gpu-operator `controllers`).
OPERANDS = (
    "container-toolkit",
    "dcgm",
    "dcgm-exporter",
    "device-plugin",
    "driver",
    "gpu-feature-discovery",
    "node-status-exporter",
    "operator-validator",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuModel:
    """A kind of GPU as GPU feature discovery describes it; `memory_mib` is of one GPU."""

    product: str
    family: str
    memory_mib: int
    compute: str  # compute capability, "9.0"
    mig_capable: bool


H100 = GpuModel(product="NVIDIA-H100-80GB-HBM3", family="hopper", memory_mib=81559, compute="9.0", mig_capable=True)
L40S = GpuModel(product="NVIDIA-L40S", family="ada-lovelace", memory_mib=46068, compute="8.9", mig_capable=False)
A10G = GpuModel(product="NVIDIA-A10G", family="ampere", memory_mib=23028, compute="8.6", mig_capable=False)


def node(  # noqa: PLR0913 - what tells one node from another
    name: str,
    *,
    cpu: int = 32,
    memory_gib: int = 128,
    created: str = CREATED,
    heartbeat: str = CREATED,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    taints: Sequence[Object] = (),
    resources: Mapping[str, str] | None = None,
    ready: bool = True,
) -> Object:
    """A node; the kubelet keeps 310 millicores and 2 GiB of it for the system.

    - `heartbeat`: when the kubelet last posted its conditions.
    - `resources`: extended resources, in capacity and allocatable alike.
    """
    disk = {"ephemeral-storage": "1855374Mi", "hugepages-1Gi": "0", "hugepages-2Mi": "0"}
    left = {"ephemeral-storage": "1750918230528", "hugepages-1Gi": "0", "hugepages-2Mi": "0"}
    extended = dict(resources or {})
    seed = digest("node", name)
    return manifest(
        "v1",
        "Node",
        name,
        created=created,
        labels={
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            **(labels or {}),
        },
        annotations={
            "node.alpha.kubernetes.io/ttl": "0",
            "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            **(annotations or {}),
        },
        spec={"taints": list(taints)} if taints else {},
        status={
            "capacity": {"cpu": str(cpu), "memory": f"{memory_gib}Gi", **disk, **extended, "pods": "110"},
            "allocatable": {
                "cpu": f"{cpu * 1000 - 310}m",
                "memory": f"{(memory_gib - 2) * 1024}Mi",
                **left,
                **extended,
                "pods": "110",
            },
            "conditions": _conditions(created, heartbeat, ready=ready),
            "addresses": [
                {"type": "InternalIP", "address": host_address(name)},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": seed[:32],
                "systemUUID": uid_for("system", name),
                "bootID": uid_for("boot", name),
                "kernelVersion": "6.8.0-94-generic",
                "osImage": "Ubuntu 24.04.3 LTS",
                "containerRuntimeVersion": "containerd://2.1.5",
                "kubeletVersion": KUBELET_VERSION,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
            "runtimeHandlers": [
                {"name": handler, "features": {"recursiveReadOnlyMounts": True, "userNamespaces": True}}
                for handler in ("", "nvidia")
            ],
            "features": {"supplementalGroupsPolicy": True},
        },
    )


def gpu_node(  # noqa: PLR0913 - what tells one node from another
    name: str,
    model: GpuModel = H100,
    *,
    gpus: int = 8,
    cpu: int = 192,
    memory_gib: int = 2048,
    created: str = CREATED,
    heartbeat: str = CREATED,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    taints: Sequence[Object] = (GPU_TAINT,),
    driver: str = "580.105.08",
    machine: str = "",
) -> Object:
    """A node that offers `gpus` through the device plugin, with the labels of NFD, the GPU operator and GFD."""
    return node(
        name,
        cpu=cpu,
        memory_gib=memory_gib,
        created=created,
        heartbeat=heartbeat,
        labels={**gpu_labels(model, gpus=gpus, created=created, driver=driver, machine=machine), **(labels or {})},
        annotations=annotations,
        taints=taints,
        resources={GPU: str(gpus)},
    )


def gpu_labels(model: GpuModel, *, gpus: int, created: str, driver: str, machine: str = "") -> dict[str, str]:
    """What NFD, the GPU operator and GPU feature discovery write on a node whose driver works."""
    major, minor, revision = driver.split(".")
    compute_major, _, compute_minor = model.compute.partition(".")
    labels = {
        "feature.node.kubernetes.io/kernel-version.full": "6.8.0-94-generic",
        "feature.node.kubernetes.io/pci-10de.present": "true",
        "feature.node.kubernetes.io/system-os_release.ID": "ubuntu",
        "feature.node.kubernetes.io/system-os_release.VERSION_ID": "24.04",
        "nvidia.com/cuda.driver-version.full": driver,
        "nvidia.com/cuda.driver-version.major": major,
        "nvidia.com/cuda.driver-version.minor": minor,
        "nvidia.com/cuda.driver-version.revision": revision,
        "nvidia.com/cuda.runtime-version.full": "13.0",
        "nvidia.com/cuda.runtime-version.major": "13",
        "nvidia.com/cuda.runtime-version.minor": "0",
        "nvidia.com/gfd.timestamp": str(int(datetime.fromisoformat(created).timestamp()) + 300),
        "nvidia.com/gpu-driver-upgrade-state": "upgrade-done",
        "nvidia.com/gpu.compute.major": compute_major,
        "nvidia.com/gpu.compute.minor": compute_minor,
        "nvidia.com/gpu.count": str(gpus),
        "nvidia.com/gpu.family": model.family,
        "nvidia.com/gpu.memory": str(model.memory_mib),
        "nvidia.com/gpu.mode": "compute",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": model.product,
        "nvidia.com/gpu.replicas": "1",
        "nvidia.com/gpu.sharing-strategy": "none",
        "nvidia.com/mig.capable": str(model.mig_capable).lower(),
        "nvidia.com/mig.strategy": "single",
        "nvidia.com/mps.capable": "false",
        "nvidia.com/vgpu.present": "false",
    }
    if machine:
        labels["nvidia.com/gpu.machine"] = machine
    return labels | {f"nvidia.com/gpu.deploy.{operand}": "true" for operand in OPERANDS}


def cordoned(item: Object, *, since: str) -> Object:
    """The node after `kubectl cordon`: marked, and tainted by the node controller."""
    taint = {"key": CORDON_TAINT_KEY, "effect": "NoSchedule", "timeAdded": since}
    spec = {**item["spec"], "unschedulable": True, "taints": [*item["spec"].get("taints", ()), taint]}
    return {**item, "spec": spec}


def lease(item: Object, *, renewed: str) -> Object:
    """The Lease that the node's kubelet renews; `renewed` in microseconds."""
    name = name_of(item)
    body = manifest(
        "coordination.k8s.io/v1",
        "Lease",
        name,
        namespace="kube-node-lease",
        created=item["metadata"]["creationTimestamp"],
        spec={"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": renewed},
    )
    # The kubelet names its Node without claiming control.
    body["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "Node", "name": name, "uid": item["metadata"]["uid"]}
    ]
    return body


def _conditions(created: str, heartbeat: str, *, ready: bool) -> list[Object]:
    rows = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ]
    if ready:
        rows.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    else:
        rows.append(("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."))
    return [
        {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": heartbeat,
            "lastTransitionTime": created if ready else heartbeat,
            "reason": reason,
            "message": message,
        }
        for kind, status, reason, message in rows
    ]
