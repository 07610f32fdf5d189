"""DEV101 and DEV102: a GPU node on which no device plugin runs, because none is made for it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.unseen_gpus import waiting_beside, waiting_for_unseen
from diag.catalog.rule import Named, rule
from diag.facts.devices import SLICE
from diag.facts.gpus import is_gpu
from diag.facts.machine_types import gpu_machine_label
from diag.facts.nodes import AUTOMATIC_TAINT_PREFIX, allocatable, is_ready
from diag.findings import Because, Confidence, Evidence, Finding, Proof, Question, Remedy
from diag.projection import dicts
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Controller, Node
from diag.trouble.detect.nodes import JOINING_S
from diag.trouble.groups import Group
from diag.trouble.relations.operands import on_node, operand_of
from diag.trouble.relations.template import template_pod
from diag.trouble.room.placement import Barrier
from diag.trouble.shapes import shape_of
from diag.vocab.accelerators import NVIDIA_GPU, OPERANDS_OFF_LABEL
from diag.vocab.operands import DEPLOY, PAUSED, Operand, Stage

TERMS = "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
WORKERS = ("nfd-worker", "node-feature-discovery-worker")  # kubernetes-sigs/node-feature-discovery deployment
SYSTEM_NAMESPACES = ("kube-system", "gpu-operator", "nvidia-gpu-operator")

TAINT = """An operand of the GPU stack does not tolerate a taint of the GPU nodes.

## What it means
The DaemonSet's selector chooses the node, and a taint of the node keeps the DaemonSet's pods off. Without its driver or
device plugin the node never offers its GPUs, although it is Ready.

## Why it happens
The GPU nodes carry a taint of the team's own; the operator and the stand-alone charts tolerate `nvidia.com/gpu` only.

## Evidence
The node's taint, and the tolerations of the DaemonSet's template; `status.desiredNumberScheduled` leaves the node out.

## What to do
Add the toleration to the DaemonSet; with the GPU operator in `spec.daemonsets.tolerations` of the ClusterPolicy.

