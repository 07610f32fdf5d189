"""The GPUs as tables: a line for each node and resource, and the sums of each type."""

from diag.document import RefRow
from diag.views.gpus import Gpus, NodeGpusRow, TypeRow
from diag.views.table import Column, Line, Table
from diag.views.wording import counted, listed

_ONE_BY_ONE = 16  # devices of a node that are drawn one by one
_SLICE = "mig-"
# Busy, free, lost, and free on a node that takes no pod.
_DEVICES, _SLICES = ("■", "□", "✖", "◌"), ("▪", "▫", "✖", "◌")
_UNSEEN = "?"  # a device of which nobody knows whether a pod holds it
_STATES = {"cordoned": "cordoned", "not-ready": "not ready"}


def gpu_tables(found: Gpus) -> list[Table]:
    """First the nodes, then the types."""
    several = len({row.cluster for row in found.nodes}) > 1
    return [_nodes(found, several=several), _types(found, several=several)]


def _nodes(found: Gpus, *, several: bool) -> Table:
    columns = (
        *((Column(title="CLUSTER", least=7),) if several else ()),
        Column(title="NODE", least=15),
        Column(title="TYPE", least=8),
        Column(title="GPUS", named="cells", picture=True),
        Column(title="BUSY", kind="count"),
        Column(title="ALLOC", kind="count"),
        Column(title="CAP", kind="count"),
        Column(title="FREE", kind="count"),
        Column(title="RESOURCE", least=14, spare=True),
        Column(title="NOTES", least=8),
    )
    lines = [
        Line(
            key=f"{row.cluster}/{row.node}/{row.resource}",
            values=(
                *((row.cluster,) if several else ()),
                row.node, row.type or "unknown", cells(row, unseen=row.cluster in found.unseen),
                _seen(found, row, row.busy), row.allocatable, row.capacity, _seen(found, row, row.free),
                row.resource, notes_of(row),
            ),
            severity=row.severity or ("warning" if row.state == "not-ready" else ""),
            ref=RefRow(cluster=row.cluster, apiVersion="v1", kind="Node", name=row.node),
            causes=tuple(row.causes),
            also=tuple(f"{one.pod.namespace}/{one.pod.name}" for one in row.held_by),
        )
        for row in found.nodes
    ]  # fmt: skip
    return Table(columns=columns, lines=lines, empty="No node with GPUs was read.", notes=tuple(found.doubts))


def _types(found: Gpus, *, several: bool) -> Table:
    columns = (
        *((Column(title="CLUSTER", least=7),) if several else ()),
        Column(title="TYPE", least=8),
        Column(title="RESOURCE", least=8),
        Column(title="NODES", kind="count"),
        Column(title="BUSY", kind="count"),
        Column(title="ALLOC", kind="count"),
        Column(title="CAP", kind="count"),
        Column(title="FREE", kind="count"),
        Column(title="LARGEST FREE", kind="count"),
    )
    lines = [
        Line(
            key=f"{row.cluster}/{row.type}/{row.resource}",
            values=(
                *((row.cluster,) if several else ()),
                row.type or "unknown", row.resource, row.nodes, _seen(found, row, row.busy), row.allocatable,
                row.capacity, _seen(found, row, row.free), _seen(found, row, row.largest_free),
            ),
        )
        for row in found.types
    ]  # fmt: skip
    return Table(columns=columns, lines=lines, empty="")


def _seen(found: Gpus, row: NodeGpusRow | TypeRow, count: int) -> int | None:
    """A number that rests on the pods, where they were read."""
    return None if row.cluster in found.unseen else count


def cells(row: NodeGpusRow, *, unseen: bool = False) -> str:
    """One mark for each device: busy, free, lost, or "?" where no pods were read; with numbers where there are many."""
    busy_mark, free_mark, lost_mark, shut_mark = _SLICES if _SLICE in row.resource else _DEVICES
    busy = min(row.busy, max(row.allocatable, row.capacity or 0))
    rest = max(row.allocatable - busy, 0)
    lost = max((row.capacity or 0) - max(row.allocatable, busy), 0)
    rest_mark = _UNSEEN if unseen else free_mark if row.state == "open" else shut_mark
    parts = ((busy_mark, busy), (rest_mark, rest), (lost_mark, lost))
    if busy + rest + lost > _ONE_BY_ONE:
        return " ".join(f"{mark}×{count}" for mark, count in parts if count)
    return "".join(mark * count for mark, count in parts)


def notes_of(row: NodeGpusRow) -> str:
    """What is worth knowing of the node, the cause first."""
    over = row.busy - row.allocatable
    lost = (row.capacity or 0) - row.allocatable
    return listed(
        (
            " ".join(row.causes),
            _STATES.get(row.state, ""),
            f"{counted(lost, 'device')} not offered" if lost > 0 else "",
            f"{over} more held than offered" if over > 0 else "",
            "how many is unknown" if row.capacity is None else "",
            *row.notes,
        )
    )
