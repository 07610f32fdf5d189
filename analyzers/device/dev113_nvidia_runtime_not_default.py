"""DEV113: a GPU pod that runs under runc."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.facts.nodes import allocatable
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Proof, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import key
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
    inputs=("Pod", "Node", "node.k8s.io/RuntimeClass"),
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
    the same node runs well with it; or, as a weaker sign, the node's device plugin offers GPUs, so its driver works.

    ## What to do
    Add `runtimeClassName: nvidia` to the pod template, or make nvidia's the default runtime of the node.

    ## Known limits
    Says nothing where neither is so: then the node's driver may be at fault.
    """
    classes = [item for item in ctx.snap.all("node.k8s.io/RuntimeClass") if item.whole.get("handler") == "nvidia"]
    for group in ctx.groups("container-crashing", "container-not-ready", "pod-failed"):
        pod = group.first
        if not isinstance(pod, Pod) or pod.spec.runtime_class_name or not classes:
            continue
        hit = first_text(ctx, group, BLIND, On.LOG)
        if hit is None or not (signs := list(_signs(ctx, pod, classes))):
            continue
        twin = _twin(ctx, pod, {item.name for item in classes})
        words = f"runs without a runtimeClassName and so under runc, where it sees no GPU: {hit[1][0]}"
        evidence: Proof = (hit[0].cite(), *signs)
        yield Finding(
            subject=group.workload,
            summary=words,
            evidence=evidence,
            accounts_for=(Because(group, words, evidence),),
            confidence=Confidence.LIKELY if twin else Confidence.POSSIBLE,
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


def _signs(ctx: Context, pod: Pod, classes: list[Object]) -> Iterator[Evidence]:
    """What speaks for it; nothing where nothing shows that the node's driver works."""
    resource = main_gpu(shape_of(pod).requests)
    path = request_path(pod, resource) if resource else None
    node = ctx.snap.node(pod.spec.node_name or "")
    twin = _twin(ctx, pod, {item.name for item in classes})
    if twin is not None:
        yield ctx.cite(twin, "spec.runtimeClassName")
    elif path and resource and node is not None and allocatable(node).get(resource):
        yield ctx.cite(node, f"status.allocatable{key(resource)}")
    else:
        return
    yield ctx.lack(pod, "spec.runtimeClassName")
    yield ctx.cite(classes[0], "handler")
    if path:
        yield ctx.cite(pod, path)
