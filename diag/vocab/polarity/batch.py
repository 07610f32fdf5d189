"""Queues, gangs and training jobs."""

from diag.vocab.polarity.entry import Entry

ENTRIES = (
    Entry(
        kinds=("kueue.x-k8s.io/Workload",),
        source="kubernetes-sigs/kueue apis/kueue/v1beta2/workload_types.go",
        good=("QuotaReserved", "Admitted"),
        bad=("Evicted", "DeactivationTarget"),
        neutral=("Finished", "PodsReady", "Requeued", "Preempted"),
    ),
    Entry(
        kinds=("kueue.x-k8s.io/*",),
        source="kubernetes-sigs/kueue apis/kueue/v1beta2 (ClusterQueue, LocalQueue, AdmissionCheck, MultiKueueCluster)",
        good=("Active",),
        excused=("Stopped", "StoppedByUser"),
    ),
    Entry(
        kinds=("autoscaling.x-k8s.io/ProvisioningRequest",),
        source="kubernetes/autoscaler cluster-autoscaler/apis/provisioningrequest",
        good=("Accepted",),
        bad=("Failed", "CapacityRevoked"),
        neutral=("Provisioned", "BookingExpired"),
    ),
    Entry(
        kinds=("scheduling.volcano.sh/PodGroup",),
        source="volcano-sh/apis pkg/apis/scheduling/v1beta1",
        good=("Scheduled",),
        bad=("Unschedulable",),
    ),
    Entry(
        kinds=("scheduling.run.ai/*",),
        source="NVIDIA/KAI-Scheduler pkg/apis/scheduling/v2alpha2; OverQuota is borrowing, by design",
        bad=("UnschedulableOnNodePool", "Orphan"),
        neutral=("OverQuota",),
    ),
    Entry(
        kinds=("kubeflow.org/Experiment", "kubeflow.org/Trial", "kubeflow.org/Suggestion"),
        source="kubeflow/katib pkg/apis/controller",
        good=("DeploymentReady",),
        bad=("Failed", "MetricsUnavailable"),
        neutral=("Created", "Running", "Restarting", "Succeeded", "Killed", "EarlyStopped"),
    ),
    Entry(
        kinds=("kubeflow.org/Notebook",),
        source="kubeflow/kubeflow notebook-controller: a copy of its pod's conditions, which speak for themselves",
        neutral=("*",),
    ),
    Entry(
        kinds=("kubeflow.org/*",),
        source="kubeflow/trainer release-1.9 pkg/apis/kubeflow.org/v1, kubeflow/mpi-operator pkg/apis/kubeflow/v2beta1",
        bad=("Failed",),
        neutral=("Created", "Running", "Restarting", "Suspended", "Succeeded"),
    ),
    Entry(
        kinds=("trainer.kubeflow.org/TrainJob",),
        source="kubeflow/trainer pkg/apis/trainer/v1alpha1",
        bad=("Failed",),
        neutral=("Suspended", "Complete"),
    ),
    Entry(
        kinds=("jobset.x-k8s.io/JobSet",),
        source="kubernetes-sigs/jobset api/jobset/v1alpha2",
        bad=("Failed",),
        neutral=("Completed", "Suspended", "StartupPolicyInProgress", "StartupPolicyCompleted", "RestartingJobSet"),
    ),
    Entry(
        kinds=("leaderworkerset.x-k8s.io/*",),
        source="kubernetes-sigs/lws api/leaderworkerset/v1",
        good=("Available",),
        neutral=("Progressing", "UpdateInProgress"),  # Progressing stays True while nothing moves
        excused=("GroupsProgressing", "GroupsUpdating"),
    ),
    Entry(
        kinds=("ray.io/*",),
        source="ray-project/kuberay ray-operator/apis/ray/v1; RayClusterProvisioned never goes back",
        good=("HeadPodReady", "Ready"),
        bad=("ReplicaFailure",),
        neutral=(
            "RayClusterProvisioned",
            "RayClusterSuspending",
            "RayClusterSuspended",
            "UpgradeInProgress",
            "RollbackInProgress",
            "Suspending",
            "Suspended",
        ),
        excused=("Initializing", "SuspendInProgress", "SuspendComplete", "SuspendRequested", "HeadPodNotFound"),
    ),
    Entry(
        kinds=("argoproj.io/Workflow", "argoproj.io/CronWorkflow"),
        source="argoproj/argo-workflows pkg/apis/workflow/v1alpha1",
        bad=("SpecError", "SubmissionError", "ArtifactGCError"),
        neutral=("Completed", "PodRunning", "SpecWarning", "MetricsError"),
    ),
    Entry(
        kinds=("tekton.dev/*",),
        source="knative/pkg apis: Succeeded is Unknown while it runs",
        good=("Succeeded",),
    ),
    Entry(
        kinds=("slinky.slurm.net/*",),
        source="SlinkyProject/slurm-operator api",
        neutral=("SlurmNodeState*",),
    ),
    Entry(
        kinds=("resource.nvidia.com/ComputeDomain",),
        source="NVIDIA/k8s-dra-driver-gpu: its daemons start with the first pod that asks, so not ready says nothing",
        neutral=("*",),
    ),
)
