"""HWX140 to HWX142: what a process prints whose GPU failed under it."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

VICTIMS = ("pod-failed", "container-crashing", "container-not-ready", "pod-evicted")
PLACE = Beside(pod=("spec.nodeName",))

GPU_PROCESS_ERRORS = signatures(
    "CUDA errors of broken hardware",
    origin="NVIDIA CUDA runtime and driver error strings, NVIDIA NVML",
    exclusive=True,
    rows=(
        Signature(
            "HWX140",
            "ecc-memory-failure",
            on=On.LOG,
            question=Question.STARTED,
            explains=VICTIMS,
            root="node",
            literal="uncorrectable",
            pattern=r"(?P<words>uncorrectable ECC error(?: encountered| detected)?|CUDA_ERROR_ECC_UNCORRECTABLE)",
            beside=PLACE,
            summary="has a GPU whose memory failed under a process: {words}",
            means="The GPU's memory had an error that could not be corrected, and the process that used it died.",
            remedies=(
                Remedy(
                    text="drain the node and reset the GPU; have it replaced if the error comes back",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA CUDA, cudaErrorECCUncorrectable",
        ),
        Signature(
            "HWX141",
            "gpu-fell-off-bus",
            on=On.LOG,
            question=Question.STARTED,
            explains=VICTIMS,
            root="node",
            literal="GPU",
            pattern=r"(?P<words>GPU is lost|GPU has fallen off the bus)",
            beside=PLACE,
            summary="has lost a GPU that a process was using: {words}",
            means="The GPU no longer answers on the PCI bus.",
            remedies=(
                Remedy(
                    text="drain and restart the node; have the GPU replaced if it happens again",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA NVML, NVML_ERROR_GPU_IS_LOST; Xid 79",
        ),
        Signature(
            "HWX142",
            "fabric-manager-not-running",
            on=On.LOG,
            question=Question.STARTED,
            explains=VICTIMS,
            root="node",
            literal="system",
            pattern=r"(?P<words>Error 802: system not yet initialized)",
            beside=PLACE,
            summary="has NVSwitches and no fabric manager that has finished, so CUDA does not start: {words}",
            means="On NVSwitch systems CUDA starts only once the fabric manager has set up the fabric.",
            remedies=(
                Remedy(
                    text="start the nvidia-fabricmanager service on the node, in the driver's version", who="platform"
                ),
            ),
            source="NVIDIA fabric manager guide; cudaErrorSystemNotReady",
        ),
    ),
)
