"""APP305, STO201, STO202: the kubelet evicted the pods for what they, or their node, had used up."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.replacements import replaced_by
from diag.catalog.rule import Named, rule
from diag.facts.evictions import Eviction, parse_eviction
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Controller, Event, Pod
from diag.trouble.groups import Group

STORAGE = """The pod was evicted because it, or its node, used up ephemeral storage.

## What it means
Files in the containers' own file system, their logs and emptyDirs all lie on the node's disk. Either the disk ran short
and the kubelet chose this pod, or the pod exceeded a limit of its own.

## Why it happens
Weights, checkpoints or caches are written there. Without a request the pod is the first to go.

## Evidence
The kubelet's words in the pod's status: what was low, or which limit was exceeded, and how much the container used.

## What to do
Write large files to a volume; request (and limit) `ephemeral-storage` by what the pod needs.

## Known limits
A node that is still under DiskPressure is named instead (node-disk-pressure).
"""
EMPTY_DIR = """An emptyDir grew over its sizeLimit and the pod was evicted.

## What it means
The volume's limit is smaller than what was written to it. The next pod will end in the same way.

## Why it happens
A model, a cache or shared memory outgrew a limit that was set for a smaller one, often by a chart's default.

## Evidence
The kubelet's words in the pod's status, and `emptyDir.sizeLimit` of the volume that they name.

## What to do
Raise the limit above what is written, or use a volume claim.

## Known limits
How much would be needed is not known.
"""


@rule(
    "APP305",
    name="pod-evicted-node-pressure",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=("Pod", "Node", "Event", "batch/Job"),
    others=(
        Named(id="STO201", name="ephemeral-storage-eviction", page=STORAGE, basis=Basis.SAID),
        Named(id="STO202", name="emptydir-sizelimit-exceeded", page=EMPTY_DIR, basis=Basis.SAID),
    ),
)
def pod_evicted(ctx: Context) -> Iterator[Finding]:
    """The kubelet evicted the pod because its node ran short of memory or process ids.

    ## What it means
    The node was short, and this pod was chosen: pods that use more than they request go first, then those of low
    priority.

    ## Why it happens
    The containers use more than they request, so that more was placed on the node than it can hold.

    ## Evidence
    The kubelet's words in the pod's status: what was low, by how much, and what the container used and requested. Of a
    failed Job whose pods are gone, the events about them.

    ## What to do
    Set the request near what the container uses, so that the scheduler reserves it.

    ## Known limits
    A node that is still under pressure is named instead (node-memory-pressure, node-pid-pressure).
    """
    for group in ctx.groups("pod-evicted", "pod-failed"):
        kinds: dict[str, list[tuple[Pod, Eviction]]] = defaultdict(list)
        for pod in group.members:
            said = parse_eviction(pod.status.message or "") if isinstance(pod, Pod) else None
            if isinstance(pod, Pod) and said is not None and not _is_lasting(ctx, pod, said):
                kinds[_name(said)].append((pod, said))
        for name, hits in sorted(kinds.items()):
            yield _finding(ctx, group, name, hits)
    for group, gone in _of_gone_pods(ctx).items():
        yield _of_events(ctx, group, gone)


def _of_gone_pods(ctx: Context) -> dict[Group, list[tuple[Event, Eviction]]]:
    """Failed Jobs of which no pod tells, and what the kubelet's events say of pods of theirs that are gone."""
    failed = {(job.namespace, job.name): group for group in ctx.groups("job-failed") for job in group.members}
    found: dict[Group, list[tuple[Event, Eviction]]] = defaultdict(list)
    for kind, namespace, name in ctx.snap.event_subjects() if failed else ():
        group = replaced_by(failed, namespace, name) if kind == "Pod" else None
        told = ctx.snap.events(Ref(ctx.cluster, "v1", "Pod", namespace, name)) if group is not None else []
        event = next((one for one in told if one.reason == "Evicted"), None)
        said = parse_eviction(event.text) if event is not None else None
        if group is not None and event is not None and said is not None:
            found[group].append((event, said))
    return found


