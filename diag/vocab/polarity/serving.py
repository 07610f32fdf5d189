"""Model servers, their data, and scalers."""

from diag.vocab.polarity.entry import Entry

# Knative's activator stands in for a revision without pods.
IDLE = ("NoTraffic", "ScaledToZero", "Stopped")

ENTRIES = (
    Entry(
        kinds=("serving.knative.dev/*", "autoscaling.internal.knative.dev/*", "networking.internal.knative.dev/*"),
        source="knative/serving pkg/apis/serving/v1: Active=False only says that nobody asks",
        good=(
            "Ready",
            "ConfigurationsReady",
            "RoutesReady",
            "ResourcesAvailable",
            "ContainerHealthy",
            "AllTrafficAssigned",
            "IngressReady",
            "CertificateProvisioned",
            "NetworkConfigured",
            "LoadBalancerReady",
            "SKSReady",
        ),
        neutral=(
            "Active",
            "ScaleTargetInitialized",
            "EndpointsPopulated",
            "ActivatorEndpointsPopulated",
        ),
        excused=(*IDLE, "Retired", "Queued", "OutOfDate", "TLSNotEnabled", "RolloutInProgress"),
    ),
    Entry(
        kinds=("serving.kserve.io/*",),
        source="kserve/kserve pkg/apis/serving/v1beta1/inference_service_status.go, v1alpha2 (LLMInferenceService)",
        good=(
            "Ready",
            "PredictorReady",
            "TransformerReady",
            "ExplainerReady",
            "IngressReady",
            "*RouteReady",
            "*RoutesReady",
            "*ConfigurationReady",
            "LatestDeploymentReady",
            "PresetsCombined",
            "WorkloadsReady",
            "*WorkloadReady",
            "RouterReady",
            "GatewaysReady",
            "InferencePoolReady",
            "ScalingReady",
        ),
        bad=("GroupDegraded",),
        neutral=("Stopped", "OciImageVolumeCompatible", "ConfigInUse", "CanaryPredictorReady"),
        excused=IDLE,
    ),
    Entry(
        kinds=("apps.nvidia.com/*",),
        source="NVIDIA/k8s-nim-operator api/apps/v1alpha1",
        good=("Ready", "NIM_CACHE_JOB_COMPLETED"),
        bad=("Failed", "NIM_CACHE_RECONCILE_FAILED", "NIM_SERVICE_FAILED"),
        neutral=("NIM_CACHE_PVC_CREATED", "NIM_CACHE_JOB_CREATED", "NIM_CACHE_JOB_PENDING"),
    ),
    Entry(
        kinds=("inference.networking.k8s.io/*", "inference.networking.x-k8s.io/*"),
        source="kubernetes-sigs/gateway-api-inference-extension api",
        good=("Accepted", "ResolvedRefs"),
    ),
    Entry(
        kinds=("data.fluid.io/*",),
        source="fluid-cloudnative/fluid api/v1alpha1",
        good=("Ready", "MasterReady", "WorkersReady", "FusesReady"),
        neutral=("NotReady", "Initialized", "RuntimeScheduled", "Updating", "UpdateReady", "*Initialized", "*ScaledIn"),
    ),
    Entry(
        kinds=("feast.dev/FeatureStore",),
        source="feast-dev/feast infra/feast-operator api: FeatureStore is the type that sums up",
        good=(
            "FeatureStore",
            "Registry",
            "OnlineStore",
            "OfflineStore",
            "UI",
            "Client",
            "CronJob",
            "Authorization",
            "Lineage",
        ),
    ),
    Entry(
        kinds=("keda.sh/*",),
        source="kedacore/keda apis/keda/v1alpha1/condition_types.go, pkg/scaling",
        good=("Ready",),
        bad=("Fallback",),
        neutral=("Active", "Paused", "HPAActive"),
        excused=("ScaledObjectPaused", "ScaledJobPaused", "UnknownState"),
        stated=("PartialTriggerError",),
    ),
    Entry(
        kinds=("autoscaling/HorizontalPodAutoscaler",),
        source="kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go",
        good=("AbleToScale", "ScalingActive"),
        neutral=("ScalingLimited", "ScaledToZero"),  # at its bounds, or slowed on purpose
        excused=("ScalingDisabled",),  # the target has no replicas
    ),
    Entry(
        kinds=("autoscaling.k8s.io/*", "autoscaling.katalyst.kubewharf.io/*"),
        source="kubernetes/autoscaler vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1",
        bad=("ConfigUnsupported",),
        neutral=("RecommendationProvided", "LowConfidence", "NoPodsMatched", "FetchingHistory", "ConfigDeprecated"),
    ),
    Entry(
        kinds=("karpenter.sh/NodeClaim",),
        source="kubernetes-sigs/karpenter pkg/apis/v1/nodeclaim_status.go",
        good=("Launched", "Registered", "ConsistentStateFound"),
        neutral=(
            "Ready",
            "Initialized",
            "Consolidatable",
            "Drifted",
            "Empty",
            "Drained",
            "VolumesDetached",
            "InstanceTerminating",
            "DisruptionReason",
        ),
    ),
    Entry(
        kinds=("karpenter.sh/*",),
        source="kubernetes-sigs/karpenter pkg/apis/v1/nodepool_status.go",
        good=("Ready", "NodeClassReady", "ValidationSucceeded", "NodeRegistrationHealthy"),
    ),
    Entry(
        kinds=("karpenter.k8s.aws/*", "karpenter.azure.com/*", "karpenter.k8s.gcp/*"),
        source="aws/karpenter-provider-aws pkg/apis/v1/ec2nodeclass_status.go, Azure/karpenter-provider-azure",
        good=("Ready", "*Ready", "ValidationSucceeded"),
        excused=("DependenciesNotReady", "DryRunDisabled"),
    ),
)
