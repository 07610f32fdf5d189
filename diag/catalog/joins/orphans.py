"""Objects that cannot go because the controller of their finalizer is not there."""

import re

from diag.catalog.context import Context
from diag.findings import Evidence
from diag.projection import JsonDict, Object

WORKLOADS = ("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet")
COMMON = frozenset({"k8s", "sigs", "kubernetes", "apps", "core", "batch", "example", "cloud", "dev"})
SHORTEST = 4  # letters of a word that may tell a system


def orphan(ctx: Context, item: Object) -> list[Evidence]:
    """Proof that nobody works on the deletion of a custom object, empty where there is none.

    The finalizer has the name of the object's own API group, the object's status is older than its deletion, and no
    workload of the cluster is called after a word of that group.
    """
    group = (item.api_version or "").rpartition("/")[0]
    finalizers = [index for index, name in enumerate(item.metadata.finalizers or ()) if group and _is_of(name, group)]
    seen, latest = _observed(item), item.metadata.generation
    if not finalizers or seen is None or latest is None or seen >= latest:
        return []
    if not ctx.snap.holds("apps/Deployment"):
        return []
    words = {word for word in re.split(r"[.-]", group) if len(word) >= SHORTEST and word not in COMMON}
    if not words or any(_mentions(one, words) for kind in WORKLOADS for one in ctx.snap.all(kind)):
        return []
    return [
        ctx.cite(item, f"metadata.finalizers[{finalizers[0]}]"),
        ctx.cite(item, "metadata.deletionTimestamp"),
        ctx.cite(item, "status.observedGeneration"),
        ctx.cite(item, "metadata.generation"),
    ]


def _is_of(finalizer: str, group: str) -> bool:
    domain = finalizer.partition("/")[0]
    return domain == group or domain.endswith(f".{group}")


def _observed(item: Object) -> int | None:
    status = item.whole.get("status")
    seen = status.get("observedGeneration") if isinstance(status, dict) else None
    return seen if isinstance(seen, int) else None


def _mentions(workload: Object, words: set[str]) -> bool:
    """Whether a workload's name, labels or images hold one of the words."""
    texts = [workload.name, *workload.labels.values(), *_images(workload.whole)]
    return any(word in text for word in words for text in texts)


def _images(whole: JsonDict) -> list[str]:
    spec = whole.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    pod = template.get("spec") if isinstance(template, dict) else None
    containers = pod.get("containers") if isinstance(pod, dict) else None
    entries = containers if isinstance(containers, list) else ()
    return [image for one in entries if isinstance(one, dict) and isinstance(image := one.get("image"), str)]
