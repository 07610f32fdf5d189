"""The rights that a collection needs: rules of a ClusterRole, made of the kinds that are read."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from diag.causes.silence import plural

Rule = Mapping[str, Sequence[str]]
VERBS = ("get", "list", "watch")
LOGS: Rule = {"apiGroups": ("",), "resources": ("pods/log",), "verbs": ("get",)}
# Kinds of Kubernetes itself that have no namespace; of custom resources nobody knows without the cluster.
CLUSTER_SCOPED = frozenset({
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
