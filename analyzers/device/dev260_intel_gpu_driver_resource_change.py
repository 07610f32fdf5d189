"""DEV260: a pod asks for an Intel GPU by the name of the other kernel driver."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.nodes import allocatable
from diag.findings import Because, Confidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.shapes import request_path

# intel/intel-device-plugins-for-kubernetes cmd/gpu_plugin: the resource is named after the kernel driver.
OTHER = {"gpu.intel.com/i915": "gpu.intel.com/xe", "gpu.intel.com/xe": "gpu.intel.com/i915"}
SHOWN = 5


@rule(
    "DEV260",
    name="intel-gpu-driver-resource-change",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=("gpu-resource-not-offered",),
    visits={"Node": 1},
)
def intel_gpu_driver_resource_change(ctx: Context) -> Iterator[Finding]:
    """The Intel GPU driver changed, and the resource's name with it.

    ## What it means
    Intel's device plugin names the resource after the kernel driver: `gpu.intel.com/i915`, or `gpu.intel.com/xe` for
    newer GPUs and kernels. The pod asks for the one, and the nodes offer only the other.

    ## Why it happens
    A kernel or a GPU generation moved the nodes from i915 to xe, and the manifests were not changed.

    ## Evidence
    The pod's request, and the name that the nodes offer.

    ## What to do
    Ask for the name that the nodes offer.

    ## Known limits
    Silent as soon as one node offers the name that the pod asks for.
    """
    nodes = ctx.snap.nodes()
    for group in ctx.groups("pod-unscheduled"):
        for asked, other in OTHER.items():
            path = request_path(group.first, asked)
            having = [node for node in nodes if _offers(node, other)]
            if path is None or not having or any(_offers(node, asked) for node in nodes):
                continue
            request = ctx.cite(group.first, path)
            offers = [ctx.cite(node, f"status.allocatable{key(other)}") for node in having[:SHOWN]]
            words = f"asks for {asked}, and the nodes with Intel GPUs offer them as {other}"
            yield Finding(
                subject=group.workload,
                summary=words,
                evidence=(request, *offers),
                accounts_for=(Because(group, words, (request, *offers[:1])),),
                confidence=None if ctx.agreement(group).nodes else Confidence.LIKELY,
                since=group.since,
                remedies=(
                    Remedy(
                        text="see which names the nodes offer",
                        command=f"kubectl describe node {having[0].name}",
                    ),
                    Remedy(text=f"ask for {other} in the pod template"),
                ),
            )


def _offers(node: Node, resource: str) -> bool:
    return allocatable(node).get(resource, 0) > 0
