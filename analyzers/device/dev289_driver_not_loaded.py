"""DEV289: containers are refused their GPU because the node's driver is not loaded (any more)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, first_text
from diag.findings import Basis, Because, Confidence, Finding, Question, Remedy
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group

# NVIDIA/libnvidia-container src/nvc.c and cli: the runtime's hook asks NVML before it starts a container.
UNLOADED = re.compile(r"(?:nvidia-container-cli|nvidia-container-runtime)[^\n]{0,200}nvml error: driver not loaded")
BOOT = "status.nodeInfo.bootID"


class _Refused(NamedTuple):
    """A group with a pod on the node that was refused, and the words."""

    group: Group
    text: Text


@rule(
    "DEV289",
    name="stale-kernel-module-state",
    question=Question.STARTED,
    inputs=("Pod", "Node", "Event"),
    basis=Basis.SAID,
)
def driver_not_loaded(ctx: Context) -> Iterator[Finding]:
    """The node's NVIDIA kernel module is not loaded, and its GPUs are given to pods.

    ## What it means
    The device plugin registered the GPUs when the driver was there. Since then its kernel module was taken away, and
    the runtime's hook, which asks the driver before each start of a container, refuses every GPU container.

    ## Why it happens
    The module was unloaded by hand, by an update of the driver's packages or by a driver pod that ended, and nothing
    loaded it again; or the hook looks at another driver root than the one in which the driver lives.

    ## Evidence
    The words of nvidia-container-cli in the container's state or its event, and the node of the pod.

    ## What to do
    Look with `lsmod` on the node. Load the module again, or restart the driver's pod or the node.

    ## Known limits
    Where a driver pod is in trouble on the node, that one says more and is told instead.
    """
    by_node: dict[str, list[_Refused]] = defaultdict(list)
    for group in ctx.groups("container-crashing", "container-not-started", "init-container-failing"):
        hit = first_text(ctx, group, UNLOADED, On.ENDED, On.WAITING, On.EVENT)
        if hit is not None and isinstance(hit[0].member, Pod):
            by_node[hit[0].member.spec.node_name or ""].append(_Refused(group, hit[0]))
    for name, refused in sorted(by_node.items()):
        node = ctx.snap.node(name)
        if node is not None:
            yield _finding(ctx, node, refused)


def _finding(ctx: Context, node: Node, refused: list[_Refused]) -> Finding:
    words = (
        "has no NVIDIA kernel module loaded, so its containers are refused their GPUs: nvml error: driver not loaded"
    )
    first = refused[0]
    boot = ctx.cite_if(node, BOOT)
    evidence = (first.text.cite(), ctx.cite(first.text.member, "spec.nodeName"), *((boot,) if boot else ()))
    return Finding(
        subject=node.ref,
        summary=words,
        evidence=evidence,
        accounts_for=tuple(
            Because(one.group, f"{node.name} {words}", (one.text.cite(), ctx.cite(one.text.member, "spec.nodeName")))
            for one in refused
        ),
        confidence=Confidence.LIKELY,
        since=first.group.since,
        remedies=(
            Remedy(text="look at the modules on the node", command="lsmod", who="platform"),
            Remedy(
                text="load the driver again: restart its pod, or drain and restart the node",
                who="platform",
                risk="disruptive",
            ),
        ),
    )
