"""What a server serves before anybody asks: the kinds of Kubernetes itself, and how a kind of an operator is spelled.

Groups, versions, plurals and scopes as the discovery of Kubernetes 1.36 lists them; subresources and Secrets' data are
left out.
"""

from dataclasses import dataclass

READ = ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind that is served: `plural` is the word in paths, `versions` the newest first."""

    group: str
    versions: tuple[str, ...]
    kind: str
    plural: str
    namespaced: bool

    @property
    def key(self) -> tuple[str, str]:
        """Group and plural."""
        return self.group, self.plural

    @property
    def full(self) -> str:
        """As kubectl and refusals spell it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def group_version(self, version: str) -> str:
        """`v1`, `apps/v1`."""
        return f"{self.group}/{version}" if self.group else version


_NAMESPACED = {
    "": "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController "
    "ResourceQuota Secret Service ServiceAccount",
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "coordination.k8s.io": "Lease",
    "discovery.k8s.io": "EndpointSlice",
    "events.k8s.io": "Event",
    "networking.k8s.io": "Ingress NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
    "resource.k8s.io": "ResourceClaim ResourceClaimTemplate",
}
_CLUSTER = {
    "": "Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": "MutatingWebhookConfiguration ValidatingAdmissionPolicy "
    "ValidatingWebhookConfiguration",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "node.k8s.io": "RuntimeClass",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment",
}
_VERSIONS = {"autoscaling": ("v2", "v1")}


def plural_of(kind: str) -> str:
    """The plural that Kubernetes' code generators and most CRDs use (`ClusterPolicy`: `clusterpolicies`)."""
    word = kind.lower()
    if word == "endpoints":
        return word
    if word.endswith(("s", "x", "ch")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"


def built_in() -> list[Resource]:
    """Every kind that a bare API server serves."""
    return [
        Resource(group, _VERSIONS.get(group, ("v1",)), kind, plural_of(kind), namespaced)
        for table, namespaced in ((_NAMESPACED, True), (_CLUSTER, False))
        for group, kinds in table.items()
        for kind in kinds.split()
    ]
