"""IDN112: a GPU node lacks its provider's accelerator label, which the device plugin's DaemonSet selects by."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.gpus import is_gpu
from diag.facts.nodes import allocatable
from diag.findings import Because, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.relations.operands import on_node, operand_of
from diag.trouble.relations.selectors import Narrowing
from diag.trouble.relations.template import template_of, template_pod
from diag.trouble.relations.unmet import unmet, words_of
from diag.vocab.accelerators import ACCELERATOR_LABELS
from diag.vocab.operands import Stage

Demands = tuple[Narrowing, ...]


@rule(
    "IDN112",
    name="provider-accelerator-label-missing",
    question=Question.OFFERS,
    inputs=("Node", "Pod", "apps/DaemonSet"),
    refines=("device-plugin-not-deployed", "gpu-resource-never-registered"),
    visits={"apps/DaemonSet": 1},
)
def provider_accelerator_label_missing(ctx: Context) -> Iterator[Finding]:
    """The node lacks the provider's accelerator label that plugin or autoscaler go by.

    ## What it means
    The DaemonSets of driver or device plugin choose GPU nodes by the provider's label, such as
    `cloud.google.com/gke-accelerator`. The node has GPUs by its other labels and not this one, so none of them comes,
    and it offers no GPU. The autoscaler takes such a node for one without GPUs and may add another.

    ## Why it happens
    The node pool was made without the label, the node joined by hand, or a tool took the label away.

    ## Evidence
    The label that the node does not have, the DaemonSet's selector or affinity, and what the node offers.

    ## What to do
    Label the node pool, so that nodes that come later have it, too.

    ## Known limits
    A GPU node is known as such by its other labels or by GPUs that it had; one without any is not seen.
    """
    groups = [group for group in ctx.groups("node-without-gpus") if _is_bare(ctx, group)]
    plugins = [
        item
        for item in (ctx.snap.all("apps/DaemonSet") if groups else ())
        if (operand := operand_of(item)) is not None and operand.stage is Stage.PLUGIN
    ]
    for group in groups if plugins else ():
        node = group.first
        asked = [(item, _demands(item, node)) for item in plugins if isinstance(node, Node)]
        if isinstance(node, Node) and all(demands for _, demands in asked):
            yield _finding(ctx, group, node, *asked[0])


def _is_bare(ctx: Context, group: Group) -> bool:
    """Whether the node offers no GPU at all, no plugin is on it, and no operand fails there."""
    node = group.first
    return (
        isinstance(node, Node)
        and not any(one.operand.serves for one in ctx.failing_operands(node.name))
        and not any(is_gpu(name) and amount > 0 for name, amount in allocatable(node).items())
        and not any(operand.stage is Stage.PLUGIN for operand, _ in on_node(ctx.snap.pods_on(node.name)))
    )


def _demands(item: Object, node: Node) -> Demands:
    """The demands on accelerator labels that alone keep a DaemonSet's pods off a node without them; else none."""
    found: list[Narrowing] = []
    pod = template_pod(item)
    if pod is None:
        return ()
    pod.decoded = template_of(item)
    for one in unmet(pod, [node]):
        if not all(_is_lacked(demand, node) for demand in one.demands):
            return ()
        found += one.demands
    return tuple(found)


def _is_lacked(demand: Narrowing, node: Node) -> bool:
    asks = demand.operator in ("In", "Exists")
    return asks and demand.label in ACCELERATOR_LABELS and demand.label not in node.labels


def _finding(ctx: Context, group: Group, node: Node, item: Object, demands: Demands) -> Finding:
    lacks = [ctx.lack(node, f"metadata.labels{key(demand.label)}") for demand in demands]
    asks = [ctx.cite(item, f"spec.template.{path}") for demand in demands for path in demand.paths]
    wanted = " or ".join(dict.fromkeys(words_of(demand) for demand in demands))
    label = demands[0].label
    words = f"has no label {label}, and the device plugin {item.name} runs only on nodes with {wanted}"
    value = demands[0].values[0] if demands[0].values else "MODEL"
    return Finding(
        subject=node.ref,
        summary=f"{words}; it offers no GPU",
        evidence=as_proof((*lacks, *asks, *group.evidence)),
        accounts_for=(Because(group, f"{node.name} {words}", as_proof((*lacks, *asks))),),
        remedies=(
            Remedy(
                text="see which labels the GPU nodes have",
                command=f"kubectl get nodes -L {label}",
                who="platform",
            ),
            Remedy(
                text=f"set {label}={value} on the node pool, with the model of its GPUs as its value", who="platform"
            ),
        ),
    )
