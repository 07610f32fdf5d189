"""The clusters that were looked at: what each has and misses (`diag clusters -o json`, additive changes only)."""

from collections import Counter
from collections.abc import Sequence

from diag.document import CauseRow, Report, Row, ToolRow
from diag.snapshot.snapshot import Snapshot
from diag.views.concerned import severity_of
from diag.views.gpus import Gpus, TypeRow
from diag.views.table import Column, Line, Table
from diag.views.wording import folded, seconds_since

SCHEMA = "diag.clusters/v1"
# A label of GPU feature discovery (NVIDIA/k8s-device-plugin, docs/gpu-feature-discovery).
DRIVER_LABEL = "nvidia.com/cuda.driver-version.full"


class ClusterRow(Row, kw_only=True):
    """One cluster. Null is what was not read: nodes, or the pods that say what is busy.

    GPUs are devices; `types` counts them by type. `waited_for` and `lost` are the GPUs that its causes cost, `blind`
    counts what could not be looked at and may matter. `taken_at` is the time of the look, and `age_s` how much older
    it is than the youngest of all clusters.
    """

    cluster: str
    nodes: int | None
    gpus: int | None
    busy: int | None
    free: int | None
    waited_for: int
    lost: int
    causes: list[str]
    severity: str  # of the worst cause, empty where there is none
    blind: int
    types: dict[str, int]
    drivers: list[str]
    version: str | None
    taken_at: str
    age_s: float | None


class Clusters(Row, kw_only=True):
    """All clusters, in the order in which they were given. `doubts` say why sums may not be what they seem."""

    schema: str = SCHEMA
    tool: ToolRow
    clusters: list[ClusterRow]
    doubts: list[str]


def clusters(report: Report, snapshots: Sequence[Snapshot], found: Gpus) -> Clusters:
    """A row for each cluster, its GPUs counted as on the screen of GPUs."""
    newest = max((snap.now for snap in snapshots), default=None)
    causes: dict[str, list[CauseRow]] = {}
    types: dict[str, list[TypeRow]] = {}
    for cause in report.causes:
        causes.setdefault(cause.root.cluster, []).append(cause)
    for row in found.types:
        types.setdefault(row.cluster, []).append(row)
    rows = [_row(report, snap, types.get(snap.cluster, []), causes.get(snap.cluster, []), newest) for snap in snapshots]
    return Clusters(tool=report.tool, clusters=rows, doubts=found.doubts)


def _row(
    report: Report, snap: Snapshot, rows: Sequence[TypeRow], causes: Sequence[CauseRow], newest: str | None
) -> ClusterRow:
    types: Counter[str] = Counter()
    for row in rows:
        types[row.type or row.resource] += row.capacity
    has_nodes, has_pods = snap.holds("Node"), snap.holds("Node") and snap.holds("Pod")
    ids = [cause.id for cause in causes]
    return ClusterRow(
        cluster=snap.cluster,
        nodes=len(snap.nodes) if has_nodes else None,
        gpus=sum(row.capacity for row in rows) if has_nodes else None,
        busy=sum(row.busy for row in rows) if has_pods else None,
        free=sum(row.free for row in rows) if has_pods else None,
        waited_for=sum(cause.affected.gpus for cause in causes),
        lost=sum(cause.affected.gpus_lost for cause in causes),
        causes=ids,
        severity=severity_of(report, ids),
        blind=sum(gap.material for gap in report.gaps if gap.cluster in ("", snap.cluster)),
        types=dict(types.most_common()),
        drivers=sorted({name for node in snap.nodes if (name := node.labels.get(DRIVER_LABEL))}),
        version=snap.server_version,
        taken_at=snap.now,
        age_s=seconds_since(snap.now, newest),
    )


def clusters_table(found: Clusters) -> Table:
    """A line for each cluster; `AGE` is beside the youngest look."""
    columns = (
        Column(title="CLUSTER", least=8),
        Column(title="NODES", kind="count", spare=True),
        Column(title="GPUS", kind="count"),
        Column(title="BUSY", kind="count"),
        Column(title="FREE", kind="count"),
        Column(title="WAITED FOR", kind="count", named="waited"),
        Column(title="LOST", kind="count"),
        Column(title="CAUSES", kind="count"),
        Column(title="BLIND", kind="count", spare=True),
        Column(title="TYPES", least=8),
        Column(title="DRIVERS", least=8, spare=True),
        Column(title="VERSION", least=7, spare=True),
        Column(title="AGE", kind="age", spare=True),
    )
    lines = [
        Line(
            key=row.cluster,
            values=(
                row.cluster, row.nodes, row.gpus, row.busy, row.free, row.waited_for, row.lost, len(row.causes),
                row.blind, folded([f"{count} × {name}" for name, count in row.types.items()], 3) or "-",
                folded(row.drivers, 3) or "-", row.version or "-", row.age_s,
            ),
            severity=row.severity,
            causes=tuple(row.causes),
        )
        for row in found.clusters
    ]  # fmt: skip
    return Table(columns=columns, lines=lines, empty="No cluster was read.", notes=tuple(found.doubts))
