"""Words of Kubernetes itself: reasons, taint keys and generated names, with their sources."""

# kube-scheduler's event and the condition's reasons
# (kubernetes/kubernetes pkg/scheduler/schedule_one.go, staging/src/k8s.io/api/core/v1/types.go).
FAILED_SCHEDULING = "FailedScheduling"
POD_SCHEDULED = "PodScheduled"
UNSCHEDULABLE = "Unschedulable"
SCHEDULER_ERROR = "SchedulerError"
SCHEDULING_GATED = "SchedulingGated"

# Taints that the control plane sets by itself and that belong to a node's fault or drain
# (kubernetes/kubernetes staging/src/k8s.io/api/core/v1/well_known_taints.go).
TAINT_NOT_READY = "node.kubernetes.io/not-ready"
TAINT_UNREACHABLE = "node.kubernetes.io/unreachable"
TAINT_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
TAINT_MEMORY_PRESSURE = "node.kubernetes.io/memory-pressure"
TAINT_DISK_PRESSURE = "node.kubernetes.io/disk-pressure"
TAINT_PID_PRESSURE = "node.kubernetes.io/pid-pressure"
TAINT_NETWORK_UNAVAILABLE = "node.kubernetes.io/network-unavailable"
TAINT_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
# Set by the kubelet until a cloud controller has initialised the node
# (kubernetes/kubernetes staging/src/k8s.io/cloud-provider/api/well_known_taints.go).
TAINT_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"

AUTOMATIC_TAINTS = frozenset(
    {
        TAINT_NOT_READY,
        TAINT_UNREACHABLE,
        TAINT_UNSCHEDULABLE,
        TAINT_MEMORY_PRESSURE,
        TAINT_DISK_PRESSURE,
        TAINT_PID_PRESSURE,
        TAINT_NETWORK_UNAVAILABLE,
        TAINT_OUT_OF_SERVICE,
    }
)

# Letters and digits of generated names: no vowels, nothing that looks like another character
# (kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go).
SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
# Characters that the API server appends to `generateName` (k8s.io/apiserver pkg/storage/names/generate.go).
RANDOM_SUFFIX_LENGTH = 5
# A pod template hash is a 32-bit number in decimal, spelled in the safe alphabet: at most ten characters
# (kubernetes/kubernetes pkg/controller/controller_utils.go, ComputeHash).
TEMPLATE_HASH_LENGTH = 10

# Image references without a registry or tag (github.com/distribution/reference normalize.go).
DEFAULT_REGISTRY = "docker.io"
DEFAULT_REPOSITORY_PREFIX = "library/"
DEFAULT_TAG = "latest"
