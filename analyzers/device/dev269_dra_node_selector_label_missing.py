"""DEV269: the DaemonSet of the DRA driver selects a label that no node has."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.machine_types import gpu_machine_label
from diag.facts.selection import required_terms
from diag.findings import Because, Confidence, Finding, Question, Remedy, as_proof
from diag.projection import dicts
from diag.snapshot.cite import key
from diag.snapshot.kinds import Controller, Node
from diag.trouble.groups import Group
from diag.trouble.relations.operands import is_dra_driver
from diag.trouble.relations.template import template_pod
from diag.trouble.shapes import shape_of

SHOWN = 5


@rule(
    "DEV269",
    name="dra-node-selector-label-missing",
    question=Question.PLACED,
    inputs=("Pod", "Node", "apps/DaemonSet"),
    refines=("dra-driver-not-running", "dra-claim-unallocatable", "device-plugin-not-deployed"),
    visits={"Node": 1, "apps/DaemonSet": 1},
)
def dra_node_selector_label_missing(ctx: Context) -> Iterator[Finding]:
    """The DRA driver's DaemonSet selects a node label that no node has.

    ## What it means
    Not one pod of the driver is wanted, so no node publishes devices, and nothing fails: claims just wait.

    ## Why it happens
    The chart selects by labels of node feature discovery or of the GPU operator, and these are not there or in another
    form.

    ## Evidence
    The label in the DaemonSet's template, `status.desiredNumberScheduled: 0`, and the GPU nodes without the label.

    ## What to do
    Label the GPU nodes, or set the chart's `kubeletPlugin.affinity` and `nodeSelector`.

    ## Known limits
    Only labels are compared, not taints. Silent where no pod waits for a claim.
    """
    waiting = [one for one in ctx.groups("pod-unscheduled") if one.shape is not None and one.shape.device_claims]
    nodes = ctx.snap.nodes()
    with_gpus = [node for node in nodes if _has_gpu(node)]
    for plugin in ctx.snap.all("apps/DaemonSet") if waiting and with_gpus else ():
        if isinstance(plugin, Controller) and plugin.status.desired_number_scheduled == 0:
            missing = _missing(plugin, nodes)
            if missing:
                yield _finding(ctx, plugin, missing, with_gpus, waiting)


def _has_gpu(node: Node) -> bool:
    """Whether a label tells of NVIDIA's GPUs: its vendor id on the bus, its domain, a provider's model or machine."""
    return gpu_machine_label(node) is not None or any(
        "10de" in label or "nvidia" in f"{label}={value}" for label, value in node.labels.items()
    )


def _missing(plugin: Controller, nodes: list[Node]) -> list[str]:
    """The labels that a DRA driver's template demands, where no node has any of them."""
    pod = template_pod(plugin)
    if pod is None or not is_dra_driver(pod):
        return []
    shape = shape_of(pod)
    wanted = list(dict.fromkeys([*shape.node_selector, *_affinity_keys(shape.affinity)]))
    return [] if any(label in node.labels for label in wanted for node in nodes) else wanted


def _affinity_keys(affinity: object) -> Iterator[str]:
    for term in required_terms(affinity):
        for one in dicts(term.get("matchExpressions") if isinstance(term, dict) else None):
            label = one.get("key")
            if isinstance(label, str) and one.get("operator") in ("In", "Exists"):
                yield label


def _finding(
    ctx: Context, plugin: Controller, missing: list[str], with_gpus: list[Node], waiting: list[Group]
) -> Finding:
    lacks = [ctx.lack(node, f"metadata.labels{key(missing[0])}") for node in with_gpus[:SHOWN]]
    evidence = as_proof([ctx.cite(plugin, "status.desiredNumberScheduled"), *lacks])
    words = f"is wanted on no node: it selects {' or '.join(missing[:SHOWN])}, which no node has"
    return Finding(
        subject=plugin.ref,
        summary=words,
        evidence=evidence,
        accounts_for=tuple(Because(group, f"the DRA driver {words}", evidence) for group in waiting),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(
                text="see what the DaemonSet selects",
                command=f"kubectl get daemonset -n {plugin.namespace} {plugin.name} -o yaml",
                who="platform",
            ),
            Remedy(
                text=f"label the GPU nodes with {missing[0]}, or set nodeSelector and affinity of the chart's "
                f"kubeletPlugin",
                who="platform",
            ),
        ),
    )
