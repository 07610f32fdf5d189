"""IMG201: the weights come slowly for their size."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pods import statuses
from diag.facts.timeline.model import Timeline, Transfer
from diag.facts.times import iso, show_age
from diag.findings import Because, Confidence, Evidence, FieldEvidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Pod
from diag.trouble.relations.timelines import Start

# One stream from an object store brings 50 to 200 MB/s, a client with many streams 1 GB/s and more
# (run-ai/runai-model-streamer docs/src/benchmarks.md: 28 s with 4 streams against 5 s with 32, for 15 GB).
SLOW_MB_S = 200.0
LEAST_S = 120.0  # a download that is over sooner is not what a start waits for
SHARE = 0.3  # of the whole start
ONE_STREAM = "1"  # of HF_HUB_DISABLE_XET: no parallel ranges
STREAMS = (
    "S3_MAX_FILE_CONCURRENCY",
    "AWS_MAX_CONCURRENT_REQUESTS",
    "HF_HUB_DISABLE_XET",
    "HF_XET_NUM_CONCURRENT_RANGE_GETS",
)


@rule(
    "IMG201",
    name="slow-object-download",
    question=Question.STARTED,
    inputs=("Pod", "Event"),
    refines=("slow-image-pull", "knative-progress-deadline-exceeded"),
)
def slow_object_download(ctx: Context) -> Iterator[Finding]:
    """The weights come slowly for their size.

    ## What it means
    Most of the start is spent on fetching the model from an object store or a hub, and the bytes come at a rate that
    one single stream gives. Nothing has failed; the server just begins to load long after its pod was placed.

    ## Why it happens
    The downloader fetches one file after the other over one connection, the bucket is in another region, or the store
    throttles. Each new pod pays again, since nothing keeps the files on the node.

    ## Evidence
    The downloader's own log: the objects' sizes and the seconds it took, and the share of that in the start's
    timeline.

    ## What to do
    Let the downloader use many streams, keep the weights on the node or on a volume, or ship them as an image that
    the node caches.

    ## Known limits
    Where the log names no sizes, the rate is not known and nothing is said. A slow disk under the download looks the
    same.
    """
    for start in ctx.starts():
        found = _slow(start)
        if found is not None:
            yield _finding(ctx, start, *found)


def _slow(start: Start) -> tuple[Transfer, float, float] | None:
    """The transfer that the start waited for, its rate in MB/s and its seconds."""
    timeline = start.timeline
    for one in timeline.transfers:
        phase = timeline.phase("init" if one.init else "load")
        rate, spent = one.rate, one.seconds or 0.0
        if rate is None or rate >= SLOW_MB_S or spent < max(LEAST_S, SHARE * timeline.wall_s):
            continue
        # What follows the weights (compilation, a probe) is not their fault, nor is a wait for the machine before them.
        if phase is not None and all(phase.max_s >= other.min_s for other in timeline.phases):
            return one, rate, spent
    return None


def _finding(ctx: Context, start: Start, found: Transfer, rate: float, spent: float) -> Finding:
    timeline, line = start.timeline, found.line
    said = ctx.cite_log(start.pod, line.container, line.number, previous=line.previous)
    lines = [*found.sizes, *([found.source_line] if found.source_line is not None else [])]
    told = [ctx.cite_log(start.pod, at.container, at.number, previous=at.previous) for at in lines]
    settings = _settings(ctx, start.pod, line.container)
    single = [f"{name.value}={value.value}" for name, value in settings if value.value == ONE_STREAM]
    evidence: list[Evidence] = [said, *told[:1], *(piece for pair in settings for piece in pair), *told[1:]]
    size = f"{(found.bytes or 0) / 1e9:.1f} GB"
    source = f" from {found.source}" if found.source else ""
    so_far = "" if found.done else " so far"
    until = "until ready" if timeline.finished else "since the start began"
    now = _now(start, found)
    summary = (
        f"{line.container} fetched {size}{so_far}{source} at {rate:.0f} MB/s"
        f"{' with ' + ', '.join(single) if single else ''}: "
        f"{show_age(spent)} of the {show_age(timeline.wall_s)} {until}{now}"
    )
    because = f"its start waited {show_age(spent)} for {size} of weights at {rate:.0f} MB/s"
    group = start.group
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof((evidence[0], *evidence[1:], *group.evidence)),
        accounts_for=(Because(group, because, tuple(evidence)),),
        confidence=None if timeline.bottleneck == ("init" if found.init else "load") else Confidence.LIKELY,
        members=(start.pod.ref,),
        since=_since(start),
        remedies=_remedies(start, found, single),
    )


def _since(start: Start) -> str | None:
    """When the start began, which is what its summary counts from; a deadline that runs out does so later."""
    began = iso(start.timeline.began)
    return min(began, start.group.since or began)


def _now(start: Start, found: Transfer) -> str:
    """What became of the download, and what an unfinished start does now."""
    timeline = start.timeline
    if timeline.finished:
        return ""
    if not found.done:
        return "; the download still runs"
    over = f"; the download ended{' at ' + iso(found.told_at) if found.told_at is not None else ''}"
    return f"{over}, and {timeline.engine} {_step(timeline)} now: do not restart it" if _runs(start) else over


def _step(timeline: Timeline) -> str:
    """The step of the engine that its log tells of last."""
    if timeline.listens is not None:
        return "listens, but is not ready,"
    if timeline.loaded is not None:
        return "has its weights and compiles or warms up"
    return "loads the weights" if timeline.loads else "starts"


def _runs(start: Start) -> bool:
    """Whether the engine's container runs, at its first attempt."""
    engine = start.timeline.engine
    return any(
        status.name == engine and status.state is not None and status.state.running is not None
        for _, status in statuses(start.pod)
        if not status.restart_count
    )


