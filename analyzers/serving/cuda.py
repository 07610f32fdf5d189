"""What CUDA, its container runtime and PyTorch say of driver and memory: SRV101 to SRV109."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
DRIVER = Beside(
    gpus=True,
    pod=("spec.nodeName",),
    node=(
        'metadata.labels["nvidia.com/cuda.driver-version.full"]',
        'metadata.labels["nvidia.com/cuda.driver.major"]',
        'metadata.labels["nvidia.com/cuda.runtime-version.full"]',
        'metadata.labels["nvidia.com/gpu.product"]',
    ),
)
GPU = Beside(
    gpus=True,
    node=(
        'metadata.labels["nvidia.com/gpu.product"]',
        'metadata.labels["nvidia.com/gpu.memory"]',
        'metadata.labels["nvidia.com/gpu.sharing-strategy"]',
        'metadata.labels["nvidia.com/gpu.compute.major"]',
    ),
)
UPDATE_DRIVER = Remedy(
    text="install a driver on the node that supports the image's CUDA", who="platform", risk="disruptive"
)
OLDER_IMAGE = Remedy(text="use an image with an older CUDA, or run the pod on nodes with a newer driver")
LESS_OR_MORE = (
    Remedy(text="use a smaller batch, context or model, or a quantised one"),
    Remedy(text="spread the model over more GPUs, or select GPUs with more memory (nvidia.com/gpu.memory)"),
)


def _on(node: str) -> str:
    return f" on {node}" if node else " of the node"


def _cuda(version: str) -> str:
    """A number as cudaDriverGetVersion gives it, 1000 × major + 10 × minor, for reading: 12020 is CUDA 12.2."""
    number = int(version or 0)
    return f" (CUDA {number // 1000}.{number % 1000 // 10} at most)" if number >= 1000 else ""  # noqa: PLR2004  CUDA 1.0


# PyTorch lists all processes that it sees on the GPU, its own by the host's number in a container. One that is listed
# alone, while the allocator holds much, is the process itself.
OTHERS = (
    r"(?=[^\n]{0,700}(?:this process has|\bProcess \d{1,9} has[^\n]{1,80}\bProcess \d{1,9} has"
    r"|Of the allocated memory (?:\d(?:\.\d{1,2})? GiB|[\d.]{1,8} (?:[MK]iB|bytes)) is))"
)
OTHERS = rf"(?:{OTHERS}|(?![^\n]{{0,900}}Of the allocated memory))"

CUDA = signatures(
    "CUDA",
    origin="NVIDIA/libnvidia-container src/nvc_info.c; pytorch/pytorch c10/cuda (1.13 to 2.9)",
    exclusive=True,
    hangs=True,
    rows=(
        Signature(
            "SRV101",
            "driver-too-old-for-image",
            on=On.ENDED,
            also_on=(On.WAITING, On.EVENT),
            question=Question.STARTED,
            explains=(*CRASHED, "container-not-started"),
            literal="unsatisfied condition: ",
            pattern=r"unsatisfied condition: (?P<need>(?:cuda|driver)[^\n,]{1,80})",
            words=lambda found: {"at": _on(found["node"])},
            summary="the image needs {need}, and the driver{at} does not offer it",
            remedies=(UPDATE_DRIVER, OLDER_IMAGE),
            beside=DRIVER,
            means="The image declares the CUDA version that it needs, and the node's driver is older.",
        ),
        Signature(
            "SRV102",
            "driver-too-old-for-image",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="driver",
            pattern=r"(?P<why>NVIDIA driver on your system is too old(?: \(found version (?P<version>\d{1,9})\))?"
            r"|CUDA driver version is insufficient for CUDA runtime version"
            r"|forward compatibility was attempted on non supported HW)",
            words=lambda found: {"at": _on(found["node"]), "cuda": _cuda(found["version"])},
            summary="its CUDA is newer than the driver{at} supports{cuda}: {why}",
            remedies=(UPDATE_DRIVER, OLDER_IMAGE),
            beside=DRIVER,
            refines=("triton-model-load-failed",),
            means="The image's CUDA libraries are newer than what the node's driver supports.",
        ),
        Signature(
            "SRV103",
            "gpu-memory-held-by-neighbour",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="CUDA out of memory",
            pattern=r"CUDA out of memory\. Tried to allocate (?P<asked>[\d.]+ [KMG]iB)" + OTHERS + r"[^\n]{0,300}"
            r"total capacity of (?P<total>[\d.]+ GiB)[^\n]{0,200}\bProcess \d{1,9} has (?P<other>[1-9]\d{1,2}\.\d+"
            r" GiB) memory in use",
            summary="another process holds {other} of the {total} of its GPU, so {asked} more cannot be had",
            remedies=(
                Remedy(
                    text="look for other pods on the same GPU (time-slicing, MPS), and for one that is being deleted"
                ),
                Remedy(text="give the workload a GPU or a MIG slice of its own"),
            ),
            beside=GPU,
            refines=("triton-model-load-failed",),
            means="The GPU's memory is full because another process on it holds most of it.",
        ),
        Signature(
            "SRV104",
            "cuda-out-of-memory",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="CUDA out of memory",
            pattern=r"CUDA out of memory\. Tried to allocate (?P<asked>[\d.]+ [KMG]iB)"
            r"(?:\. GPU \d{1,3} has a total capacity of (?P<total>[\d.]+ GiB) of which (?P<free>[\d.]+ [KMG]iB) is free"
            r"| \(GPU \d{1,3}; (?P<size>[\d.]+ GiB) total capacity;[^\n]{0,120}; (?P<left>[\d.]+ [KMG]iB) free)",
            summary="its GPU memory is used up (CUDA out of memory): {asked} wanted, {free}{left} free of "
            "{total}{size}",
            remedies=LESS_OR_MORE,
            beside=GPU,
            refines=("triton-model-load-failed",),
            means="The process's own model and batch do not fit into the memory of its GPU.",
        ),
        Signature(
            "SRV105",
            "cuda-out-of-memory",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="out of memory",
            pattern=r"(?P<why>CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED[^\n]{0,40}out"
            r" of memory)",
            summary="its GPU memory is used up ({why})",
            remedies=LESS_OR_MORE,
            beside=GPU,
            refines=("triton-model-load-failed",),
            means="The process's own model and batch do not fit into the memory of its GPU.",
        ),
        Signature(
            "SRV106",
            "gpu-compute-capability-unsupported",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="no kernel image is available",
            pattern=r"no kernel image is available for execution on the device",
            summary="its libraries hold no kernel for the node's GPU (no kernel image is available)",
            remedies=(
                Remedy(text="use an image that is built for this GPU's compute capability, or select another GPU"),
            ),
            beside=GPU,
            refines=("triton-model-load-failed",),
            means="The image's libraries were not built for the generation of the node's GPU.",
        ),
        Signature(
            "SRV107",
            "no-gpu-visible",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="CUDA",
            pattern=r"(?P<why>No CUDA GPUs are available|no CUDA-capable device is detected)",
            summary="its process sees no GPU: {why}",
            remedies=(
                Remedy(text="ask for nvidia.com/gpu in the container that needs it"),
                Remedy(
                    text="name the runtime class that injects GPUs (runtimeClassName: nvidia)", when="one is asked for"
                ),
            ),
            beside=DRIVER,
            refines=("triton-model-load-failed",),
            means="The process sees no GPU: none was asked for, or the container runtime did not inject it.",
        ),
        Signature(
            "SRV109",
            "no-gpu-visible",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Found no NVIDIA driver",
            pattern=r"Found no NVIDIA driver on your system",
            summary="its process finds no driver (Found no NVIDIA driver on your system)",
            remedies=(
                Remedy(text="ask for nvidia.com/gpu in the container that needs it"),
                Remedy(
                    text="name the runtime class that injects GPUs (runtimeClassName: nvidia)", when="one is asked for"
                ),
            ),
            beside=DRIVER,
            refines=("triton-model-load-failed",),
            means="The driver's library is not in the container: no GPU was asked for, or the container runtime did "
            "not inject it.",
        ),
        Signature(
            "SRV108",
            "driver-library-version-mismatch",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="unsupported display driver",
            pattern=r"system has unsupported display driver / cuda driver combination",
            words=lambda found: {"at": _on(found["node"])},
            summary="its CUDA driver library does not fit the kernel driver{at}: unsupported display driver / cuda "
            "driver combination",
            remedies=(
                Remedy(
                    text="take the image's compat folder out of LD_LIBRARY_PATH", when="the image brings cuda-compat"
                ),
                OLDER_IMAGE,
                Remedy(
                    text="drain and restart the node",
                    when="its driver was just replaced",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            beside=DRIVER,
            refines=("triton-model-load-failed",),
            means="The libcuda that the process loaded, the image's own or the node's, is of another version than the "
            "node's kernel driver, and not one that it supports.",
            source="NVIDIA CUDA driver API, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)",
        ),
    ),
)
