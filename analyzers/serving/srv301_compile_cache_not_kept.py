"""SRV301: an engine compiles the same graphs at each start."""

import re
from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.times import seconds, show_age
from diag.findings import Because, Evidence, Finding, Proof, Question, Remedy, as_proof
from diag.projection import dicts
from diag.snapshot.kinds import Pod
from diag.trouble.relations.timelines import Start
from diag.vocab.engines import CACHE_FOLDER, COMPILE_CACHE_HIT, COMPILED

LEAST_S = 60.0
SHARE = 0.25  # of the whole start
SIBLINGS = 20
KEY = re.compile(r"torch_compile_cache/(?P<key>[0-9a-f]{6,})")


@rule(
    "SRV301",
    name="compile-cache-not-kept",
    question=Question.STARTED,
    inputs=("Pod", "Event"),
    refines=("knative-progress-deadline-exceeded",),
)
def compile_cache_not_kept(ctx: Context) -> Iterator[Finding]:
    """An engine compiles the same graphs at each start.

    ## What it means
    torch.compile takes a large part of the start. An earlier pod of the same workload compiled the same graphs, and
    its result was lost with it.

    ## Why it happens
    The cache folder lies on an emptyDir or in the container's own file system, both of which end with the pod.

    ## Evidence
    The engine's log: the cache folder, with its key, and the time of the compilation; the same key in the log of an
    earlier pod (or run); the volume under that folder.

    ## What to do
    Put the engine's cache folder (for vLLM: VLLM_CACHE_ROOT) on a volume that outlives the pod, or bake it into the
    image.

    ## Known limits
    Without the log of an earlier pod it is not known whether a compilation was needed, and nothing is said. A change
    of model, arguments or version changes the key; then compiling again is right.
    """
    for start in ctx.starts():
        found = _compiled(ctx, start.pod, start.timeline.engine)
        if found is None or found[2] < max(LEAST_S, SHARE * start.timeline.wall_s):
            continue
        folder_line, compile_line, spent, folder, key = found
        earlier = _earlier(ctx, start, key)
        lost, volume = _where(ctx, start.pod, start.timeline.engine, folder)
        if earlier and lost:
            own = (_line(ctx, start.pod, start.timeline.engine, compile_line),)
            evidence = (*own, _line(ctx, start.pod, start.timeline.engine, folder_line), *volume, *earlier)
            yield _finding(start, as_proof(evidence), spent, lost, folder)


Compiled = tuple[int, int, float, str, str]  # line of the folder, line of the time, seconds, folder, key


def _compiled(ctx: Context, pod: Pod, container: str, *, previous: bool = False) -> Compiled | None:
    """What the log says of a compilation that found nothing in its cache."""
    folder, key, folder_line, best = "", "", 0, None
    for number, line in enumerate(ctx.snap.log(pod, container, previous=previous), 1):
        if found := CACHE_FOLDER.search(line):
            folder, folder_line = found["folder"], number
            keyed = KEY.search(folder)
            key = keyed["key"] if keyed else folder
        elif COMPILE_CACHE_HIT in line:
            return None
        elif (found := COMPILED.search(line)) and folder:
            best = (folder_line, number, float(found["seconds"]), folder, key)
    return best


def _earlier(ctx: Context, start: Start, key: str) -> tuple[Evidence, ...]:
    """Another run that compiled the same key before this one."""
    container, pod = start.timeline.engine, start.pod
    before = _compiled(ctx, pod, container, previous=True)
    if before is not None and before[4] == key:
        return (ctx.cite_log(pod, container, before[1], previous=True),)
    workload = ctx.workload(pod)
    siblings = ctx.snap.pods_of(workload) if workload is not pod else []
    created = seconds(pod.created) or 0.0
    for other in siblings[:SIBLINGS]:
        born = seconds(other.created)
        if other is not pod and born is not None and born < created:
            found = _compiled(ctx, other, container)
            if found is not None and found[4] == key:
                return (ctx.cite_log(other, container, found[1]),)
    return ()


def _where(ctx: Context, pod: Pod, container: str, folder: str) -> tuple[str, tuple[Evidence, ...]]:
    """What the cache folder lies on, if that ends with the pod; the empty text where it may outlive it."""
    spec: Any = pod.whole.get("spec")
    containers = spec.get("containers") if isinstance(spec, dict) else None
    best: tuple[int, int, int] | None = None
    for index, entry in enumerate(containers if isinstance(containers, list) else ()):
        mounts = entry.get("volumeMounts") if dicts([entry]) and entry.get("name") == container else None
        for place, mount in enumerate(mounts if isinstance(mounts, list) else ()):
            path = mount.get("mountPath") if dicts([mount]) else None
            if isinstance(path, str) and f"{folder}/".startswith(f"{path.rstrip('/')}/"):
                best = max(best or (0, 0, 0), (len(path), index, place))
    if best is None:
        return "the container's own file system", ()
    _, index, place = best
    at = f"spec.containers[{index}].volumeMounts[{place}]"
    name = spec["containers"][index]["volumeMounts"][place].get("name")
    volumes = spec.get("volumes")
    for number, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        if dicts([volume]) and volume.get("name") == name and "emptyDir" in volume:
            cited = (ctx.cite(pod, f"{at}.mountPath"), ctx.cite(pod, f"spec.volumes[{number}].name"))
            return f"the emptyDir volume {name}", cited
    return "", ()


def _line(ctx: Context, pod: Pod, container: str, number: int) -> Evidence:
    return ctx.cite_log(pod, container, number)


def _finding(start: Start, evidence: Proof, spent: float, lost: str, folder: str) -> Finding:
    wall = start.timeline.wall_s
    return Finding(
        subject=start.group.workload,
        summary=f"compiled for {show_age(spent)} of a start of {show_age(wall)} what an earlier run had compiled: "
        f"the cache {folder} lies on {lost}, which ends with the pod",
        evidence=as_proof((*evidence, *start.group.evidence)),
        accounts_for=(Because(start.group, f"{show_age(spent)} went into compiling the same graphs again", evidence),),
        members=(start.pod.ref,),
        since=start.group.since,
        remedies=(
            Remedy(
                text="keep the engine's compile cache (for vLLM: VLLM_CACHE_ROOT) on a volume that outlives the pod"
            ),
            Remedy(text="or bake the cache into the image, for the GPU model and version in use"),
        ),
    )
