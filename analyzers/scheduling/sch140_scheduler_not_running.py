"""SCH140: the pod names a scheduler that does not run, so nobody looks at it."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import MISSING, value_at
from diag.snapshot.kinds import Controller, Event, Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import DEFAULT_SCHEDULER
from diag.vocab.schedulers import KINDS, OTHER_PARTS, WORKLOADS

SYSTEM = "kube-system"
# Kinds that stand for pods that the scheduler has yet to let be made.
GANGS = {
    "scheduling.volcano.sh/PodGroup": "volcano",
    "scheduling.run.ai/PodGroup": "kai-scheduler",
}
CONTROLLERS = ("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A workload that seems to be the scheduler. `sure`: by its exact name or its arguments."""

    workload: Controller
    sure: bool


@rule(
    "SCH140",
    name="scheduler-not-running",
    question=Question.PLACED,
    states=("not looked at",),
    inputs=("Pod", "Event", *CONTROLLERS, *sorted(kind for kinds in KINDS.values() for kind in kinds)),
    visits={"apps/Deployment": 1, "apps/StatefulSet": 1, "apps/DaemonSet": 1, "Event": 1},
)
def scheduler_not_running(ctx: Context) -> Iterator[Finding]:
    """The pod names a scheduler that does not run, so nobody looks at it.

    ## What it means
    `spec.schedulerName` names another scheduler than the default one. Only that scheduler places the pod, and
    it is not there: the pod stays Pending without a condition and without an event, whatever is free. Of a gang
    that Volcano has yet to let in there are no pods at all.

    ## Why it happens
    The scheduler's Deployment is scaled to zero or crashes, it was removed while workloads still name it, or
    the name is misspelt.

    ## Evidence
    `spec.schedulerName` and the missing PodScheduled condition of the pod, and the replicas of the scheduler's
    Deployment, or that no workload of the cluster is called so.

    ## What to do
    Start the scheduler, or let the pods name one that runs. `schedulerName` cannot be changed in a pod that exists.

    ## Known limits
    A scheduler is known by its name, its arguments or the names that it is shipped with. That none is there is
    said only where the workloads of kube-system were read as well, and is likely at most.
    """
    waiting = [
        group
        for group in ctx.groups("pod-unscheduled")
        if group.state == "not looked at" and group.shape is not None and group.shape.scheduler != DEFAULT_SCHEDULER
    ]
    gangs = [(group, name) for group in ctx.groups("workload-not-admitted") if (name := _scheduler_of(ctx, group))]
    if not waiting and not gangs:
        return
    workloads = [item for kind in CONTROLLERS for item in ctx.snap.all(kind) if isinstance(item, Controller)]
    by_name: dict[str, list[Group]] = {}
    for group in waiting:
        by_name.setdefault(group.shape.scheduler if group.shape else "", []).append(group)
    for group, name in gangs:
        found = _candidates(workloads, name)
        if found and not any(_runs(one.workload) for one in found):
            yield _stopped(ctx, group, name, found)
    speakers: set[str] | None = None
    for name, groups in sorted(by_name.items()):
        found = _candidates(workloads, name)
        if found and not any(_runs(one.workload) for one in found):
            yield from (_stopped(ctx, group, name, found) for group in groups)
        elif not found:
            speakers = _speakers(ctx) if speakers is None else speakers
            if name not in speakers and _surely_absent(ctx, name):
                yield from (_absent(ctx, group, name, workloads) for group in groups)


def _scheduler_of(ctx: Context, group: Group) -> str:
    """The scheduler that makes a gang's pods or lets them in, where it has not said a word about the gang."""
    if value_at(group.first.whole, "status.conditions") not in (MISSING, None, []):
        return ""
    named = value_at(ctx.workload(group.first).whole, "spec.schedulerName")
    scheduler = GANGS.get(group.first.kind_id, "")
    return named if scheduler and isinstance(named, str) else scheduler


def _candidates(workloads: list[Controller], scheduler: str) -> list[Candidate]:
    names = {scheduler, *WORKLOADS.get(scheduler, ())}
    found = []
    for item in workloads:
        exact = item.name in names or _has_argument(item, scheduler)
        if exact or (scheduler in item.name and not OTHER_PARTS.intersection(item.name.split("-"))):
            found.append(Candidate(workload=item, sure=exact))
    sure = [one for one in found if one.sure]
    return sure or found


