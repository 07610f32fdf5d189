"""IMG203: the pull of an image dominates a start."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.timeline.model import Pull
from diag.facts.times import show_age
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy
from diag.trouble.relations.timelines import Start

LEAST_S = 180.0
SHARE = 0.3  # of the whole start
FAILED = ("Failed", "BackOff", "ErrImageNeverPull", "InspectFailed")


@rule("IMG203", name="slow-image-pull", question=Question.STARTED, basis=Basis.SAID, inputs=("Pod", "Event"))
def slow_image_pull(ctx: Context) -> Iterator[Finding]:
    """The pull of an image dominates a start.

    ## What it means
    The image is pulled without an error, and that takes the largest part of the time until the pod is ready.

    ## Why it happens
    Images of model servers weigh 5 to 40 GB. A registry that is far away or throttled, a slow disk that unpacks them,
    or weights inside of the image make a pull of minutes.

    ## Evidence
    The kubelet's `Pulled` event with its time and size, or the `Pulling` event that no `Pulled` has followed yet, and
    the share of that in the start's timeline.

    ## What to do
    Pull ahead of time, mirror the registry near the nodes, use zstd or lazily loaded layers, or take weights out of
    the image.

    ## Known limits
    Kubelets up to 1.29 do not tell the size. A pull that waits for other pulls of its node is reported as that.
    """
    for start in ctx.starts():
        phase = start.timeline.phase("pull")
        refused = any(event.reason in FAILED for event in ctx.snap.events(start.pod))
        if phase is None or refused or phase.min_s < max(LEAST_S, SHARE * start.timeline.wall_s):
            continue
        if start.timeline.bottleneck == "pull":
            yield _finding(ctx, start, max(start.timeline.pulls, key=_length), phase.middle)


def _length(pull: Pull) -> float:
    return pull.pulled.pull_s if pull.pulled is not None else float("inf")


def _finding(ctx: Context, start: Start, pull: Pull, spent: float) -> Finding:
    event = pull.event or pull.pulling
    evidence: tuple[Evidence, *tuple[Evidence, ...]] = start.group.evidence
    if event is not None:
        evidence = (ctx.cite_event(event), *evidence)
    facts = pull.pulled
    if facts is None:
        what = f"container {pull.container} has been pulling its image for {show_age(spent)}, without an error"
    else:
        size = f" of {facts.size_bytes / 1e9:.1f} GB" if facts.size_bytes else ""
        rate = f" ({facts.size_bytes / facts.pull_s / 1e6:.0f} MB/s)" if facts.size_bytes and facts.pull_s else ""
        what = f"the image {facts.image}{size} took {show_age(facts.pull_s)} to pull{rate}"
    wall = show_age(start.timeline.wall_s)
    return Finding(
        subject=start.group.workload,
        summary=f"{what}, of {wall} {'until ready' if start.timeline.finished else 'since the pod was made'}",
        evidence=evidence,
        accounts_for=(Because(start.group, f"{show_age(spent)} of its start went into pulling images", evidence),),
        members=(start.pod.ref,),
        since=start.group.since,
        remedies=(
            Remedy(
                text="have the image on the node before pods come (pre-pull, or the node's own image)", who="platform"
            ),
            Remedy(text="mirror the registry near the nodes, or load layers lazily", who="platform"),
            Remedy(text="take weights and build tools out of the image"),
        ),
    )
