"""Node labels that name a GPU model or family, by who writes them.

Sources: NVIDIA/k8s-device-plugin docs/gpu-feature-discovery (nvidia.com/*), ROCm/k8s-device-plugin node
labeller (amd.com/*), the cluster-autoscaler's GPU labels of each cloud (cloudprovider/*/…_cloud_provider.go,
GPULabel), Karpenter's well-known labels (aws/karpenter-provider-aws, Azure/karpenter-provider-azure
pkg/apis/*/labels.go), and the providers' own documentation.
"""

# Label key -> the platform that writes it, "" where any cluster may have it.
MODEL_LABELS = {
    "nvidia.com/gpu.product": "",
    "nvidia.com/gpu.family": "",
    "amd.com/gpu.product-name": "",
    "amd.com/gpu.family": "",
    "accelerator": "",
    "cloud.google.com/gke-accelerator": "GKE",
    "cloud.google.com/gke-tpu-accelerator": "GKE",
    "k8s.amazonaws.com/accelerator": "EKS",
    "karpenter.k8s.aws/instance-gpu-name": "EKS",
    "karpenter.k8s.aws/instance-accelerator-name": "EKS",
    "eks.amazonaws.com/instance-gpu-name": "EKS",
    "kubernetes.azure.com/accelerator": "AKS",
    "karpenter.azure.com/sku-gpu-name": "AKS",
    "gpu.nvidia.com/model": "CoreWeave",
    "gpu.nvidia.com/class": "CoreWeave",
    "nebius.com/gpu-name": "Nebius",
    "skypilot.co/accelerator": "SkyPilot",
    "aliyun.accelerator/nvidia_name": "ACK",
}

# Those of them whose values are whole models, with form factor and memory where these differ.
PRODUCT_LABELS = ("nvidia.com/gpu.product", "amd.com/gpu.product-name", "cloud.google.com/gke-accelerator")

# Labels that tell the memory of one GPU as a number, with their unit in MiB.
MEMORY_LABELS = {
    "nvidia.com/gpu.memory": 1,
    "karpenter.k8s.aws/instance-gpu-memory": 1,
    "gpu.nvidia.com/vram": 1024,
}

# The scheme of a node's spec.providerID (kubernetes/cloud-provider-*, each provider's ProviderName).
PLATFORM_OF_PROVIDER = {"gce": "GKE", "aws": "EKS", "azure": "AKS", "alicloud": "ACK"}

# Words of a model's name that tell no two models apart.
VENDOR_WORDS = frozenset({"nvidia", "tesla", "amd", "intel", "instinct", "geforce", "quadro"})
# Words that make another model of one with the same numbers (RTX 6000 and RTX 6000 Ada, RTX 4070 and 4070 Ti).
GENERATION_WORDS = frozenset({"ada", "blackwell", "super", "ti"})
