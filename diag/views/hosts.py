"""The causes at the nodes that something runs on: of a sick node its pods may not tell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from diag.causes.rows import ref_row
from diag.document import CauseRow, RefRow, Report
from diag.findings import Ref
from diag.projection import Object
from diag.snapshot.kinds import Node, Pod
from diag.snapshot.snapshot import Snapshot
from diag.views.circle import circles

MAX_DEPTH = 12  # of owners; deeper chains, and rings, are cut


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHosts:
    """Causes that concern the nodes of a subject's pods, and those nodes."""

    causes: tuple[CauseRow, ...] = ()
    nodes: tuple[RefRow, ...] = ()


def at_hosts(report: Report, subject: RefRow, snapshots: Sequence[Snapshot]) -> AtHosts:
    """What is wrong where the subject's pods run: a pod is its own."""
    nodes = list(_hosts(subject, snapshots))
    about = [(each.cause, [node for node in nodes if each.is_about(node)]) for each in circles(report)]
    sick = {str(node): node for _, there in about for node in there}
    return AtHosts(causes=tuple(cause for cause, there in about if there), nodes=tuple(sick.values()))


def _hosts(subject: RefRow, snapshots: Iterable[Snapshot]) -> Iterator[RefRow]:
    ref = Ref(subject.cluster, subject.apiVersion, subject.kind, subject.namespace, subject.name)
    for snap in snapshots:
        item = snap.find(ref) if snap.cluster == subject.cluster else None
        names = {pod.spec.node_name for pod in pods_below(snap, item)} if item is not None else set()
        for name in sorted(name for name in names if name):
            node = snap.get("Node", "", name)
            if isinstance(node, Node):
                yield ref_row(node.ref)


def pods_below(snap: Snapshot, item: Object) -> Iterator[Pod]:
    """The pods of an object, however many owners are between; a pod is its own."""
    below = [item]
    for _ in range(MAX_DEPTH):
        yield from (one for one in below if isinstance(one, Pod))
        below = [child for owner in below for child in snap.children_of(owner)]
