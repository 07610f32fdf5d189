"""What custom resources of operators have in common: where they tell their state, and in which words.

Sources stand beside the words. Condition types are in `diag.vocab.polarity`.
"""

# Where a state in one word stands: the common places, Volcano's `state.phase`, KubeRay's job status, Katib and Argo CD.
STATE_PATHS = (
    "status.phase",
    "status.state",
    "status.state.phase",
    "status.jobDeploymentStatus",
    "status.health.status",
)
# Words for work or a resource that failed and says so: Argo Workflows and NIM (`Failed`, `Error`), KubeRay
# (`ValidationFailed`), Volcano (`Failed`), Feast, Fluid, Tekton, Velero.
FAILED = frozenset({"failed", "error", "validationfailed", "allfailed", "somefailed", "fatal"})
# Words for a resource that is there and does not work: GPU operator and NIM (`NotReady`), Argo CD (`Degraded`), Rook,
# Fluid (`NotBound`).
NOT_READY = frozenset({"notready", "degraded", "unhealthy", "not_ready", "notbound"})
# Words of work that is over and went well, or that somebody stopped.
ENDED = frozenset(
    {"succeeded", "complete", "completed", "finished", "aborted", "terminated", "stopped", "cancelled", "canceled"}
)
# Conditions that say, when True, that the work is over and went well.
ENDED_TYPES = ("Succeeded", "Complete", "Finished")

# Fields, annotations and conditions of somebody's will: suspended, paused, stopped, scaled to zero.
HELD_PATHS = ("spec.suspend", "spec.suspended", "spec.paused", "spec.pause", "spec.runPolicy.suspend", "spec.stop")
HELD_ANNOTATIONS = (
    "crossplane.io/paused", "cluster.x-k8s.io/paused", "serving.kserve.io/stop", "kubeflow-resource-stopped",
    "autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas", "argocd.argoproj.io/skip-reconcile",
)  # fmt: skip
HELD_TYPES = ("Suspended", "Paused", "Stopped", "Hibernated", "RayClusterSuspended")

# Kinds that are work themselves: when one is not well, somebody's job or model is not there.
WORK_GROUPS = (
    "ray.io", "kubeflow.org", "trainer.kubeflow.org", "jobset.x-k8s.io", "leaderworkerset.x-k8s.io",
    "serving.kserve.io", "serving.knative.dev", "apps.nvidia.com", "feast.dev", "batch.volcano.sh", "nvidia.com",
    "mpi.kubeflow.org", "sparkoperator.k8s.io", "workload.codeflare.dev", "work.karmada.io",
    "work.open-cluster-management.io",
)  # fmt: skip
WORK_KINDS = ("argoproj.io/Workflow", "argoproj.io/Rollout", "tekton.dev/PipelineRun", "tekton.dev/TaskRun")
# Kinds of these groups that describe work but are none.
NO_WORK = ("serving.kserve.io/ServingRuntime", "serving.kserve.io/ClusterServingRuntime", "kubeflow.org/Profile")
# Scalers: when one is not well, demand is not answered.
SCALERS = (
    "keda.sh/ScaledObject", "keda.sh/ScaledJob", "http.keda.sh/HTTPScaledObject",
    "autoscaling/HorizontalPodAutoscaler", "autoscaling.karmada.io/FederatedHPA",
)  # fmt: skip
# What brings an object to another cluster.
FEDERATED = (
    "work.karmada.io/ResourceBinding", "work.karmada.io/ClusterResourceBinding", "work.karmada.io/Work",
    "work.open-cluster-management.io/ManifestWork",
)  # fmt: skip

# Groups whose objects have detectors of their own, or whose conditions speak of other objects that have.
LEFT_GROUPS = ("scheduling.volcano.sh", "scheduling.x-k8s.io", "scheduling.run.ai")
LEFT_KINDS = (
    "kueue.x-k8s.io/Workload", "kueue.x-k8s.io/ClusterQueue", "kueue.x-k8s.io/LocalQueue",
    "autoscaling.x-k8s.io/ProvisioningRequest", "nvidia.com/ClusterPolicy", "nvidia.com/NVIDIADriver",
    "resource.nvidia.com/ComputeDomain", "resource.nvidia.com/ComputeDomainClique",
)  # fmt: skip
# Kubernetes' own groups with a dot in their names (kubernetes/api); of these only APIServices are looked at, which tell
# of somebody else's server.
BUILT_IN_GROUPS = frozenset(
    f"{name}.k8s.io"
    for name in (
        "admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization", "certificates",
        "coordination", "discovery", "flowcontrol.apiserver", "internal.apiserver", "networking", "node",
        "rbac.authorization", "resource", "scheduling", "storage", "storagemigration", "events", "metrics",
    )
)  # fmt: skip
LOOKED_AT = ("apiregistration.k8s.io/APIService", "autoscaling/HorizontalPodAutoscaler")
# A verdict about data or a test, not about the machinery.
VERDICTS = ("argoproj.io/AnalysisRun", "argoproj.io/Experiment", "kubeflow.org/Trial")

# Reasons that state a failure, which no waiting mends, and reasons of work under way, which may take long.
STATED = r"Fail|Error|Invalid|NotFound|Missing|Denied|Forbidden|Unauthorized|Unsupported|Refused|NoClusterFit|Exceeded"
UNDER_WAY = r"Progress|Creating|Pending|Provision|Initializ|Waiting|Deploying|Install|Upgrad|Reconcil|Rolling|Starting"
# Conditions that say, when True, that the operator is at work on it.
BUSY_TYPES = ("Reconciling", "Progressing", "Updating", "UpdateInProgress", "Issuing")
# Where an operator puts its sentence beside a state in one word.
MESSAGE_PATHS = (
    "status.message",
    "status.stateMessage",
    "status.reason",
    "status.state.message",
    "status.health.message",
)
# The limits of which a kind says that they were reached.
LIMITS = {
    "jobset.x-k8s.io/JobSet": ("spec.failurePolicy.maxRestarts",),
    "kubeflow.org/Experiment": ("spec.maxFailedTrialCount",),
    "ray.io/RayJob": ("spec.preRunningDeadlineSeconds", "spec.activeDeadlineSeconds"),
}
# When the work ended: such a failure is history after a day, as a failed Job's is.
END_PATHS = ("status.completionTime", "status.finishedAt", "status.endTime", "status.lastTransitionTime")
# Fields of a spec that name what is scaled or watched, not what the object needs in order to be ready.
NO_NEED = ("scaleTargetRef", "targetRef", "claimRef", "resource")
# What a kind waits for while it is being filled, by the field that names it (NVIDIA/k8s-nim-operator
# internal/controller/platform/standalone: `NIMCache %s not ready`).
WAITED_FOR = {"apps.nvidia.com/NIMService": ("spec.storage.nimCache.name", "apps.nvidia.com/NIMCache")}