def _remedies(start: Start, found: Transfer, single: list[str]) -> tuple[Remedy, ...]:
    pod, remedies = start.pod, []
    if not start.timeline.finished:
        runs = found.done and _runs(start)
        container = start.timeline.engine if runs else found.line.container
        again = "a new pod would fetch all weights again"
        wait = f"wait for this start: {again}" if found.done else "see how far it is"
        if runs:  # said first of all, as a step that only looks
            wait = f"see how far {container} is, and do not restart it, but wait for this start: {again}"
        command = f"kubectl logs -n {pod.namespace} {pod.name} -c {container} --tail=20"
        remedies.append(Remedy(text=wait, command=command))
    which = f"raise {single[0].partition('=')[0]} from {ONE_STREAM}" if single else "for KServe S3_MAX_FILE_CONCURRENCY"
    return (
        *remedies,
        Remedy(
            text=f"for the next starts let the downloader use many streams at once ({which}); a changed template makes "
            "new pods",
            risk="disruptive",
        ),
        Remedy(
            text="keep the weights near: a volume that outlives the pod, a node-local model cache, or an image that "
            "the node keeps",
            who="platform",
        ),
        Remedy(text="look whether bucket and cluster are in the same region", who="platform"),
    )


def _settings(ctx: Context, pod: Pod, container: str) -> list[tuple[FieldEvidence, FieldEvidence]]:
    """Names and values of the downloader's environment variables that say how many streams it may use."""
    spec = pod.whole.get("spec")
    found: list[tuple[FieldEvidence, FieldEvidence]] = []
    for part in ("initContainers", "containers"):
        entries = spec.get(part) if isinstance(spec, dict) else None
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if not isinstance(entry, dict) or entry.get("name") != container:
                continue
            variables = entry.get("env")
            for place, one in enumerate(variables if isinstance(variables, list) else ()):
                if isinstance(one, dict) and one.get("name") in STREAMS and isinstance(one.get("value"), str):
                    where = f"spec.{part}[{index}].env[{place}]"
                    found.append((ctx.cite(pod, f"{where}.name"), ctx.cite(pod, f"{where}.value")))
    return found
