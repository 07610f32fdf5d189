"""SRV306: Knative gave a revision up while a node for its first pod was on its way."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import Told, is_unread, text_at, told
from diag.findings import Because, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Event

REVISION, CONFIGURATION = "serving.knative.dev/Revision", "serving.knative.dev/Configuration"
SETTINGS = ("knative-serving", "config-deployment", "pod-is-always-schedulable")
# Autoscalers that say of a pod that they make a node for it: kubernetes/autoscaler, kubernetes-sigs/karpenter
COMING = ("TriggeredScaleUp", "Nominated")


@rule(
    "SRV306",
    name="knative-unschedulable-fails-revision",
    question=Question.READY,
    inputs=(REVISION, CONFIGURATION, "ConfigMap", "Pod", "Event"),
)
def knative_unschedulable(ctx: Context) -> Iterator[Finding]:
    """A revision failed at once, before a node for its first pod could be added.

    ## What it means
    Knative takes a first pod that finds no node for the failure of the revision. An autoscaler was adding the node, but
    the revision counts as failed: its Service reports an error, gets no traffic, and the pod may be gone when the node
    comes.

    ## Why it happens
    GPU nodes are added on demand, and `pod-is-always-schedulable` is off, as it is by default.

    ## Evidence
    The revision's reason `Unschedulable`, and the autoscaler's event that a node was asked for its pod.

    ## What to do
    Let Knative wait (`pod-is-always-schedulable: "true"`), keep a node warm, and deploy a new revision once a node is
    there.

    ## Known limits
    Where a pod of the revision waits and no node is coming, that is the cause, and nothing is said here.
    """
    failed = [
        (item, said) for item in ctx.snap.all(REVISION) if (said := _unschedulable(item)) and _is_newest(ctx, item)
    ]
    coming = _coming(ctx) if failed else []
    stuck = [group for group in ctx.groups("pod-unscheduled") if group.severity is not Severity.INFO] if failed else []
    for item, said in failed:
        prefix = f"{_deployment(ctx, item)}-"
        waits = any(_of(member.ref, item, prefix) for group in stuck for member in group.members)
        events = [event for pod, event in coming if _of(pod, item, prefix)]
        if events and not waits:
            yield _finding(ctx, item, said, events[0])


def _unschedulable(item: Object) -> Told | None:
    """What a revision says that failed for a pod without a node."""
    said = told(item, "ResourcesAvailable")
    ready = told(item, "Ready")
    bad = said is not None and said.status == "False" and said.reason == "Unschedulable"
    return said if bad and ready is not None and ready.status == "False" and not is_unread(item) else None


def _is_newest(ctx: Context, revision: Object) -> bool:
    owner = ctx.snap.owner_of(revision)
    newest = text_at(owner, "status.latestCreatedRevisionName") if owner is not None else ""
    return newest in ("", revision.name)


def _deployment(ctx: Context, revision: Object) -> str:
    made = (one.name for one in ctx.snap.children_of(revision) if one.kind == "Deployment")
    return next(made, f"{revision.name}-deployment")


def _coming(ctx: Context) -> list[tuple[Ref, Event]]:
    """The pods for which an autoscaler says that it makes a node, whether they are still here or not."""
    pods = (
        Ref(ctx.cluster, "v1", kind, namespace, name)
        for kind, namespace, name in ctx.snap.event_subjects()
        if kind == "Pod"
    )
    return [(pod, event) for pod in pods for event in ctx.snap.events(pod) if event.reason in COMING]


def _of(pod: Ref, revision: Object, prefix: str) -> bool:
    return pod.namespace == revision.namespace and pod.name.startswith(prefix)


def _finding(ctx: Context, item: Object, said: Told, event: Event) -> Finding:
    proof: list[Evidence] = [ctx.cite(item, said.path), ctx.cite_event(event)]
    namespace, name, setting = SETTINGS
    config = ctx.snap.get("ConfigMap", namespace, name)
    if config is not None:
        proof.append(ctx.cite_or_lack(config, f"data.{setting}"))
    summary = (
        f"was given up as Unschedulable while a node was on its way ({event.reason}: {event.text[:200]}); Knative took "
        f"its first pod's wait for a failure: {said.message[:300]}"
    )
    pieces = as_proof(proof)
    related = {item.ref, *ctx.lineage(item), *(one.ref for one in ctx.snap.children_of(item))}
    groups = [
        group
        for group in ctx.groups("custom-resource-not-ready", "rollout-deadline-exceeded", "replicas-unavailable")
        if any(member.ref in related for member in group.members)
    ]
    return Finding(
        subject=item.ref,
        summary=summary,
        evidence=pieces,
        accounts_for=tuple(Because(group, "its revision was given up before a node came", pieces) for group in groups),
        second_sign=True,
        since=event.first_seen,
        remedies=(
            Remedy(
                text=f'let Knative wait for nodes: {setting}: "true" in ConfigMap {namespace}/{name}',
                command=f"kubectl patch configmap {name} -n {namespace} --type merge "
                f'-p \'{{"data":{{"{setting}":"true"}}}}\'',
                who="platform",
                risk="disruptive",
            ),
            Remedy(text="deploy a new revision once the node is there", risk="disruptive"),
            Remedy(text="keep a node of this pool warm, for example with a placeholder pod", who="platform"),
        ),
    )
