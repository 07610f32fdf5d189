"""What Karmada's objects say: bindings, works, member clusters (karmada-io/karmada pkg/apis)."""

import re
from collections.abc import Iterator

from diag.facts.quantity import milli
from diag.projection import Object, dicts
from diag.snapshot.cite import key, value_at

CLUSTER = "cluster.karmada.io/Cluster"
BINDINGS = ("work.karmada.io/ResourceBinding", "work.karmada.io/ClusterResourceBinding")
WORK = "work.karmada.io/Work"
FEDERATED_QUOTA = "policy.karmada.io/FederatedResourceQuota"
SPACE = "karmada-es-"  # the namespace of a member's Works: karmada-es-CLUSTER
BINDING_OF_WORK = "resourcebinding.karmada.io/"
# Set by the cluster controller when it cannot reach a member.
LOST_TAINTS = ("cluster.karmada.io/not-ready", "cluster.karmada.io/unreachable")
USED = ("allocated", "allocating")  # parts of status.resourceSummary
# pkg/util/quota: `FederatedResourceQuota(NS/NAME) exceeded for resource R: requested sum X, limit Y.`
QUOTA = re.compile(
    r"FederatedResourceQuota\((?P<namespace>[^/)]+)/(?P<name>[^)]+)\) exceeded for resource (?P<resource>\S+): "
    r"requested sum (?P<asked>\S+), limit (?P<limit>[^\s,]+?)\.?(?:$|\s)"
)


def may_take(cluster: Object, binding: Object) -> bool:
    """Whether the placement's affinity admits the cluster, by its name and labels; anything else is not looked at."""
    affinity = value_at(binding.whole, "spec.placement.clusterAffinity")
    if not isinstance(affinity, dict):
        return True
    names, excluded = affinity.get("clusterNames"), affinity.get("exclude")
    if (isinstance(names, list) and names and cluster.name not in names) or (
        isinstance(excluded, list) and cluster.name in excluded
    ):
        return False
    wanted = value_at(affinity, "labelSelector.matchLabels")
    return not isinstance(wanted, dict) or all(cluster.labels.get(name) == value for name, value in wanted.items())


def offers(cluster: Object, api_version: str, kind: str) -> bool:
    """Whether a cluster serves a kind, by what Karmada collected of it."""
    return any(
        entry.get("groupVersion") == api_version
        and any(one.get("kind") == kind for one in dicts(entry.get("resources")))
        for entry in dicts(value_at(cluster.whole, "status.apiEnablements"))
    )


def taints(cluster: Object) -> Iterator[tuple[str, str]]:
    """Keys of a cluster's taints, with their paths."""
    for index, found in enumerate(dicts(value_at(cluster.whole, "spec.taints"))):
        if isinstance(found.get("key"), str):
            yield f"spec.taints[{index}].key", found["key"]


def free(cluster: Object, resource: str) -> int | None:
    """What a cluster has left of a resource in thousandths, None when it does not say."""
    have = milli(value_at(cluster.whole, f"status.resourceSummary.allocatable{key(resource)}"))
    if have is None:
        return None
    used = (milli(value_at(cluster.whole, f"status.resourceSummary.{part}{key(resource)}")) or 0 for part in USED)
    return have - sum(used)
