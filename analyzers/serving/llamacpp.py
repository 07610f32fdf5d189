"""What llama.cpp's server (and Ollama, which runs it) says when it cannot load a model: SRV261 to SRV264."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
SETTINGS = Beside(args=r"^-m$|model|^-c$|ctx-size|n-gpu-layers|^-ngl$|^-hf$|parallel|^-np$|cache-type", gpus=True)

LLAMA_CPP = signatures(
    "llama.cpp",
    origin="ggml-org/llama.cpp src/llama-model-loader.cpp, src/llama-context.cpp, ggml/src/gguf.cpp (2024 to 2026)",
    exclusive=True,
    hangs=True,
    rows=(
        Signature(
            "SRV261",
            "model-path-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="failed to open ",
            pattern=r"(?:gguf_init_from_file: failed to open GGUF file '|error loading model: (?:\w{1,40}: ){0,2}"
            r"failed to open )(?P<path>[^':\n]{1,400})",
            summary="the model file {path} is not in the container",
            remedies=(
                Remedy(text="see where the volume with the model is mounted, and how the file is called there"),
                Remedy(text="let an init container fetch it, or let the server do so (-hf)"),
            ),
            beside=SETTINGS,
            means="The file of the model is not where the server looks for it, or may not be read.",
        ),
        Signature(
            "SRV262",
            "model-architecture-unsupported",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="unknown model architecture",
            pattern=r"unknown model architecture: '(?P<arch>[^'\n]{1,100})'",
            summary="this build of llama.cpp does not know the model's architecture {arch}",
            remedies=(Remedy(text="take a newer image of the server"),),
            beside=SETTINGS,
            means="The server is older than the model's architecture, or its fork lacks it.",
        ),
        Signature(
            "SRV263",
            "kv-cache-too-small",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="failed to allocate buffer for kv cache",
            pattern=r"failed to allocate buffer for kv cache",
            summary="the weights leave no GPU memory for the KV cache of its context (failed to allocate buffer for kv "
            "cache)",
            remedies=(
                Remedy(text="lower the context (--ctx-size) or the number of slots (--parallel)"),
                Remedy(text="keep the cache in fewer bits (--cache-type-k, --cache-type-v), or take a larger GPU"),
            ),
            beside=SETTINGS,
            means="The context times the slots needs more memory than is left beside the weights.",
        ),
        Signature(
            "SRV264",
            "cuda-out-of-memory",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="unable to allocate CUDA",
            pattern=r"error loading model: unable to allocate CUDA(?P<gpu>\d{1,2}) buffer",
            summary="the model's layers do not fit into the memory of GPU {gpu} (unable to allocate CUDA{gpu} buffer)",
            remedies=(
                Remedy(text="offload fewer layers (--n-gpu-layers), take a smaller quantisation, or a larger GPU"),
                Remedy(text="look for other processes on the GPU, where the model should fit"),
            ),
            beside=SETTINGS,
            means="The layers that are to lie on the GPU need more memory than is free there.",
        ),
    ),
)
