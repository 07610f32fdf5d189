"""The kernel of a node on which a pod fails, and that of a node on which a pod of the same owner is ready."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from diag.catalog.signature import Found, Look
from diag.facts.pods import is_ready
from diag.findings import Evidence
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Node, Pod

if TYPE_CHECKING:
    from diag.catalog.context import Context
    from diag.catalog.texts import Text

KERNEL = "status.nodeInfo.kernelVersion"


def _kernels(ctx: "Context", text: "Text", _: Mapping[str, str]) -> Found:
    """In words, after a summary: which kernel the node runs, and which one a node where the same works."""
    pod = text.member
    node = ctx.snap.node(pod.spec.node_name) if isinstance(pod, Pod) else None
    here = _kernel(node)
    if node is None or not isinstance(pod, Pod) or not here:
        return Found()
    said = f"; {node.name} runs the kernel {here}"
    working = [] if (owner := ctx.snap.owner_of(pod)) is None else _working(ctx, owner_pods=ctx.snap.pods_of(owner))
    others = [one for one in working if _kernel(one)]
    if not others or any(_kernel(one) == here for one in others):
        # Not every node with this kernel fails, or nobody knows of another.
        return Found(words={"kernels": said}, evidence=(ctx.cite(node, KERNEL),))
    works = others[0]
    cited: list[Evidence] = [ctx.cite(node, KERNEL), ctx.cite(works, KERNEL)]
    return Found(words={"kernels": f"{said}, {works.name}, where it works, {_kernel(works)}"}, evidence=tuple(cited))


def _working(ctx: "Context", owner_pods: list[Pod]) -> list[Node]:
    names = sorted({pod.spec.node_name for pod in owner_pods if pod.spec.node_name and is_ready(pod)})
    return [node for name in names if (node := ctx.snap.node(name)) is not None]


def _kernel(node: Node | None) -> str:
    found = value_at(node.whole, KERNEL) if node is not None else None
    return found if isinstance(found, str) else ""


KERNELS = Look(
    about="the kernel of the node, and of one on which a pod of the same owner is ready",
    fills=("kernels",),
    find=_kernels,
)