## Known limits
Where several operands lack the toleration, the first of the chain stands for all; where the node has no labels of node
feature discovery, that is looked at in their place.
"""


@rule(
    "DEV101",
    name="device-plugin-not-deployed",
    question=Question.OFFERS,
    inputs=("Node", "Pod", "apps/DaemonSet", "karpenter.sh/NodeClaim", SLICE),
    refines=("gpu-capacity-exhausted",),
    others=(Named(id="DEV102", name="gpu-stack-taint-not-tolerated", page=TAINT, refines=("gpu-capacity-exhausted",)),),
    visits={"apps/DaemonSet": 1},
)
def operand_not_on_node(ctx: Context) -> Iterator[Finding]:
    """No device plugin runs on a GPU node.

    ## What it means
    The kubelet learns of GPUs from the device plugin alone. The node is Ready and has GPUs, and no pod of a device
    plugin is there, so it offers none.

    ## Why it happens
    None is installed, or the DaemonSet's selector does not choose the node: a label is missing or says `false`.

    ## Evidence
    The selector and the node affinity of the DaemonSet's template against the node's labels, and the node's allocatable
    resources. A machine that no label tells of is known by its type, where pods wait for GPUs that nobody offers.

    ## What to do
    Correct the node's label or the DaemonSet's selector, or install the device plugin.

    ## Known limits
    Needs the DaemonSets and the pods of the node. A plugin that the node image brings along is not seen; such a node
    offers its GPUs and is no trouble.
    """
    left_out: dict[tuple[str, str, str], list[_LeftOut]] = defaultdict(list)
    plugins = _daemon_sets(ctx)
    for silent in (*_silent(ctx), *_unlabelled(ctx)):
        node = silent.node
        if any(one.operand.serves for one in ctx.failing_operands(node.name)):
            continue
        if any(is_gpu(name) and amount > 0 for name, amount in allocatable(node).items()):
            continue
        if any(operand.stage is Stage.PLUGIN for operand, _ in on_node(ctx.snap.pods_on(node.name))):
            continue
        found = _why(ctx, silent, plugins)
        if found is not None:
            left_out[found.key].append(found)
    for _, same in sorted(left_out.items()):
        finding = same[0].finding(ctx, same)
        if finding.accounts_for:
            yield finding


@dataclass(frozen=True, slots=True, kw_only=True)
class _Silent:
    """A node that has GPUs and offers none, and what shows that; `group` where it is known to be in trouble."""

    node: Node
    signs: Proof
    group: Group | None = None


def _silent(ctx: Context) -> Iterator[_Silent]:
    """Nodes whose labels or capacity tell of GPUs."""
    for group in ctx.groups("node-without-gpus"):
        if isinstance(group.first, Node):
            yield _Silent(node=group.first, signs=group.evidence, group=group)


def _unlabelled(ctx: Context) -> Iterator[_Silent]:
    """Machines of a type with GPUs that nothing else tells of; they count where pods wait for GPUs."""
    told = {group.first.name for group in ctx.groups("node-without-gpus")}
    told |= {str(value_at(item.whole, "spec.nodeName")) for item in ctx.snap.all(SLICE)}  # they offer through claims
    for node in ctx.snap.nodes():
        label = gpu_machine_label(node) if node.name not in told else None
        off = node.labels.get(OPERANDS_OFF_LABEL) == "false" or is_ready(node) is False
        if label is not None and not off and ctx.older(node.created, JOINING_S):
            has = ctx.cite_or_lack(node, f"status.capacity{key(NVIDIA_GPU)}")
            yield _Silent(node=node, signs=(ctx.cite(node, f"metadata.labels{key(label)}"), has))


class _DaemonSets(NamedTuple):
    """DaemonSets of operands that a node cannot do without, in the order of the chain; those that label nodes."""

    operands: list[tuple[Operand, Controller]]
    discovery: list[Controller]


def _daemon_sets(ctx: Context) -> _DaemonSets:
    every = [item for item in ctx.snap.all("apps/DaemonSet") if isinstance(item, Controller)]
    found = [(operand, item) for item in every if (operand := operand_of(item)) is not None and operand.serves]
    operands = sorted(found, key=lambda one: (one[0].stage, one[1].namespace, one[1].name))
    return _DaemonSets(operands, [item for item in every if any(name in item.name for name in WORKERS)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _LeftOut:
    """One node that no plugin is made for, and what keeps it off."""

    silent: _Silent
    operand: Operand | None = None
    item: Controller | None = None
    taint: int | None = None  # its place in spec.taints
    label: str = ""
    wanted: str = ""
    affinity: bool = False  # whether it is the required node affinity of the DaemonSet that no term of matches the node

    @property
    def node(self) -> Node:
        """The node that is left out."""
        return self.silent.node

    @property
    def key(self) -> tuple[str, str, str]:
        """Nodes with the same key have one cause."""
        what = f"{self.item.namespace}/{self.item.name}" if self.item else ""
        word = self.node.spec.taints[self.taint].key if self.taint is not None and self.node.spec.taints else self.label
        return (what, word or "", self.wanted)

    def proof(self, ctx: Context) -> tuple[Evidence, *tuple[Evidence, ...]]:
        """What keeps the plugin off this node; the deciding piece first."""
        offers = self.silent.signs
        if self.item is None:
            return offers
        if self.taint is not None:
            path = f"spec.taints[{self.taint}]"
            more = (*_status(ctx, self.item), *offers)
            return (ctx.cite(self.node, f"{path}.key"), *more)
        if self.affinity:
            term = ctx.cite_if(self.item, f"{TERMS}[0].matchExpressions[0].key")
            return (term, *offers) if term is not None else offers
        selector = ctx.cite(self.item, f"spec.template.spec.nodeSelector{key(self.label)}")
        return (ctx.cite_or_lack(self.node, f"metadata.labels{key(self.label)}"), selector, *offers)

    def why(self) -> str:
        """One clause about this node."""
        if self.item is None:
            return f"no device plugin is installed that could run on {self.node.name}"
        who = f"the {self.operand.title if self.operand else 'DaemonSet of node feature discovery'} {self.item.name}"
        if self.taint is not None:
            return f"{who} does not tolerate the taint {self.key[1]} of {self.node.name}, so none runs there"
        if self.affinity:
            return f"{who} requires labels of its nodes (nodeAffinity), and no term of that matches {self.node.name}"
        has = self.node.labels.get(self.label)
        says = f"it says {has}" if has is not None else "the label is missing"
        return f"{who} runs only where {self.label}={self.wanted}, and on {self.node.name} {says}"

    def finding(self, ctx: Context, same: list["_LeftOut"]) -> Finding:
        """The finding of all nodes that are left out for the same reason, told by the first."""
        first, *further = self.proof(ctx)
        further += _claim(ctx, self.node)
        more = f" ({len(same)} nodes)" if len(same) > 1 else ""
        barred = self.item if self.taint is not None else None
        nodes = tuple(one.node.ref for one in same)
        unlabelled = [one.node for one in same if one.silent.group is None]
        return Finding(
            name="gpu-stack-taint-not-tolerated" if barred else "device-plugin-not-deployed",
            subject=(barred or self.node).ref,
            members=() if barred else nodes[1:],
            summary=f"{self.why()}{more}; it offers no GPU in status.allocatable",
            evidence=(first, *further),
            accounts_for=(
                *_because(ctx, same),
                *waiting_for_unseen(ctx, unlabelled, self.why(), self.proof(ctx)),
                *waiting_beside(ctx, unlabelled, self.why(), self.proof(ctx)),
            ),
            confidence=None if self.item is not None and self.silent.group is not None else Confidence.LIKELY,
            remedies=_remedies(self),
        )


def _because(ctx: Context, same: list[_LeftOut]) -> Iterator[Because]:
    """The nodes that are in trouble for it."""
    for one in same:
        if one.silent.group is not None:
            yield Because(one.silent.group, one.why(), one.proof(ctx))


def _why(ctx: Context, silent: _Silent, daemon_sets: _DaemonSets) -> _LeftOut | None:
    """What keeps device plugins off the node; None where that is unknown, or on purpose for a while."""
    node = silent.node
    plugins = [item for operand, item in daemon_sets.operands if operand.stage is Stage.PLUGIN]
    if not plugins:
        seen = any(ctx.snap.holds("apps/DaemonSet", space) for space in SYSTEM_NAMESPACES)
        return _LeftOut(silent=silent) if seen and ctx.snap.pods_on(node.name) else None
    by_label: _LeftOut | None = None
    for operand, item in daemon_sets.operands:
        pod = template_pod(item)
        if pod is None or (operand.stage is Stage.SHARING):
            continue
        shape = shape_of(pod)
        own = frozenset(
            taint.key for taint in node.spec.taints or () if taint.key and taint.key.startswith(AUTOMATIC_TAINT_PREFIX)
        )
        found = ctx.place.verdict(shape, node, ignore_cordon=True, ignore_taints=own)
        chosen = all(node.labels.get(name) == value for name, value in shape.node_selector.items())
        if found.barrier is Barrier.TAINT and chosen:
            return _LeftOut(silent=silent, operand=operand, item=item, taint=found.taint_index)
        if operand.stage is not Stage.PLUGIN:
            continue
        if found.barrier is None:
            return None  # its pod should be there: the controller, or whatever took the pod away, has to say why
        for name, value in sorted(shape.node_selector.items()):
            if node.labels.get(name) != value and by_label is None:
                by_label = _LeftOut(silent=silent, operand=operand, item=item, label=name, wanted=value)
        if found.barrier is Barrier.SELECTOR and chosen and by_label is None:
            by_label = _LeftOut(silent=silent, operand=operand, item=item, affinity=True)
    return by_label and _behind(ctx, by_label, daemon_sets.discovery)


def _behind(ctx: Context, found: _LeftOut, discovery: list[Controller]) -> _LeftOut | None:
    """What stands behind a label that keeps the plugin off: a pause, or that nobody labels the node."""
    said = found.node.labels.get(found.label)
    if found.label.startswith(DEPLOY) and said is None:
        return _undiscovered(ctx, found.silent, discovery) or found
    return None if said is not None and PAUSED in said else found


def _undiscovered(ctx: Context, silent: _Silent, discovery: list[Controller]) -> _LeftOut | None:
    """Whether a taint keeps node feature discovery off, without whose labels the operator deploys nothing there."""
    for item in discovery:
        pod = template_pod(item)
        found = ctx.place.verdict(shape_of(pod), silent.node, ignore_cordon=True) if pod is not None else None
        if found is not None and found.barrier is Barrier.TAINT:
            return _LeftOut(silent=silent, item=item, taint=found.taint_index)
    return None


def _status(ctx: Context, item: Controller) -> list[Evidence]:
    desired = item.status.desired_number_scheduled
    return [ctx.cite(item, "status.desiredNumberScheduled")] if desired is not None else []


def _claim(ctx: Context, node: Node) -> Iterator[Evidence]:
    """What Karpenter says of the machine behind the node."""
    for claim in ctx.snap.all("karpenter.sh/NodeClaim"):
        status = claim.whole.get("status")
        if not isinstance(status, dict) or status.get("nodeName") != node.name:
            continue
        for index, found in enumerate(dicts(status.get("conditions"))):
            if found.get("reason") == "ResourceNotRegistered":
                part = "message" if isinstance(found.get("message"), str) and found["message"] else "reason"
                yield ctx.cite(claim, f"status.conditions[{index}].{part}")
                if part == "message":
                    yield ctx.cite(claim, f"status.conditions[{index}].reason")


def _remedies(found: _LeftOut) -> tuple[Remedy, ...]:
    if found.item is None:
        text = "install the device plugin of the GPU's vendor, for NVIDIA the GPU operator or its device plugin chart"
        return (Remedy(text=text, who="platform"),)
    if found.taint is not None:
        what = f"add a toleration of {found.key[1]} to {found.item.kind} {found.item.namespace}/{found.item.name}"
        operator = " (with the GPU operator: spec.daemonsets.tolerations of the ClusterPolicy)"
        return (Remedy(text=what + operator, who="platform"),)
    if found.label.startswith(DEPLOY):
        command = f"kubectl label node {found.node.name} {found.label}={found.wanted} --overwrite"
        text = f"set the label {found.label} of the node back to {found.wanted}, unless it was switched off on purpose"
        return (Remedy(text=text, command=command, who="platform"),)
    if found.affinity:
        text = f"give the node a label that the affinity of {found.item.name} asks for, or widen the affinity"
        return (Remedy(text=text, who="platform"),)
    text = f"give the node the label {found.label}={found.wanted}, or widen the DaemonSet's selector"
    return (Remedy(text=text, who="platform"),)
