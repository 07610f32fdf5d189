"""DEV113: a GPU pod that runs under runc."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Proof, Question, Remedy
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.trouble.shapes import main_gpu, request_path, shape_of

BLIND = re.compile(
    r"Found no NVIDIA driver on your system|could not load NVML library|Incompatible strategy detected auto"
    r"|libcuda\.so\.1: cannot open shared object file|No CUDA GPUs are available|Failed to infer device type"
)


@rule(
    "DEV113",
    name="nvidia-runtime-not-default",
    question=Question.STARTED,
    inputs=("Pod", "node.k8s.io/RuntimeClass"),
    basis=Basis.SAID,
    refines=("no-gpu-visible", "device-plugin-crashing", "device-plugin-init-error-ignored"),
)
def nvidia_runtime_not_default(ctx: Context) -> Iterator[Finding]:
    """A GPU pod names no RuntimeClass, so it runs under runc and sees no GPU.

    ## What it means
    The pod was given a GPU and sees none: only the runtime of NVIDIA puts driver files and devices into the
    container, and on this node a pod has to ask for it by `runtimeClassName`.

    ## Why it happens
    K3s, RKE2 and hand-made installations add the handler `nvidia` without making it the default.

    ## Evidence
    The process finds no driver, the pod has no `runtimeClassName`, a RuntimeClass `nvidia` exists, and another pod on
    the same node runs well with it.

    ## What to do
    Add `runtimeClassName: nvidia` to the pod template, or make nvidia's the default runtime of the node.

    ## Known limits
    Says nothing unless a pod with that RuntimeClass is ready on the same node: else the node's driver may be at fault.
    """
    classes = [item for item in ctx.snap.all("node.k8s.io/RuntimeClass") if item.whole.get("handler") == "nvidia"]
    for group in ctx.groups("container-crashing", "container-not-ready", "pod-failed"):
        pod = group.first
        if not isinstance(pod, Pod) or pod.spec.runtime_class_name or not classes:
            continue
        hit = first_text(ctx, group, BLIND, On.LOG)
        twin = _twin(ctx, pod, {item.name for item in classes})
        if hit is None or twin is None:
            continue
        words = f"runs without a runtimeClassName and so under runc, where it sees no GPU: {hit[1][0]}"
        evidence: Proof = (hit[0].cite(), *_signs(ctx, pod, twin, classes[0]))
        yield Finding(
            subject=group.workload,
            summary=words,
            evidence=evidence,
            accounts_for=(Because(group, words, evidence),),
            confidence=Confidence.LIKELY,
            since=group.since,
            remedies=(
                Remedy(text=f"add runtimeClassName: {classes[0].name} to the pod template", who="user"),
                Remedy(text="or make nvidia's the default runtime of the GPU nodes", who="platform", risk="disruptive"),
            ),
        )


def _twin(ctx: Context, pod: Pod, classes: set[str]) -> Pod | None:
    """A pod on the same node that runs well under nvidia's runtime."""
    for other in ctx.snap.pods_on(pod.spec.node_name or ""):
        if other.spec.runtime_class_name in classes and other.status.phase == "Running":
            statuses = other.status.container_statuses or ()
            if statuses and all(status.ready for status in statuses):
                return other
    return None


def _signs(ctx: Context, pod: Pod, twin: Pod, runtime_class: Object) -> Iterator[Evidence]:
    yield ctx.lack(pod, "spec.runtimeClassName")
    yield ctx.cite(twin, "spec.runtimeClassName")
    yield ctx.cite(runtime_class, "handler")
    resource = main_gpu(shape_of(pod).requests)
    path = request_path(pod, resource) if resource else None
    if path:
        yield ctx.cite(pod, path)
