"""DEV283: the image with AMD's driver module cannot be built or signed on the cluster."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group

# kubernetes-sigs/kernel-module-management internal/constants; the label of what a pod makes was renamed twice.
KMM = "kmm.node.kubernetes.io/"
MODULE, KERNEL = f"{KMM}module.name", f"{KMM}target-kernel"
MAKES = (f"{KMM}resource-type", f"{KMM}pod-type", f"{KMM}job-type", "kmm.openshift.io/build.type")
MODULES = "kmm.sigs.x-k8s.io/Module"
DEVICE_CONFIG = "amd.com/DeviceConfig"  # ROCm/gpu-operator names the Module after it
PROBED = "spec.moduleLoader.container.modprobe.moduleName"
AMDGPU = "amdgpu"
RESOURCE = "amd.com/gpu"
FAILED = ("pod-failed", "container-crashing", "container-not-started", "init-container-failing")
# GoogleContainerTools/kaniko, buildah and make; the kernel's scripts/sign-file; apt and dnf in the Dockerfile.
TOLD = re.compile(
    r"error building image|error building at STEP|Bad return status for module build|make(?:\[\d+\])?: \*\*\*"
    r"|sign-file|Unable to locate package|Unable to find a match|No match for argument|E: Failed to fetch"
)


@rule(
    "DEV283",
    name="amd-driver-build-failed",
    question=Question.STARTED,
    inputs=("Pod", "Node", MODULES, DEVICE_CONFIG),
    basis=Basis.SAID,
    refines=("amd-kfd-missing",),
)
def amd_driver_build_failed(ctx: Context) -> Iterator[Finding]:
    """The AMD driver module cannot be built or signed for the kernel.

    ## What it means
    AMD's GPU operator lets Kernel Module Management (KMM) build an image with the module amdgpu for each kernel of the
    nodes, and sign it where Secure Boot asks for that. The pod that does so fails, so nodes with that kernel get no
    driver and offer no GPU.

    ## Why it happens
    The driver's version does not build for a new kernel, its headers cannot be downloaded, the registry for the image
    refuses the push, or the key for signing is missing.

    ## Evidence
    The failed pod with KMM's labels of module, kernel and kind of work, a telling line of its log, and nodes with that
    kernel that offer no GPU.

    ## What to do
    Read the log of the build; choose a driver version (spec.driver.version of the DeviceConfig) that supports the
    kernel, or correct registry and key.

    ## Known limits
    Modules of other vendors are built in the same way; only those of AMD's operator are named here.
    """
    for group in ctx.groups(*FAILED):
        pod = group.first
        label = next((one for one in MAKES if one in pod.labels), None) if isinstance(pod, Pod) else None
        if label is not None and isinstance(pod, Pod) and MODULE in pod.labels:
            module = ctx.snap.get(MODULES, pod.namespace, pod.labels[MODULE])
            proof = _is_amd(ctx, pod, module)
            if proof:
                yield _finding(ctx, group, pod, label, proof, module)


def _is_amd(ctx: Context, pod: Pod, module: Object | None) -> list[Evidence]:
    """What shows that the module is AMD's: what it loads, or the operator's resource of that name."""
    if module is not None and value_at(module.whole, PROBED) == AMDGPU:
        return [ctx.cite(module, PROBED)]
    config = ctx.snap.get(DEVICE_CONFIG, pod.namespace, pod.labels[MODULE])
    return [ctx.cite(config, "metadata.name")] if config is not None else []


def _finding(ctx: Context, group: Group, pod: Pod, label: str, proof: list[Evidence], module: Object | None) -> Finding:
    makes = ctx.cite(pod, f"metadata.labels{key(label)}")
    kernel = pod.labels.get(KERNEL, "")
    of = [ctx.cite(pod, f"metadata.labels{key(KERNEL)}")] if kernel else []
    told = first_text(ctx, group, TOLD, On.LOG, On.ENDED)
    lines = [told[0].cite()] if told is not None else []
    what = "signed" if "sign" in pod.labels[label].lower() else "built"
    said = f": {told[0].text.strip()[:200]}" if told is not None else ""
    words = f"cannot be {what} for kernel {kernel or 'of its nodes'}, as pod {pod.name} fails{said}"
    without = [(one, node) for one, node in _without(ctx) if _kernel_of(node) == kernel]
    return Finding(
        subject=module.ref if module is not None else group.workload,
        summary=f"AMD's driver module {words}",
        evidence=as_proof((*group.evidence, makes, *of, *lines, *proof)),
        accounts_for=(
            Because(group, f"the driver module {words}", (makes, *of, *lines)),
            *(
                Because(
                    one,
                    f"{node.name} runs kernel {kernel}, for which no driver module could be {what}",
                    (ctx.cite(node, "status.nodeInfo.kernelVersion"), *of),
                )
                for one, node in without
            ),
        ),
        confidence=None if lines else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="read how the build ended", command=f"kubectl logs -n {pod.namespace} {pod.name}", who="platform"
            ),
            Remedy(
                text=f"choose a driver version for kernel {kernel} in spec.driver of the DeviceConfig"
                if what == "built"
                else "see whether the Secrets with key and certificate of spec.driver.imageSign are there",
                who="platform",
            ),
        ),
    )


def _without(ctx: Context) -> Iterator[tuple[Group, Node]]:
    """Nodes that do not offer their AMD GPUs."""
    for group in ctx.groups("node-without-gpus"):
        if isinstance(group.first, Node) and RESOURCE in group.message:
            yield group, group.first


def _kernel_of(node: Node) -> object:
    return value_at(node.whole, "status.nodeInfo.kernelVersion")
