"""DEV241: a process looks for a GPU in a container that asks for none."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.facts.gpus import container_requests, gpus_of
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import dicts, json_value
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import operand_of

# pytorch/pytorch torch/cuda and c10/cuda, vllm-project/vllm platforms, tensorflow stream_executor, NVML.
BLIND = re.compile(
    r"Found no NVIDIA driver on your system|No CUDA GPUs are available|no CUDA-capable device is detected"
    r"|Failed to infer device type|libcuda\.so\.1: cannot open shared object file|libnvidia-ml\.so\.1: cannot open"
    r"|Attempting to deserialize object on a CUDA device but torch\.cuda\.is_available\(\) is False"
    r"|CUDA_ERROR_NO_DEVICE|cudaErrorNoDevice"
)
# Where a container is given GPUs without asking the scheduler (NVIDIA/nvidia-container-toolkit, internal/config/image).
DEVICES = "NVIDIA_VISIBLE_DEVICES"


@rule(
    "DEV241",
    name="no-gpu-requested",
    question=Question.STARTED,
    inputs=("Pod",),
    basis=Basis.COUNTED,
    refines=("no-gpu-visible",),
)
def no_gpu_requested(ctx: Context) -> Iterator[Finding]:
    """A process looks for a GPU in a container that asks for none.

    ## What it means
    A container gets a GPU only if its own `resources.limits` asks for one. This one asks for none, so it sees none,
    on a node with GPUs as on any other.

    ## Why it happens
    The request was forgotten, or stands in another container of the pod: a sidecar or an init container.

    ## Evidence
    The process's own line, and the container's resources without a GPU.

    ## What to do
    Ask for the GPU in the container that uses it.

    ## Known limits
    Silent where the container names its devices by NVIDIA_VISIBLE_DEVICES or is privileged, as agents on GPU nodes
    are, and where it uses a resource claim.
    """
    for group in ctx.groups("container-crashing", "init-container-failing", "pod-failed", "job-failed"):
        hit = first_text(ctx, group, BLIND, On.LOG)
        if hit is None:
            continue
        pod = hit[0].member
        if not isinstance(pod, Pod) or operand_of(pod) is not None:
            continue
        where = _unasked(pod, hit[0].container.partition(" ")[0])
        if where is None:
            continue
        lacking = ctx.cite_or_lack(pod, f'{where}.resources.limits["nvidia.com/gpu"]')
        evidence: list[Evidence] = [hit[0].cite(), lacking, *_elsewhere(ctx, pod, where)]
        name = value_at(pod.whole, f"{where}.name")
        words = f"asks for no GPU in container {name}, whose process looks for one: {hit[1][0]}"
        yield Finding(
            subject=group.workload,
            summary=words,
            evidence=as_proof(evidence),
            accounts_for=(Because(group, words, (evidence[0], lacking)),),
            confidence=Confidence.LIKELY,
            since=group.since,
            remedies=(
                Remedy(
                    text="see what each container of the pod asks for",
                    command=f"kubectl get pod -n {pod.namespace} {pod.name} "
                    "-o jsonpath='{range .spec.containers[*]}{.name} {.resources}{end}'",
                ),
                Remedy(text=f"add nvidia.com/gpu to resources.limits of container {name}, or let it run on the CPU"),
            ),
        )


def _unasked(pod: Pod, container: str) -> str | None:
    """Path of the container of that name, where nothing gives it a GPU; None where something does, or may."""
    for part, listed in (("containers", pod.spec.containers), ("initContainers", pod.spec.init_containers)):
        for index, one in enumerate(listed or ()):
            if one.name != container:
                continue
            where = f"spec.{part}[{index}]"
            claims = value_at(pod.whole, f"{where}.resources.claims")
            if gpus_of(container_requests(one)) or isinstance(claims, list):
                return None
            if value_at(pod.whole, f"{where}.securityContext.privileged") is True or _names_devices(pod, where):
                return None
            return where
    return None


def _names_devices(pod: Pod, where: str) -> bool:
    listed = dicts(value_at(pod.whole, f"{where}.env"))
    return any(one.get("name") == DEVICES and one.get("value") != "void" for one in listed)


def _elsewhere(ctx: Context, pod: Pod, where: str) -> Iterator[Evidence]:
    """A container beside it that asks for a GPU, or the claims that the pod has and the container does not use."""
    for part, listed in (("containers", pod.spec.containers), ("initContainers", pod.spec.init_containers)):
        for index, one in enumerate(listed or ()):
            path = f"spec.{part}[{index}]"
            for resource in gpus_of(container_requests(one)) if path != where else ():
                for side in ("limits", "requests"):
                    found = ctx.cite_if(pod, f'{path}.resources.{side}["{resource}"]')
                    if found is not None:
                        yield found
                        break
    for index, _ in enumerate(dicts(json_value(bytes(pod.spec.resource_claims)))):
        yield from filter(None, [ctx.cite_if(pod, f"spec.resourceClaims[{index}].name")])
