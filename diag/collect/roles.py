"""The rights that a collection needs: rules of a ClusterRole, made of the kinds that are read."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from diag.causes.silence import plural

Rule = Mapping[str, Sequence[str]]
VERBS = ("get", "list", "watch")
LOGS: Rule = {"apiGroups": ("",), "resources": ("pods/log",), "verbs": ("get",)}
# Kinds without a namespace: Kubernetes' own, and those whose CRDs say `scope: Cluster` (each project's config/crd).
CLUSTER_SCOPED = frozenset({
    "apiextensions.k8s.io/CustomResourceDefinition",
    "apiregistration.k8s.io/APIService", "gateway.networking.k8s.io/GatewayClass", "mellanox.com/NicClusterPolicy",
    "networking.k8s.io/IngressClass", "olm.operatorframework.io/ClusterCatalog",
    "olm.operatorframework.io/ClusterExtension", "policy.karmada.io/ClusterPropagationPolicy",
    "serving.kserve.io/LocalModelCache",
    "cluster.karmada.io/Cluster", "cluster.open-cluster-management.io/ManagedCluster", "karpenter.sh/NodeClaim",
    "karpenter.sh/NodePool", "kueue.x-k8s.io/AdmissionCheck", "kueue.x-k8s.io/ClusterQueue",
    "kueue.x-k8s.io/Cohort", "kueue.x-k8s.io/MultiKueueCluster", "kueue.x-k8s.io/MultiKueueConfig",
    "kueue.x-k8s.io/ResourceFlavor", "kueue.x-k8s.io/Topology", "kueue.x-k8s.io/WorkloadPriorityClass",
    "node.katalyst.kubewharf.io/CustomNodeResource", "nvidia.com/ClusterPolicy", "nvidia.com/NVIDIADriver",
    "scheduling.koordinator.sh/Reservation", "scheduling.run.ai/Queue", "scheduling.volcano.sh/Queue",
    "serving.kserve.io/ClusterServingRuntime", "slo.koordinator.sh/NodeMetric", "topology.volcano.sh/HyperNode",
    "trainer.kubeflow.org/ClusterTrainingRuntime",
    "Namespace", "Node", "PersistentVolume", "admissionregistration.k8s.io/MutatingWebhookConfiguration",
    "admissionregistration.k8s.io/ValidatingWebhookConfiguration", "node.k8s.io/RuntimeClass",
    "resource.k8s.io/DeviceClass", "resource.k8s.io/DeviceTaintRule", "resource.k8s.io/ResourceSlice",
    "scheduling.k8s.io/PriorityClass", "storage.k8s.io/CSIDriver", "storage.k8s.io/CSINode",
    "storage.k8s.io/StorageClass", "storage.k8s.io/VolumeAttachment",
})  # fmt: skip


def rules_for(kinds: Collection[str], *, logs: bool = True) -> list[Rule]:
    """One rule for each API group, with its resources by name: no wildcard, nothing but reading, no Secrets."""
    groups: dict[str, list[str]] = defaultdict(list)
    for kind in sorted(kinds):
        if kind != "Secret":
            groups[kind.rpartition("/")[0]].append(plural(kind).partition(".")[0])
    found: list[Rule] = [
        {"apiGroups": (group,), "resources": tuple(sorted(resources)), "verbs": VERBS}
        for group, resources in sorted(groups.items())
    ]
    return found + ([LOGS] if logs else [])
