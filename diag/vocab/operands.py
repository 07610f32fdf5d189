"""The pods that make a node offer its GPUs, in the order in which they hold up one another.

Sources: NVIDIA/gpu-operator `assets/state-*` (names of the DaemonSets, their `app` labels, their order in
`controllers/state_manager.go`, the deploy labels), NVIDIA/k8s-device-plugin `deployments/helm`, ROCm/gpu-operator
(`<name>-device-plugin`), intel/intel-device-plugins-for-kubernetes (`intel-gpu-plugin`), GKE's and AKS's own
manifests (`nvidia-driver-installer`, `nvidia-gpu-device-plugin`), awslabs neuron (`neuron-device-plugin`),
Project-HAMi (`hami-device-plugin`).
"""

import re
from dataclasses import dataclass
from enum import IntEnum


class Stage(IntEnum):
    """Where in the chain an operand works. A later one waits for the earlier ones."""

    DRIVER = 1
    TOOLKIT = 2
    SHARING = 3
    PLUGIN = 4
    PARTITIONS = 5
    AFTER = 6  # looks at what the others made: labels, metrics, validation


@dataclass(frozen=True, slots=True)
class Operand:
    """One kind of operand. `names` is searched in the names and `app` labels of its pods and DaemonSet."""

    stage: Stage
    title: str
    names: re.Pattern[str]
    deploy_label: str = ""  # the node label with which the GPU operator asks for it

    @property
    def serves(self) -> bool:
        """Whether the node cannot offer its GPUs without it."""
        return self.stage is not Stage.AFTER


# The GPU operator's own kinds (NVIDIA/gpu-operator api/nvidia/v1, v1alpha1).
CLUSTER_POLICY, NVIDIA_DRIVER = "nvidia.com/ClusterPolicy", "nvidia.com/NVIDIADriver"
DEPLOY = "nvidia.com/gpu.deploy."
PAUSED = "paused-for-"  # in a deploy label's value: an upgrade or a MIG change took the operand away
# A device plugin of a vendor of accelerators; network and storage have device plugins as well.
_PLUGIN = (
    r"(?:nvidia|nvdp|gpu|amd|rocm|hami|vgpu|neuron|tpu|gaudi|habana|ascend|npu|dcu|mlu|default).*device-?plugin"
    r"|(?:intel|nvidia|gpu)-gpu-plugin|^device-plugin$|^gpu-plugin$"
)

# The first that matches names the operand, so narrower names come first.
OPERANDS = tuple(
    Operand(stage, title, re.compile(names), f"{DEPLOY}{label}" if label else "")
    for stage, title, names, label in (
        (Stage.AFTER, "validator", r"operator-validator|cuda-validator|plugin-validator", "operator-validator"),
        (Stage.AFTER, "GPU feature discovery", r"gpu-feature-discovery|^gfd$", "gpu-feature-discovery"),
        (Stage.AFTER, "metrics exporter", r"dcgm|node-status-exporter|node-labeller", ""),
        (Stage.SHARING, "MPS control daemon", r"mps-control-daemon", "device-plugin"),
        (Stage.PARTITIONS, "MIG manager", r"mig-manager", "mig-manager"),
        (Stage.TOOLKIT, "container toolkit", r"nvidia-container-toolkit", "container-toolkit"),
        (
            Stage.DRIVER,
            "driver",
            r"nvidia-driver-(?:daemonset|installer)|nvidia-gpu-driver|^nvidia-driver|nvidia-vgpu-manager|amdgpu-driver",
            "driver",
        ),
        (Stage.PLUGIN, "device plugin", _PLUGIN, "device-plugin"),
    )
)
# Images by which an operand under another name is known (the last parts of a reference without its tag).
IMAGES = re.compile(r"(?:^|/)(?:k8s-device-plugin|intel-gpu-plugin|neuron-device-plugin)(?:[:@]|$)")
# Images of the kubelet plugins of DRA drivers (kubernetes-sigs/dra-driver-nvidia-gpu, ROCm/k8s-gpu-dra-driver,
# intel/intel-resource-drivers-for-kubernetes).
DRA_IMAGES = re.compile(r"dra-driver|k8s-dra|dra-[a-z-]*driver")
DEVICE_PLUGIN = OPERANDS[-1]
LABELS = ("app", "app.kubernetes.io/name", "app.kubernetes.io/component", "k8s-app", "name")
# Pods that print the node's kernel log.
KERNEL_READERS = re.compile(r"kmsg|dmesg|kernel-?log|node-problem-detector|syslog|journal")
