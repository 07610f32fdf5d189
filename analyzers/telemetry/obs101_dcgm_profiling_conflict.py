"""OBS101: DCGM's exporter cannot profile, because another client holds the GPU's counters."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, first_text
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

# NVIDIA/DCGM dcgmlib/dcgm_errors.c and NVIDIA/dcgm-exporter internal/pkg/collector
REFUSED = re.compile(
    r"third-party Profiling module returned an unrecoverable error|watching fields: [^\n]{0,200}resource is in use"
)
# Programs that take a GPU's performance counters: NVIDIA Nsight Compute and Systems, and DCGM's own tester.
PROGRAMS = re.compile(r"(?:^|[\s/;&|(])(?:ncu|nv-nsight-cu-cli|nsys|nvprof|dcgmproftester\d{0,2})(?=[\s;&|)]|$)")
IMAGES = re.compile(r"(?i)nsight-(?:compute|systems)")
EXPORTER = re.compile(r"(?:^|/)dcgm-exporter(?:[:@]|$)")
MAX_WORD = 4_000  # characters of an argument, which may be a whole script
MAX_WORDS = 50


@rule("OBS101", name="dcgm-profiling-conflict", question=Question.STARTED, inputs=("Pod",))
def dcgm_profiling_conflict(ctx: Context) -> Iterator[Finding]:
    """A second client uses the GPU's profiling counters, so DCGM's exporter fails.

    ## What it means
    The performance counters of a GPU serve one client at a time. While another holds them, DCGM refuses to watch the
    `DCGM_FI_PROF` fields and the exporter gives up. GPUs and workloads are well; their metrics are missing.

    ## Why it happens
    A job on the node runs Nsight Compute or Nsight Systems, or two exporters run there.

    ## Evidence
    The exporter's line, and a pod that runs on the same node whose program or image is a profiler, or another exporter.

    ## What to do
    Wait for the profiler to end, pause DCGM's profiling while it works, or take the `DCGM_FI_PROF` fields out.

    ## Known limits
    GPUs that cannot be profiled (virtual ones, for example) give the same line, so nothing is said where no other
    client is seen. A profiler that a person starts inside of a container, or outside of Kubernetes, is not seen.
    """
    for group in ctx.groups("container-crashing", "container-not-ready"):
        said = first_text(ctx, group, REFUSED, On.LOG)
        found = next(_clients(ctx, said[0].member), None) if said is not None else None
        if said is not None and found is not None:
            yield _finding(ctx, group, said[0], *found)


def _clients(ctx: Context, exporter: object) -> Iterator[tuple[Pod, Evidence]]:
    """Pods of others that run on the exporter's node and use the counters, each with what says so; profilers first."""
    if not isinstance(exporter, Pod):
        return
    here = ctx.snap.pods_on(exporter.spec.node_name or "")
    own = ctx.workload(exporter).ref
    running = [pod for pod in here if pod.status.phase == "Running" and ctx.workload(pod).ref != own]
    for find in (_profiles, _exports):
        for pod in running:
            path = find(pod)
            if path is not None:
                yield pod, ctx.cite(pod, path)


def _profiles(pod: Pod) -> str | None:
    """Where a pod's command or image names a profiler."""
    for index, container in enumerate(pod.spec.containers or ()):
        for part in ("command", "args"):
            path = f"spec.containers[{index}].{part}"
            words = value_at(pod.whole, path)
            for place, word in enumerate(words[:MAX_WORDS] if isinstance(words, list) else ()):
                if isinstance(word, str) and PROGRAMS.search(word[:MAX_WORD]):
                    return f"{path}[{place}]"
        if IMAGES.search(container.image or ""):
            return f"spec.containers[{index}].image"
    return None


def _exports(pod: Pod) -> str | None:
    containers = enumerate(pod.spec.containers or ())
    return next((f"spec.containers[{i}].image" for i, one in containers if EXPORTER.search(one.image or "")), None)


def _finding(ctx: Context, group: Group, said: Text, other: Pod, sign: Evidence) -> Finding:
    place, line = ctx.cite(other, "spec.nodeName"), said.cite()
    what = f"Pod {other.name} uses the GPU's profiling counters on {place.value}, so DCGM's exporter there cannot"
    return Finding(
        subject=ctx.workload(other).ref,
        summary=f"{what}: the line of {said.member.name} tells that profiling is refused",
        evidence=(line, sign, place),
        accounts_for=(Because(group, what, (line, sign)),),
        confidence=Confidence.LIKELY,
        since=other.status.start_time or group.since,
        remedies=(
            Remedy(
                text="see whether the other client still runs",
                command=f"kubectl get pod {other.name} -n {other.namespace}",
            ),
            Remedy(text=f"wait until {other.name} ends, or end it: the exporter then recovers by itself"),
            Remedy(
                text=f"pause DCGM's profiling on {place.value} meanwhile (dcgmi profile --pause, then --resume)",
                who="platform",
            ),
            Remedy(text="take the DCGM_FI_PROF fields out of the exporter's metrics", who="platform"),
        ),
    )
