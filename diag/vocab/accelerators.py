"""Resource names of accelerators, by vendor.

Sources: NVIDIA/k8s-device-plugin README (nvidia.com/gpu, .shared, mig-*), ROCm/k8s-device-plugin (amd.com/gpu),
intel/intel-device-plugins-for-kubernetes (gpu.intel.com), HabanaAI (habana.ai/gaudi), aws-neuron (aws.amazon.com/neuron*),
GKE documentation (google.com/tpu), Ascend/ascend-device-plugin (huawei.com/Ascend*), HAMi (nvidia.com/gpu with gpumem,
gpucores as measures of a share, which are no devices).
"""

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
