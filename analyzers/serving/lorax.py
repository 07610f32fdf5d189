"""What LoRAX and TGI, which share their launcher, say when they cannot start: SRV221 to SRV227."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
GPU_NODE = ('metadata.labels["nvidia.com/gpu.product"]', 'metadata.labels["nvidia.com/gpu.memory"]')

LAUNCHER = signatures(
    "LoRAX and TGI",
    origin="predibase/lorax launcher and server; huggingface/text-generation-inference launcher (1 to 3)",
    exclusive=True,
    hangs=True,
    rows=(
        Signature(
            "SRV221",
            "lorax-prefill-oom",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Not enough memory to handle",
            pattern=r"Not enough memory to handle (?P<tokens>\d{1,12}) prefill tokens",
            summary="its GPU memory does not hold the warm-up with {tokens} prefill tokens",
            remedies=(
                Remedy(text="lower --max-batch-prefill-tokens below {tokens}"),
                Remedy(text="spread the model over more GPUs, or select GPUs with more memory"),
            ),
            refines=("cuda-out-of-memory",),
            beside=Beside(args=r"max-batch|max-input|max-total|num-shard", gpus=True, node=GPU_NODE),
            means="Warm-up runs one batch of the configured prefill size, and it does not fit into GPU memory.",
        ),
        Signature(
            "SRV222",
            "lorax-prefill-oom",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Not enough memory to handle max_total_tokens",
            pattern=r"Not enough memory to handle max_total_tokens=(?P<tokens>\d{1,12})",
            summary="its GPU memory does not hold the warm-up with max_total_tokens {tokens}",
            remedies=(
                Remedy(text="lower --max-total-tokens below {tokens}"),
                Remedy(text="spread the model over more GPUs, or select GPUs with more memory"),
            ),
            refines=("cuda-out-of-memory",),
            beside=Beside(args=r"max-batch|max-input|max-total|num-shard", gpus=True, node=GPU_NODE),
            means="Warm-up runs one batch of the configured size, and it does not fit into GPU memory.",
        ),
        Signature(
            "SRV227",
            "cuda-out-of-memory",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Not enough VRAM to run the model",
            pattern=r"Not enough VRAM to run the model: Available: (?P<has>[\d.]{1,10} ?GB) - Model "
            r"(?P<needs>[\d.]{1,10} ?GB)",
            summary="the model needs {needs} of GPU memory, and {has} are there (Not enough VRAM)",
            remedies=(
                Remedy(text="spread the model over more GPUs (--num-shard), or select GPUs with more memory"),
                Remedy(text="use a quantised model (--quantize)"),
            ),
            beside=Beside(args=r"model-id|shard|quantize", gpus=True, node=GPU_NODE),
            means="The weights alone are larger than the memory of the GPUs.",
            source="huggingface/text-generation-inference server/text_generation_server/models",
        ),
        Signature(
            "SRV223",
            "tensor-parallel-exceeds-gpus",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="only found",
            pattern=r"NotEnoughCUDADevices[^\n]{0,40}`(?P<what>\w{1,40})`[^\n]{0,80}only found (?P<has>\d{1,6}) CUDA"
            r" devices",
            summary="{what} asks for several GPUs, and the container has {has}",
            remedies=(
                Remedy(text="ask for as many nvidia.com/gpu as the model is to be sharded over"),
                Remedy(text="leave out --sharded and --num-shard, if the model fits on {has} GPU"),
            ),
            beside=Beside(args=r"shard", gpus=True, node=GPU_NODE),
            means="The launcher was told to shard the model over more GPUs than the container was given.",
        ),
        Signature(
            "SRV224",
            "tensor-parallel-exceeds-gpus",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="not enough cuda devices",
            pattern=r"not enough cuda devices: (?P<why>[^\n\"]{1,200})",
            summary="it is to be sharded over more GPUs than the container has: {why}",
            remedies=(Remedy(text="ask for as many nvidia.com/gpu as --num-shard says, or lower it"),),
            beside=Beside(args=r"shard", gpus=True, node=GPU_NODE),
            means="The launcher was told to shard the model over more GPUs than the container was given.",
        ),
        Signature(
            "SRV225",
            "engine-oomkilled",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Shard process was signaled",
            pattern=r"Shard process was signaled to shutdown with signal 9\b",
            summary="a shard was killed (signal 9) while the server came up: host memory is the usual reason",
            remedies=(
                Remedy(text="raise resources.limits.memory above the size of the largest shard times the shards"),
                Remedy(text="look for the kernel's out-of-memory message of the node", who="platform"),
            ),
            beside=Beside(args=r"shard", gpus=True),
            means="The kernel kills one process of the container, the launcher lives on and says so: the container's "
            "own end is then a plain error, not OOMKilled.",
            source="predibase/lorax launcher/src/main.rs",
        ),
        Signature(
            "SRV226",
            "model-download-oomkilled",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Download process was signaled",
            pattern=r"Download process was signaled to shutdown with signal 9\b",
            summary="the download was killed (signal 9): host memory is the usual reason",
            remedies=(
                Remedy(text="raise resources.limits.memory of the container"),
                Remedy(text="download the weights beforehand into a volume, best as safetensors"),
            ),
            beside=Beside(args=r"model-id"),
            means="Downloading, and converting weights to safetensors, needs more memory than the container may use.",
            source="predibase/lorax launcher/src/main.rs",
        ),
    ),
)
