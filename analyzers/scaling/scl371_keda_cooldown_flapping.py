"""SCL371: KEDA takes a model server away before it has had time to start."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.facts.pods import condition, condition_path
from diag.facts.times import age_s
from diag.findings import Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event, Pod

SCALED_OBJECT = "keda.sh/ScaledObject"
TARGETS = ("apps/Deployment", "apps/StatefulSet")
# kedacore/keda pkg/eventreason/eventreason.go; apis/keda/v1alpha1/scaledobject_types.go
UP, DOWN = "KEDAScaleTargetActivated", "KEDAScaleTargetDeactivated"
DEFAULT_S = 300
ROUNDS = 3  # up and down so often is a pattern
LONGEST_S = 2 * 3600  # of what takes longer, readiness has changed since


@rule(
    "SCL371",
    name="keda-cooldown-flapping",
    question=Question.SCALED,
    severity=Severity.WARNING,
    inputs=(SCALED_OBJECT, *TARGETS, "Pod", "Event"),
)
def keda_cooldown_flapping(ctx: Context) -> Iterator[Finding]:
    """The cooldown is shorter than the model's start, so replicas come and go.

    ## What it means
    KEDA scales the target to zero when its trigger has been inactive for the cooldown. A model that needs longer than
    that to start is taken away before or just when it could serve, and the next request starts it anew.

    ## Why it happens
    The cooldown was left at 300 seconds, or set for a service that starts in seconds.

    ## Evidence
    The events with which the target was activated and deactivated again and again, `cooldownPeriod`, and how long the
    start of a pod of the target takes.

    ## What to do
    Raise `cooldownPeriod` well above the start's length, or keep one replica (`minReplicaCount: 1`).

    ## Known limits
    Needs a pod of the target whose start can be measured. Events live for an hour.
    """
    for item in ctx.snap.all(SCALED_OBJECT):
        events = ctx.snap.events(item)
        ups, downs = ([one for one in events if one.reason == reason] for reason in (UP, DOWN))
        if min(_times(ups), _times(downs)) < ROUNDS:
            continue
        said = value_at(item.whole, "spec.cooldownPeriod")
        if isinstance(said, dict | list):
            continue
        cooldown = said if isinstance(said, int) else DEFAULT_S
        measured = [found for pod in _pods(ctx, item) if (found := _start(ctx, pod)) is not None]
        slow = max(measured, key=lambda found: found[0], default=None)
        if slow is not None and slow[0] > cooldown:
            yield _finding(ctx, item, cooldown, (ups[0], downs[0], _times(downs)), slow)


def _times(events: list[Event]) -> int:
    return sum(event.times for event in events)


def _pods(ctx: Context, item: Object) -> list[Pod]:
    kind = f"apps/{text_at(item, 'spec.scaleTargetRef.kind') or 'Deployment'}"
    target = ctx.snap.get(kind, item.namespace, text_at(item, "spec.scaleTargetRef.name")) if kind in TARGETS else None
    return ctx.snap.pods_of(target) if target is not None else []


def _start(ctx: Context, pod: Pod) -> tuple[float, Pod] | None:
    """How long the start of a pod took, or has taken so far."""
    ready = condition(pod, "Ready")
    if ready is None:
        return None
    took = age_s(pod.created, ready.last_transition_time) if ready.status == "True" else ctx.age(pod.created)
    return (took, pod) if took is not None and took < LONGEST_S else None


def _finding(
    ctx: Context, item: Object, cooldown: int, told: tuple[Event, Event, int], slow: tuple[float, Pod]
) -> Finding:
    up, down, times = told
    took, pod = slow
    place = condition_path(pod, "Ready", "lastTransitionTime")
    started = ctx.compute(
        f"seconds that the start of {pod.name} takes",
        round(took),
        [piece for path in ("metadata.creationTimestamp", place) if (piece := ctx.cite_if(pod, path)) is not None],
    )
    proof: list[Evidence] = [ctx.cite_or_lack(item, "spec.cooldownPeriod"), started]
    proof += [ctx.cite_event(up), ctx.cite_event(down)]
    return Finding(
        subject=item.ref,
        summary=f"took its target away {times} times: the cooldown of {cooldown} s is shorter than a start, which "
        f"takes {round(took)} s",
        evidence=as_proof(proof),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(text=f"raise spec.cooldownPeriod well above {round(took)} seconds"),
            Remedy(text="or keep one replica (minReplicaCount: 1), or make the start shorter"),
        ),
    )
