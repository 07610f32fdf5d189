"""What model servers and downloaders say while they start.

Sources, by engine: vllm-project/vllm `vllm/v1/worker/gpu_model_runner.py`, `vllm/model_executor/model_loader`,
`vllm/entrypoints/openai/api_server.py` (0.6 to 0.33); huggingface/text-generation-inference and predibase/lorax
`launcher/src/main.rs`, `router/src/server.rs`; sgl-project/sglang `python/sglang/srt/model_executor`,
`entrypoints/http_server.py`; triton-inference-server/core `src/model_repository_manager` and server
`src/http_server.cc`; ggml-org/llama.cpp `tools/server`; kserve/storage-initializer `kserve_storage`; encode/uvicorn
`uvicorn/server.py`.
"""

import re

# The first line of a download or of loading weights.
LOAD_BEGINS = (
    "Starting to load model ",  # vLLM
    "Loading safetensors checkpoint shards:",
    "Loading pt checkpoint shards:",
    "Starting check and download process",  # TGI
    "Starting download process.",  # LoRAX
    "Starting shard",  # both, where the weights are there already
    "Load weight begin.",  # SGLang
    "load_model: loading model",  # llama.cpp
    "main: loading model",
    "Downloading shards:",  # transformers
)
LOADS_MODEL = re.compile(r"\] loading: \S+:\d+\s*$|\bmsg=loading: \S+:\d+")  # Triton, `loading: MODEL:VERSION`
# The weights are on the GPU; of several ranks the last one counts.
LOADED = (
    "Model loading took ",  # vLLM
    "Loading model weights took ",  # vLLM before 0.8
    "Shard ready in ",  # TGI, LoRAX
    "Load weight end.",  # SGLang
    "successfully loaded '",  # Triton
    "main: model loaded",  # llama.cpp
)
# The server answers from here on; the first such line counts.
LISTENS = (
    "Starting vLLM API server",
    "Starting vLLM server on",
    "The server is fired up and ready to roll!",  # SGLang
    "Started HTTPService at",  # Triton
    "main: server is listening on",  # llama.cpp; its `HTTP server is listening` of 2025 comes before loading
    "Application startup complete.",  # uvicorn
    "Uvicorn running on",
)
# TGI and LoRAX print this single word when the router has reached the shards.
LISTENS_EXACTLY = re.compile(r": Connected\s*$")

# Containers whose process is such a server, by name or image.
SERVERS = re.compile(
    r"vllm|text-generation|/tgi|lorax|sglang|triton|llama[.-]?cpp|llama-server|lmdeploy|tensorrt|trtllm"
)

# vLLM and PyTorch on compilation (vllm/compilation/backends.py, monitor.py).
CACHE_FOLDER = re.compile(r"Using cache directory: (?P<folder>\S+) for vLLM's torch\.compile")
COMPILED = re.compile(r"torch\.compile takes (?P<seconds>\d{1,7}(?:\.\d{1,9})?) s in total")
COMPILE_CACHE_HIT = "Directly load the compiled graph"

# Progress of shards: `Loading safetensors checkpoint shards:  43% Completed | 22/51 [02:55<03:51, 7.97s/it]`
SHARDS = re.compile(
    r"checkpoint shards:\s+(?P<percent>\d+)% Completed \| (?P<done>\d+)/(?P<all>\d+) \[(?P<gone>[\d:]+)<"
)

# KServe's storage initializer.
FOUND_OBJECT = re.compile(r"Found \S+ object: (?P<name>\S+) \((?P<bytes>\d{1,16}) bytes\)")
GOT_OBJECT = re.compile(r"Downloaded object (?P<name>\S+) to ")
COPYING = re.compile(r"Copying contents of (?P<source>\S+) to local")
DOWNLOADED = re.compile(r"Model downloaded in (?P<seconds>\d{1,7}(?:\.\d{1,9})?) seconds")
# vLLM's own download, which names no size.
ENGINE_DOWNLOADED = re.compile(
    r"Time spent downloading weights for (?P<source>\S+): (?P<seconds>\d{1,7}(?:\.\d{1,9})?) seconds"
)
# aws s3 cp: `Completed 12.3 GiB/65.5 GiB (83.0 MiB/s) with 3 file(s) remaining`
# rclone: `Transferred:   12.3 GiB / 65.5 GiB, 19%, 83.0 MiB/s, ETA 11m`
PROGRESS = re.compile(
    r"(?:Completed|Transferred:)\s+(?P<done>[\d.]+) ?(?P<done_unit>[KMGT]?i?B)(?:ytes)? ?/ ?~?(?P<all>[\d.]+) ?"
    r"(?P<all_unit>[KMGT]?i?B)(?:ytes)?[ ,]+(?:\(|\d+%, )(?P<rate>[\d.]+) ?(?P<rate_unit>[KMGT]?i?B)(?:ytes)?/s"
)
