"""APP301 to APP303: a node is short of disk, memory or process ids."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.evictions import Eviction, parse_eviction
from diag.facts.folding import fold
from diag.facts.nodes import PRESSURE_TAINTS, is_ready
from diag.findings import Because, Evidence, Finding, Question, Remedy, Severity
from diag.projection import Condition
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.room.pools import Charged, FaultKind

# Condition types of the kubelet (kubernetes/kubernetes pkg/kubelet/nodestatus).
PRESSURES = {
    "DiskPressure": ("node-disk-pressure", "disk space or inodes"),
    "MemoryPressure": ("node-memory-pressure", "memory"),
    "PIDPressure": ("node-pid-pressure", "process ids"),
}
REFINED = ("ephemeral-storage-eviction", "gpu-capacity-exhausted", "pod-evicted-node-pressure", "untolerated-taint")

MEMORY = """A node is short of memory.

## What it means
The kubelet found less free memory than its threshold. It evicts pods, those that use more than they request first, and
keeps off pods of the lowest quality of service (and, by its taint, all others that do not tolerate it).

## Why it happens
Containers use more than they request, so that the node is overbooked; or processes outside Kubernetes take memory.

## Evidence
The node's condition `MemoryPressure` and its taint, and what the kubelet says of the pods that it evicted there.

## What to do
Give the pods requests near their use, or move some away; look at what else runs on the node.

## Known limits
Use is not part of the objects: only the pods that were evicted tell theirs.
"""
PIDS = """A node is short of process ids.

## What it means
Nearly all process ids of the node are taken. The kubelet evicts pods, and no new ones are let in.

## Why it happens
Data loaders and servers with many threads or workers, or a process that forks without end.

## Evidence
The node's condition `PIDPressure` and its taint, and what the kubelet says of the pods that it evicted there.

## What to do
Set a limit of process ids for each pod (podPidsLimit of the kubelet), or raise the node's.

