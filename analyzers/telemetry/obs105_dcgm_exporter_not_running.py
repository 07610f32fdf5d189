"""OBS105: nodes with GPUs on which no exporter of GPU metrics runs, as its DaemonSet leaves them out."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.nodes import allocatable, is_ready
from diag.facts.words import count_of, listed
from diag.findings import Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Controller, Node, Pod
from diag.trouble.relations.template import template_pod
from diag.trouble.room.placement import Barrier
from diag.trouble.shapes import Shape, shape_of

EXPORTER = re.compile(r"(?:^|/)dcgm-exporter(?:[:@]|$)")
# NVIDIA's devices: whole, shared, and instances (NVIDIA/k8s-device-plugin)
DEVICE = re.compile(r"^nvidia\.com/(?:gpu|mig-)")
MEANT = ("false", "paused")  # what an operator or a person writes into a label that is to keep it off
YOUNG_S = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A node that a DaemonSet leaves out: for the taint at a place, or for a label that it asks for."""

    node: Node
    taint: int | None = None
    label: str = ""

    @property
    def word(self) -> str:
        """The key of the taint or of the label."""
        if self.taint is None:
            return self.label
        return (self.node.spec.taints or [])[self.taint].key or ""


@rule(
    "OBS105",
    name="dcgm-exporter-not-running",
    question=Question.OFFERS,
    severity=Severity.WARNING,
    inputs=("apps/DaemonSet", "Node", "Pod"),
    visits={"Pod": 1},
)
def dcgm_exporter_not_running(ctx: Context) -> Iterator[Finding]:
    """No exporter runs on a GPU node, so there are no GPU metrics of it.

    ## What it means
    Utilisation, memory and faults of these nodes' GPUs are in no dashboard, and alerts and scalers that rest on them
    do not see the nodes. Workloads are well.

    ## Why it happens
    The exporter's DaemonSet does not tolerate a taint of the GPU nodes, or its node selector asks for a label that they
    do not have.

    ## Evidence
    The DaemonSet's selector or the node's taint, for each node with GPUs on which no exporter runs.

    ## What to do
    Give the DaemonSet the toleration, or correct its node selector or the node's label.

    ## Known limits
    Only clusters with a DaemonSet of dcgm-exporter are looked at: an exporter may also run as a service of the node.
    Nodes that a label keeps out on purpose (`false`), that are not ready, or are younger than 15 minutes are left out.
    """
    exporters = [
        (item, shape_of(pod))
        for item in ctx.snap.all("apps/DaemonSet")
        if isinstance(item, Controller) and (pod := template_pod(item)) is not None and _exports(pod)
    ]
    left_out: dict[tuple[str, str, bool], list[LeftOut]] = defaultdict(list)
    by_name = {f"{item.namespace}/{item.name}": item for item, _ in exporters}
    for node in ctx.snap.nodes() if exporters else ():
        if _counts(ctx, node):
            for name, found in _why(ctx, node, exporters):
                left_out[name, found.word, found.taint is not None].append(found)
    for (name, _, _), nodes in sorted(left_out.items(), key=lambda one: one[0]):
        yield _finding(ctx, by_name[name], nodes)


def _exports(pod: Pod) -> bool:
    return any(EXPORTER.search(one.image or "") for one in pod.spec.containers or ())


def _counts(ctx: Context, node: Node) -> bool:
    """Whether a node has GPUs to export, has been there for long, and has no exporter, as far as its pods tell."""
    if not any(DEVICE.search(name) and amount > 0 for name, amount in allocatable(node).items()):
        return False
    if is_ready(node) is not True or not ctx.older(node.created, YOUNG_S):
        return False
    pods = ctx.snap.pods_on(node.name)
    return bool(pods) and not any(_exports(pod) for pod in pods)


def _why(ctx: Context, node: Node, exporters: list[tuple[Controller, Shape]]) -> Iterator[tuple[str, LeftOut]]:
    """The first DaemonSet that leaves the node out, and why; nothing where one would take it, or it is on purpose."""
    first: tuple[str, LeftOut] | None = None
    for item, shape in sorted(exporters, key=lambda one: (one[0].namespace, one[0].name)):
        found = ctx.place.verdict(shape, node, ignore_cordon=True)
        wrong = [name for name, value in sorted(shape.node_selector.items()) if node.labels.get(name) != value]
        if found.barrier is None or any(node.labels.get(name, "").startswith(MEANT) for name in wrong):
            return
        name = f"{item.namespace}/{item.name}"
        if found.barrier is Barrier.TAINT and not wrong:
            first = first or (name, LeftOut(node=node, taint=found.taint_index))
        elif wrong:
            first = first or (name, LeftOut(node=node, label=wrong[0]))
    if first is not None:
        yield first


def _finding(ctx: Context, item: Controller, nodes: list[LeftOut]) -> Finding:
    one = nodes[0]
    names = [found.node.name for found in nodes]
    where = f"{count_of(len(nodes), 'node')} with GPUs ({listed(names)})"
    proof: list[Evidence] = []
    if one.taint is not None:
        proof += [ctx.cite(found.node, f"spec.taints[{found.taint}].key") for found in nodes[:3]]
        why = f"it does not tolerate the taint {one.word}"
        fix = f"give the pod template of DaemonSet {item.name} a toleration for {one.word}"
    else:
        wanted = ctx.cite(item, f"spec.template.spec.nodeSelector{key(one.label)}")
        proof += [ctx.cite_or_lack(found.node, f"metadata.labels{key(one.label)}") for found in nodes[:3]]
        proof.append(wanted)
        why = f"it runs only where {one.label}={wanted.value}"
        fix = f"label the nodes {one.label}={wanted.value}, or correct the selector of DaemonSet {item.name}"
    desired = ctx.cite_if(item, "status.desiredNumberScheduled")
    return Finding(
        subject=item.ref,
        summary=f"runs on none of {where}: {why}, so there are no GPU metrics of them",
        evidence=as_proof([*proof, *([desired] if desired is not None else [])]),
        since=item.created,
        remedies=(
            Remedy(text=fix, who="platform", risk="disruptive"),
            Remedy(
                text="see where it runs",
                command=f"kubectl get pods -n {item.namespace} -o wide",
            ),
        ),
    )
