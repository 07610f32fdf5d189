"""The topology as linked columns: workload, queue, pod, node, GPU, cluster; one narrows the others."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diag.document import RefRow
from diag.views.table import Column, Line, Table
from diag.views.topology import Topology, WorkloadRow

LAYERS = ("cluster", "workload", "queue", "pod", "node", "gpu")
NONE = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One pod's way through the layers: what it is called in each, as in `LAYERS`; `gpus` are devices."""

    names: tuple[str, ...]
    gpus: int
    workload: WorkloadRow
    state: str


class Links:
    """All ways, and by each name of each layer those that lead through it."""

    def __init__(self, found: Topology) -> None:
        self.ways = [way for row in found.workloads for way in _ways(row)]
        self._through: list[dict[str, list[Way]]] = [{} for _ in LAYERS]
        for way in self.ways:
            for at, name in enumerate(way.names):
                self._through[at].setdefault(name, []).append(way)

    def through(self, layer: str, name: str) -> Sequence[Way]:
        """The ways that lead through a name of a layer."""
        return self._through[LAYERS.index(layer)].get(name, ())

    def table(self, layer: str, ways: Iterable[Way] | None = None) -> Table:
        """A column: each name that the ways (all, if none are given) lead through, with its pods and GPUs."""
        at = LAYERS.index(layer)
        pods: Counter[str] = Counter()
        gpus: Counter[str] = Counter()
        first: dict[str, Way] = {}
        for way in self.ways if ways is None else ways:
            name = way.names[at]
            first.setdefault(name, way)
            pods[name] += 1
            gpus[name] += way.gpus
        columns = (
            Column(title=layer.upper(), least=8),
            *(
                (Column(title="PODS", kind="count", spare=True),)
                if layer != "pod"
                else (Column(title="STATE", spare=True),)
            ),
            Column(title="GPUS", kind="count", spare=True),
        )
        lines = [
            Line(
                key=name,
                values=(_shown(layer, way), way.state if layer == "pod" else pods[name], gpus[name]),
                severity=way.workload.severity if layer in ("workload", "pod") else "",
                ref=_ref(layer, way),
                causes=tuple(way.workload.causes) if layer in ("workload", "pod") else (),
            )
            for name, way in first.items()
        ]
        return Table(columns=columns, lines=lines, empty="None.")


def _ways(row: WorkloadRow) -> Iterable[Way]:
    cluster, workload = row.ref.cluster, f"{row.ref.cluster}/{row.ref}"
    for pod in row.pods:
        kinds = " + ".join(pod.gpus) or NONE
        names = (
            cluster, workload, f"{cluster}/{row.queue}" if row.queue else NONE, f"{workload}/{pod.name}",
            f"{cluster}/{pod.node}" if pod.node else NONE, kinds,
        )  # fmt: skip
        yield Way(names=names, gpus=sum(pod.gpus.values()), workload=row, state=pod.state)


def _shown(layer: str, way: Way) -> str:
    name = way.names[LAYERS.index(layer)]
    match layer:
        case "workload":
            return str(way.workload.ref)
        case "pod":
            return name.rpartition("/")[2]
        case "queue" | "node":
            return name if name == NONE else name.partition("/")[2]
    return name


def _ref(layer: str, way: Way) -> RefRow | None:
    ref, name = way.workload.ref, way.names[LAYERS.index(layer)]
    match layer:
        case "workload":
            return ref
        case "pod":
            return RefRow(
                cluster=ref.cluster, apiVersion="v1", kind="Pod", namespace=ref.namespace, name=name.rpartition("/")[2]
            )
        case "node" if name != NONE:
            return RefRow(cluster=ref.cluster, apiVersion="v1", kind="Node", name=name.partition("/")[2])
    return None
