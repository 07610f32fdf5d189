"""SRV241, SRV242: what SGLang says when it cannot start."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
GPU_NODE = (
    'metadata.labels["nvidia.com/gpu.product"]',
    'metadata.labels["nvidia.com/gpu.memory"]',
    'metadata.labels["nvidia.com/gpu.sharing-strategy"]',
)

SGLANG = signatures(
    "SGLang",
    origin="sgl-project/sglang python/sglang/srt/model_executor (0.4 to 0.5)",
    exclusive=True,
    hangs=True,
    rows=(
        Signature(
            "SRV241",
            "kv-cache-too-small",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Please try to increase --mem-fraction-static",
            pattern=r"Not enough memory\. Please try to increase --mem-fraction-static",
            summary="the weights leave no GPU memory for the KV cache (increase --mem-fraction-static)",
            remedies=(
                Remedy(text="raise --mem-fraction-static"),
                Remedy(text="spread the model over more GPUs (--tp), or select GPUs with more memory"),
            ),
            beside=Beside(args=r"mem-fraction|tp|tensor-parallel|context-length", gpus=True, node=GPU_NODE),
            means="The weights alone fill the share of GPU memory that the engine may use.",
        ),
        Signature(
            "SRV242",
            "gpu-memory-held-by-neighbour",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="The memory capacity is unbalanced",
            pattern=r"The memory capacity is unbalanced\. Some GPUs may be occupied by other processes",
            summary="some of its GPUs have less free memory than the others: other processes hold it",
            remedies=(
                Remedy(text="look for other pods on the same GPUs, and for one that is being deleted"),
                Remedy(text="give the workload GPUs of its own"),
            ),
            beside=Beside(gpus=True, pod=("spec.nodeName",), node=GPU_NODE),
            means="At start the engine compares the free memory of its GPUs, and one has much less than another.",
        ),
    ),
)
