"""How the tools that empty nodes mark them, and what they say when they fail.

Sources: vendor NVIDIA/k8s-operator-libs `pkg/upgrade` (GPU and network operator), kubernetes-sigs/karpenter
`pkg/controllers/node/termination`, kubernetes/autoscaler cluster-autoscaler `utils/taints`, kubernetes-sigs/cluster-api
`internal/controllers/machine`, openshift/machine-config-operator `pkg/daemon/constants`, kubereboot/kured,
adobe/k8s-shredder `pkg/utils/parking.go`, kubernetes/kubernetes `staging/src/k8s.io/kubectl/pkg/drain`.
"""

import re

from diag.vocab.operands import CLUSTER_POLICY, NVIDIA_DRIVER

# Labels of the driver upgrade's state machine, of the GPU and of the network operator.
UPGRADE_STATES = ("nvidia.com/gpu-driver-upgrade-state", "nvidia.com/ofed-driver-upgrade-state")
# States in which pods are being moved off the node; `upgrade-failed` leaves it cordoned with whatever is still on it.
EMPTYING = ("pod-deletion-required", "drain-required")
UPGRADE_FAILED = "upgrade-failed"
UPGRADE_REQUIRED = "upgrade-required"
# States in which the operator is at work on the node.
UPGRADE_ACTIVE = (
    "cordon-required",
    "wait-for-jobs-required",
    *EMPTYING,
    "node-maintenance-required",
    "post-maintenance-required",
    "pod-restart-required",
    "validation-required",
    "uncordon-required",
)

# Taints that are set when a node is about to go.
DRAIN_TAINTS = (
    "ToBeDeletedByClusterAutoscaler",
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",  # before Karpenter 1.0
)
# OpenShift's daemon asks for a drain by setting the one, and the controller answers in the other.
MCO_DESIRED_DRAIN = "machineconfiguration.openshift.io/desiredDrain"
MCO_APPLIED_DRAIN = "machineconfiguration.openshift.io/lastAppliedDrain"
KURED_REBOOTING = "weave.works/kured-reboot-in-progress"

# k8s-shredder parks a node: labels of the node and of its pods, and a taint of the same key. Its names are settings,
# these the defaults.
PARKING, PARKED = "shredder.ethos.adobe.net/upgrade-status", "parked"
PARKED_UNTIL = "shredder.ethos.adobe.net/parked-node-expires-on"  # seconds since 1970
PARKED_BY = "shredder.ethos.adobe.net/parked-by"

DO_NOT_DISRUPT = "karpenter.sh/do-not-disrupt"
MIRROR_POD = "kubernetes.io/config.mirror"

# Reasons under which a failed drain is reported on the Node.
FAILED_DRAINING = "FailedDraining"  # Karpenter
DRIVER_UPGRADES = ("GPUDriverUpgrade", "OFEDDriverUpgrade")

# ClusterPolicy and NVIDIADriver say how far the operator may go.
POLICY_KINDS = (CLUSTER_POLICY, NVIDIA_DRIVER)
PAUSED_FOR_UPGRADE = "paused-for-driver-upgrade"
LIMIT_REACHED = "Node upgrade limit reached, pausing further upgrades"
# k8s-driver-manager and the driver container, when the module cannot be unloaded.
IN_USE = re.compile(
    r"driver is in use|Module nvidia\w* is in use|cannot be unloaded.*in use|Failed to drain node of GPU pods"
    r"|cannot proceed until all GPU pods are drained"
)

# What kubectl's drain library says of a drain that does not get on; controllers repeat its sentences.
REFUSED = re.compile(
    r"error when evicting pods?\b|violate the pod's disruption budget|[Uu]nable to drain node|"
    r"[Ff]ailed to drain|[Dd]rain node \S+ failed|Failed to delete workload pods|global timeout reached|"
    r"more than one PodDisruptionBudget|"
    r"cannot delete (?:DaemonSet-managed )?Pods"
)
LOCAL_STORAGE = "cannot delete Pods with local storage"
NO_CONTROLLER = re.compile(r"cannot delete Pods (?:that declare no controller|not managed by)")

# Cluster API: kind Machine, its condition, and the reason while the node is drained.
MACHINE_KINDS = ("cluster.x-k8s.io/Machine", "machine.openshift.io/Machine")
DELETING, DRAINING_NODE = "Deleting", "DrainingNode"
