"""SCH125 and SCH126: the pod asks for a GPU resource that no node offers by that name, or no node has a GPU at all."""

from collections import Counter
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.room import asked
from diag.catalog.rule import Named, rule
from diag.facts.gpus import is_gpu
from diag.facts.machine_types import gpu_machine_label
from diag.facts.nodes import allocatable, capacity
from diag.facts.plugin_lines import line_of_gpus
from diag.facts.pods import statuses
from diag.facts.words import count_of, listed, nearest
from diag.findings import Because, Confidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.shapes import Shape
from diag.vocab.accelerators import GPU_COUNT_LABEL, GPU_PRESENT_LABEL
from diag.vocab.gpu_labels import MODEL_LABELS
from diag.vocab.operands import Stage

# Labels that say that a machine has a GPU, whatever it offers: those of GPU models, and NFD's PCI labels.
GPU_LABELS = (GPU_PRESENT_LABEL, GPU_COUNT_LABEL, *MODEL_LABELS)
PCI_PREFIX, PCI_VENDORS = "feature.node.kubernetes.io/pci-", ("10de", "1002")

NONE_AT_ALL = """The cluster has no node with a GPU at all.

## What it means
The pod asks for GPUs, and no node lists a GPU resource or carries a label that speaks of one.

## Why it happens
The GPU node pool is missing, was removed, or is scaled to zero and nothing scales it up; or the workload was
deployed to the wrong cluster.

## Evidence
The request, and the resources that the nodes list.

## What to do
Add GPU nodes, or run the workload in a cluster that has some.

## Known limits
A machine whose GPU is neither labelled nor registered cannot be told from one without. Nodes that an autoscaler
could add are not seen; with an autoscaler in the cluster, or where nobody looked for one, the finding is only likely.
"""


@rule(
    "SCH125",
    name="gpu-resource-not-offered",
    question=Question.PLACED,
    inputs=("Pod", "Node", "ConfigMap", "karpenter.sh/NodePool", "resource.k8s.io/DeviceClass"),
    others=(
        Named(
            id="SCH126",
            name="no-gpu-nodes",
            page=NONE_AT_ALL,
            refines=("gpu-product-not-present", "node-selector-no-match", "node-affinity-no-match"),
        ),
    ),
)
def gpu_resource_not_offered(ctx: Context) -> Iterator[Finding]:
    """No node offers the GPU resource by the name that the pod asks for.

    ## What it means
    The nodes have GPUs and offer them under other names: slices of a MIG layout, a renamed shared resource,
    another vendor's. The scheduler compares names, so the free ones do not help this pod.

    ## Why it happens
    The request was written before the nodes were sliced or shared, for another MIG profile, or for another
    vendor's GPUs.

    ## Evidence
    The resource name in the pod, and the GPU resources that the nodes list with their amounts. A node may list
    the wanted name with 0: that is no offer.

    ## What to do
    Ask for a name that the nodes offer, or change the layout of a node.

    ## Known limits
    Silent while a node that should offer GPUs offers none: then that node's fault comes first. Silent where a
    DeviceClass maps the name to dynamic resource allocation.
    """
    faulty = {member.name for group in ctx.groups("node-without-gpus") for member in group.members}
    for group in ctx.groups("pod-unscheduled"):
        shape = group.shape
        if shape is None or group.state != "refused" or not ctx.place.snap.nodes:
            continue
        for resource in shape.gpus:
            yield from _look(ctx, group, shape, resource, faulty)


def _look(ctx: Context, group: Group, shape: Shape, resource: str, faulty: set[str]) -> Iterator[Finding]:
    nodes = ctx.place.snap.nodes
    with_gpus = [node for node in nodes if _offers(node) or _is_labelled(node) or node.name in faulty]
    if not with_gpus and any(_is_seen(ctx, node) for node in nodes):
        return  # a device plugin found some, and fails: it says more
    if not with_gpus:
        yield _none_at_all(ctx, group, resource, nodes)
        return
    selected = ctx.place.selected(shape)
    offering = [node for node in selected if resource in _offers(node)]
    others = {name for node in selected for name in _offers(node)} - {resource}
    unknown = any(node.name in faulty or (_is_labelled(node) and not _offers(node)) for node in selected)
    if selected and not offering and not unknown and not _maps_to_devices(ctx, resource):
        elsewhere = [node for node in nodes if resource in _offers(node)]
        if others or elsewhere:
            yield _other_name(ctx, group, resource, selected, elsewhere)


