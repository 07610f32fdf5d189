"""QUO606 to QUO608: YuniKorn gangs that are not as they were meant, and a queue that runs no further one."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.gpus import Amounts, is_gpu, pod_requests
from diag.facts.pods import occupies_node
from diag.facts.quantity import milli, show
from diag.facts.words import listed
from diag.facts.yunikorn import (
    PLACEHOLDER,
    QUEUES,
    SCHEDULER,
    TASK_GROUP,
    TASK_GROUPS,
    application,
    configured,
    queue_path,
    queues,
    task_groups,
)
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict
from diag.snapshot.cite import key
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

SHORTAGES = ("gpu-capacity-exhausted", "gpu-fragmentation", "cpu-capacity-exhausted")
GROUPS_PATH, GROUP_PATH = f"metadata.annotations{key(TASK_GROUPS)}", f"metadata.annotations{key(TASK_GROUP)}"
MALFORMED_EVENT = "TaskGroupsError"

MALFORMED = """The task groups cannot be read, so the pods are not a gang.

## What it means
YuniKorn runs the application without a gang: its pods get nodes one by one, and some may wait with the GPUs that the
others hold. Nothing else says so.

## Why it happens
The annotation is no valid JSON (quotes that a template took away), or a group lacks its name, minMember or minResource.

## Evidence
The annotation, and the event `TaskGroupsError` where it is left.

## What to do
Correct the annotation and create the pods again.

## Known limits
Told for applications of which a pod waits, fails or is not ready.
"""
APPLICATIONS = """The queue runs as many applications as it may.

## What it means
`maxapplications` counts running applications, whatever they hold. A further one waits in the queue, without a word in
the cluster: no condition, no event.

## Why it happens
The limit is low, or small applications keep running: pods without an application id share one, each id counts.

## Evidence
`maxapplications` in `queues.yaml`, and the applications of which pods run in the queue.

## What to do
End an application of the queue, raise its maxapplications, or submit to another queue.

