"""QUO128: fewer pods of a group exist than it says it has."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Because, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.room.quotas import ENDED
from diag.vocab.kueue import POD_GROUP_COUNT, POD_GROUP_NAME, WORKLOAD

COMPOSE = "ErrWorkloadCompose"  # an event on one of the pods (kubernetes-sigs/kueue pkg/controller/jobs/pod)
GATE = "kueue.x-k8s.io/"


@rule(
    "QUO128",
    name="kueue-podgroup-incomplete",
    question=Question.ADMITTED,
    inputs=("Pod", WORKLOAD, "Event"),
)
def kueue_podgroup_incomplete(ctx: Context) -> Iterator[Finding]:
    """Fewer pods of a group exist than it says it has, so Kueue makes no Workload.

    ## What it means
    Pods that belong together are admitted together. Kueue waits until as many exist as `pod-group-total-count` says;
    until then all of them stay gated, and no Workload shows in the queue.

    ## Why it happens
    A pod of the group was never created or was deleted, or the count is wrong.

    ## Evidence
    The annotation against the pods of the group that exist and have not ended, and Kueue's event.

    ## What to do
    Create the missing pods with the group's name, or correct the count on all of them.

    ## Known limits
    Needs all pods of the namespace.
    """
    groups: dict[tuple[str, str], list[Group]] = defaultdict(list)
    for group in ctx.groups("pod-gated"):
        name = group.first.labels.get(POD_GROUP_NAME)
        if name and group.reason.startswith(GATE):
            groups[group.first.namespace, name].append(group)
    for (namespace, name), found in sorted(groups.items()):
        pods = [pod for pod in ctx.snap.pods_in(namespace) if pod.labels.get(POD_GROUP_NAME) == name]
        there = [pod for pod in pods if pod.status.phase not in ENDED]
        counts = {pod.annotations.get(POD_GROUP_COUNT, "") for pod in there}
        wanted = max((int(count) for count in counts if count.isdecimal() and len(count) < 8), default=0)  # noqa: PLR2004  a larger count is none
        if len(there) < wanted and ctx.snap.get(WORKLOAD, namespace, name) is None:
            yield _finding(ctx, name, found, pods=there, wanted=wanted)


def _finding(ctx: Context, name: str, groups: list[Group], *, pods: list[Pod], wanted: int) -> Finding:
    newest = max(pods, key=lambda pod: (pod.created or "", pod.name))
    told = [(pod, event) for pod in pods for event in ctx.snap.events(pod) if event.reason == COMPOSE]
    speaker, event = max(told, key=lambda one: one[1].last_seen or "") if told else (newest, None)
    count = ctx.compute(
        f"pods of group {name} that exist",
        len(pods),
        [ctx.cite(pod, f"metadata.labels{key(POD_GROUP_NAME)}") for pod in pods],
    )
    rest: list[Evidence] = [
        ctx.cite(pod, f"metadata.annotations{key(POD_GROUP_COUNT)}")
        for pod in pods
        if POD_GROUP_COUNT in pod.annotations
    ]
    rest += [ctx.cite_event(event)] if event is not None else []
    summary = (
        f"its group {name} has {len(pods)} of the {wanted} pods that pod-group-total-count says, so none is admitted"
    )
    return Finding(
        subject=speaker.ref,
        summary=summary,
        evidence=(count, *rest),
        accounts_for=tuple(Because(group, summary, (count, *rest[:1])) for group in groups),
        members=tuple(pod.ref for pod in pods if pod is not speaker),
        since=min((group.since for group in groups if group.since), default=None),
        remedies=(
            Remedy(text=f"create the {wanted - len(pods)} missing pods of group {name}"),
            Remedy(text=f"or lower kueue.x-k8s.io/pod-group-total-count on all of them to {len(pods)}"),
        ),
    )
