"""Resource names of accelerators, by vendor.

Sources: NVIDIA/k8s-device-plugin README (nvidia.com/gpu, .shared, mig-*), ROCm/k8s-device-plugin (amd.com/gpu),
intel/intel-device-plugins-for-kubernetes (gpu.intel.com), HabanaAI (habana.ai/gaudi), aws-neuron
(aws.amazon.com/neuron*), GKE documentation (google.com/tpu), Ascend/ascend-device-plugin (huawei.com/Ascend*), HAMi
(nvidia.com/gpu with gpumem, gpucores as measures of a share, which are no devices).
"""

import re

# A resource whose name begins so counts devices or slices of devices.
PREFIXES = (
    "nvidia.com/gpu",
    "nvidia.com/mig-",
    "nvidia.com/pgpu",
    "amd.com/gpu",
    "gpu.intel.com/",
    "habana.ai/gaudi",
    "aws.amazon.com/neuron",
    "google.com/tpu",
    "huawei.com/Ascend",
    "cambricon.com/",
    "metax-tech.com/gpu",
    "hygon.com/dcu",
    "mthreads.com/vgpu",
    "iluvatar.ai/gpu",
)
# Measures of a share of a device (memory, cores), not devices.
SHARES = ("gpumem", "gpucores", "gpumem-percentage", "vram", "millicores", "memory.max", "tiles")
NVIDIA_GPU = "nvidia.com/gpu"

# Drivers of devices that are claimed: gpu.nvidia.com, gpu.amd.com, gpu.intel.com and the classes of their charts
# (kubernetes-sigs/dra-driver-nvidia-gpu, ROCm/k8s-gpu-dra-driver, intel/intel-resource-drivers-for-kubernetes);
# what is no GPU: its compute domains, networks (google/dranet) and CPUs (kubernetes-sigs/dra-driver-cpu).
GPU_DRIVER_PREFIX = "gpu."
GPU_CLASSES = ("mig.nvidia.com", "vfio.gpu.nvidia.com")
OTHER_DRIVERS = frozenset({"compute-domain.nvidia.com", "dra.net", "dra.cpu"})
OTHER_CLASSES = ("compute-domain-daemon.nvidia.com", "compute-domain-default-channel.nvidia.com")

# Labels that say how many GPUs a node has or that it has any
# (NVIDIA/gpu-feature-discovery; cloud providers' node labels).
GPU_COUNT_LABEL = "nvidia.com/gpu.count"
GPU_PRESENT_LABEL = "nvidia.com/gpu.present"
GPU_PRODUCT_LABEL = "nvidia.com/gpu.product"
ACCELERATOR_LABELS = (
    "cloud.google.com/gke-accelerator",
    "k8s.amazonaws.com/accelerator",
    "kubernetes.azure.com/accelerator",
    "accelerator",
)

# Labels whose value is the number of a node's GPUs (GFD; Karpenter's AWS provider; GKE), and the resource that they
# mean.
COUNT_LABELS = {
    GPU_COUNT_LABEL: NVIDIA_GPU,
    "karpenter.k8s.aws/instance-gpu-count": NVIDIA_GPU,
    "cloud.google.com/gke-accelerator-count": NVIDIA_GPU,
}
# Labels that are `true` on a node with a GPU (GPU operator; NFD's rules of AMD's and Intel's operators).
PRESENT_LABELS = {
    GPU_PRESENT_LABEL: NVIDIA_GPU,
    "feature.node.kubernetes.io/pci-10de.present": NVIDIA_GPU,
    "feature.node.kubernetes.io/pci-0302_10de.present": NVIDIA_GPU,
    "feature.node.kubernetes.io/amd-gpu": "amd.com/gpu",
}
# The model names that accelerator labels hold for NVIDIA's GPUs: nvidia-h100-80gb, tesla-v100, t4, a10g.
NVIDIA_MODEL = re.compile(r"nvidia|tesla|^(?:gb|gh|[abhltv])\d{1,3}[a-z]{0,2}(?:$|-)")
# The GPU operator is told to leave the node alone.
OPERANDS_OFF_LABEL = "nvidia.com/gpu.deploy.operands"
