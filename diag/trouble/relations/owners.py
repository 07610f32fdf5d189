"""Who made an object: the chain of owners, and the workload that a person would name.

The workload is the topmost namespaced owner that is here. A cluster-scoped owner (ClusterPolicy, NVIDIADriver) is
lineage only.
"""

from collections.abc import Iterator

from diag.findings import Ref
from diag.projection import Object, OwnerReference
from diag.snapshot.snapshot import Snapshot

MAX_DEPTH = 12  # deeper chains, and rings, are cut
TEMPLATE_HASH = "pod-template-hash"
# Owners that only tie an object's life to theirs: vcluster makes a tenant's Service the owner of its pods on the host.
CARETAKERS = ("Service", "ConfigMap", "Secret")


def chain(snap: Snapshot, item: Object) -> list[Object]:
    """The object, its controlling owner, that one's owner and so on, as far as they are here."""
    found = [item]
    while len(found) < MAX_DEPTH:
        above = owner_of(snap, found[-1])
        if above is None or any(above is known for known in found):
            break
        found.append(above)
    return found


def owner_of(snap: Snapshot, item: Object) -> Object | None:
    """The controlling owner that is here; a Deployment whose ReplicaSet was not collected is found by its name."""
    for reference in controllers(item):
        owner = snap.owner(item, reference)
        if owner is not None:
            return owner
        if reference.kind == "ReplicaSet" and reference.name:
            # A ReplicaSet is called DEPLOYMENT-HASH, and its pods carry the hash
            # (kubernetes/kubernetes pkg/controller/deployment/sync.go).
            base, _, suffix = reference.name.rpartition("-")
            if suffix and suffix == item.labels.get(TEMPLATE_HASH):
                return snap.get("apps/Deployment", item.namespace, base)
    return None


def controllers(item: Object) -> Iterator[OwnerReference]:
    """Owner references, the controlling one first, else all by name."""
    ordered = sorted(item.owners, key=lambda ref: (not ref.controller, ref.kind or "", ref.name or ""))
    yield from ordered[:1] if ordered and ordered[0].controller else ordered


def workload(snap: Snapshot, item: Object) -> Object:
    """The topmost namespaced owner that is here, the object itself when there is none."""
    makers = (above for above in chain(snap, item) if above.namespace and above.kind_id not in CARETAKERS)
    return [item, *makers][-1]


def lineage(snap: Snapshot, item: Object) -> tuple[Ref, ...]:
    """The owners of an object that are here, nearest first."""
    return tuple(above.ref for above in chain(snap, item)[1:])


def group_name(snap: Snapshot, item: Object) -> str:
    """What groups an object with its siblings: the workload, or an owner that is named but not here."""
    top = workload(snap, item)
    for reference in controllers(top):
        if reference.name and snap.owner(top, reference) is None:
            return f"{reference.kind}/{top.namespace}/{reference.name}"
    return str(top.ref)
