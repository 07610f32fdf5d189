"""IMG202: image pulls of a node wait for one another."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.image_pull import Pulled, parse_pulled
from diag.facts.times import seconds, show_age
from diag.findings import Basis, Because, Finding, Question, Ref, Remedy, as_proof
from diag.snapshot.kinds import Event
from diag.trouble.relations.timelines import Start

LEAST_S = 60.0
SHARE = 0.25  # of the whole start
SHOWN = 3


@rule(
    "IMG202",
    name="image-pulls-serialized",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", "Node", "Event"),
    refines=("slow-image-pull",),
)
def image_pulls_serialized(ctx: Context) -> Iterator[Finding]:
    """Image pulls of a node wait for one another.

    ## What it means
    The image itself came quickly. Before that the pod waited until other images were pulled on the same node: the
    kubelet pulls one image at a time unless it is told otherwise.

    ## Why it happens
    `serializeImagePulls` is true by default, and several pods with large images were placed on the node at once, as
    after a scale-up or on a new node.

    ## Evidence
    The kubelet's `Pulled` event: the time in brackets is the whole wait, the time before it the pull itself. Other
    pulls on the node in that time are a second sign.

    ## What to do
    Let the kubelet pull in parallel (`serializeImagePulls: false` with `maxParallelImagePulls`), or keep large images
    on the node.

    ## Known limits
    Kubelets up to 1.25 do not tell the wait. Many parallel pulls share one disk and one link and may be no faster in
    sum.
    """
    for start in ctx.starts():
        for pull in start.timeline.pulls:
            facts, event = pull.pulled, pull.event
            if facts is None or event is None or facts.queued_s is None or not start.pod.spec.node_name:
                continue
            if facts.queued_s >= max(LEAST_S, SHARE * start.timeline.wall_s, facts.pull_s):
                yield _finding(ctx, start, event, facts, facts.queued_s)
                break


def _finding(ctx: Context, start: Start, event: Event, facts: Pulled, queued_s: float) -> Finding:
    name = start.pod.spec.node_name or ""
    node = ctx.snap.node(name)
    others = _meanwhile(ctx, start, event, facts.pull_s, queued_s)
    queued = show_age(queued_s)
    evidence = (ctx.cite_event(event), ctx.cite(start.pod, "spec.nodeName"))
    seen = tuple(ctx.cite_event(other) for other in others[:SHOWN])
    behind = f" behind {len(others)} other pulls" if len(others) > 1 else " behind another pull" if others else ""
    group = start.group
    return Finding(
        subject=node.ref if node is not None else Ref(ctx.cluster, "v1", "Node", "", name, seen=False),
        summary=f"pulls one image at a time: {start.pod.namespace}/{start.pod.name} waited {queued}{behind} for its "
        f"image, which then came in {show_age(facts.pull_s)} ({facts.image})",
        evidence=as_proof((*evidence, *seen)),
        accounts_for=(Because(group, f"its image waited {queued} for other pulls on {name}", (*evidence, *seen)),),
        second_sign=bool(others),
        members=(start.pod.ref,),
        since=group.since,
        remedies=(
            Remedy(
                text="let the kubelet pull in parallel (serializeImagePulls: false, maxParallelImagePulls: 3)",
                who="platform",
                risk="disruptive",
            ),
            Remedy(
                text="have large images on the node before pods come (a pre-pulling DaemonSet, or the node's own image)"
            ),
        ),
    )


def _meanwhile(ctx: Context, start: Start, event: Event, pull_s: float, queued_s: float) -> list[Event]:
    """Pulls of other pods on the node that ended while this one waited."""
    ended = seconds(event.first_seen)
    if ended is None:
        return []
    began, until = ended - pull_s - queued_s, ended - pull_s
    found = []
    for pod in ctx.snap.pods_on(start.pod.spec.node_name or ""):
        for other in ctx.snap.events(pod) if pod is not start.pod else ():
            when = seconds(other.first_seen) if parse_pulled(other.text) else None
            if when is not None and began <= when <= until + 5:
                found.append(other)
    return found
