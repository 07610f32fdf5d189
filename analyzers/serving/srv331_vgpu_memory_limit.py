"""SRV331: a process reaches the memory limit of its own vGPU slice, not the end of the card."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.paths import Said, said
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Evidence, FieldEvidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key, value_at
from diag.trouble.groups import Group

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
# Project-HAMi/HAMi-core src/allocator/allocator.c, which Volcano's vGPU plugin uses, too: bytes asked / bytes allowed
CORE = re.compile(r"Device (?P<device>\d{1,2}) OOM (?P<asked>\d{1,20}) / (?P<limit>\d{6,15})")
# PyTorch c10/cuda/CUDACachingAllocator.cpp; the library in between makes the slice look like the whole card
TORCH = re.compile(
    r"CUDA out of memory\. Tried to allocate (?P<asked>[\d.]+ [KMG]iB)[^\n]{0,120}?"
    r"(?:total capacity of (?P<total>[\d.]+) GiB|; (?P<size>[\d.]+) GiB total capacity)"
)
EITHER = re.compile(f"{CORE.pattern.replace('?P<asked>', '')}|CUDA out of memory")
# Memory of a slice in MiB, as HAMi and Volcano call it, and its share of a card in percent.
MEMORY = ("nvidia.com/gpumem", "volcano.sh/vgpu-memory")
SHARE = ("nvidia.com/gpumem-percentage", "volcano.sh/vgpu-memory-percentage")
MIB, GIB = 1 << 20, 1 << 30
NEAR = 0.06  # what the driver takes for itself, and rounding
MAX_BYTES = 1 << 50  # HAMi-core has been seen to count down below zero


@rule(
    "SRV331",
    name="vgpu-memory-limit-hit",
    question=Question.STARTED,
    inputs=("Pod",),
    refines=("cuda-out-of-memory", "gpu-memory-held-by-neighbour", "lorax-prefill-oom", "triton-model-load-failed"),
)
def vgpu_memory_limit(ctx: Context) -> Iterator[Finding]:
    """The process ran out of memory at its own vGPU slice, not at the card's end.

    ## What it means
    HAMi and Volcano give a container a part of a GPU's memory, and a library in the container refuses what goes beyond.
    The card itself may be nearly empty.

    ## Why it happens
    The slice (`nvidia.com/gpumem`, `volcano.sh/vgpu-memory`) is smaller than the model, its cache and the CUDA context
    together.

    ## Evidence
    The line of the sharing library or of PyTorch with the limit that it met, and the slice that the container asks for.

    ## What to do
    Ask for more memory of the GPU, or make the model smaller.

    ## Known limits
    Where only PyTorch speaks, it is told only if the capacity that it names is the slice that was asked for.
    """
    for group in ctx.groups(*CRASHED):
        words = said(ctx, group, EITHER)
        if words is not None:
            found = _finding(ctx, group, words)
            if found is not None:
                yield found


def _finding(ctx: Context, group: Group, words: Said) -> Finding | None:
    core = said(ctx, group, CORE)
    limit, asked, proof = 0, "", words.proof
    if core is not None and (match := CORE.search(core.text)):
        limit, proof, words = int(match["limit"]), core.proof, core
        asked = f"{int(match['asked']) / GIB:.1f} GiB in all" if int(match["asked"]) < MAX_BYTES else ""
    slices = _slices(ctx, words)
    memory = next((piece for name, piece in slices.items() if name in MEMORY), None)
    if not limit and memory is not None and (torch := TORCH.search(words.text)):
        total = float(torch["total"] or torch["size"])
        wanted = _number(memory) * MIB
        if abs(total * GIB - wanted) <= NEAR * wanted:
            limit, asked = int(total * GIB), f"{torch['asked']} more"
    if not limit:
        return None
    own = "".join(f" ({name} {piece.value})" for name, piece in list(slices.items())[:1])
    wants = f", and wanted {asked}" if asked else ""
    summary = (
        f"container {words.container} reached the {limit / GIB:.1f} GiB of its own slice of the GPU{own}{wants}: "
        "the limit of its vGPU, not the end of the card"
    )
    pieces: list[Evidence] = [proof, *slices.values()]
    name = next(iter(slices), MEMORY[0])
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof(pieces),
        accounts_for=(Because(group, summary, as_proof(pieces), members=group.share),),
        confidence=None if slices else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text=f"ask for a larger slice: raise {name} of container {words.container}"),
            Remedy(text="or use a smaller batch, context or model, or a quantised one"),
        ),
    )


def _slices(ctx: Context, words: Said) -> dict[str, FieldEvidence]:
    """What the container asks of a GPU's memory, by resource; amounts before shares."""
    found: dict[str, FieldEvidence] = {}
    for part in ("containers", "initContainers"):
        listed = value_at(words.pod.whole, f"spec.{part}")
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            if not isinstance(one, dict) or one.get("name") != words.container:
                continue
            for name in (*MEMORY, *SHARE):
                piece = ctx.cite_if(words.pod, f"spec.{part}[{index}].resources.limits{key(name)}")
                if piece is not None:
                    found[name] = piece
    return found


def _number(piece: FieldEvidence) -> int:
    """An amount of MiB; 0 where it is written with a suffix, which these resources do not have."""
    return int(piece.value) if re.fullmatch(r"[0-9]{1,11}", str(piece.value)) else 0
