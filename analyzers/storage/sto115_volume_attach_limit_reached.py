"""STO115: the nodes with room can take no more volumes."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.vocab.scheduler_reasons import ReasonKind

CSI_NODE, ATTACHMENT = "storage.k8s.io/CSINode", "storage.k8s.io/VolumeAttachment"
SHOWN = 3


@rule(
    "STO115",
    name="volume-attach-limit-reached",
    question=Question.PLACED,
    inputs=("Pod", "Node", CSI_NODE, ATTACHMENT),
    refines=("gpu-capacity-exhausted", "gpu-fragmentation"),
)
def volume_attach_limit_reached(ctx: Context) -> Iterator[Finding]:
    """The nodes that have room for the pod can take no more volumes.

    ## What it means
    A cloud attaches only so many volumes to one machine. The pod brings a volume, and each node with the CPU, memory
    and GPUs for it holds as many as it may.

    ## Why it happens
    Many small pods with a volume each share the node, or attachments of pods that are gone were never taken back.

    ## Evidence
    The scheduler's count of such nodes, the limit that the driver wrote into the node's CSINode, and the
    VolumeAttachments of the node.

    ## What to do
    Move pods with volumes to other nodes, use machines with a higher limit, or take back attachments that nobody needs.

    ## Known limits
    Fires only where the scheduler itself names the limit. Without CSINode and VolumeAttachments the finding is likely.
    """
    for group in ctx.groups("pod-unscheduled"):
        full = ctx.agreement(group).counted(ReasonKind.VOLUME_LIMIT)
        if group.shape is None:
            continue
        # Resources are looked at before volumes (kube-scheduler's default order of filters): the nodes that the limit
        # keeps out are those with room.
        roomy = ctx.place.count(group.shape).fitting
        if roomy and len(roomy) <= full:
            yield _finding(ctx, group, roomy)


def _finding(ctx: Context, group: Group, nodes: list[Node]) -> Finding:
    counted = [found for node in nodes for found in _full_drivers(ctx, node)]
    names = listed([node.name for node in nodes], SHOWN)
    of_driver = f"; {counted[0][0]}" if counted else ""
    why = f"{count_of(len(nodes), 'node')} with room for it ({names}) can take no more volumes{of_driver}"
    pieces: list[Evidence] = [piece for _, found in counted[:SHOWN] for piece in found]
    first, *rest = [*pieces, group.evidence[0]]
    all_counted = len({piece for _, found in counted for piece in found[:1]}) >= len(nodes)
    return Finding(
        subject=nodes[0].ref,
        summary=why,
        members=tuple(node.ref for node in nodes),
        evidence=(first, *rest),
        accounts_for=(Because(group, why, (first, *rest[:3])),),
        confidence=None if all_counted and ctx.agreement(group).trusts_nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="see how many volumes each node holds", command="kubectl get volumeattachments"),
            Remedy(text="move pods with volumes off these nodes, or add nodes that may hold more", who="platform"),
            Remedy(
                text="take back attachments of pods that are gone",
                who="platform",
                risk="disruptive",
                when="VolumeAttachments name volumes that no pod of the node uses",
            ),
        ),
    )


def _full_drivers(ctx: Context, node: Node) -> Iterator[tuple[str, list[Evidence]]]:
    """The drivers that may attach no more to a node, each with its limit and what is attached."""
    csi = ctx.snap.get(CSI_NODE, "", node.name)
    if csi is None:
        return
    spec = csi.whole.get("spec")
    drivers = spec.get("drivers") if isinstance(spec, dict) else None
    for index, driver in enumerate(drivers if isinstance(drivers, list) else ()):
        room = driver.get("allocatable") if isinstance(driver, dict) else None
        limit = room.get("count") if isinstance(room, dict) else None
        if not isinstance(limit, int) or isinstance(limit, bool):
            continue
        held = [one for one in ctx.snap.all(ATTACHMENT) if _is_of(one, node.name, driver.get("name"))]
        if held and len(held) >= limit:
            path = f"spec.drivers[{index}].allocatable.count"
            attached = ctx.compute(
                f"volumes of {driver.get('name')} attached to node {node.name}", len(held),
                [ctx.cite(one, "spec.nodeName") for one in held],
            )  # fmt: skip
            yield f"{driver.get('name')} allows {limit} on {node.name}", [ctx.cite(csi, path), attached]


def _is_of(attachment: Object, node: str, driver: object) -> bool:
    spec = attachment.whole.get("spec")
    return isinstance(spec, dict) and spec.get("nodeName") == node and spec.get("attacher") == driver
