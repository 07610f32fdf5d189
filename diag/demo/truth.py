"""What is wrong in the demo cluster, and nothing else."""

from typing import NamedTuple


class Expected(NamedTuple):
    """A cause (a name of the catalogue) and its root; `namespace` is empty for cluster-scoped kinds."""

    cause: str
    kind: str
    namespace: str
    name: str


EXPECTED = (
    Expected("resourcequota-exceeded", "ResourceQuota", "tidal-forecast", "gpu-budget"),
    Expected("inotify-limit-exhausted", "Node", "", "research-h100-02"),
    Expected("slow-object-download", "Deployment", "atlas-serve", "atlas-chat-32b"),
    Expected("pdb-blocks-drain", "PodDisruptionBudget", "lumen-search", "query-embedder"),
    Expected("gang-does-not-fit", "PodGroup", "orca-pretrain", "orca-moe-stage2"),
    Expected("image-not-found", "Deployment", "ferry-vision", "dock-detector"),
)