def _of_events(ctx: Context, group: Group, gone: list[tuple[Event, Eviction]]) -> Finding:
    event, said = gone[0]
    failures = group.first.status.failed if isinstance(group.first, Controller) else None
    proof = tuple(ctx.cite_event(one) for one, _ in gone[:4])
    count = (
        f"{len(gone)} pods were evicted and are" if len(gone) > 1 else f"pod {event.subject.name} was evicted and is"
    )
    summary = f"{count} gone: {_words(said)}"
    return Finding(
        name=_name(said),
        subject=group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, proof),),
        confidence=None if failures is not None and len(gone) >= failures else Confidence.POSSIBLE,
        since=group.since,
        remedies=_remedies(_name(said), said),
    )


def _name(said: Eviction) -> str:
    if said.volume:
        return "emptydir-sizelimit-exceeded"
    return (
        "ephemeral-storage-eviction" if said.limit or said.condition == "DiskPressure" else "pod-evicted-node-pressure"
    )


def _is_lasting(ctx: Context, pod: Pod, said: Eviction) -> bool:
    """Whether the node is still under the pressure for which the pod had to go: then the node is the cause."""
    node = ctx.snap.node(pod.spec.node_name)
    conditions = node.status.conditions if node is not None else None
    return any(one.type == said.condition and one.status == "True" for one in conditions or ())


def _finding(ctx: Context, group: Group, name: str, hits: list[tuple[Pod, Eviction]]) -> Finding:
    pod, said = hits[-1]
    proof = ctx.cite(pod, "status.message")
    signs = [piece for path in ("status.reason", "spec.nodeName") if (piece := ctx.cite_if(pod, path))]
    limit: list[Evidence] = [ctx.cite(pod, path) for path in _limit_paths(pod, said.volume)]
    count = f"{len(hits)} pods were" if len(hits) > 1 else f"pod {pod.name} was"
    where = f" from node {pod.spec.node_name}" if pod.spec.node_name else ""
    summary = f"{count} evicted{where}: {_words(said)}"
    return Finding(
        name=name,
        subject=group.workload,
        summary=summary,
        evidence=as_proof((proof, *signs, *limit)),
        accounts_for=(Because(group, summary, (proof, *limit), members=len(hits)),),
        since=group.since,
        remedies=_remedies(name, said),
    )


def _words(said: Eviction) -> str:
    if said.volume:
        return f"emptyDir volume {said.volume} grew over its limit of {said.limit}"
    if said.limit:
        who = f"container {said.container}" if said.container else "its containers together"
        return f"{who} exceeded the ephemeral-storage limit of {said.limit}"
    if said.using:
        used = f"used {said.using} and requests {said.request}"
        return f"the node was low on {said.resource}, and container {said.container} {used}"
    return f"the node was low on {said.resource}" if said.resource else f"the node had {said.condition}"


def _remedies(name: str, said: Eviction) -> tuple[Remedy, ...]:
    if name == "emptydir-sizelimit-exceeded":
        return (
            Remedy(text=f"raise sizeLimit of volume {said.volume} above {said.limit}, or use a volume claim for it"),
        )
    if name == "ephemeral-storage-eviction":
        return (
            Remedy(text="write weights, checkpoints and caches to a volume instead of the node's disk"),
            Remedy(text="set the ephemeral-storage request and limit to what the containers write"),
        )
    return (Remedy(text=f"set the {said.resource or 'resource'} request near what the containers use"),)


def _limit_paths(pod: Pod, volume: str) -> list[str]:
    """Where the limit of an emptyDir stands; names of volumes are unique in a pod."""
    volumes = value_at(pod.whole, "spec.volumes")
    found = [
        f"spec.volumes[{index}].emptyDir.sizeLimit"
        for index, one in enumerate(volumes if isinstance(volumes, list) else ())
        if isinstance(one, dict) and one.get("name") == volume
    ]
    return [path for path in found if isinstance(value_at(pod.whole, path), str | int)]
