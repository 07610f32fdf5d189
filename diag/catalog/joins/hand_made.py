"""Volumes that were made by hand, for claims that no provisioner serves."""

from diag.catalog.context import Context
from diag.facts.volumes import class_of
from diag.projection import Object
from diag.snapshot.cite import value_at

CLASS, VOLUME = "storage.k8s.io/StorageClass", "PersistentVolume"
STATIC = "kubernetes.io/no-provisioner"
MADE_BY = "pv.kubernetes.io/provisioned-by"


def by_hand(ctx: Context, claim: Object) -> list[Object]:
    """The volumes of the claim's class, empty where a provisioner may make another."""
    name = class_of(claim)
    found = ctx.snap.get(CLASS, "", name)
    if found is not None and value_at(found.whole, "provisioner") != STATIC:
        return []
    among = [volume for volume in ctx.snap.all(VOLUME) if class_of(volume) == name]
    # A class that is not in the files may have a provisioner; its volumes tell.
    return among if found or not any(MADE_BY in volume.annotations for volume in among) else []
