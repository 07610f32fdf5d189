"""Taints that a controller sets by itself, for a fault or for a step on a node's way.

They belong to that fault or step: a pod that does not tolerate one is not written wrongly. Sources:
kubernetes/kubernetes staging/src/k8s.io/api/core/v1/well_known_taints.go,
k8s.io/cloud-provider/api/well_known_taints.go, kubernetes/autoscaler cluster-autoscaler/utils/taints,
kubernetes-sigs/karpenter pkg/apis/v1/taints.go, aws/aws-node-termination-handler, cilium/cilium
(agent-not-ready), the CSI drivers' start-up taints (agent-not-ready), ROCm/gpu-operator (amd-gpu-unhealthy,
amd-gpu-driver-upgrade), GKE's host maintenance.
"""

OWN_PREFIXES = (
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "karpenter.sh/",
    "aws-node-termination-handler/",
    "startup-taint.cluster-autoscaler.kubernetes.io/",
    "ignore-taint.cluster-autoscaler.kubernetes.io/",
)
OWN_SUFFIXES = ("agent-not-ready", "/not-ready", "-unhealthy", "driver-upgrade", "impending-node-termination")
OWN_KEYS = frozenset(
    {
        "ToBeDeletedByClusterAutoscaler",
        "DeletionCandidateOfClusterAutoscaler",
    }
)
# Those that a node has until some component has done its part there, and that this one takes off.
START_UP_PREFIXES = (
    "node.cloudprovider.kubernetes.io/uninitialized",
    "startup-taint.cluster-autoscaler.kubernetes.io/",
    "ignore-taint.cluster-autoscaler.kubernetes.io/",
)
CONTROL_PLANE = frozenset({"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"})


def is_own_fault(key: str) -> bool:
    """Whether a taint with that key is set by a controller for the node's own state."""
    return key in OWN_KEYS or key.startswith(OWN_PREFIXES) or key.endswith(OWN_SUFFIXES)


def is_start_up(key: str) -> bool:
    """Whether a taint with that key stands only until a component of the node has started."""
    return key.startswith(START_UP_PREFIXES) or key.endswith("agent-not-ready")