def _offers(node: Node) -> dict[str, int]:
    """The GPU resources that a node has more than none of, in thousandths."""
    found = {**capacity(node), **allocatable(node)}
    has = {name: max(amount, capacity(node).get(name, 0)) for name, amount in found.items() if is_gpu(name)}
    return {name: amount for name, amount in has.items() if amount > 0}


def _is_labelled(node: Node) -> bool:
    labels = node.labels
    if gpu_machine_label(node) or any(label in labels and labels[label] != "false" for label in GPU_LABELS):
        return True
    return any(label.startswith(PCI_PREFIX) and any(one in label for one in PCI_VENDORS) for label in labels)


def _is_seen(ctx: Context, node: Node) -> bool:
    """Whether a device plugin in trouble on the node says that it found GPUs."""
    for one in ctx.failing_operands(node.name):
        for _, status in statuses(one.pod) if one.operand.stage is Stage.PLUGIN else ():
            for previous in (True, False):
                if line_of_gpus(ctx.snap.log(one.pod, status.name or "", previous=previous)) is not None:
                    return True
    return False


def _maps_to_devices(ctx: Context, resource: str) -> bool:
    """Whether a DeviceClass serves the name (KEP-5004, extendedResourceName)."""
    specs = [item.whole.get("spec") for item in ctx.snap.all("resource.k8s.io/DeviceClass")]
    return any(isinstance(spec, dict) and spec.get("extendedResourceName") == resource for spec in specs)


def _none_at_all(ctx: Context, group: Group, resource: str, nodes: list[Node]) -> Finding:
    request = asked(ctx, group, resource)
    lacks = [ctx.cite_or_lack(node, f"status.capacity{key(resource)}") for node in nodes]
    proof = ctx.compute(f"nodes with a GPU among {len(nodes)}", 0, lacks)
    summary = f"asks for {resource}, and none of {count_of(len(nodes), 'node')} has any GPU"
    sure = ctx.agreement(group).nodes and _never_scales(ctx)
    return Finding(
        name="no-gpu-nodes",
        subject=group.workload,
        summary=summary,
        evidence=(proof, *[request, *group.evidence]),
        accounts_for=(Because(group, f"no node of the cluster has {resource}", (proof, request)),),
        confidence=None if sure else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="add nodes with GPUs, or scale up the pool that has them", who="platform"),
            Remedy(text="run it in a cluster that has GPUs", who="user"),
        ),
    )


def _never_scales(ctx: Context) -> bool:
    """Whether it is known that no autoscaler could add nodes of another kind: both kinds were looked for."""
    no_status = ctx.snap.lacks("ConfigMap", "kube-system", "cluster-autoscaler-status")
    pools = ctx.snap.all("karpenter.sh/NodePool")
    listed = ctx.snap.lacks("karpenter.sh/NodePool", "", "any") is Confidence.CERTAIN
    return no_status is not None and listed and not pools


def _other_name(ctx: Context, group: Group, resource: str, selected: list[Node], elsewhere: list[Node]) -> Finding:
    offered: Counter[str] = Counter()
    speakers: dict[str, Node] = {}
    for node in selected:
        for name, amount in _offers(node).items():
            offered[name] += amount // 1000
            speakers.setdefault(name, node)
    where = "no node" if not elsewhere else f"none of the {count_of(len(selected), 'node')} that its selector allows"
    have = listed([f"{name} ({offered[name]})" for name in sorted(offered)])
    instead = f"; offered there: {have}" if offered else "; they have no GPUs"
    there = f"; {elsewhere[0].name} offers it" if elsewhere else ""
    head = f"asks for {resource}, which {where} offers"
    request = asked(ctx, group, resource)
    offers = [ctx.cite_or_lack(node, f"status.allocatable{key(name)}") for name, node in sorted(speakers.items())]
    named = [ctx.cite_or_lack(node, f"status.allocatable{key(resource)}") for node in selected[:3]]
    proof = ctx.compute(f"{resource} offered by the {count_of(len(selected), 'node')} that the pod may use", 0, named)
    near = nearest(resource, list(offered), cutoff=0.5)
    return Finding(
        subject=group.workload,
        summary=f"{head}{instead}{there}",
        evidence=(proof, *[request, *offers, *group.evidence]),
        accounts_for=(Because(group, f"{head}{instead}", (proof, request, *offers)),),
        confidence=None if ctx.agreement(group).nodes and offered else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text=f"ask for what the nodes offer{f', {near} for example' if near else ''}",
                who="user",
                when="that kind of device is enough for the workload",
            ),
            Remedy(text=f"lay out a node so that it offers {resource}", who="platform", risk="disruptive"),
        ),
    )