def _has_argument(item: Controller, scheduler: str) -> bool:
    if "scheduler" not in item.name:
        return False
    spec = item.whole.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    pod = template.get("spec") if isinstance(template, dict) else None
    containers = dicts(pod.get("containers")) if isinstance(pod, dict) else []
    words = [word for one in containers for part in ("command", "args") for word in one.get(part) or () if word]
    return f"--scheduler-name={scheduler}" in words


def _runs(item: Controller) -> bool:
    """Whether it has a pod that is ready, or nothing is known of that."""
    if item.kind == "DaemonSet":
        return item.status.number_ready != 0
    wanted = 1 if item.spec.replicas is None else item.spec.replicas
    if wanted == 0:
        return False
    status = item.status
    known = status.replicas is not None or status.unavailable_replicas is not None or status.observed_generation
    return bool(status.ready_replicas or status.available_replicas) or not known


def _speakers(ctx: Context) -> set[str]:
    """Who has written events: a scheduler that does runs."""
    events = [event for event in ctx.snap.all("Event") if isinstance(event, Event)]
    names = {name for event in events for name in (event.reporting_component, event.reporting_controller) if name}
    return names | {event.source.component for event in events if event.source and event.source.component}


def _surely_absent(ctx: Context, scheduler: str) -> bool:
    """Whether the snapshot would show it: the workloads of the system were read, and nothing of its API is there."""
    if not ctx.snap.holds("apps/Deployment") or not ctx.snap.holds("Pod", SYSTEM):
        return False
    installed = [kind for kind in KINDS.get(scheduler, ()) if ctx.snap.holds(kind)]
    if installed:
        return False
    return not any(scheduler in pod.name for pod in ctx.snap.pods_in(SYSTEM))


def _silence(ctx: Context, group: Group) -> list[Evidence]:
    """That the pod names the scheduler, and that no scheduler has said a word."""
    first = group.first
    found: list[Evidence] = [ctx.cite_or_lack(first, "spec.schedulerName")]
    if isinstance(first, Pod) and not first.status.conditions:
        found.append(ctx.lack(first, "status.conditions[0].type"))
    return found


def _stopped(ctx: Context, group: Group, scheduler: str, found: list[Candidate]) -> Finding:
    item = found[0].workload
    zero = item.spec.replicas == 0
    what = f"{item.kind} {item.namespace}/{item.name}"
    state = "is scaled to 0 replicas" if zero else "has no ready pod"
    summary = f"names the scheduler {scheduler}, whose {what} {state}: nobody has looked at {_pods(group)}"
    proof: Evidence = ctx.cite(item, "spec.replicas") if zero else ctx.cite_or_lack(item, _ready_path(item))
    rest = _silence(ctx, group)
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(proof, *rest),
        accounts_for=(Because(group, f"its scheduler {scheduler} does not run", (proof, *rest)),),
        confidence=None if found[0].sure else Confidence.LIKELY,
        since=group.since,
        needs=(item.ref,),
        remedies=_remedies(scheduler, item.ref if zero else None),
    )


def _ready_path(item: Object) -> str:
    return "status.numberReady" if item.kind == "DaemonSet" else "status.readyReplicas"


def _absent(ctx: Context, group: Group, scheduler: str, workloads: list[Controller]) -> Finding:
    others = [item for item in workloads if "scheduler" in item.name]
    silence = _silence(ctx, group)
    parts = [*(ctx.cite(item, "metadata.name") for item in others), *silence]
    proof = ctx.compute(f"workloads in the cluster that are the scheduler {scheduler}", 0, parts)
    there = f" (there is {listed([item.name for item in others], 3)})" if others else ""
    nobody = f"nobody has looked at {_pods(group)}"
    summary = f"names the scheduler {scheduler}, and no workload of the cluster is that{there}: {nobody}"
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(proof, *silence),
        accounts_for=(Because(group, f"no scheduler {scheduler} is in the cluster", (proof, *silence)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=_remedies(scheduler, None),
    )


def _pods(group: Group) -> str:
    return listed([member.name for member in group.members], 3)


def _remedies(scheduler: str, stopped: Ref | None) -> tuple[Remedy, ...]:
    start = (
        f"kubectl -n {stopped.namespace} scale {stopped.kind.lower()} {stopped.name} --replicas=1" if stopped else None
    )
    return (
        Remedy(text=f"start the scheduler {scheduler}", who="platform", command=start),
        Remedy(text="name a scheduler that runs in the pod template and make the pods anew", who="user"),
    )