## Known limits
Applications are counted in the namespaces of those that wait, by the queue that their pods name; so silent where the
others run elsewhere.
"""


@rule(
    "QUO606",
    name="yunikorn-placeholder-mismatch",
    question=Question.PLACED,
    inputs=("Pod", "Event", "ConfigMap"),
    refines=SHORTAGES,
    others=(
        Named(id="QUO607", name="yunikorn-task-groups-malformed", page=MALFORMED, severity=Severity.WARNING),
        Named(id="QUO608", name="yunikorn-max-applications-reached", page=APPLICATIONS),
    ),
)
def yunikorn_applications(ctx: Context) -> Iterator[Finding]:
    """The real pod asks for more than its placeholder, so it cannot take its place.

    ## What it means
    YuniKorn reserved room for the gang with placeholder pods of the size that `minResource` states. A pod that asks for
    more does not fit into the place of its own placeholder: that is given up, and the pod waits like any other.

    ## Why it happens
    `minResource` was written once, and the pods grew; most often it names no GPUs, or leaves out a sidecar.

    ## Evidence
    The task group's `minResource` beside what the pod asks for, and the placeholders that hold nodes meanwhile.

    ## What to do
    State in `minResource` at least what one pod of the group asks for, all of its containers together.

    ## Known limits
    Told only while placeholders of the group hold nodes; selectors and tolerations are not compared.
    """
    applications: dict[tuple[str, str], list[Group]] = {}
    for group in ctx.groups():
        first = group.first
        if isinstance(first, Pod) and first.spec.scheduler_name == SCHEDULER and application(first):
            applications.setdefault((first.namespace, application(first)), []).append(group)
    for (namespace, name), groups in applications.items():
        siblings = [pod for pod in ctx.snap.pods_in(namespace) if application(pod) == name]
        yield from _malformed(ctx, name, siblings)
        for group in groups:
            if group.symptom == "pod-unscheduled" and isinstance(group.first, Pod):
                yield from _mismatch(ctx, group, group.first, siblings)
                yield from _full(ctx, group, group.first) if group.state == "not looked at" else ()


def _malformed(ctx: Context, name: str, siblings: list[Pod]) -> Iterator[Finding]:
    """The first pod of the application whose task groups cannot be read."""
    for pod in siblings:
        wrong = task_groups(pod.annotations[TASK_GROUPS])[1] if pod.annotations.get(TASK_GROUPS) else ""
        if not wrong:
            continue
        # The reason is that of all events about gangs; the action tells (apache/yunikorn-k8shim pkg/cache).
        events = [event for event in ctx.snap.events(pod) if MALFORMED_EVENT in (event.action, event.reason)]
        yield Finding(
            name="yunikorn-task-groups-malformed",
            subject=ctx.workload(pod).ref,
            summary=f"its task groups cannot be read ({wrong}), so {name} is not scheduled as a gang",
            evidence=as_proof([ctx.cite(pod, GROUPS_PATH), *(ctx.cite_event(event) for event in events[:1])]),
            remedies=(Remedy(text=f"correct the annotation {TASK_GROUPS}, and create the pods again"),),
        )
        return


def _mismatch(ctx: Context, group: Group, pod: Pod, siblings: list[Pod]) -> Iterator[Finding]:
    name = pod.annotations.get(TASK_GROUP, "")
    mine = [one for one in siblings if one.annotations.get(TASK_GROUP) == name]
    held = [one for one in mine if PLACEHOLDER in one.annotations and occupies_node(one)]
    stated = _group_of(siblings, name)
    if not held or stated is None:
        return
    origin, entry = stated
    over = _over(pod_requests(pod), entry)
    if not over:
        return
    proof: list[Evidence] = [ctx.cite(origin, GROUPS_PATH), ctx.cite(pod, GROUP_PATH)]
    proof += [ctx.cite(one, "spec.nodeName") for one in held[:3]]
    summary = (
        f"asks for more than its placeholder: {listed(over, 3)}; it cannot take the place of the {len(held)} "
        f"placeholders of task group {name} that hold nodes"
    )
    yield Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof[:2])),),
        since=group.since,
        remedies=(
            Remedy(
                text=f"let minResource of task group {name} state what a pod of it asks for, its containers together"
            ),
        ),
    )


def _group_of(siblings: list[Pod], name: str) -> tuple[Pod, JsonDict] | None:
    """The pod whose annotation describes a task group, and the group."""
    for pod in siblings:
        text = pod.annotations.get(TASK_GROUPS)
        for entry in task_groups(text)[0] if text else ():
            if entry["name"] == name:
                return pod, entry
    return None


def _over(asked: Amounts, entry: JsonDict) -> list[str]:
    """Resources of which a pod asks for more than its task group states, devices first."""
    stated = {name: milli(value) or 0 for name, value in entry["minresource"].items()}
    found = [name for name, amount in asked.items() if name != "pods" and amount > stated.get(name, 0)]
    return [
        f"{show(asked[name], name)} {name} of {show(stated.get(name, 0), name)} reserved"
        for name in sorted(found, key=lambda name: (not is_gpu(name), name))
    ]


def _full(ctx: Context, group: Group, first: Pod) -> Iterator[Finding]:
    config, text = configured(ctx.snap.all("ConfigMap"))
    known = queues(text)
    queue, path = queue_path(first)
    if config is None or not known.by_name:
        return
    parts = queue.split(".")
    for name in (".".join(parts[:end]) for end in range(len(parts), 0, -1)):
        running = _running(ctx, first.namespace, name) if name in known.apps else {}
        if len(running) < known.apps.get(name, 1) or application(first) in running:
            continue
        limit = known.apps[name]
        counted = ctx.compute(
            f"applications that run in queue {name}, seen in namespace {first.namespace}", len(running),
            [ctx.cite(pod, queue_path(pod)[1]) for pod in running.values()],
        )  # fmt: skip
        allowed = ctx.compute(f"maxapplications of queue {name}", limit, [ctx.cite(config, f"data{key(QUEUES)}")])
        summary = (
            f"queue {name} may run {limit} applications, and {len(running)} run: {listed(sorted(running), 3)}; "
            f"{application(first)} waits without a word"
        )
        yield Finding(
            name="yunikorn-max-applications-reached",
            subject=config.ref,
            summary=summary,
            evidence=(allowed, counted, ctx.cite(first, path)),
            accounts_for=(Because(group, summary, (allowed, counted)),),
            confidence=Confidence.LIKELY,
            since=group.since,
            remedies=(
                Remedy(text=f"end an application of {name}, or submit to another queue"),
                Remedy(text=f"raise maxapplications of {name} in queues.yaml", who="queue-admin"),
            ),
        )
        return


def _running(ctx: Context, namespace: str, queue: str) -> dict[str, Pod]:
    """The applications with a pod on a node that name the queue, or one below it."""
    found: dict[str, Pod] = {}
    for pod in ctx.snap.pods_in(namespace):
        if application(pod) and occupies_node(pod) and f"{queue_path(pod)[0]}.".startswith(f"{queue}."):
            found.setdefault(application(pod), pod)
    return found
