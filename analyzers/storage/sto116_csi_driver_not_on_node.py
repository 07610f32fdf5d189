"""STO116: the nodes that have room for the pod do not run the CSI driver of its volume."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object, dicts
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.vocab.scheduler_reasons import ReasonKind

CSI_NODE = "storage.k8s.io/CSINode"
# kubernetes/kubernetes pkg/scheduler/framework/plugins/nodevolumelimits
DRIVER = re.compile(r"(?P<driver>\S{1,253}) CSI driver is not installed on the node")
SHOWN = 3


@rule(
    "STO116",
    name="csi-driver-not-registered",
    question=Question.PLACED,
    inputs=("Pod", "Node", CSI_NODE),
    refines=("gpu-capacity-exhausted", "gpu-fragmentation"),
)
def csi_driver_not_on_node(ctx: Context) -> Iterator[Finding]:
    """The nodes with room for the pod do not run the CSI driver of its volume.

    ## What it means
    A node takes volumes of a driver only where the driver's node plugin has registered with the kubelet. On all nodes
    that have the CPU, memory and GPUs for the pod it has not.

    ## Why it happens
    The driver's DaemonSet does not tolerate the GPU nodes' taint, does not select them, or its pod there does not run;
    or the node is new and the plugin is still coming.

    ## Evidence
    The scheduler's words, and the drivers in the `CSINode` of each node.

    ## What to do
    Look at the driver's pods on these nodes: is there one, and is it ready. Mend the DaemonSet's tolerations.

    ## Known limits
    Fires only where the scheduler itself names the driver. Without CSINodes the finding is likely.
    """
    for group in ctx.groups("pod-unscheduled"):
        said = ctx.agreement(group).message
        named = [one for one in said.reasons if one.kind is ReasonKind.CSI_MISSING] if said is not None else []
        driver = DRIVER.match(named[0].text) if named else None
        if group.shape is None or driver is None:
            continue
        # Resources are looked at before volumes: the nodes that lack the driver are those with room.
        roomy = ctx.place.count(group.shape).fitting
        lists = [found for node in roomy if (found := ctx.snap.get(CSI_NODE, "", node.name)) is not None]
        registered = any(driver["driver"] in _drivers(found) for found in lists)  # since the scheduler looked
        if roomy and len(roomy) <= sum(one.count for one in named) and not registered:
            yield _finding(ctx, group, driver["driver"], roomy, lists)


def _drivers(csi: Object) -> list[object]:
    spec = csi.whole.get("spec")
    return [one.get("name") for one in dicts(spec.get("drivers"))] if isinstance(spec, dict) else []


def _finding(ctx: Context, group: Group, driver: str, nodes: list[Node], lists: list[Object]) -> Finding:
    names = listed([node.name for node in nodes], SHOWN)
    why = f"{count_of(len(nodes), 'node')} with room for it ({names}) do not run the CSI driver {driver}"
    lacking: list[Evidence] = [
        ctx.compute(f"CSI drivers named {driver} on node {one.name}", 0, [ctx.cite(one, "metadata.name")])
        for one in lists[:SHOWN]
    ]
    first, *rest = [*lacking, group.evidence[0]]
    sure = len(lists) == len(nodes) and ctx.agreement(group).trusts_nodes
    return Finding(
        subject=nodes[0].ref,
        summary=why,
        evidence=(first, *rest),
        accounts_for=(Because(group, why, (first, *rest)),),
        confidence=None if sure else Confidence.LIKELY,
        members=tuple(node.ref for node in nodes[1:]),
        since=group.since,
        remedies=(
            Remedy(
                text=f"see which nodes {driver} has registered on, and look at its pods on the others",
                command="kubectl get csinodes -o yaml",
                who="platform",
            ),
            Remedy(
                text=f"let the DaemonSet of {driver} tolerate the taints of these nodes, or select them",
                who="platform",
                when="it has no pod there",
            ),
        ),
    )
