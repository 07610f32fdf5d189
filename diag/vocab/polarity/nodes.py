"""Nodes: the kubelet, node-problem-detector and its builds by the clouds, health agents of GPUs.

Types that are not listed are judged by their name (`diag.vocab.gpu_health`): agents invent types all the time, and
name them after what is good (`…Ready`) or after the defect (`…Error`).
"""

from diag.vocab.operands import CLUSTER_POLICY, NVIDIA_DRIVER
from diag.vocab.polarity.entry import Entry

ENTRIES = (
    Entry(
        kinds=("Node",),
        source="kubernetes/api core/v1 types.go",
        good=("Ready",),
        bad=("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"),
        unknown=("Ready",),  # the node lifecycle controller's word for a kubelet that is silent
    ),
    Entry(
        kinds=("Node",),
        source="kubernetes/node-problem-detector config/*.json",
        bad=(
            "KernelDeadlock",
            "ReadonlyFilesystem",
            "XfsShutdown",
            "CperHardwareErrorFatal",
            "Frequent*Restart",
            "FrequentUnregisterNetDevice",
            "ContainerRuntimeUnhealthy",
            "KubeletUnhealthy",
            "CorruptDockerOverlay2",
        ),
    ),
    Entry(
        kinds=("Node",),
        source="AKS's build of node-problem-detector",
        bad=(
            "GPUMissing",
            "NVLinkStatusInactive",
            "XIDErrors",
            "IBLinkFlapping",
            "GPUClockThrottling",
            "UnhealthyNvidiaDevicePlugin",
            "UnhealthyNvidiaDCGMServices",
        ),
        neutral=("VMEventScheduled",),  # maintenance that is announced, mostly a pause of seconds
    ),
    Entry(
        kinds=("Node",),
        source="aws/eks-node-monitoring-agent",
        good=("AcceleratedHardwareReady", "KernelReady", "NetworkingReady", "StorageReady", "ContainerRuntimeReady"),
    ),
    Entry(
        kinds=("Node",),
        source="NVIDIA/NVSentinel platform-connectors: a condition bears the name of its check",
        bad=(
            "Gpu*Watch",
            "GpuDcgmConnectivityFailure",
            "SysLogs*",
            "InfiniBand*Check",
            "Ethernet*Check",
            "RepeatedXidError",
        ),
        neutral=("CSPMaintenance",),
    ),
    Entry(
        kinds=("Node",),
        source="Nebius; leptonai/gpud by way of node-problem-detector; aws-neuron (True says that a device broke)",
        bad=("NebiusGPUError", "NebiusBootDiskIOError", "NeuronHealth"),
    ),
    Entry(
        kinds=(CLUSTER_POLICY, NVIDIA_DRIVER),
        source="NVIDIA/gpu-operator internal/conditions",
        good=("Ready",),
        bad=("Error",),
    ),
    Entry(
        kinds=("amd.com/DeviceConfig",),
        source="ROCm/gpu-operator internal/conditions",
        good=("Ready",),
        bad=("Error",),
    ),
    Entry(
        kinds=("config.katalyst.kubewharf.io/*",),
        source="kubewharf/katalyst-core pkg/controller/kcc",
        good=("Valid",),
        excused=("Terminating",),
    ),
    Entry(
        kinds=("node.katalyst.kubewharf.io/CustomNodeResource",),
        source="kubewharf/katalyst-core pkg/controller/lifecycle",
        good=("AgentReady",),
        bad=("AgentNotFound",),
    ),
)
