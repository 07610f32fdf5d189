"""What vLLM says when it cannot start: SRV201 to SRV208, SRV210 to SRV217."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
GPU_NODE = (
    'metadata.labels["nvidia.com/gpu.product"]',
    'metadata.labels["nvidia.com/gpu.sharing-strategy"]',
    'metadata.labels["nvidia.com/gpu.replicas"]',
)
NEEDS = (
    r"max seq len \((?P<asked>\d{1,12})\), \(?(?P<need>[\d.]+) GiB KV cache is needed, which is larger than the "
    r"available KV cache memory \((?P<free>[\d.]+) GiB\)"
)
MORE_GPUS = Remedy(text="spread the model over more GPUs, or select GPUs with more memory")

VLLM = signatures(
    "vLLM",
    origin="vllm-project/vllm vllm/v1, vllm/config, vllm/platforms (0.4 to 0.33)",
    exclusive=True,
    hangs=True,
    rows=(
        Signature(
            "SRV201",
            "gpu-memory-held-by-neighbour",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="less than desired GPU memory utilization",
            pattern=r"Free memory on device[^(\n]{0,40}\((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less"
            r" than "
            r"desired GPU memory utilization \((?P<share>[\d.]+), (?P<wanted>[\d.]+) GiB\)",
            summary="only {free} of {total} GiB of its GPU are free at start, {wanted} GiB are wanted: another "
            "process holds the rest",
            remedies=(
                Remedy(text="lower --gpu-memory-utilization below the free share ({free} of {total} GiB)"),
                Remedy(text="give it a GPU or MIG slice of its own, not a time-sliced one"),
                Remedy(text="look for a pod on the node that is being deleted and still holds memory"),
            ),
            beside=Beside(args=r"gpu-memory-utilization", gpus=True, pod=("spec.nodeName",), node=GPU_NODE),
            means="The GPU's memory is held by another process before the engine has allocated any of its own.",
        ),
        Signature(
            "SRV202",
            "kv-cache-too-small",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="KV cache is needed",
            pattern=NEEDS + r"[^\n]{0,200}maximum model length is (?P<most>\d{1,12})",
            summary="a KV cache for max_model_len {asked} needs {need} GiB, and {free} GiB are free; {most} tokens "
            "would fit",
            remedies=(
                Remedy(text="set --max-model-len to at most {most}, the estimate of the log"),
                Remedy(text="raise --gpu-memory-utilization"),
                MORE_GPUS,
            ),
            beside=Beside(args=r"max-model-len|gpu-memory-utilization|tensor-parallel", gpus=True, node=GPU_NODE),
            means="The model fits, but the memory that is left does not hold one request of the configured length.",
        ),
        Signature(
            "SRV203",
            "kv-cache-too-small",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="KV cache is needed",
            pattern=NEEDS,
            summary="a KV cache for max_model_len {asked} needs {need} GiB, and {free} GiB are free",
            remedies=(
                Remedy(text="lower --max-model-len"),
                Remedy(text="raise --gpu-memory-utilization"),
                MORE_GPUS,
            ),
            beside=Beside(args=r"max-model-len|gpu-memory-utilization|tensor-parallel", gpus=True, node=GPU_NODE),
            means="The model fits, but the memory that is left does not hold one request of the configured length.",
        ),
        Signature(
            "SRV216",
            "kv-cache-too-small",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="stored in KV cache",
            pattern=r"max seq len \((?P<asked>\d{1,12})\) is larger than the maximum number of tokens that can be"
            r" stored in "
            r"KV cache \((?P<most>\d{1,12})\)",
            summary="max_model_len is {asked}, and the KV cache holds {most} tokens",
            remedies=(
                Remedy(text="set --max-model-len to at most {most}"),
                Remedy(text="raise --gpu-memory-utilization"),
                MORE_GPUS,
            ),
            beside=Beside(args=r"max-model-len|gpu-memory-utilization|tensor-parallel", gpus=True, node=GPU_NODE),
            means="The model fits, but the memory that is left does not hold one request of the configured length.",
            versions="before the V1 engine",
        ),
        Signature(
            "SRV204",
            "kv-cache-too-small",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="No available memory for the cache blocks",
            pattern=r"No available memory for the cache blocks",
            summary="the weights leave no GPU memory for the KV cache",
            remedies=(Remedy(text="raise --gpu-memory-utilization"), MORE_GPUS),
            beside=Beside(args=r"max-model-len|gpu-memory-utilization|tensor-parallel", gpus=True, node=GPU_NODE),
            means="The weights alone fill the share of GPU memory that the engine may use.",
        ),
        Signature(
            "SRV205",
            "tensor-parallel-exceeds-gpus",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="available GPUs (",
            pattern=r"World size \((?P<wanted>\d{1,6})\) is larger than the number of available GPUs \("
            r"(?P<has>\d{1,6})\)"
            r"|[Tt]ensor parallel size \((?P<degree>\d{1,6})\) exceeds available GPUs \((?P<found>\d{1,6})\)",
            summary="its parallel degree is {wanted}{degree}, and the container has {has}{found} GPUs",
            remedies=(
                Remedy(text="set --tensor-parallel-size (times pipeline parallel) to the number of GPUs in the limits"),
                Remedy(text="ask for {wanted}{degree} × nvidia.com/gpu"),
            ),
            beside=Beside(args=r"parallel-size|^-tp$|^-pp$", gpus=True, node=GPU_NODE),
            means="Tensor and pipeline parallel degrees multiply to more than the GPUs that the container was given.",
        ),
        Signature(
            "SRV206",
            "tensor-parallel-indivisible",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="must be divisible by tensor parallel size",
            pattern=r"attention heads \((?P<heads>\d{1,6})\) must be divisible by tensor parallel size \("
            r"(?P<degree>\d{1,6})\)",
            summary="the model's {heads} attention heads cannot be divided among {degree} GPUs",
            remedies=(Remedy(text="set --tensor-parallel-size to a divisor of {heads}"),),
            beside=Beside(args=r"parallel-size|^-tp$", gpus=True),
            means="The model's number of attention heads is no multiple of the parallel degree.",
        ),
        Signature(
            "SRV207",
            "gpu-compute-capability-unsupported",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="compute capability",
            pattern=r"(?P<what>\w+) is only supported on GPUs with compute capability of at least (?P<need>"
            r"[\d.]*\d)\.? "
            r"Your (?P<gpu>[^\n]{1,80}?) GPU has compute capability (?P<has>[\d.]*\d)",
            summary="{what} needs a GPU of compute capability {need}, and {gpu} has {has}",
            remedies=(
                Remedy(text="set --dtype=half", when="the data type is what is not supported"),
                Remedy(text="select nodes whose GPU is new enough (label nvidia.com/gpu.compute.major or gpu.product)"),
            ),
            beside=Beside(
                args=r"dtype|quantization",
                gpus=True,
                node=(
                    'metadata.labels["nvidia.com/gpu.product"]',
                    'metadata.labels["nvidia.com/gpu.compute.major"]',
                    'metadata.labels["nvidia.com/gpu.compute.minor"]',
                ),
            ),
            means="The GPU's generation lacks the data type or kernel that the model is run with.",
        ),
        Signature(
            "SRV208",
            "gpu-compute-capability-unsupported",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="is not supported for the current GPU",
            pattern=r"quantization method (?P<what>[^\n]{1,60}) is not supported for the current GPU\. "
            r"Minimum capability: (?P<need>\d{1,3})\. Current capability: (?P<has>\d{1,3})",
            summary="the quantisation {what} needs capability {need}, and the GPU has {has}",
            remedies=(Remedy(text="use another quantisation of the model, or select nodes whose GPU is new enough"),),
            beside=Beside(args=r"quantization|^--model$", gpus=True, node=GPU_NODE),
            means="The GPU's generation lacks the kernels of the model's quantisation.",
        ),
        Signature(
            "SRV210",
            "max-model-len-exceeds-model",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="User-specified max_model_len",
            pattern=r"User-specified max_model_len \((?P<asked>\d{1,12})\) is greater than the derived max_model_len "
            r"\((?P<what>[^\n)]{1,80})",
            summary="max_model_len is {asked}, and the model allows no more than {what}",
            remedies=(Remedy(text="lower --max-model-len to what the model allows ({what})"),),
            beside=Beside(args=r"max-model-len|^--model$"),
            means="The configured context is longer than the model's own configuration allows.",
        ),
        Signature(
            "SRV211",
            "lora-rank-exceeds-max",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="is greater than max_lora_rank",
            pattern=r"LoRA rank (?P<rank>\d{1,6}) is greater than max_lora_rank (?P<most>\d{1,6})",
            summary="an adapter has LoRA rank {rank}, and the server allows max_lora_rank {most}",
            remedies=(Remedy(text="start the server with --max-lora-rank {rank}, or leave the adapter out"),),
            beside=Beside(args=r"lora"),
            means="The adapter's rank is above the server's maximum, so the server stops at loading it.",
        ),
        Signature(
            "SRV217",
            "lora-adapter-not-found",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="No adapter found for",
            pattern=r"Loading lora (?P<name>[^\n]{1,120}?) failed: No adapter found for (?P<path>[^\s\"']{1,300})",
            summary="there is no LoRA adapter at {path}: loading {name} failed (No adapter found)",
            remedies=(
                Remedy(
                    text="put the adapter (adapter_config.json and its weights) at {path} for every replica, or "
                    "correct the path in --lora-modules"
                ),
                Remedy(text="see that the volume which holds it is mounted in the server's container"),
                Remedy(text="or leave {name} out until it is there"),
            ),
            beside=Beside(args=r"lora"),
            means="An adapter that is named at start is loaded at start: where its folder lacks adapter_config.json "
            "the whole server exits. Adapters that are asked for later fail only their own requests.",
            source="vllm-project/vllm vllm/lora/worker_manager.py",
        ),
        Signature(
            "SRV212",
            "model-architecture-unsupported",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="architecture",
            pattern=r"Model architectures? \[?'?(?P<name>[\w', ]{1,120}?)'?\]? (?:are|is) not supported"
            r"|model type `(?P<type>[\w-]{1,80})` but Transformers does not recognize this architecture",
            summary="the server's version does not know the model's architecture {name}{type}",
            remedies=(Remedy(text="use a newer image of the server, or a model that it supports"),),
            beside=Beside(args=r"model"),
            means="The server or its Transformers library is older than the model's architecture.",
        ),
        Signature(
            "SRV213",
            "model-needs-remote-code",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="trust_remote_code=True",
            pattern=r"(?:requires you to execute|contains custom code|execute the (?:configuration|model) file)"
            r"[^\n]{0,400}trust_remote_code=True|(?:set the option|pass the argument) `trust_remote_code=True`",
            summary="the model brings its own code, and trust_remote_code is off",
            remedies=(Remedy(text="read the model's code, then start the server with --trust-remote-code"),),
            beside=Beside(args=r"model|trust"),
            means="The model's repository holds code that must run, and the server is not allowed to run it.",
        ),
        Signature(
            "SRV214",
            "no-gpu-visible",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Failed to infer device type",
            pattern=r"Failed to infer device type",
            summary="its process sees no GPU (Failed to infer device type)",
            remedies=(
                Remedy(text="ask for nvidia.com/gpu in the container that needs it"),
                Remedy(
                    text="name the runtime class that injects GPUs (runtimeClassName: nvidia)", when="one is asked for"
                ),
            ),
            beside=Beside(gpus=True, pod=("spec.runtimeClassName", "spec.nodeName"), node=GPU_NODE),
            means="The process sees no GPU: none was asked for, or the container runtime did not inject it.",
        ),
        Signature(
            "SRV215",
            "engine-ready-timeout",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Timed out waiting for engine core processes",
            pattern=r"Timed out waiting for engine core processes to start",
            summary="its engine did not come up within the server's own time-out",
            remedies=(Remedy(text="raise VLLM_ENGINE_READY_TIMEOUT_S, or load the weights from a faster place"),),
            beside=Beside(args=r"parallel-size|load-format|^--model$"),
            means="The engine's processes did not come up within the time that the server gives them, mostly slow "
            "loading.",
        ),
    ),
)
