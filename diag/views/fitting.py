"""Try a pod on every cluster that was read, and find the workload that it is to be made like."""

from collections.abc import Sequence

from diag import __version__
from diag.causes.rows import ref_row
from diag.document import RefRow, Report, TargetRow, ToolRow
from diag.errors import SnapshotError, UsageError
from diag.facts.words import listed
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.room.asks import Ask, asked_pod, models, models_of
from diag.trouble.room.doubts import doubts_of_moves, doubts_of_sums
from diag.trouble.room.fits import fitting
from diag.trouble.room.refusing import THERE, Admission, admission
from diag.trouble.shapes import shape_of
from diag.trouble.trouble import Trouble
from diag.views.fit import ClusterFitRow, Fit, cluster_row
from diag.views.subject import resolve

TOOL = ToolRow(name="diag", version=__version__)


def try_fit(snapshots: Sequence[Snapshot], ask: Ask, *, pods: int, like: Object | None = None) -> Fit:
    """The answer of every cluster that has nodes. Raises SnapshotError where none has, UsageError for a bad `like`."""
    rows = [_tried(snap, ask, pods, like) for snap in snapshots if snap.nodes]
    if not rows:
        refused = [one for snap in snapshots for one in snap.refused if "Node" in one.kinds]
        raise SnapshotError(
            "no nodes were read, so there is nowhere to try" + "".join(f": {one.detail}" for one in refused[:1]),
            hint=refused[0].fix if refused else "kubectl get nodes,pods,pdb -A -o json",
        )
    return Fit(tool=TOOL, fits=any(row.fits for row in rows), clusters=rows)


def find_template(snapshots: Sequence[Snapshot], text: str) -> Object:
    """The pod or controller that a text names: kind/ns/name, kind/name, ns/pod. Of several clusters the first has it.

    Raises UsageError with what is nearest where nothing has that name.
    """
    known = {
        _row(item): item for snap in reversed(snapshots) for table in snap.tables.values() for item in table.values()
    }
    nothing = Report(
        tool=TOOL, target=TargetRow(clusters=[]), causes=[], findings=[], links=[], evidence=[], gaps=[], timelines=[],
        ignored=[], stats={},
    )  # fmt: skip
    match = resolve(nothing, text, known=(ref_row(item.ref) for item in known.values()))
    if match.subject is None:
        near = f"did you mean {' or '.join(match.suggestions)}?" if match.suggestions else "write kind/ns/name"
        raise UsageError(f"nothing that was read is called {text!r}", hint=near)
    return known[str(match.subject), match.subject.cluster]


def _row(item: Object) -> tuple[str, str]:
    return str(ref_row(item.ref)), item.cluster


def _tried(snap: Snapshot, ask: Ask, pods: int, like: Object | None) -> ClusterFitRow:
    pod = asked_pod(ask, snap.nodes, like)
    if pod is None:
        name = f"{like.kind} {like.name}" if like else "this"
        raise UsageError(f"{name} has no pod template that can be read", hint="name one of its pods instead")
    trouble = Trouble(snap)
    found = fitting(trouble.place, trouble.pools, pod, pods)
    requests = [name for name, amount in shape_of(pod).requests.items() if amount > 0]
    doubts = doubts_of_sums(trouble.place, trouble.of("pod-unscheduled"), requests)
    if found.move:
        doubts += doubts_of_moves(snap)
    seen: RefRow | None = ref_row(like.ref) if like else None
    return cluster_row(
        found, pod, snap, like=seen, doubts=doubts, admission=_admission(snap, ask, pod, pods, like),
        lacking=_no_model(ask, snap),
    )  # fmt: skip


def _admission(snap: Snapshot, ask: Ask, pod: Pod, pods: int, like: Object | None) -> Admission:
    # A pod that waits is there, so its quota counts it already.
    if isinstance(like, Pod) and not like.spec.node_name and like.namespace == pod.namespace:
        return Admission(refusals=[], others=[THERE])
    return admission(snap, pod, pods, ask.queue)


def _no_model(ask: Ask, snap: Snapshot) -> str:
    """What GPU models the nodes carry, where none carries the one asked for."""
    present = models_of(snap.nodes)
    if ask.model is None or any(set(values) & set(present) for values in models(ask.model, snap.nodes).values()):
        return ""
    carried = f"they carry {listed(present)}" if present else "none carries any"
    return f"no node carries the GPU model {ask.model}; {carried}"
