"""Pods that a virtual cluster made on its host say which pod they stand for (loft-sh/vcluster pkg/util/translate).

Its own name is a translation that no user of the virtual cluster knows.
"""

from diag.findings import ComputedEvidence
from diag.projection import Object
from diag.snapshot.cite import cite, compute, key

PREFIX = "vcluster.loft.sh/"
FAKE = f"{PREFIX}fake-node"  # label of a node that stands for one of the host (pkg/controllers/resources/nodes)
MADE_BY = f"{PREFIX}managed-by"
NAMES = (f"{PREFIX}object-namespace", f"{PREFIX}object-name")


def stands_for(item: Object) -> tuple[ComputedEvidence, ...]:
    """Which object of which virtual cluster a copy on the host stands for; nothing for all other objects."""
    cluster = item.labels.get(MADE_BY)
    namespace, name = (item.annotations.get(one) for one in NAMES)
    if not cluster or not namespace or not name:
        return ()
    what = f"the {item.kind} of virtual cluster {cluster} that {item.name} stands for"
    parts = [cite(item, f"metadata.annotations{key(one)}") for one in NAMES]
    return (compute(what, f"{namespace}/{name}", [*parts, cite(item, f"metadata.labels{key(MADE_BY)}")]),)
