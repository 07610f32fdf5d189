"""Objects that cannot go because the controller of their finalizer is not there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.findings import Evidence
from diag.projection import JsonDict, Object
from diag.snapshot.cite import value_at

WORKLOADS = ("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet")
COMMON = frozenset({"k8s", "sigs", "kubernetes", "apps", "core", "batch", "example", "cloud", "dev"})
SHORTEST = 4  # letters of a word that may tell a system
LONG_S = 60 * 60  # drains and clouds take their time, and a controller that was restarted catches up


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Kinds whose finalizer one controller removes, and the words by one of which its workload is known."""

    kinds: tuple[str, ...]
    finalizer: str
    words: tuple[str, ...]
    only: tuple[str, str] = ("", "")  # a field and its value, where others of the kind have a controller elsewhere


# argoproj/argo-cd pkg/apis/application/v1alpha1 (types.go), fluxcd/kustomize-controller, fluxcd/helm-controller api,
# kubernetes-sigs/karpenter pkg/apis/v1 (EKS Auto Mode and AKS run theirs outside of the cluster),
# ray-project/kuberay ray-operator/controllers/ray/utils/constant.go, kserve/kserve pkg/controller/v1beta1/
# inferenceservice, kedacore/keda controllers/keda, cert-manager/cert-manager pkg/apis/acme/v1,
# fluid-cloudnative/fluid pkg/controllers/v1alpha1/dataset and pkg/common
FLUID = (
    ("Dataset", "fluid-dataset"), ("AlluxioRuntime", "alluxio-runtime"), ("JindoRuntime", "jindo-runtime"),
    ("JuiceFSRuntime", "juicefs-runtime"), ("ThinRuntime", "thin-runtime"), ("EFCRuntime", "efc-runtime"),
)  # fmt: skip
OWNED = (
    Owned(
        kinds=("argoproj.io/Application",), finalizer="resources-finalizer.argocd.argoproj.io",
        words=("argocd", "argo-cd", "application-controller"),
    ),
    Owned(
        kinds=("kustomize.toolkit.fluxcd.io/Kustomization",), finalizer="finalizers.fluxcd.io",
        words=("kustomize-controller",),
    ),
    Owned(kinds=("helm.toolkit.fluxcd.io/HelmRelease",), finalizer="finalizers.fluxcd.io", words=("helm-controller",)),
    Owned(
        kinds=("karpenter.sh/NodeClaim",), finalizer="karpenter.sh/termination", words=("karpenter",),
        only=("spec.nodeClassRef.group", "karpenter.k8s.aws"),
    ),
    Owned(
        kinds=("ray.io/RayCluster",), finalizer="ray.io/gcs-ft-redis-cleanup-finalizer",
        words=("kuberay", "ray-operator"),
    ),
    Owned(
        kinds=("serving.kserve.io/InferenceService",), finalizer="inferenceservice.finalizers", words=("kserve",),
    ),
    Owned(kinds=("keda.sh/ScaledObject", "keda.sh/ScaledJob"), finalizer="finalizer.keda.sh", words=("keda",)),
    *(
        Owned(kinds=("acme.cert-manager.io/Challenge",), finalizer=name, words=("cert-manager",))
        for name in ("acme.cert-manager.io/finalizer", "finalizer.acme.cert-manager.io")
    ),
    *(
        Owned(kinds=(f"data.fluid.io/{kind}",), finalizer=f"{name}-controller-finalizer", words=("fluid",))
        for kind, name in FLUID
    ),
)  # fmt: skip


def left_behind(ctx: Context) -> Iterator[tuple[Object, list[Evidence]]]:
    """Objects of known kinds that were told to go long ago, and whose controller no workload of the cluster is."""
    for one in OWNED:
        kept = [
            (item, index)
            for kind in one.kinds
            for item in ctx.snap.all(kind)
            for index, name in enumerate(item.metadata.finalizers or ())
            if name == one.finalizer and ctx.older(item.metadata.deletion_timestamp, LONG_S) and _is_meant(item, one)
        ]
        if not kept or not ctx.snap.holds("apps/Deployment"):
            continue
        if any(_mentions(it, set(one.words)) for kind in WORKLOADS for it in ctx.snap.all(kind)):
            continue
        for item, index in kept:
            yield item, [ctx.cite(item, f"metadata.finalizers[{index}]"), ctx.cite(item, "metadata.deletionTimestamp")]


def _is_meant(item: Object, one: Owned) -> bool:
    path, value = one.only
    return not path or value_at(item.whole, path) == value


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
