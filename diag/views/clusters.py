"""The clusters that were looked at: what each has, what it is missing, how old the look is."""

from collections import Counter
from collections.abc import Sequence

from diag.document import Report
from diag.snapshot.snapshot import Snapshot
from diag.views.concerned import severity_of
from diag.views.gpus import Gpus
from diag.views.table import Column, Line, Table
from diag.views.wording import folded, seconds_since

# A label of GPU feature discovery (NVIDIA/k8s-device-plugin, docs/gpu-feature-discovery).
DRIVER_LABEL = "nvidia.com/cuda.driver-version.full"


def clusters_table(report: Report, snapshots: Sequence[Snapshot], found: Gpus) -> Table:
    """A line for each cluster, GPUs in devices as on the screen of GPUs; `AGE` is beside the youngest look."""
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
    newest = max((snap.now for snap in snapshots), default=None)
    lines = [_line(report, snap, found, newest) for snap in snapshots]
    return Table(columns=columns, lines=lines, empty="No cluster was read.")


def _line(report: Report, snap: Snapshot, found: Gpus, newest: str | None) -> Line:
    causes = [cause for cause in report.causes if cause.root.cluster == snap.cluster]
    rows = [row for row in found.types if row.cluster == snap.cluster]
    types: Counter[str] = Counter()
    for row in rows:
        types[row.type or row.resource] += row.capacity
    drivers = sorted({name for node in snap.nodes if (name := node.labels.get(DRIVER_LABEL))})
    ids = [cause.id for cause in causes]
    return Line(
        key=snap.cluster,
        values=(
            snap.cluster,
            len(snap.nodes),
            sum(row.capacity for row in rows),
            sum(row.busy for row in rows),
            sum(row.free for row in rows),
            sum(cause.affected.gpus for cause in causes),
            sum(cause.affected.gpus_lost for cause in causes),
            len(causes),
            sum(gap.material for gap in report.gaps if gap.cluster in ("", snap.cluster)),
            folded([f"{count} × {name}" for name, count in types.most_common()], 3) or "-",
            folded(drivers, 3) or "-",
            snap.server_version or "-",
            seconds_since(snap.now, newest),
        ),
        severity=severity_of(report, ids),
        causes=tuple(ids),
    )
