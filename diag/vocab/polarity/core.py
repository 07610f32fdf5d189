"""Kubernetes' own kinds."""

from diag.vocab.polarity.entry import Entry

ENTRIES = (
    Entry(
        kinds=("Pod",),
        source="kubernetes/api core/v1 types.go; Slinky's slurm-operator writes a node's Slurm states as types",
        good=("PodScheduled", "ContainersReady", "Ready", "Initialized"),
        bad=(
            "DisruptionTarget",
            "SlurmNodeStateDown",
            "SlurmNodeStateError",
            "SlurmNodeStateFail",
            "SlurmNodeStateInvalid",
            "SlurmNodeStateInvalidReg",
            "SlurmNodeStateNotResponding",
        ),
        # A finished pod has neither its sandbox nor ready containers; a resize waits its turn.
        neutral=("PodReadyToStartContainers", "PodResizePending", "PodResizeInProgress", "SlurmNodeState*"),
        excused=("PodCompleted",),
    ),
    Entry(
        kinds=("apps/Deployment",),
        source="kubernetes/kubernetes pkg/controller/deployment/util",
        good=("Available", "Progressing"),
        bad=("ReplicaFailure",),
        excused=("DeploymentPaused",),
    ),
    Entry(
        kinds=("apps/ReplicaSet", "ReplicationController", "apps/StatefulSet", "apps/DaemonSet"),
        source="kubernetes/api apps/v1 types.go",
        bad=("ReplicaFailure",),
    ),
    Entry(
        kinds=("batch/Job",),
        source="kubernetes/api batch/v1 types.go",
        bad=("Failed", "FailureTarget"),
        neutral=("Complete", "Suspended", "SuccessCriteriaMet"),
    ),
    Entry(
        kinds=("Namespace",),
        source="kubernetes/kubernetes pkg/controller/namespace/deletion/status_condition_utils.go",
        bad=("NamespaceDeletion*Failure", "NamespaceContentRemaining", "NamespaceFinalizersRemaining"),
    ),
    Entry(
        kinds=("policy/PodDisruptionBudget",),
        source="kubernetes/api policy/v1 types.go: False only says that nothing may be disrupted now",
        neutral=("DisruptionAllowed",),
    ),
    Entry(
        kinds=("PersistentVolumeClaim",),
        source="kubernetes/api core/v1 types.go",
        bad=("ControllerResizeError", "NodeResizeError", "ModifyVolumeError"),
        neutral=("Resizing", "FileSystemResizePending", "ModifyingVolume"),
    ),
    Entry(
        kinds=("apiextensions.k8s.io/CustomResourceDefinition",),
        source="kubernetes/apiextensions-apiserver pkg/apis/apiextensions/v1",
        good=("Established", "NamesAccepted"),
        bad=("NonStructuralSchema", "Terminating"),
        neutral=("KubernetesAPIApprovalPolicyConformant",),  # only tells how the annotation is written
        excused=("MissingAnnotation",),
    ),
    Entry(
        kinds=("apiregistration.k8s.io/APIService",),
        source="kubernetes/kube-aggregator pkg/apis/apiregistration/v1",
        good=("Available",),
    ),
    Entry(
        kinds=("certificates.k8s.io/CertificateSigningRequest",),
        source="kubernetes/api certificates/v1 types.go",
        bad=("Denied", "Failed"),
        neutral=("Approved",),
    ),
    Entry(
        kinds=("flowcontrol.apiserver.k8s.io/FlowSchema",),
        source="kubernetes/api flowcontrol/v1 types.go",
        bad=("Dangling",),
    ),
    Entry(
        kinds=("resource.k8s.io/*",),
        source="kubernetes/api resource/v1 types.go: a driver chooses the types of its devices",
        good=("Ready",),
    ),
)
