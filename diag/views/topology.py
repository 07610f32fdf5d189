"""Workloads with their queue, pods, nodes and GPUs, layer by layer (`diag topology -o json`, additive changes only)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from diag.causes.rows import ref_row
from diag.document import RefRow, Report, Row, ToolRow
from diag.facts.gangs import VOLCANO, gang_of, queue_of
from diag.facts.gpus import gpus_of, pod_requests
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations.kueue import queue_name
from diag.trouble.relations.owners import owner_of
from diag.trouble.scene import Scene
from diag.trouble.trouble import Trouble
from diag.views.concerned import causes_by_object, severity_of
from diag.views.table import Column, Line, Table
from diag.views.typed import item_key
from diag.views.wording import folded

SCHEMA = "diag.topology/v1"


class PodRow(Row, kw_only=True):
    """One pod: its node (empty while it has none), the devices that it asks for, its state in one word."""

    name: str
    node: str
    gpus: dict[str, int]
    state: str


class WorkloadRow(Row, kw_only=True):
    """The topmost owner of some pods; `queue` is the one that it names, empty where it names none."""

    ref: RefRow
    queue: str
    pods: list[PodRow]
    gpus: int
    causes: list[str]
    severity: str  # of the worst cause, empty where there is none


class Topology(Row, kw_only=True):
    """Every workload that asks for GPUs or that a cause concerns; `others` counts those that are left out."""

    schema: str = SCHEMA
    tool: ToolRow
    workloads: list[WorkloadRow]
    others: int


def topology(report: Report, troubles: Sequence[Trouble], *, namespaces: Sequence[str] = ()) -> Topology:
    """All workloads with GPUs or trouble, those with a cause first, then those with most GPUs.

    `namespaces` are globs; none means all.
    """
    causes = causes_by_object(report)
    names = {where[3:] for where in causes}
    rows: list[WorkloadRow] = []
    others = 0
    for scene in (trouble.scene for trouble in troubles):
        pods: dict[int, tuple[Object, list[Pod]]] = {}
        tops: dict[int, Object] = {}
        for pod in scene.snap.pods:
            if namespaces and not any(fnmatchcase(pod.namespace, glob) for glob in namespaces):
                continue
            top = _top(scene, pod, tops)
            pods.setdefault(id(top), (top, []))[1].append(pod)
        for top, members in pods.values():
            named = [item for item in (top, *members) if (item.namespace, item.name) in names]
            ids = [causes[where] for where in map(item_key, named) if where in causes]
            asked = [gpus_of(pod_requests(pod)) for pod in members]
            if ids or any(asked):
                rows.append(_workload(scene, top, list(zip(members, asked, strict=True)), ids))
            else:
                others += 1
    for row in rows:
        row.severity = severity_of(report, row.causes)
    order = {cause.id: at for at, cause in enumerate(report.causes)}
    rows.sort(key=lambda row: (order.get(row.causes[0], 0) if row.causes else len(order), -row.gpus, str(row.ref)))
    return Topology(tool=report.tool, workloads=rows, others=others)


def _top(scene: Scene, pod: Pod, tops: dict[int, Object]) -> Object:
    """The topmost owner of a pod; `tops` remembers it for its siblings, by their owner."""
    owner = owner_of(scene.snap, pod)
    found = tops.get(id(owner)) if owner is not None else None
    if found is None:
        found = scene.workload(pod)
        if owner is not None and found is not pod:
            tops[id(owner)] = found
    return found


def _workload(
    scene: Scene, top: Object, members: Sequence[tuple[Pod, dict[str, int]]], causes: Sequence[Sequence[str]]
) -> WorkloadRow:
    return WorkloadRow(
        ref=ref_row(top.ref),
        queue=_queue(scene.snap, top, members[0][0]),
        pods=[
            PodRow(name=pod.name, node=pod.spec.node_name or "", gpus=asked, state=scene.class_of(pod).value)
            for pod, asked in members
        ],
        gpus=sum(sum(asked.values()) for _, asked in members),
        causes=list(dict.fromkeys(each for ids in causes for each in ids)),
        severity="",
    )


def _queue(snap: Snapshot, top: Object, pod: Pod) -> str:
    for item in (top, pod):
        if name := queue_name(item)[0]:
            return name
    gang = gang_of(pod)
    group = snap.get(VOLCANO, pod.namespace, gang[1]) if gang and gang[0] == VOLCANO else None
    return queue_of(group) if group else ""


def topology_table(found: Topology) -> Table:
    """A line for each workload."""
    several = len({row.ref.cluster for row in found.workloads}) > 1
    columns = (
        *((Column(title="CLUSTER", least=7),) if several else ()),
        Column(title="WORKLOAD", least=16),
        Column(title="QUEUE", least=6),
        Column(title="PODS", kind="count"),
        Column(title="STATES", least=8),
        Column(title="NODES", least=10),
        Column(title="GPUS", kind="count"),
        Column(title="CAUSES"),
    )
    lines = [
        Line(
            key=f"{row.ref.cluster}/{row.ref}",
            values=(
                *((row.ref.cluster,) if several else ()),
                str(row.ref), row.queue or "-", len(row.pods), _states(row),
                folded(sorted({pod.node for pod in row.pods if pod.node}), 3) or "-", row.gpus, " ".join(row.causes),
            ),
            severity=row.severity,
            ref=row.ref,
            causes=tuple(row.causes),
            also=tuple(word for pod in row.pods for word in (pod.name, pod.node)),
        )
        for row in found.workloads
    ]  # fmt: skip
    notes = (f"{found.others} workloads without GPUs and without a cause are left out",) if found.others else ()
    return Table(columns=columns, lines=lines, notes=notes, empty="No workload with GPUs was read.")


def _states(row: WorkloadRow) -> str:
    counts: dict[str, int] = {}
    for pod in row.pods:
        counts[pod.state] = counts.get(pod.state, 0) + 1
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
