"""What agents write of a node's hardware: condition types with their polarity, and the codes in their messages.

Sources: kubernetes/node-problem-detector and AKS's rules for it, aws/eks-node-monitoring-agent, NVSentinel's platform
connector, NVIDIA's Xid catalogue, DCGM's error codes (`dcgm_errors.h`).
"""

import re

# Types whose True is good, those of defects whose False is good; of any other type nothing is said. NeuronHealth is
# True where a device is broken, in spite of its name.
GOOD = re.compile(r"(?:Ready|Healthy|Available)$")
DEFECT = re.compile(
    r"(?:Error|Errors|Problem|Missing|Unhealthy|Failure|Failed|Watch|Flapping|Throttling|Inactive|Degraded"
    r"|FallenOff|StateCheck|DegradationCheck|XIDError|SXIDError|Services)$|^NeuronHealth$"
)
# The kubelet's own conditions belong to other rules.
KUBELET = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
XID = re.compile(
    r"Xid \([^)]{0,40}\): (?P<a>\d{1,3})\b|XID[- ]?(?P<b>\d{1,3})|Xid[=: ](?P<c>\d{1,3})\b|ErrorCode:(?P<d>\d{1,3})\b"
)

APPLICATION_XIDS = frozenset({13, 31, 43, 45})
# Types by which agents tell that a GPU needs a repair, whatever their words about it (EKS, AKS,
# NVSentinel, Nebius).
OF_GPUS = re.compile(
    r"^(?:AcceleratedHardwareReady|XIDErrors|SysLogsXIDError|RepeatedXidError|NebiusGPUError|Gpu(?:Sm|Driver|Mcu|Pmu|Mem)Watch)$"
)
# Names of causes by Xid; an Xid of the application (13, 31, 43, 45) is no fault of the node.
BY_XID = {
    **dict.fromkeys((48, 94, 95, 140, 171, 172), "ecc-memory-failure"),
    63: "row-remap-pending",
    64: "row-remap-failure",
    **dict.fromkeys((74, 136, 149, 150), "nvlink-link-fault"),
    79: "gpu-fell-off-bus",
    **dict.fromkeys((46, 109), "gpu-hang-context-switch"),
    **dict.fromkeys((119, 120), "gsp-firmware-fault"),
    143: "gpu-init-failure",
}
# Xids of NVLink 5, whose text says whether they are fatal; the kernel goes on after the others.
NVLINK5_XIDS = range(144, 149)
# Names of causes by what a side file tells (diag/snapshot/sources/part.py `Reading.what`).
BY_READING = {
    "off-bus": "gpu-fell-off-bus",
    "sxid": "nvswitch-fatal-error",
    "row-remap-pending": "row-remap-pending",
    "row-remap-failure": "row-remap-failure",
    "ecc-uncorrected": "ecc-memory-failure",
    "thermal-slowdown": "gpu-thermal-slowdown",
}
# The same in words; the others as they are written.
READING_WORDS = {
    "xid": "Xid {value}",
    "sxid": "SXid {value}",
    "off-bus": "a GPU that fell off the bus",
    "row-remap-pending": "a memory row whose remapping waits for a reset",
    "row-remap-failure": "a memory row that could not be remapped",
    "ecc-uncorrected": "uncorrectable memory errors ({value})",
    "thermal-slowdown": "a slowdown for heat",
    "message": "{value}",
}
# Values of such a reading that tell of nothing.
NOTHING = frozenset({"0", "0.0", "No", "N/A", "Not Active", "Non-fatal", "false", ""})
# Names of causes by words of a condition's type, reason or message; the first that is found counts.
BY_WORDS = (
    ("DCGM_FR_PENDING_ROW_REMAP", "row-remap-pending"),
    ("row remappings are pending", "row-remap-pending"),
    ("DCGM_FR_ROW_REMAP_FAILURE", "row-remap-failure"),
    ("row remapping failed", "row-remap-failure"),
    ("DCGM_FR_UNCONTAINED_ERROR", "ecc-memory-failure"),
    ("DCGM_FR_VOLATILE_DBE_DETECTED", "ecc-memory-failure"),
    ("DCGM_FR_UNCORRECTABLE", "ecc-memory-failure"),
    ("NvidiaDoubleBitError", "ecc-memory-failure"),
    ("DCGM_FR_CORRUPT_INFOROM", "inforom-corrupted"),
    ("infoROM is corrupted", "inforom-corrupted"),
    ("DCGM_FR_FALLEN_OFF_BUS", "gpu-fell-off-bus"),
    ("fallen off the bus", "gpu-fell-off-bus"),
    ("SysLogsGPUFallenOff", "gpu-fell-off-bus"),
    ("GPU is lost", "gpu-fell-off-bus"),
    ("GPU_IS_LOST", "gpu-fell-off-bus"),
    ("DCGM_FR_PENDING_PAGE_RETIREMENTS", "row-remap-pending"),
    ("DCGM_FR_RETIRED_PAGES", "row-remap-failure"),
    ("DCGM_FR_CLOCK_THROTTLE", "gpu-thermal-slowdown"),
    ("FabricManagerNotRunning", "fabric-manager-not-running"),
    ("DCGM_FR_NVSWITCH_FATAL", "nvswitch-fatal-error"),
    ("GpuNvswitchFatal", "nvswitch-fatal-error"),
    ("SXid", "nvswitch-fatal-error"),
    ("SXIDError", "nvswitch-fatal-error"),
    ("NVLink", "nvlink-link-fault"),
    ("DCGM_FR_NVLINK", "nvlink-link-fault"),
    ("IBLinkFlapping", "infiniband-link-down"),
    ("InfiniBand", "infiniband-link-down"),
    ("EthernetStateCheck", "infiniband-link-down"),
    ("EthernetDegradationCheck", "infiniband-link-down"),
    ("Port module event", "infiniband-link-down"),
    ("DCGM_FR_PCI", "pcie-link-degraded"),
    ("GpuPcieWatch", "pcie-link-degraded"),
    ("NvidiaPCIeError", "pcie-link-degraded"),
    ("HW_THERMAL", "gpu-thermal-slowdown"),
    ("GpuThermal", "gpu-thermal-slowdown"),
    ("GpuPowerWatch", "gpu-thermal-slowdown"),
    ("GPUClockThrottling", "gpu-thermal-slowdown"),
    ("NvidiaThermalError", "gpu-thermal-slowdown"),
    ("NvidiaPowerError", "gpu-thermal-slowdown"),
    ("SysLogsNICDriver", "nic-driver-fault"),
    ("device's health compromised", "nic-driver-fault"),
    ("Detected insufficient power on the PCIe slot", "nic-driver-fault"),
    ("Neuron", "neuron-device-error"),
    ("GPUMissing", "gpu-count-mismatch"),
    ("NvidiaDeviceCountMismatch", "gpu-count-mismatch"),
)
# The causes whose GPU can no longer be used; the others leave work running.
LOST = frozenset(
    {
        "gpu-fell-off-bus", "ecc-memory-failure", "row-remap-failure", "gsp-firmware-fault", "gpu-init-failure",
        "nvswitch-fatal-error", "fabric-manager-not-running", "gpu-count-mismatch",
    }
)  # fmt: skip
# Causes whose Xid makes NVIDIA's plugin take the device away (internal/rm/health.go), so that the node offers one less.
TAKEN = LOST | {"nvlink-link-fault", "row-remap-pending", "gpu-hang-context-switch"}
NONFATAL = re.compile(r"\bNonfatal\b|\bNon-fatal\b")
# The kernel's words about a GPU, a switch or a network card, as NVIDIA's and mlx5's drivers print them.
KERNEL = re.compile(r"NVRM: |nvidia-nvswitch\d|mlx5_core |fallen off the bus")
# What a process prints whose GPU or link failed under it (CUDA runtime and driver error strings, NCCL, Neuron). Errors
# that a program makes by itself (illegal address, out of memory, device-side assert) are not among them.
VICTIM = re.compile(
    r"uncorrectable ECC error|unspecified launch failure|GPU is lost|fallen off the bus|Error 802: system not yet"
    r"|CUDA_ERROR_(?:SYSTEM_NOT_READY|ECC_UNCORRECTABLE|LAUNCH_FAILED|UNKNOWN|NOT_INITIALIZED|NO_DEVICE|NVLINK_UNCORRECTABLE)"
    r"|CUDA error: (?:unknown error|no CUDA-capable device|initialization error|hardware|the launch timed out"
    r"|uncorrectable NVLink|invalid device ordinal)|ibv_\w+ failed|NET/IB : Got completion|\bport error"
    r"|ncclSystemError|ncclUnhandledCudaError|ncclRemoteError|NCCL WARN (?:Cuda failure|NET/|Call to )"
    r"|unhandled (?:system|cuda) error|No devices were found|Unable to determine the device handle"
    r"|NRT_(?:EXEC_HW_ERR\w*|UNINITIALIZED|FAILURE)|NEURON_HW_ERR|nrt_init"
)
# NVSentinel's fault-quarantine cordons a node and says so.
QUARANTINE = "quarantineHealthEvent"


def is_bad(kind: str, status: str | None) -> bool:
    """Whether a condition of this type and status tells of a defect; of types that say no polarity nothing is known."""
    if not kind or kind in KUBELET:
        return False
    if GOOD.search(kind) and not kind.endswith("Unhealthy"):
        return status == "False"
    return bool(DEFECT.search(kind)) and status == "True"