## Known limits
Which process forks is told only on the node.
"""


@rule(
    "APP301",
    name="node-disk-pressure",
    question=Question.KEPT,
    inputs=("Node", "Pod"),
    refines=REFINED,
    others=(
        Named(id="APP302", name="node-memory-pressure", page=MEMORY, refines=REFINED),
        Named(id="APP303", name="node-pid-pressure", page=PIDS, refines=REFINED),
    ),
    visits={"Node": 1},
)
def node_pressure(ctx: Context) -> Iterator[Finding]:
    """A node is short of disk or inodes.

    ## What it means
    The kubelet found less free space than its threshold. It removes unused images, evicts pods, and its taint keeps new
    ones off until the space is free again.

    ## Why it happens
    Weights, checkpoints and caches are written to the containers' own file system or to an emptyDir, large images pile
    up, or logs do.

    ## Evidence
    The node's condition `DiskPressure` and its taint, what the kubelet says of the pods that it evicted there, and the
    pods that would fit there without the taint.

    ## What to do
    Free the disk; write large files to a volume, and request and limit `ephemeral-storage` in the pods that write them.

    ## Known limits
    What fills the disk is told only by the pods that were evicted for it.
    """
    evicted = _evicted(ctx)
    same: dict[tuple[str, str], list[tuple[Node, int, Condition]]] = defaultdict(list)
    for node in ctx.snap.nodes():
        if is_ready(node) is False or node.metadata.deletion_timestamp:
            continue
        for index, found in enumerate(node.status.conditions or ()):
            if found.type in PRESSURES and found.status == "True":
                same[found.type, fold(f"{found.reason} {found.message}")].append((node, index, found))
    for (kind, _), nodes in sorted(same.items()):
        yield _finding(ctx, kind, nodes, evicted)


Victim = tuple[Group, Pod, Eviction]
Evicted = dict[tuple[str, str], list[Victim]]  # by node and condition


def _evicted(ctx: Context) -> Evicted:
    """Pods that the kubelet evicted, by the node and the shortage that it named."""
    found: Evicted = defaultdict(list)
    for group in ctx.groups("pod-evicted", "pod-failed"):
        for pod in group.members:
            said = parse_eviction(pod.status.message or "") if isinstance(pod, Pod) else None
            if isinstance(pod, Pod) and said is not None:
                found[pod.spec.node_name or "", said.condition].append((group, pod, said))
    return found


def _finding(ctx: Context, kind: str, nodes: list[tuple[Node, int, Condition]], evicted: Evicted) -> Finding:
    name, what = PRESSURES[kind]
    first, index, found = nodes[0]
    proof = ctx.cite(first, f"status.conditions[{index}].status")
    more: list[Evidence] = [ctx.cite(first, f"status.conditions[{index}].type")]
    more += [
        ctx.cite(first, f"status.conditions[{index}].{part}")
        for part, value in (("reason", found.reason), ("message", found.message))
        if value
    ]
    more += [
        ctx.cite(first, f"spec.taints[{place}].key")
        for place, one in enumerate(first.spec.taints or ())
        if one.key == PRESSURE_TAINTS[kind]
    ]
    names = frozenset(node.name for node, _, _ in nodes)
    gone = [hit for name_of in sorted(names) for hit in evicted.get((name_of, kind), ())]
    charged = ctx.pools.charged_to(name for name in names if _keeps_off(ctx, name))
    accounts_for = [*_lost(ctx, gone, proof), *_waiting(charged, kind, proof)]
    more += [ctx.cite(pod, "status.message") for _, pod, _ in gone[:3]]
    parts = [f"is short of {what} ({kind})" + (f", like {len(nodes) - 1} more nodes" if len(nodes) > 1 else "")]
    if gone:
        parts.append(f"{len(gone)} pod(s) were evicted for it, {gone[0][1].name} among them{_user(gone)}")
    if charged:
        parts.append(f"its taint keeps off {sum(one.pods for one in charged)} pod(s) that would fit")
    return Finding(
        name=name,
        subject=first.ref,
        members=tuple(node.ref for node, _, _ in nodes[1:]),
        summary="; ".join(parts),
        evidence=(proof, *more),
        accounts_for=tuple(accounts_for),
        severity=Severity.WARNING,
        since=min((one.last_transition_time for _, _, one in nodes if one.last_transition_time), default=None),
        remedies=_remedies(kind, first),
    )


def _user(gone: list[Victim]) -> str:
    """Who used most, as far as the kubelet told."""
    for _, _, said in gone:
        if said.using:
            return f" (container {said.container} used {said.using} of {said.resource}, request {said.request})"
    return ""


def _lost(ctx: Context, gone: list[Victim], proof: Evidence) -> Iterator[Because]:
    by_group: dict[str, list[Victim]] = defaultdict(list)
    for victim in gone:
        by_group[victim[0].key].append(victim)
    for hits in by_group.values():
        group, pod, _ = hits[0]
        why = f"the kubelet of {pod.spec.node_name} evicted {pod.name}: {(pod.status.message or '').strip()}"
        yield Because(group, why, (ctx.cite(pod, "status.message"), proof), members=len(hits))


def _keeps_off(ctx: Context, name: str) -> bool:
    """Whether the pressure alone closes the node: one that is cordoned, too, takes no pods without it either."""
    lost = ctx.pools.lost.get(name)
    return lost is not None and lost.fault is FaultKind.PRESSURE


def _waiting(charged: list[Charged], kind: str, proof: Evidence) -> Iterator[Because]:
    for one in charged:
        some = ", ".join(node.name for node in one.nodes[:3])
        why = f"{one.pods} of {one.group.size} pods would fit on {some} without its {kind}"
        yield Because(one.group, why, (proof,), members=one.pods)


def _remedies(kind: str, node: Node) -> tuple[Remedy, ...]:
    texts = {
        "DiskPressure": "free the node's disk: unused images, host paths, logs",
        "MemoryPressure": "move pods away that use more memory than they request",
        "PIDPressure": "find the pods with many processes, and end or limit them",
    }
    own = {
        "DiskPressure": "write checkpoints, weights and caches to a volume; request and limit ephemeral-storage",
        "MemoryPressure": "set memory requests near what the containers use",
        "PIDPressure": "run fewer workers in each pod",
    }
    return (
        Remedy(text=texts[kind], command=f"kubectl describe node {node.name}", who="platform"),
        Remedy(text=own[kind]),
    )
