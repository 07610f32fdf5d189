"""A GPU stack at rest: operands that are done, absent or not wanted, and nodes that share their GPUs in every way."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, conditions, custom, spec_of, well

from diag.testing import A10G, GPU, GPU_TOLERATION, daemon_set, gpu_node, lease, node, pod, succeeded

NAMESPACE = "gpu-operator"
GOOD_NEWS = {
    "KernelDeadlock": "False KernelHasNoDeadlock: kernel has no deadlock",
    "ReadonlyFilesystem": "False FilesystemIsNotReadOnly: Filesystem is not read-only",
    "FrequentContainerdRestart": "False NoFrequentContainerdRestart: containerd is functioning properly",
    "GPUMissing": "False NoGPUMissing: all GPUs are there",
    "XIDErrors": "False NoXID: no XID errors found",
    "GpuMemWatch": "False GpuMemWatchIsHealthy: No Health Failures",
    "SysLogsXIDError": "False SysLogsXIDErrorIsHealthy: No Health Failures",
    "AcceleratedHardwareReady": "True NvidiaGPUIsReady: Monitoring for the Nvidia GPU system is active",
}


def _gpu_node(name, model=None, *, labels=None, resources=None, **fields):
    made = gpu_node(name, *([model] if model else []), created=DAYS_AGO, heartbeat=CLOCK.ago(), labels=labels, **fields)
    made["status"]["conditions"] += conditions(**GOOD_NEWS)
    if resources is not None:
        for part in ("capacity", "allocatable"):
            made["status"][part].pop(GPU, None)
            made["status"][part] |= resources
    return made


def _operand(name, nodes, *, desired=None):
    spec = spec_of(f"nvcr.example.com/{name}:1", tolerations=(GPU_TOLERATION,))
    owner = daemon_set(
        name, spec, namespace=NAMESPACE, desired=len(nodes) if desired is None else desired, created=DAYS_AGO
    )
    return [owner, *(well(f"{name}-{where}", where, spec=spec, namespace=NAMESPACE, owner=owner) for where in nodes)]


def cluster():
    """Six nodes: whole GPUs, MIG, time slices, passthrough, none."""
    whole = _gpu_node("h100-1")
    mig = _gpu_node(
        "h100-mig",
        labels={"nvidia.com/mig.strategy": "mixed", "nvidia.com/mig.config": "all-1g.10gb",
                "nvidia.com/mig.config.state": "success", "nvidia.com/mig-1g.10gb.count": "56"},
        resources={GPU: "0", "nvidia.com/mig-1g.10gb": "56"},
    )  # fmt: skip
    sliced = _gpu_node(
        "a10g-shared", A10G, gpus=1,
        labels={"nvidia.com/gpu.product": "NVIDIA-A10G-SHARED", "nvidia.com/gpu.replicas": "4",
                "nvidia.com/gpu.sharing-strategy": "time-slicing"},
        resources={GPU: "4"},
    )  # fmt: skip
    passthrough = node(
        "vm-host", created=DAYS_AGO, heartbeat=CLOCK.ago(),
        labels={"nvidia.com/gpu.present": "true", "nvidia.com/gpu.workload.config": "vm-passthrough"},
        resources={"nvidia.com/GA102GL_A10": "2"},
    )  # fmt: skip
    upgraded = _gpu_node("h100-2", labels={"nvidia.com/gpu-driver-upgrade-state": "upgrade-done"})
    nodes = [whole, mig, sliced, passthrough, upgraded, node("cpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago())]
    served = ("h100-1", "h100-mig", "a10g-shared", "h100-2")
    done = [
        succeeded(
            pod(f"nvidia-cuda-validator-{where}", spec_of(restart_policy="OnFailure"), namespace=NAMESPACE,
                created=HOURS_AGO, node=where),
            started=HOURS_AGO, finished=CLOCK.ago(hours=4, minutes=59),
        )
        for where in served
    ]  # fmt: skip
    policy = custom(
        "nvidia.com/v1", "ClusterPolicy", "cluster-policy", status={"state": "ready"},
        told={"Ready": "True Reconciled: ClusterPolicy is ready as all resources have been successfully reconciled",
              "Error": "False Ready"},
    )  # fmt: skip
    domain = custom(
        "resource.nvidia.com/v1beta1", "ComputeDomain", "idle", namespace="ml", status={"status": "NotReady"}
    )
    return [
        *nodes,
        *(lease(item, renewed=CLOCK.micro(seconds=4)) for item in nodes),
        *_operand("nvidia-driver-daemonset", served),
        *_operand("nvidia-container-toolkit-daemonset", served),
        *_operand("nvidia-device-plugin-daemonset", served),
        *_operand("nvidia-mig-manager", ["h100-mig"]),
        *_operand("nvidia-sandbox-validator", [], desired=0),
        *_operand("nvidia-device-plugin-mps-control-daemon", [], desired=0),
        well("nvidia-operator-validator-h100-2", "h100-2", namespace=NAMESPACE, restarts=2),
        *done,
        policy,
        domain,
    ]


BREAKS = (
    Break(
        says="the memory of a GPU fails its check",
        where="Node/h100-1",
        path=("status", "conditions", {"type": "GpuMemWatch"}),
        value=conditions(
            GpuMemWatch="True GpuMemWatchIsNotHealthy: ErrorCode:DCGM_FR_VOLATILE_DBE_DETECTED GPU:3 Recommended "
            "Action=COMPONENT_RESET;"
        )[0],
        finds="Node/h100-1",
    ),
    Break(
        says="a node offers none of its GPUs",
        where="Node/h100-2",
        path=("status", "allocatable", GPU),
        value="0",
        finds="node-without-gpus",
    ),
)
