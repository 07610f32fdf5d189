"""Workloads with their queue, pods, nodes and GPUs, layer by layer (`diag topology -o json`, additive changes only)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from diag.causes.rows import ref_row
from diag.document import RefRow, Report, Row, ToolRow
from diag.facts.gpus import gpus_of, pod_requests
from diag.findings import Ref
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.owners import owner_of
from diag.trouble.scene import Scene
from diag.trouble.trouble import Trouble
from diag.views.concerned import causes_by_object, severity_of
from diag.views.queue_named import queue_named
from diag.views.table import Column, Line, Table
from diag.views.typed import item_key
from diag.views.wording import folded

SCHEMA = "diag.topology/v1"
_NOT_MADE, _HELD = "pod-not-created", "workload-not-admitted"

_NO_QUEUE = "QUEUE is - where a workload names none; `diag queues` has the quotas of namespaces, too"


class PodRow(Row, kw_only=True):
    """One pod: its node (empty while it has none), the devices that it asks for, its state in one word."""

    name: str
    node: str
    gpus: dict[str, int]
    state: str


class WorkloadRow(Row, kw_only=True):
    """The topmost owner of some pods; `queue` is the one that it names, empty where it names none.

    `missing` pods were not made: none of them is among `pods`, and `gpus` has what they would ask for as well. `held`:
    nothing was made yet, as its queue has not let it in.
    """

    ref: RefRow
    queue: str
    pods: list[PodRow]
    gpus: int
    missing: int = 0
    held: bool = False
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
    for trouble in troubles:
        scene = trouble.scene
        pods: dict[int, tuple[Object, list[Pod]]] = {}
        tops: dict[int, Object] = {}
        for pod in scene.snap.pods:
            if namespaces and not any(fnmatchcase(pod.namespace, glob) for glob in namespaces):
                continue
            top = _top(scene, pod, tops)
            pods.setdefault(id(top), (top, []))[1].append(pod)
        lacking = _lacking(trouble, namespaces)
        for item in (found for ref in lacking if (found := scene.snap.find(ref)) is not None):
            pods.setdefault(id(item), (item, []))
        for top, members in pods.values():
            named = [item for item in (top, *members) if (item.namespace, item.name) in names]
            ids = [causes[where] for where in map(item_key, named) if where in causes]
            asked = [gpus_of(pod_requests(pod)) for pod in members]
            if ids or any(asked):
                pairs = list(zip(members, asked, strict=True))
                rows.append(_workload(scene, top, pairs, ids, lacking.get(top.ref)))
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


def _lacking(trouble: Trouble, namespaces: Sequence[str]) -> dict[Ref, Group]:
    """Why workloads have no pods, or not all: they were not made, or the whole was not let in."""
    found: dict[Ref, Group] = {}
    for group in trouble.groups:
        space = group.workload.namespace
        shown = not namespaces or any(fnmatchcase(space, glob) for glob in namespaces)
        if shown and (group.symptom == _HELD or (group.symptom == _NOT_MADE and group.missing)):
            found.setdefault(group.workload, group)
    return found


def _workload(
    scene: Scene,
    top: Object,
    members: Sequence[tuple[Pod, dict[str, int]]],
    causes: Sequence[Sequence[str]],
    lacking: Group | None,
) -> WorkloadRow:
    held = lacking is not None and lacking.symptom == _HELD
    added = lacking if lacking is not None and not (held and members) else None  # pods that wait ask themselves
    speaking = lacking.members[:1] if lacking is not None else ()
    return WorkloadRow(
        ref=ref_row(top.ref),
        queue=queue_named(scene.snap, [top, *speaking], [pod for pod, _ in members[:1]]),
        missing=added.missing if added else 0,
        held=held and not members,
        pods=[
            PodRow(name=pod.name, node=pod.spec.node_name or "", gpus=asked, state=scene.class_of(pod).value)
            for pod, asked in members
        ],
        gpus=sum(sum(asked.values()) for _, asked in members) + (added.gpus if added else 0),
        causes=list(dict.fromkeys(each for ids in causes for each in ids)),
        severity="",
    )


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
    none = (_NO_QUEUE,) if any(not row.queue for row in found.workloads) else ()
    return Table(columns=columns, lines=lines, notes=(*none, *notes), empty="No workload with GPUs was read.")


def _states(row: WorkloadRow) -> str:
    if row.held:
        return "not let in"
    counts: dict[str, int] = {"missing": row.missing} if row.missing else {}
    for pod in row.pods:
        counts[pod.state] = counts.get(pod.state, 0) + 1
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
