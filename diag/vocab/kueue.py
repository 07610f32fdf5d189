"""Words of Kueue: kinds, labels, reasons (kubernetes-sigs/kueue apis/kueue/v1beta2, pkg/controller/constants)."""

GROUP = "kueue.x-k8s.io"
WORKLOAD = f"{GROUP}/Workload"
LOCAL_QUEUE = f"{GROUP}/LocalQueue"
CLUSTER_QUEUE = f"{GROUP}/ClusterQueue"
FLAVOR = f"{GROUP}/ResourceFlavor"
ADMISSION_CHECK = f"{GROUP}/AdmissionCheck"
TOPOLOGY = f"{GROUP}/Topology"
MULTIKUEUE_CONFIG = f"{GROUP}/MultiKueueConfig"
MULTIKUEUE_CLUSTER = f"{GROUP}/MultiKueueCluster"
PROVISIONING_REQUEST = "autoscaling.x-k8s.io/ProvisioningRequest"

QUEUE_LABEL = f"{GROUP}/queue-name"
ADMISSION_GATE = f"{GROUP}/admission"
POD_GROUP_NAME = f"{GROUP}/pod-group-name"
POD_GROUP_COUNT = f"{GROUP}/pod-group-total-count"
REQUIRED_TOPOLOGY = f"{GROUP}/podset-required-topology"

STOPPED = ("Hold", "HoldAndDrain")  # spec.stopPolicy of LocalQueue and ClusterQueue
